"""Every piece of the curves that one Bezier segment between two keys on a curve follows closely enough.

A key is level, or has the slope by which the curve comes, or goes on; its handles have the length that fits best, in steps.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Floats
from .key_handles import FINEST, LONGEST, USUAL, coarse, fine, usual

CLOSE = 0.3                     # tolerances up to which handles of the usual length will do
HOPELESS = 20.0                 # tolerances from which on others are not tried,
NEARLY = 3.0                    # nor finer steps of their lengths
MISSES = 2                      # lengths of segments in succession that do not fit, after which no longer one is tried
ALIKE = 0.1                     # tolerances a frame: slopes nearer to each other are one
SLIGHT = 0.04                   # tolerances a frame: a slope below it is level
TIGHTEST = 1e-12                # a tolerance of nothing, which only a key keeps
BLOCK = 120000                   # numbers worked out at once: they stay in the processor's cache
STATES = 3                      # of a place: a level key, and two sloping ones
Places = NDArray[np.integer[Any]]
Marks = NDArray[np.bool_]
Found = tuple[Places, Places, Floats, Floats]


class Segments:
    """The segments of all curves (C, T), one curve after the other; of all C T places, place p has the states STATES p, a level key,
    and the next two, sloping ones. `source`, `target` (E,) states, `errors` (E,) shares of the tolerance, `lengths` (E, 2) of
    handles, shares of the segment. `begins`, `ends` (C T,): where a curve's first and last key may be."""

    def __init__(self, curves: Floats, tolerance: Floats, fixed: Marks, tops: Marks) -> None:
        """tolerance: (C,) of each curve; fixed: (C, T) keys that must be there; tops: (C, T) those of them where the curve is level
        and may not go past its key on either side."""
        _, frames = self.shape = curves.shape
        self.values, self.fixed, self.tops = curves.astype(np.float32).ravel(), fixed, tops.ravel()
        self.tolerance = np.repeat(tolerance.astype(np.float32), frames)
        self.tight = np.zeros(curves.size, bool)                                # where it is less than the curve's
        self.low, self.high = (np.repeat(bound.astype(np.float32), frames) for bound in (curves.min(axis=1), curves.max(axis=1)))
        self.high[self.tops] = self.values[self.tops]
        self.begins, self.ends = ends_of(curves, self.tolerance.reshape(curves.shape), fixed)
        self.slopes = steepness(curves, tolerance, tops).ravel()                # (STATES C T,)
        self.source, self.target, self.errors, self.lengths = self.find()

    def find(self) -> Found:
        """Return sources, targets, errors and handles' lengths of all segments that fit.

        Short ones begin on any frame, longer ones on every so many frames and at keys that must be there. They have a regular length,
        or end at such a key.
        """
        places = np.arange(len(self.values), dtype=np.int32)                    # there are many segments: half the memory
        frames = places % self.shape[1]
        kept = self.fixed.ravel() | self.begins
        most = until(self.fixed).ravel() - places                               # (C T,) how long a segment may be
        alive, misses = places[most > 0], np.zeros(len(places), np.int8)
        regular = regular_lengths(int(most.max()))
        found: list[Found] = [(places[:0], places[:0], self.values[:0], np.zeros((0, 2), np.float32))]
        closing = most[alive[kept[alive] | (frames[alive] % stride(most[alive]) == 0)]]
        for length in np.unique(np.append(regular, closing)).tolist():
            alive = alive[(misses[alive] < MISSES) & (most[alive] >= length)]
            tried = alive[kept[alive] | (frames[alive] % stride(length) == 0)]
            if length not in regular:
                tried = tried[most[tried] == length]
            source, target = self.states(tried, length)
            errors, lengths = self.fit(source, target, length)
            fits = errors <= 1
            found.append((source[fits], target[fits], errors[fits], lengths[fits]))
            misses[tried] += 1
            misses[source[fits] // STATES] = 0
        source, target, errors, lengths = (np.concatenate(column) for column in zip(*found, strict=True))
        return source, target, errors, lengths

    def states(self, places: Places, length: int) -> tuple[Places, Places]:
        """Return the states at both ends of all different segments of `length` frames that begin at `places`."""
        leaving, arriving = np.divmod(np.arange(STATES**2)[:, None], STATES)
        source, target = (STATES * places + leaving).ravel(), (STATES * (places + length) + arriving).ravel()
        there = ((self.slopes[source] != 0) | (source % STATES == 0)) & ((self.slopes[target] != 0) | (target % STATES == 0))
        return source[there], target[there]

    def fit(self, source: Places, target: Places, length: int) -> tuple[Floats, Floats]:
        """Return by how much segments (S,) of `length` frames are off, as a share of the tolerance, and their handles' lengths (S, 2).

        Infinite where every choice would have a handle out of the curve's range, or higher than a peak it belongs to.
        """
        chosen, choice = np.full((len(source), 2), USUAL, np.float32), np.zeros(len(source), np.int64)
        errors = np.empty(len(source), np.float32)
        for some in blocks(np.arange(len(source)), length):
            errors[some], _ = self.closest(source[some], target[some], *usual(length))
        if not 1 < length <= LONGEST:
            return errors, chosen
        shapes, lengths = coarse(length)
        rest = np.flatnonzero((errors > CLOSE) & ((errors < HOPELESS) | np.isinf(errors)))
        for some in blocks(rest, shapes.size):
            errors[some], choice[some] = self.closest(source[some], target[some], shapes, lengths)
        chosen[rest] = lengths[choice[rest]]
        if length > FINEST:
            return errors, chosen
        shapes_of, lengths_of = fine(length)
        for some in blocks(rest[(errors[rest] > 1) & (errors[rest] < NEARLY)], shapes_of[0].size):
            shapes, lengths = shapes_of[choice[some]], lengths_of[choice[some]]
            errors[some], best = self.closest(source[some], target[some], shapes, lengths)
            chosen[some] = lengths[np.arange(len(some)), best]
        return errors, chosen

    def closest(self, source: Places, target: Places, shapes: Floats, lengths: Floats) -> tuple[Floats, Places]:
        """Return the least errors (S,) of segments, and which handles' lengths have them.

        shapes, lengths: tables of key_handles, for all or one for each (S, ...).
        """
        first, last, count = source // STATES, target // STATES, lengths.shape[-2]
        length = shapes.shape[-1] // count + 1
        start, end = self.values[first], self.values[last]
        leaving, arriving = self.slopes[source] * np.float32(length), self.slopes[target] * np.float32(length)
        wanted = np.stack([end - start, leaving, arriving])
        # (frames, G, S): numpy finds the greatest along the first axis seven times as fast as along the second
        if shapes.ndim == 2:
            off = (shapes.T @ wanted).reshape(length - 1, count, len(first))
        else:
            off = np.matmul(wanted.T[:, None], shapes).reshape(len(first), length - 1, count).transpose(1, 2, 0)
        inside = first + np.arange(1, length)[:, None]
        off -= (self.values[inside] - start)[:, None]
        tight = bool(self.tight[inside].any())
        if tight:
            off /= self.tolerance[inside][:, None]
        worst = np.abs(off, out=off).max(axis=0, initial=0)
        if not tight:
            worst /= self.tolerance[first]
        low, high = self.low[first], np.minimum(self.high[first], self.high[last])
        leaves, arrives = (side.T.reshape(count, -1) if len(first) else side.T[:count] for side in np.moveaxis(lengths, -1, 0))
        for handle in (start + leaving * leaves, end - arriving * arrives):
            worst[(handle < low) | (handle > high)] = np.inf
        best = worst.argmin(axis=0)
        return worst[best, np.arange(len(first))], best

    def tighten(self, places: Places, tolerance: Floats) -> None:
        """Let the curves keep to `tolerance` (P,) at different `places` (P,)."""
        self.tolerance[places] = np.maximum(tolerance, TIGHTEST)
        self.tight[places] = True
        self.begins, self.ends = ends_of(self.values.reshape(self.shape), self.tolerance.reshape(self.shape), self.fixed)
        before = np.zeros(len(self.values) + 1, np.int32)
        before[places + 1] = 1
        before = np.cumsum(before, dtype=np.int32)                              # how many of them lie before a place
        first, last = self.source // STATES, self.target // STATES
        touched = np.flatnonzero(before[last] > before[first + 1])
        spans = (last - first)[touched]
        for length in np.unique(spans).tolist():
            some = touched[spans == length]
            self.errors[some], self.lengths[some] = self.fit(self.source[some], self.target[some], length)

    def sort(self, order: Places) -> None:
        """Put the segments into this order (E,)."""
        for name in ("source", "target", "errors", "lengths"):
            setattr(self, name, getattr(self, name)[order])


def steepness(curves: Floats, tolerance: Floats, tops: Marks) -> Floats:
    """Return the slopes (C, T, STATES) a frame of a level key and of those that go on as the curve comes, or begin as it goes on; zero
    where that is hardly a slope, and at peaks."""
    steps = np.zeros((*curves.shape, STATES), np.float32)
    steps[:, 1:-1, 1], steps[:, 1:-1, 2] = np.diff(curves[:, :-1], axis=1), np.diff(curves[:, 1:], axis=1)
    alike = np.abs(steps[:, :, 2] - steps[:, :, 1]) < ALIKE * tolerance[:, None]
    steps[alike, 1], steps[alike, 2] = steps[alike, 1:].mean(axis=1), 0
    steps[tops | (np.abs(steps).sum(axis=2) < SLIGHT * tolerance[:, None])] = 0
    return steps


def blocks(places: Places, size: int) -> list[Places]:
    """Return `places` (N,) in parts for each of which BLOCK numbers or a few more are worked out, `size` for each place."""
    step = max(3 * BLOCK // size, 1)
    return [places[begin:begin + step] for begin in range(0, len(places), step)]


def stride(length: Places | int) -> Places:
    """Return on every how many frames segments of so many frames begin: an eighth to a sixteenth of them."""
    return np.asarray(2**np.maximum(np.floor(np.log2(length)) - 3, 0), np.int64)


def regular_lengths(longest: int) -> Places:
    """Return which lengths of segments are tried, (L,) frames up to `longest`."""
    lengths = [1]
    while lengths[-1] < longest:
        lengths.append(lengths[-1] + int(stride(lengths[-1])))
    return np.array(lengths, np.int64)


def until(fixed: Marks) -> Places:
    """Return the place of the next fixed key (C, T), or of the curve's end, after each one of all curves."""
    count, frames = fixed.shape
    stops = fixed.copy()
    stops[:, -1] = True
    places = np.where(stops, np.arange(count * frames).reshape(fixed.shape), count * frames)
    nearest = np.minimum.accumulate(places[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([nearest[:, 1:], nearest[:, -1:]], axis=1)


def ends_of(curves: Floats, tolerance: Floats, fixed: Marks) -> tuple[Marks, Marks]:
    """Return where the first and the last key of curves may be, (C T,) both: what lies beyond is within tolerance (C, T) of its value.

    A curve that hardly moves needs one key, in the middle of its range; a level one has one at both its ends.
    """
    found = []
    for way in (slice(None), slice(None, None, -1)):
        along, room, kept = curves[:, way], tolerance[:, way], fixed[:, way]
        possible = (along >= np.maximum.accumulate(along - room, axis=1)) & (along <= np.minimum.accumulate(along + room, axis=1))
        possible &= np.cumsum(kept, axis=1) == kept                             # no fixed key lies beyond
        found.append(possible[:, way].copy())
    still = found[0] & found[1]
    off_middle = np.where(still, np.abs(curves - (curves.max(axis=1) + curves.min(axis=1))[:, None] / 2), np.inf)
    level = (curves == curves[:, :1]).all(axis=1)
    rows = np.flatnonzero(still.any(axis=1))
    for possible, end in zip(found, (0, curves.shape[1] - 1), strict=True):
        possible[rows] = False
        possible[rows, np.where(level[rows], end, off_middle[rows].argmin(axis=1))] = True
    return found[0].ravel(), found[1].ravel()
