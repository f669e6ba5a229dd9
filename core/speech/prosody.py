"""Prosody and timbre of a voice on the speech encoder's frames: pitch, periodicity, level, spectral tilt, cepstrum.

Pitch is the first strong peak of the normalised autocorrelation (Rabiner, 1977, without centre clipping), which needs no library.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..spool import Samples, stretch
from ..types import Floats
from .log_mel import BANDS, in_bands, mel_filters

RATE = 16000                    # Hz
HOP = 384                       # samples between frames, as the speech encoder's
WINDOW = 800                    # samples, 50 ms: three periods at 60 Hz
SIZE = 1080                     # of the Fourier transform of the autocorrelation: a window and the longest lag, no wrap-around
HIGHEST, LOWEST = 500.0, 60.0   # Hz of a voice
NEAR = 0.85                     # share of the strongest peak that an earlier one needs to be the period
VOICED = 0.45                   # periodicity above which a frame is voiced
CEPSTRUM = 13
SPECTRUM = 512                  # of the Fourier transform of log_mel's filters
FLOOR = 1e-7                    # power
BLOCK = 512                     # frames at once, which bounds the memory


def prosody(samples: Samples, count: int) -> Floats:
    """Return (N, 4 + 13) float32 for `count` frames around (i + .5) * HOP: log2 of the pitch in Hz (0 where unvoiced),
    periodicity 0..1, level in dB to full scale, tilt in dB over the mel bands, cepstrum.

    samples: (S,) at 16 kHz; outside is silence.
    """
    result = np.zeros((count, 4 + CEPSTRUM), np.float32)
    for first in range(0, count, BLOCK):
        last, begin = min(first + BLOCK, count), (HOP - WINDOW) // 2
        piece = stretch(samples, begin + first * HOP, begin + (last - 1) * HOP + WINDOW)
        result[first:last] = describe(np.lib.stride_tricks.sliding_window_view(piece, WINDOW)[::HOP])
    return result


def describe(frames: Floats) -> Floats:
    """Return the descriptors (T, 17) of frames (T, WINDOW)."""
    pitch, periodicity = pitch_of(frames)
    middle = frames[:, (WINDOW - SPECTRUM) // 2:(WINDOW + SPECTRUM) // 2] * np.hanning(SPECTRUM).astype(np.float32)
    power = in_bands(np.abs(np.fft.rfft(middle, SPECTRUM)).astype(np.float32) ** 2, mel_filters()) / SPECTRUM
    decibel = 10 * np.log10(power + FLOOR)
    level = 10 * np.log10(np.mean(frames ** 2, axis=1) + FLOOR)
    cepstrum = in_bands(decibel, cosines())
    tilt = decibel @ (np.arange(BANDS) - (BANDS - 1) / 2) * 12 / (BANDS ** 2 - 1)
    return np.column_stack([pitch, periodicity, level, tilt, cepstrum]).astype(np.float32)


@cache
def cosines() -> NDArray[np.float64]:
    """Return the discrete cosine transform (BANDS, CEPSTRUM) from the second component on."""
    order = np.arange(1, CEPSTRUM + 1)
    return np.asarray(np.cos(np.pi * (np.arange(BANDS)[:, None] + 0.5) * order / BANDS) / BANDS)


def pitch_of(frames: Floats) -> tuple[Floats, Floats]:
    """Return log2 of the pitch in Hz (T,), 0 where unvoiced, and the periodicity (T,) of frames (T, WINDOW)."""
    window = np.hanning(WINDOW)
    centred = (frames - frames.mean(axis=1, keepdims=True)) * window
    first, last = int(RATE / HIGHEST), int(RATE / LOWEST)
    lags = np.fft.irfft(np.abs(np.fft.rfft(centred, SIZE)) ** 2)[:, :last + 1]
    taper = np.fft.irfft(np.abs(np.fft.rfft(window, SIZE)) ** 2)[:last + 1]
    correlation = lags / np.maximum(lags[:, :1], 1e-9) / (taper / taper[0])
    inside = correlation[:, first:last]
    peak = (inside > correlation[:, first - 1:last - 1]) & (inside >= correlation[:, first + 1:last + 1])
    height = np.where(peak, inside, 0)
    strongest = height.max(axis=1)
    place = np.argmax(height >= NEAR * strongest[:, None], axis=1)
    left, middle, right = (correlation[np.arange(len(frames)), first + place + shift] for shift in (-1, 0, 1))
    bend = left - 2 * middle + right
    exact = first + place + np.where(bend < 0, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0)
    loud = np.mean(frames ** 2, axis=1) > 10 * FLOOR
    periodicity = np.clip(strongest, 0, 1) * loud
    return np.where(periodicity > VOICED, np.log2(RATE / np.maximum(exact, 1)), 0).astype(np.float32), periodicity.astype(np.float32)
