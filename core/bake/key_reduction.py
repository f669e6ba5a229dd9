"""Few Bezier keys in place of one on every frame, as an artist would set them, within a bound on the mesh.

Keys lie on whole frames and on the curve; their handles are aligned, have the curve's own slope, flat in peaks and valleys, and one
of a few lengths. Keys are taken away, the most superfluous of a neighbourhood first, while every shape stays within its tolerance;
then, where all shapes' errors together move a vertex too far or part lips that touch, keys are put back.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..head.model import HeadBasis
from ..speech.lip_gap import SHUT
from ..types import Floats
from .bezier import BezierKeys, Doubles, bernstein, parameter, values_at
from .key_error import LIMIT, Layers, MeshError

SHARE = 0.9                     # of LIMIT that one shape alone may be off
PEAK = 0.0005                   # metres by which a peak must stand out, on both sides, to keep its key
PEAK_REACH = 0.5                # seconds to both sides in which it does
LIPS = ("mouth", "jaw")         # first words of the shapes that are keyed at closures
LENGTHS = (1 / 3, 0.03, 0.1, 0.2, 0.45, 0.6, 0.85)      # of handles, as shares of the way to the next key; first the usual one
LONGEST = 60                    # frames between two keys whose handles may differ from the usual length
GRID = 256                      # handles end on such parts of frames, which single precision holds exactly for long
Keyed = dict[int, BezierKeys]
Places = NDArray[np.int64]
Marks = NDArray[np.bool_]


def reduce_keys(weights: Floats, basis: HeadBasis, *, opening: Floats, fps: float, limit: float = LIMIT,
                layers: Layers | None = None) -> Keyed:
    """Return keys on frames 0, 1, ... for the places of those shapes of the head that move.

    weights: (T, K) on whole frames at `fps`; opening: (T,) metres, the gap between the lips that they are part of; limit: metres that
    a vertex may be off, with `layers` for all of them together, as far as keys of these shapes can see to that. The ends, each shape's
    peaks, and the shapes of lips and jaw where lips touch the closest keep their values; no curve leaves the range of its weights, and
    lips that touch are not parted.
    """
    moving = np.flatnonzero(weights.any(axis=0))
    if not len(moving):
        return {}
    curves, member = np.unique(weights[:, moving].T, axis=0, return_inverse=True)       # shapes that move alike are keyed alike
    member = member.ravel()
    error = MeshError(weights, basis, moving, member, limit=limit, share=SHARE, layers=layers)
    tops = peaks(curves * error.reach[:, None], reach=round(PEAK_REACH * fps))
    fixed = tops.copy()
    fixed[:, [0, -1]] = True
    lips = np.zeros(len(curves), bool)
    lips[member] = [basis.expression_names[place].startswith(LIPS) for place in moving]
    lips &= np.abs(curves).max(axis=1) * error.reach > limit
    fixed[np.ix_(lips, closures(opening))] = True
    chain = Chain(curves, error.tolerance, fixed, tops)
    chain.thin()
    room = np.where(opening <= SHUT, SHUT - opening, np.inf)
    while len(missing := error.missing(chain.difference(), room)):
        chain.insert(missing)
    keyed = chain.keys()
    return {int(place): keyed[curve] for place, curve in zip(moving, member, strict=True)}


def peaks(curves: Floats, *, reach: int) -> Marks:
    """Return where curves (C, T), metres, have a maximum that stands out by PEAK within `reach` frames, on both sides."""
    result = np.zeros(curves.shape, bool)
    before, after = (np.pad(curves, ((0, 0), side), mode="edge") for side in ((reach, 0), (0, reach)))
    lowest = [np.lib.stride_tricks.sliding_window_view(side, reach + 1, axis=1).min(axis=2) for side in (before, after)]
    stands_out = curves - np.maximum(*lowest) >= PEAK
    result[:, 1:-1] = stands_out[:, 1:-1] & (curves[:, 1:-1] > curves[:, :-2]) & (curves[:, 1:-1] >= curves[:, 2:])
    return result


def closures(opening: Floats) -> Places:
    """Return the frame of each passage of touching lips at which they touch the closest; opening: (T,) metres."""
    change = np.diff(np.concatenate([[False], opening <= SHUT, [False]]).astype(np.int8))
    passages = zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True)
    return np.array([begin + opening[begin:end].argmin() for begin, end in passages], np.int64)


@lru_cache(maxsize=LONGEST + 64)
def segments(length: int) -> tuple[Floats, Floats]:
    """Return how segments of `length` frames pass over from one key to the next, for every choice of their handles' lengths.

    shapes: (3, (length - 1) G) float32, at each frame inside and for each of G choices what a step of the value by 1, and a slope that
    would rise by 1 in the segment, at its start and at its end, amount to. lengths: (G, 2) shares of the segment.
    """
    usual = LENGTHS[:1] if length > LONGEST else LENGTHS
    lengths = np.array([(leaving, arriving) for leaving in usual for arriving in usual])
    places = np.arange(1, length)[:, None] / length
    _, one, two, end = bernstein(parameter(places, lengths[:, 0], lengths[:, 1]))
    shapes = np.stack([two + end, one * lengths[:, 0], -two * lengths[:, 1]])
    return shapes.reshape(3, -1).astype(np.float32), lengths.astype(np.float32)


class Chain:
    """The keys of all curves (C, T), one curve after the other: their values lie on the curves, their slopes are given."""

    def __init__(self, curves: Floats, tolerance: Floats, fixed: Marks, tops: Marks) -> None:
        """Begin with a key on every frame; tolerance: (C,) of each curve; fixed: (C, T) keys that stay; tops: (C, T) where the
        curve may not go past its key on either side."""
        self.shape = curves.shape
        self.values, self.fixed = curves.astype(np.float32).ravel(), fixed.ravel()
        self.low, self.high = (np.repeat(bound, curves.shape[1]) for bound in (curves.min(axis=1), curves.max(axis=1)))
        self.high[tops.ravel()] = self.values[tops.ravel()]
        self.tolerance = np.repeat(tolerance.astype(np.float32), curves.shape[1])
        steps = np.diff(curves, axis=1, prepend=curves[:, :1], append=curves[:, -1:])
        before, after = steps[:, :-1], steps[:, 1:]
        # the harmonic mean is flat in peaks and valleys and overshoots nowhere
        even = np.divide(2 * before * after, before + after, out=np.zeros_like(before), where=before * after > 0)
        self.slopes = even.astype(np.float32).ravel()
        count = len(self.values)
        self.before, self.after = np.arange(count) - 1, np.arange(count) + 1
        self.lengths = np.full((count, 2), LENGTHS[0], np.float32)              # of the handles of the segment that begins there
        self.alive = np.ones(count, bool)

    def fit(self, starts: Places, ends: Places) -> tuple[Floats, Floats]:
        """Return the error of segments (S,) from key to key, as a share of its curve's tolerance, and their handles' lengths (S, 2).

        Infinite where every choice of lengths would have a handle out of the curve's range, or higher than a peak it belongs to.
        """
        errors, chosen = np.zeros(len(starts), np.float32), np.full((len(starts), 2), LENGTHS[0], np.float32)
        spans = ends - starts
        for length in np.unique(spans[spans > 1]):
            of_it = np.flatnonzero(spans == length)
            first, last = starts[of_it], ends[of_it]
            shapes, lengths = segments(int(length))
            rise, leaving, arriving = (self.values[last] - self.values[first], self.slopes[first] * length, self.slopes[last] * length)
            inside = self.values[first[:, None] + np.arange(1, length)] - self.values[first][:, None]
            off = (np.stack([rise, leaving, arriving], axis=1) @ shapes).reshape(len(first), length - 1, len(lengths))
            off -= inside[:, :, None]
            worst = np.maximum(off.max(axis=1), -off.min(axis=1))
            handles = np.stack([self.values[first][:, None] + leaving[:, None] * lengths[:, 0],
                                self.values[last][:, None] - arriving[:, None] * lengths[:, 1]])
            low, high = self.low[first][:, None], np.minimum(self.high[first], self.high[last])[:, None]
            worst[((handles < low) | (handles > high)).any(axis=0)] = np.inf
            best = worst.argmin(axis=1)
            errors[of_it] = worst[np.arange(len(first)), best] / self.tolerance[first]
            chosen[of_it] = lengths[best]
        return errors, chosen

    def thin(self) -> None:
        """Take away keys until no other one can go without a curve leaving its tolerance."""
        before, after, count = self.before, self.after, len(self.values)
        tie = (np.arange(count) % self.shape[1] * 0.618034 % 1 * 1e-4).astype(np.float32)       # else even curves would go one by one
        errors, chosen = np.full(count, np.inf, np.float32), self.lengths.copy()
        changed = np.flatnonzero(~self.fixed)
        while len(changed):
            found, chosen[changed] = self.fit(before[changed], after[changed])
            errors[changed] = np.where(found <= 1, found + tie[changed], np.inf)
            free = np.flatnonzero(errors < np.inf)
            least = free[(errors[free] < errors[before[free]]) & (errors[free] < errors[after[free]])]
            after[before[least]], before[after[least]] = after[least], before[least]
            self.alive[least], errors[least], self.lengths[before[least]] = False, np.inf, chosen[least]
            beside = np.unique(np.concatenate([before[least], after[least]]))
            changed = beside[~self.fixed[beside]]

    def insert(self, places: Places) -> None:
        """Put back the keys at `places`, and as many more as keep every curve within its tolerance."""
        while len(places):
            self.alive[places] = True
            kept = np.flatnonzero(self.alive)
            self.before[kept[1:]], self.after[kept[:-1]] = kept[:-1], kept[1:]
            starts = np.unique(np.concatenate([self.before[places], places]))
            errors, self.lengths[starts] = self.fit(starts, self.after[starts])
            bad = starts[errors > 1]
            places = (bad + self.after[bad]) // 2

    def keyed(self) -> tuple[Places, Doubles, Doubles, Doubles]:
        """Return where keys are, and points and left and right handles (N, 2) with the place in all curves as the frame.

        The outer handles of a curve's first and last key are level.
        """
        kept = np.flatnonzero(self.alive)
        reach = np.diff(kept)[:, None] * self.lengths[kept[:-1]]
        leaving, arriving = (np.rint(side * GRID) / GRID for side in (np.append(reach[:, 0], 1), np.insert(reach[:, 1], 0, 1)))
        points, slopes = np.stack([kept, self.values[kept]], axis=1).astype(np.float64), self.slopes[kept]
        left, right = (points + sign * np.stack([side, side * slopes], axis=1) for sign, side in ((-1, arriving), (1, leaving)))
        return kept, points, left, right

    def keys(self) -> list[BezierKeys]:
        """Return the keys of each curve, on frames 0, 1, ..."""
        kept, *parts = self.keyed()
        length = self.shape[1]
        first = np.stack([kept - kept % length, np.zeros(len(kept))], axis=1)
        cuts = np.searchsorted(kept, np.arange(1, self.shape[0]) * length)
        split = (np.split((part - first).astype(np.float32), cuts) for part in parts)
        return [BezierKeys(*curve) for curve in zip(*split, strict=True)]

    def difference(self) -> Floats:
        """Return by how much the keys' values are off, (C, T)."""
        _, *parts = self.keyed()
        shown = values_at(np.arange(len(self.values), dtype=np.float64), *parts)
        return (shown - self.values).astype(np.float32).reshape(self.shape)
