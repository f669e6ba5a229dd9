"""Bezier keys of one curve, and their values at frames by the rule that Blender evaluates F-curves by."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..types import Floats, check

Doubles = NDArray[np.float64]
STEPS = 60                      # of the search for a curve's parameter; each at least halves what is left
PRECISION = 1e-12               # of the parameter


@dataclass(frozen=True)
class BezierKeys:
    """Keys of a curve: points, left, right (N, 2) float32, frame and value of each key and of its two handles.

    Frames rise; a left handle lies at or before its key, a right one at or after it.
    """

    points: Floats
    left: Floats
    right: Floats

    def __post_init__(self) -> None:
        for name in ("points", "left", "right"):
            check(name, getattr(self, name), np.float32, (len(self.points), 2))

    def moved(self, frames: float) -> "BezierKeys":
        """Return the keys `frames` later."""
        step = np.array([frames, 0], np.float64)
        return BezierKeys(*((part + step).astype(np.float32) for part in (self.points, self.left, self.right)))

    def scaled(self, factor: float) -> "BezierKeys":
        """Return the keys with values times `factor`."""
        scale = np.array([1, factor], np.float32)
        return replace(self, points=self.points * scale, left=self.left * scale, right=self.right * scale)

    def at(self, frames: Doubles) -> Floats:
        """Return the values (T,) at `frames` (T,); before the first key and after the last, that one's.

        Between two keys the parameter is found at which the curve is at the frame; a handle that reaches past the neighbouring key is
        first shortened to end there, so that there is one.
        """
        points, left, right = (part.astype(np.float64) for part in (self.points, self.left, self.right))
        return values_at(frames, points, left, right).astype(np.float32)


def values_at(frames: Doubles, points: Doubles, left: Doubles, right: Doubles) -> Doubles:
    """Return the values (T,) at `frames` (T,) of a curve with these keys and handles (N, 2), as `BezierKeys.at` does."""
    frames = np.clip(frames, points[0, 0], points[-1, 0])
    after = np.clip(np.searchsorted(points[:, 0], frames, side="right"), 1, max(len(points) - 1, 1))
    first, second = after - 1, np.minimum(after, len(points) - 1)
    length = np.maximum(points[second, 0] - points[first, 0], 1e-9)
    leaving, arriving = right[first] - points[first], points[second] - left[second]
    for handle in (leaving, arriving):
        handle /= np.maximum(np.abs(handle[:, :1]) / length[:, None], 1)
    middle = parameter((frames - points[first, 0]) / length, np.abs(leaving[:, 0]) / length, np.abs(arriving[:, 0]) / length)
    start, one, two, end = bernstein(middle)
    return np.asarray(points[first, 1] * (start + one) + points[second, 1] * (two + end) + leaving[:, 1] * one - arriving[:, 1] * two)


def parameter(place: Doubles, leaving: Doubles, arriving: Doubles) -> Doubles:
    """Return where (in 0..1) cubic curves from 0 to 1 are at `place` (in 0..1), if their handles are `leaving` and `arriving` long.

    Three arrays that broadcast. Handles in 0..1 make the curve rise; Newton's steps, halving where they leave what is left.
    """
    low = np.zeros(np.broadcast_shapes(place.shape, leaving.shape, arriving.shape))
    high = np.ones_like(low)
    found = np.broadcast_to(place, low.shape).astype(np.float64)
    for _ in range(STEPS):
        _, one, two, end = bernstein(found)
        beyond = one * leaving + two * (1 - arriving) + end - place
        low, high = np.where(beyond < 0, found, low), np.where(beyond < 0, high, found)
        rest = 1 - found
        slope = 3 * (rest * (rest * leaving + 2 * found * (1 - arriving - leaving)) + found * found * arriving)
        step = found - beyond / np.maximum(slope, 1e-9)
        step = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        close = np.abs(step - found).max(initial=0) < PRECISION
        found = step
        if close:
            break
    return found


def bernstein(place: Doubles) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Return the weights of a cubic curve's four points at a parameter in 0..1."""
    rest = 1 - place
    near, far = rest * rest, place * place              # NumPy's ** takes ten times as long
    return near * rest, 3 * near * place, 3 * rest * far, far * place
