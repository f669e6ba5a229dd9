"""Steady noise taken out of a recording before it is listened to: spectral subtraction (Boll, 1979) with a floor.

The noise's spectrum is what a tenth of the frames stay below, found anew every ten seconds, so that it may change. Memory is
bounded: a recording is worked on piece by piece.
"""

import numpy as np

from .types import Floats

SIZE, HOP = 512, 128            # samples of a window and between windows, 32 ms and 8 ms at 16 kHz
PIECE = 1250                    # frames worked on at once, 10 s, or up to twice as many in a recording's equal pieces
QUANTILE, BIAS = 0.1, 1.5       # a tenth of the frames lie below the noise's mean by about this factor
OVER = 1.2                      # more noise is taken away than was found, or its peaks would be left
FLOOR = 0.15                    # amplitude that every band keeps
NOISE_FRAMES, SPEECH_FRAMES = 7, 3      # over which power is averaged to find the noise, and to decide the gain
WINDOW = np.hanning(SIZE + 1)[:-1].astype(np.float32)
OVERLAPPED = np.float32(1.5)    # sum of the squared windows that overlap at one sample


def reduce_noise(samples: Floats) -> Floats:
    """Return the samples (N,), 16 kHz, with steady noise lowered by up to 16 dB; clean speech changes little."""
    count = -(-(len(samples) + SIZE) // HOP)
    padded = np.pad(samples, (SIZE, (count - 1) * HOP + SIZE - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, SIZE)[::HOP][:count + SIZE // HOP]
    size = -(-len(frames) // max(len(frames) // PIECE, 1))
    pieces = [slice(first, min(first + size, len(frames))) for first in range(0, len(frames), size)]
    noise = np.stack([noise_of(frames[piece]) for piece in pieces])
    result = np.zeros(len(padded), np.float32)
    for index, piece in enumerate(pieces):
        spectrum = np.fft.rfft(frames[piece] * WINDOW, axis=1)
        power = average(np.abs(spectrum).astype(np.float32) ** 2, SPEECH_FRAMES)
        gain = np.sqrt(np.maximum(1 - OVER * between(noise, index, len(power), size) / np.maximum(power, 1e-12), FLOOR ** 2))
        sound = np.fft.irfft(spectrum * gain, axis=1).astype(np.float32) * WINDOW
        start = piece.start * HOP
        for part in range(SIZE // HOP):                 # windows SIZE apart do not overlap
            rows = sound[part::SIZE // HOP]
            result[start + part * HOP:start + part * HOP + rows.size] += rows.ravel()
    return result[SIZE:SIZE + len(samples)] / OVERLAPPED


def noise_of(frames: Floats) -> Floats:
    """Return the power spectrum (257,) of the noise in frames (T, 512)."""
    power = average(np.abs(np.fft.rfft(frames * WINDOW, axis=1)).astype(np.float32) ** 2, NOISE_FRAMES)
    quiet = np.quantile(power, QUANTILE, axis=0) * BIAS
    return np.convolve(np.pad(quiet, 4, mode="edge"), np.ones(9) / 9, "valid").astype(np.float32)


def between(noise: Floats, index: int, count: int, size: int) -> Floats:
    """Return the noise (count, 257) of the frames of piece `index` of `size`, passing over from the piece before to the next."""
    place = index + (np.arange(count, dtype=np.float32)[:, None] + 0.5) / size - 0.5
    lower = np.clip(np.floor(place).astype(int), 0, len(noise) - 1)
    upper = np.minimum(lower + 1, len(noise) - 1)
    share = np.clip(place - lower, 0, 1)
    return np.asarray((1 - share) * noise[lower[:, 0]] + share * noise[upper[:, 0]], np.float32)


def average(power: Floats, frames: int) -> Floats:
    """Return the mean (T, B) over `frames` (odd) frames about each."""
    padded = np.pad(power, ((frames // 2, frames // 2), (0, 0)), mode="edge")
    return np.asarray(sum(padded[shift:shift + len(power)] for shift in range(frames)) / frames, np.float32)
