"""Steady noise taken out of a recording before it is listened to: spectral subtraction (Boll, 1979) with a floor.

The noise's spectrum is what a tenth of the frames stay below, found anew every ten seconds, so that it may change. Memory is
bounded: a recording is worked on piece by piece.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..spool import Recording, Samples, Spool, stretch
from ..types import AudioClip, Floats

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
    return np.concatenate([np.zeros(0, np.float32), *cleaned(samples)])


def without_noise(recording: Recording | AudioClip) -> Recording:
    """Return a recording (16 kHz) with its noise reduced, in memory that does not grow with its length."""
    result = Spool()
    for part in cleaned(recording.samples):
        result.append(part)
    return Recording(result, recording.rate, recording.warnings)


def cleaned(samples: Samples) -> Iterator[Floats]:
    """Yield the samples (N,) with their noise reduced, piece by piece."""
    total = len(samples)
    count = -(-(total + SIZE) // HOP)
    most = count + SIZE // HOP                          # frames: the first begins SIZE before the recording
    size = -(-most // max(most // PIECE, 1))
    pieces = [(first, min(first + size, most)) for first in range(0, most, size)]
    ahead = spectrum_of(samples, *pieces[0])
    noises = [noise_of(power_of(ahead))]                # of the pieces until the one ahead
    rest = np.zeros(SIZE - HOP, np.float32)             # what the piece before adds to this one
    for index, (first, last) in enumerate(pieces):
        spectrum = ahead
        if index + 1 < len(pieces):
            ahead = spectrum_of(samples, *pieces[index + 1])
            noises.append(noise_of(power_of(ahead)))
        power = average(power_of(spectrum), SPEECH_FRAMES)
        noise = between(np.stack(noises), index, len(power), size)
        gain = np.sqrt(np.maximum(1 - OVER * noise / np.maximum(power, 1e-12), FLOOR ** 2))
        sound = np.fft.irfft(spectrum * gain, axis=1).astype(np.float32) * WINDOW
        result = np.concatenate([rest, np.zeros((last - first) * HOP, np.float32)])
        for part in range(SIZE // HOP):                 # windows SIZE apart do not overlap
            rows = sound[part::SIZE // HOP]
            result[part * HOP:part * HOP + rows.size] += rows.ravel()
        begin, end = first * HOP - SIZE, last * HOP - SIZE
        yield result[max(-begin, 0):max(min(end, total) - begin, 0)] / OVERLAPPED
        rest = result[(last - first) * HOP:]


def frames_of(samples: Samples, first: int, last: int) -> Floats:
    """Return the frames `first` to `last` (without it), HOP apart, the first of which begins SIZE before the samples: (T, 512)."""
    piece = stretch(samples, first * HOP - SIZE, (last - 1) * HOP)
    return np.lib.stride_tricks.sliding_window_view(piece, SIZE)[::HOP]


def spectrum_of(samples: Samples, first: int, last: int) -> NDArray[np.complex64]:
    """Return the spectra (T, 257) of the frames `first` to `last` (without it)."""
    return np.asarray(np.fft.rfft(frames_of(samples, first, last) * WINDOW, axis=1), np.complex64)


def power_of(spectrum: NDArray[np.complex64]) -> Floats:
    """Return the power (T, 257) of spectra."""
    return np.asarray(np.square(spectrum.real) + np.square(spectrum.imag), np.float32)


def noise_of(power: Floats) -> Floats:
    """Return the power spectrum (257,) of the noise in frames of this power (T, 257)."""
    place = QUANTILE * (len(power) - 1)
    lower, upper = np.sort(average(power, NOISE_FRAMES), axis=0)[int(place):int(place) + 2]    # faster than np.quantile
    quiet = BIAS * (lower + (place - int(place)) * (upper - lower))
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
