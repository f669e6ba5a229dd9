"""Log-mel spectrum at twice the animation's frame rate: the fine timing that the speech encoder's 24 ms steps lack;
level."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..spool import Samples, stretch
from ..types import Floats

RATE = 16000                    # Hz
FRAME_RATE = 60                 # frames a second of the animation
PER_FRAME = 2                   # spectra a frame, side by side in its row
BANDS = 40
WIDTH = PER_FRAME * BANDS
WINDOW = 400                    # samples, 25 ms
SIZE = 512                      # samples of the Fourier transform
FLOOR = 1e-5                    # power, about 50 dB below speech at speech/encoder.py's LEVEL
ONE_THREAD = 1 << 18            # products of two numbers that OpenBLAS adds up without its other threads
BLOCK = 2048                    # spectra computed at once, which bounds the memory


@cache
def mel_filters() -> Floats:
    """Return triangular filters (SIZE // 2 + 1, BANDS), evenly spaced on the mel scale from 60 to 7600 Hz."""
    def mel(hertz: float) -> float:
        return float(2595 * np.log10(1 + hertz / 700))

    edges = 700 * (10 ** (np.linspace(mel(60), mel(7600), BANDS + 2) / 2595) - 1)
    hertz = np.arange(SIZE // 2 + 1)[:, None] * RATE / SIZE
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    filters = np.maximum(np.minimum(rising, falling), 0)
    return np.asarray(filters / filters.sum(axis=0, keepdims=True), np.float32)


def in_bands(power: Floats, filters: Floats | NDArray[np.float64]) -> Floats:
    """Return spectra (T, F) through filters (F, B): their product, in pieces so small that one thread does them.

    The library beneath numpy wakes its threads for more; they then wait in a circle, in the time of networks that run at once.
    """
    rows = max(ONE_THREAD // filters.size, 1)
    whole = len(power) // rows * rows
    pieces = power[:whole].reshape(-1, rows, power.shape[1]) @ filters
    return np.asarray(np.concatenate([pieces.reshape(whole, filters.shape[1]), power[whole:] @ filters]))


def log_mel(samples: Samples, frames: int, *, first: int = 0) -> Floats:
    """Return (T, 80) float32: for frame i the spectra of 25 ms around its time i / 60 s and half a frame later.

    samples: (N,) at 16 kHz, level already normalised; frames: T, counted from frame `first`; outside the samples is
    silence. Values are about -1 (nothing) to 1.5 (loud).
    """
    window = np.hanning(WINDOW).astype(np.float32)
    result = np.empty((frames * PER_FRAME, BANDS), np.float32)
    for begin in range(0, len(result), BLOCK):
        index = np.arange(begin, min(begin + BLOCK, len(result))) + first * PER_FRAME
        starts = np.round(index * RATE / (FRAME_RATE * PER_FRAME)).astype(np.int64) - WINDOW // 2
        lowest, highest = int(starts[0]), int(starts[-1]) + WINDOW
        piece = stretch(samples, lowest, highest)
        windows = piece[(starts - lowest)[:, None] + np.arange(WINDOW)] * window
        power = np.square(np.abs(np.fft.rfft(windows, SIZE))).astype(np.float32) @ mel_filters()
        result[begin:begin + len(index)] = np.log10(power / WINDOW + FLOOR) * 0.5 + 1.5
    return result.reshape(frames, WIDTH)


def level(samples: Samples, frames: int) -> Floats:
    """Return the level (T,) of the 25 ms around each frame's time i / 60 s, dB to full scale; silence is -120 dB."""
    result = np.empty(frames, np.float32)
    for begin in range(0, frames, BLOCK):
        starts = np.round(np.arange(begin, min(begin + BLOCK, frames)) * RATE / FRAME_RATE).astype(np.int64) - WINDOW // 2
        lowest = int(starts[0])
        piece = stretch(samples, lowest, int(starts[-1]) + WINDOW)
        energy = np.concatenate([[0.0], np.cumsum(np.square(piece, dtype=np.float64))])
        power = (energy[starts - lowest + WINDOW] - energy[starts - lowest]) / WINDOW
        result[begin:begin + len(starts)] = 10 * np.log10(power + 1e-12)
    return result
