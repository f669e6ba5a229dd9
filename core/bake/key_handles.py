"""How a Bezier segment between two keys runs, for handles of a few lengths and, around each of these, of more."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..types import Floats
from .bezier import Doubles, bernstein, parameter

USUAL = 1 / 3                                   # of the way to the next key: a handle's length, alone between far keys
LENGTHS = (0.04, 0.12, 0.22, USUAL, 0.47, 0.63, 0.85)
STEPS = (-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75)      # finer ones: shares of what is between one of these and the next
LONGEST, FINEST = 60, 12        # frames between two keys up to which handles may have one of LENGTHS, and one of the finer ones
GRID = 256                      # handles end on such parts of frames, which single precision holds exactly for long
Tables = tuple[Floats, Floats]


@lru_cache(maxsize=8 * LONGEST)
def usual(length: int) -> Tables:
    """Return how a segment of `length` frames with handles of the usual length passes over from one key to the next.

    shapes: (3, length - 1) float32, at each frame inside what a step of the value by 1, and a slope that would rise by 1 in the
    segment, at its start and at its end, amount to. lengths: (1, 2) shares of the segment.
    """
    lengths = on_grid(np.full((1, 2), USUAL), length)
    return passing(length, lengths).reshape(3, -1), lengths.astype(np.float32)


@lru_cache(maxsize=LONGEST)
def coarse(length: int) -> Tables:
    """Return the same for each of G choices of lengths: (3, (length - 1) G) and (G, 2)."""
    lengths = on_grid(pairs(np.array(LENGTHS), np.array(LENGTHS)), length)
    return passing(length, lengths).reshape(3, -1), lengths.astype(np.float32)


@lru_cache(maxsize=LONGEST)
def fine(length: int) -> Tables:
    """Return the same for R choices around each of the G: (G, 3, (length - 1) R) and (G, R, 2)."""
    around = np.array([0.0, *LENGTHS, 1.0])
    steps = [np.array([around[place] + step * abs(around[place + (1 if step > 0 else -1)] - around[place]) for step in STEPS])
             for place in range(1, len(around) - 1)]
    lengths = on_grid(np.stack([pairs(leaving, arriving) for leaving in steps for arriving in steps]), length)
    shapes = passing(length, lengths.reshape(-1, 2)).reshape(3, length - 1, *lengths.shape[:2]).transpose(2, 0, 1, 3)
    return shapes.reshape(len(lengths), 3, -1), lengths.astype(np.float32)


def pairs(leaving: Doubles, arriving: Doubles) -> Doubles:
    """Return every pair of lengths (A,) and (B,), (A B, 2)."""
    return np.stack(np.meshgrid(leaving, arriving, indexing="ij"), axis=2).reshape(-1, 2)


def on_grid(lengths: Doubles, length: int) -> Doubles:
    """Return handles' lengths, shares of `length` frames, that end on the grid."""
    return np.asarray(np.maximum(np.rint(lengths * length * GRID), 1) / (length * GRID))


def passing(length: int, lengths: Doubles) -> NDArray[np.float32]:
    """Return the shapes (3, length - 1, G) of segments with handles of `lengths` (G, 2).

    Longer than LONGEST they are approximate where a third of `length` is off the grid: by 1e-5 of a step.
    """
    places = np.arange(1, length)[:, None] / length
    if length <= LONGEST:                       # else it is the usual length, with which the place is the parameter
        places = parameter(places, lengths[:, 0], lengths[:, 1])
    _, one, two, end = bernstein(places)
    return np.stack([two + end, one * lengths[:, 0], -two * lengths[:, 1]]).astype(np.float32)
