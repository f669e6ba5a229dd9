"""Change training speech as rooms, microphones and speakers do: speed, reverberation, band limits, noise, clipping."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import soxr
from numpy.typing import NDArray

from .phones import Phone
from .synthesis import RATE, Utterance

Samples = NDArray[np.float32]


def augment(utterance: Utterance, rng: np.random.Generator, *, babble: list[Samples]) -> Utterance:
    """Return a changed copy; what is done, and how much, is drawn from `rng`. Phone times follow the speed.

    babble: other speech (N,), 16 kHz, mixed in as one of the noises.
    """
    result = pad(change_speed(utterance, float(rng.uniform(0.85, 1.2))), rng)
    return replace(result, samples=colour(result.samples, rng, babble=babble))


def colour(samples: Samples, rng: np.random.Generator, *, babble: list[Samples]) -> Samples:
    """Return the sound (N,) as another room, microphone and neighbourhood would give it; times stay."""
    if rng.random() < 0.4:
        samples = reverberate(samples, rng)
    if rng.random() < 0.3:
        samples = limit_band(samples, low=float(rng.uniform(50, 350)), high=float(rng.uniform(3000, 7000)))
    if rng.random() < 0.5:
        samples = tilt(samples, float(rng.uniform(-6, 6)))
    if rng.random() < 0.15:
        samples = np.tanh(samples / max(float(np.abs(samples).max()), 1e-6) * rng.uniform(2, 6)).astype(np.float32)
    if rng.random() < 0.85:
        samples = add_noise(samples, make_noise(len(samples), rng, babble=babble), float(rng.uniform(-2, 30)))
    return samples.astype(np.float32)


def pad(utterance: Utterance, rng: np.random.Generator) -> Utterance:
    """Put up to a second of near silence before and after, or, once in three, cut the silence at the end short."""
    before, after = (int(rng.uniform(0, 1) ** 2 * RATE) for _ in range(2))
    if rng.random() < 1 / 3:
        utterance, after = cut_end(utterance, float(rng.uniform(0.02, 0.2))), 0
    samples = np.concatenate([np.zeros(before, np.float32), utterance.samples, np.zeros(after, np.float32)])
    samples += rng.normal(0, 10 ** rng.uniform(-5, -3.3), len(samples)).astype(np.float32)
    shift = before / RATE
    phones = [Phone(phone.start + shift, phone.end + shift, phone.label) for phone in utterance.phones]
    if before:
        phones.insert(0, Phone(0.0, shift, "sil"))
    if len(samples) / RATE > phones[-1].end + 1e-3:
        phones.append(Phone(phones[-1].end, len(samples) / RATE, "sil"))
    return replace(utterance, samples=samples, phones=join_silences(phones))


def cut_end(utterance: Utterance, keep: float) -> Utterance:
    """Keep only `keep` seconds of the last silence: recordings are often cut right after the last word."""
    last = utterance.phones[-1]
    if last.label != "sil" or last.end - last.start <= keep:
        return utterance
    end = last.start + keep
    return replace(utterance, samples=utterance.samples[:int(end * RATE)],
                   phones=(*utterance.phones[:-1], Phone(last.start, end, "sil")))


def join_silences(phones: list[Phone]) -> tuple[Phone, ...]:
    """Make one of silences in sequence."""
    joined: list[Phone] = []
    for phone in phones:
        if joined and phone.label == joined[-1].label == "sil":
            joined[-1] = Phone(joined[-1].start, phone.end, "sil")
        else:
            joined.append(phone)
    return tuple(joined)


def change_speed(utterance: Utterance, factor: float) -> Utterance:
    """Play faster (factor > 1) as a tape would: pitch and formants rise with the speed."""
    samples = soxr.resample(utterance.samples, RATE * factor, RATE).astype(np.float32)
    phones = tuple(Phone(phone.start / factor, phone.end / factor, phone.label) for phone in utterance.phones)
    return replace(utterance, samples=samples, phones=phones)


def reverberate(samples: Samples, rng: np.random.Generator) -> Samples:
    """Add a room: exponentially decaying noise after the direct sound."""
    decay_s, direct_db = rng.uniform(0.1, 0.7), rng.uniform(0, 15)
    times = np.arange(int(decay_s * RATE)) / RATE
    tail = rng.normal(size=len(times)) * 10 ** (-3 * times / decay_s)
    tail[:int(0.003 * RATE)] = 0
    tail *= 10 ** (-direct_db / 20) / np.sqrt((tail ** 2).sum())
    size = 1 << (len(samples) + len(tail)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[:len(samples)]
    return (samples + wet).astype(np.float32)


def shape_spectrum(samples: Samples, gain: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Samples:
    """Multiply the spectrum by gain(hertz)."""
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    return np.fft.irfft(np.fft.rfft(samples) * gain(hertz), len(samples)).astype(np.float32)


def limit_band(samples: Samples, *, low: float, high: float) -> Samples:
    """Keep low..high Hz, with slopes like a telephone's."""
    return shape_spectrum(
        samples, lambda hertz: 1 / np.sqrt(1 + (low / np.maximum(hertz, 1)) ** 8 + (hertz / high) ** 16))


def tilt(samples: Samples, db_per_octave: float) -> Samples:
    """Turn the spectrum about 1 kHz, at most 15 dB at the ends."""
    def gain(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
        lift = np.clip(db_per_octave * np.log2(np.maximum(hertz, 30) / 1000), -15, 15)
        return np.asarray(10 ** (lift / 20), np.float64)
    return shape_spectrum(samples, gain)


def make_noise(count: int, rng: np.random.Generator, *, babble: list[Samples]) -> Samples:
    """Return (count,) of white or coloured noise, babble of three to six voices, music-like chords, or mains hum."""
    kind = rng.choice(["coloured", "babble", "chords", "hum"], p=[0.45, 0.25, 0.2, 0.1])
    if kind == "babble" and babble:
        voices = [np.resize(np.roll(babble[rng.integers(len(babble))], int(rng.integers(RATE))), count)
                  for _ in range(rng.integers(3, 7))]
        return np.asarray(np.sum(voices, axis=0), np.float32)
    times = np.arange(count) / RATE
    if kind == "chords":
        return make_chords(times, rng)
    if kind == "hum":
        base = rng.choice([50.0, 60.0, 100.0])
        tones = [np.sin(2 * np.pi * base * order * times) / order for order in range(1, 8)]
        return np.asarray(np.sum(tones, axis=0), np.float32)
    white = rng.normal(size=count).astype(np.float32)
    return tilt(white, float(rng.uniform(-6, 2)))


def make_chords(times: NDArray[np.float64], rng: np.random.Generator) -> Samples:
    """Return chords of plucked tones that change every 0.2 to 0.8 s."""
    sound = np.zeros(len(times))
    start = 0.0
    while len(times) and start < times[-1]:
        age = np.maximum(times - start, 0)
        envelope = (times >= start) * np.exp(-age * rng.uniform(1, 6))
        for _ in range(rng.integers(1, 5)):
            hertz = 110 * 2 ** (rng.integers(0, 36) / 12)
            sound += envelope * sum(np.sin(2 * np.pi * hertz * order * age) / order ** 1.5 for order in range(1, 6))
        start += rng.uniform(0.2, 0.8)
    return sound.astype(np.float32)


def add_noise(samples: Samples, noise: Samples, ratio_db: float) -> Samples:
    """Mix noise in at a signal-to-noise ratio in dB over the whole clip."""
    power, noise_power = float(np.mean(samples ** 2)), float(np.mean(noise ** 2))
    if power <= 0 or noise_power <= 0:
        return samples
    return samples + noise * np.float32(np.sqrt(power / noise_power) * 10 ** (-ratio_db / 20))


def make_nonspeech(seconds: float, rng: np.random.Generator) -> Utterance:
    """Return sound without speech: noise, music, breaths or nothing; its one phone is silence."""
    count = int(seconds * RATE)
    kind = rng.choice(["noise", "breath", "nothing"], p=[0.5, 0.3, 0.2])
    samples = make_noise(count, rng, babble=[])
    if kind == "breath":
        times = np.arange(count) / RATE
        swell = np.maximum(np.sin(2 * np.pi * rng.uniform(0.2, 0.6) * times + rng.uniform(0, 6)), 0) ** 2
        samples = limit_band(rng.normal(size=count).astype(np.float32) * swell.astype(np.float32), low=400, high=3000)
    level = 10 ** rng.uniform(-5, -4) if kind == "nothing" else 10 ** rng.uniform(-3, -1)
    samples = samples * np.float32(level / max(float(np.sqrt(np.mean(samples ** 2))), 1e-9))
    return Utterance(samples.astype(np.float32), (Phone(0.0, seconds, "sil"),), "nonspeech", "")
