"""A voice made up of syllables, whose phrases, pauses and stresses are known."""

import numpy as np

from core.speech.rhythm import hear_rhythm
from core.types import Rhythm

RATE, FPS = 16000, 60.0


def phrase(seconds, stressed=(), *, rate=4.5, hertz=120.0):
    """Samples of `seconds` of syllables; those around the seconds `stressed` are louder and higher."""
    time = np.arange(round(seconds * RATE)) / RATE
    accent = sum((np.exp(-0.5 * ((time - moment) / 0.07) ** 2) for moment in stressed), np.zeros(len(time)))
    phase = 2 * np.pi * np.cumsum(hertz * (1 + 0.25 * accent)) / RATE
    tone = sum(np.sin(order * phase) / order for order in range(1, 8))
    return (0.05 * (1 + 1.5 * accent) * (0.6 + 0.4 * np.sin(2 * np.pi * rate * time)) * tone).astype(np.float32)


def speech(phrases, pause, count=1):
    """Rhythm of a voice that says `count` phrases of some seconds, 4.5 syllables a second, with pauses between and after them."""
    random = np.random.default_rng(4)
    spoken, silent = round(phrases * FPS), round(pause * FPS)
    loudness, pitch = [], []
    for _ in range(count):
        time = np.arange(spoken) / FPS
        accent = np.exp(-0.5 * ((time[:, None] - random.uniform(0.0, phrases, 2)) / 0.07) ** 2).sum(axis=1)
        loudness += [-24 + 4 * np.sin(2 * np.pi * 4.5 * time) + 8 * accent, np.full(silent, -70.0)]
        pitch += [np.log2(120) + 0.3 * accent, np.zeros(silent)]
    return Rhythm(np.concatenate([*loudness, [-70.0]]).astype(np.float32), np.concatenate([*pitch, [0.0]]).astype(np.float32), FPS)


def heard(samples):
    """Rhythm of samples."""
    return hear_rhythm(samples, int(np.ceil(len(samples) / RATE * FPS)) + 1, FPS)
