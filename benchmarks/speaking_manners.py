"""Recordings with labelled phones in other manners: whispered, sung (both by linear prediction), shouted, fast."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core.speech.encoder import RATE
from core.types import Floats

from .labelled_speech import LabelledClip

SIZE, HOP, ORDER = 480, 160, 18         # samples of a window and between windows, 30 ms and 10 ms; poles of the vocal tract
LONG = 2048                     # samples of the Fourier transform: the tract has rung out by then
NOTES = (220.0, 246.9, 261.6, 293.7, 329.6, 293.7, 261.6, 246.9)       # Hz, half a second each
FAST = 1.8


def poles(frame: Floats) -> Floats:
    """Return the prediction polynomial (ORDER + 1,) of a window, by its autocorrelation."""
    power = np.correlate(frame, frame, "full")[len(frame) - 1:len(frame) + ORDER]
    power[0] = power[0] * 1.0001 + 1e-9
    matrix = power[np.abs(np.arange(ORDER)[:, None] - np.arange(ORDER))]
    return np.concatenate([[1.0], -np.linalg.solve(matrix, power[1:])])


def spoken_by(samples: Floats, source: Floats) -> Floats:
    """Return the vocal tract of `samples` (N,) driven by `source` (N,), as loud as the samples from window to window."""
    window = np.hanning(SIZE + 1)[:-1]
    padded, driven = np.pad(samples, SIZE).astype(np.float64), np.pad(source, SIZE).astype(np.float64)
    result = np.zeros(len(padded))
    for start in range(0, len(padded) - SIZE, HOP):
        frame = padded[start:start + SIZE] * window
        voiced = np.fft.irfft(np.fft.rfft(driven[start:start + SIZE], LONG) / np.fft.rfft(poles(frame), LONG), LONG)[:SIZE] * window
        gain = np.sqrt(np.sum(frame ** 2) / max(float(np.sum(voiced ** 2)), 1e-12))
        result[start:start + SIZE] += gain * voiced * (HOP / (SIZE / 2))
    return result[SIZE:-SIZE].astype(np.float32)


def whispered(samples: Floats) -> Floats:
    """Noise in place of the voice's pulses."""
    return spoken_by(samples, np.random.default_rng(0).normal(size=len(samples)).astype(np.float32))


def sung(samples: Floats) -> Floats:
    """Pulses at a tune's pitch, with vibrato, in place of the voice's own; hiss stays hiss where the sound crosses zero often."""
    times = np.arange(len(samples)) / RATE
    pitch = np.array(NOTES)[(times / 0.5).astype(int) % len(NOTES)] * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * times))
    pulses = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0).astype(np.float32)
    crossing = np.convolve(np.abs(np.diff(np.sign(samples), prepend=0)) / 2, np.ones(SIZE) / SIZE, "same") > 0.3
    noise = np.random.default_rng(0).normal(size=len(samples)) * np.sqrt(np.mean(pulses ** 2))
    return spoken_by(samples, np.where(crossing, noise, pulses).astype(np.float32))


def shouted(samples: Floats) -> Floats:
    """6 dB an octave more above 500 Hz, up to 15 dB, and then driven into the microphone's limit."""
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    lift = np.clip(6 * np.log2(np.maximum(hertz, 30) / 500), 0, 15)
    bright = np.fft.irfft(np.fft.rfft(samples) * 10 ** (lift / 20), len(samples))
    return np.tanh(4 * bright / max(float(np.abs(bright).max()), 1e-6)).astype(np.float32)


def fast(clip: LabelledClip) -> LabelledClip:
    """1.8 times as fast at the same pitch: windows moved together where they fit best (WSOLA, Verhelst and Roelands 1993)."""
    step, reach = SIZE // 2, 160
    window = np.hanning(SIZE + 1)[:-1]
    source = np.pad(clip.samples, SIZE).astype(np.float64)
    count = int((len(clip.samples) / FAST) / step)
    result, place = np.zeros((count + 2) * step + SIZE), SIZE
    for index in range(count):
        aim = SIZE + int(index * step * FAST)
        if index:
            follow = source[place + step:place + step + SIZE]
            begin = max(aim - reach, 0)
            fits = np.correlate(source[begin:aim + reach + SIZE], follow, "valid")
            place = begin + int(fits.argmax())
        else:
            place = aim
        if place + step + SIZE > len(source):
            break
        result[index * step:index * step + SIZE] += source[place:place + SIZE] * window
    phones = [(start / FAST, end / FAST, label) for start, end, label in clip.phones]
    return replace(clip, samples=result[:int(len(clip.samples) / FAST)].astype(np.float32), phones=phones)


MANNERS: dict[str, Callable[[Floats], Floats]] = {"whispered": whispered, "sung": sung, "shouted": shouted}
