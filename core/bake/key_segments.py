"""Every piece of a curve that one Bezier segment can follow closely enough, and the fewest of them from one end to the other.

A key is level or has the slope between its neighbours on the curve; handles have one of a few lengths, or, where that nearly does, one
of more. The fewest segments are found by dynamic programming, between the peaks that part a curve: what comes before one does not
matter after it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..types import Floats
from .bezier import bernstein, parameter

LENGTHS = (0.08, 1 / 3, 0.5, 0.8)         # of handles, as shares of the way to the next key
USUAL = 1 / 3                                   # alone between far keys
FINER = (-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75)      # of the way to the next one of these lengths
NEARLY = 2.0                    # times the tolerance up to which more lengths are tried
LONGEST = 60                    # frames between two keys whose handles may differ from the usual length
EVERY, GROWTH = 10, 1.17        # each length up to so many frames is tried, then every so many times longer one, and what ends at a
MISSES = 2                      # fixed key; none beyond so many in succession that do not fit
SLIGHT = 0.003                  # tolerances a frame: a slope below it is level
TIGHTEST = 1e-12                # a tolerance of nothing, which only a key keeps
GRID = 256                      # handles end on such parts of frames, which single precision holds exactly for long
BLOCK = 40000                   # numbers worked out at once: they stay in the processor's cache
SPARED = 0.01                   # of a key that an error as large as the tolerance costs, so that of equals the closest is taken
Places = NDArray[np.int64]
Marks = NDArray[np.bool_]


@lru_cache(maxsize=LONGEST + 64)
def coarse(length: int) -> tuple[Floats, Floats]:
    """Return how segments of `length` frames pass over from one key to the next, for every choice of their handles' lengths.

    shapes: (3, (length - 1) G) float32, at each frame inside and for each of G choices what a step of the value by 1, and a slope that
    would rise by 1 in the segment, at its start and at its end, amount to. lengths: (G, 2) shares of the segment.
    """
    shares = LENGTHS if 1 < length <= LONGEST else (USUAL,)
    lengths = on_grid(np.array([(leaving, arriving) for leaving in shares for arriving in shares]), length)
    return passing(length, lengths).reshape(3, -1), lengths.astype(np.float32)


@lru_cache(maxsize=LONGEST + 64)
def fine(length: int) -> tuple[Floats, Floats]:
    """Return the same for R choices around each of the G, (G, 3, (length - 1) R) and (G, R, 2)."""
    around = np.array([0.0, *LENGTHS, 1.0])
    steps = np.array([[around[place] + share * abs(around[place + (1 if share > 0 else -1)] - around[place]) for share in FINER]
                      for place in range(1, len(around) - 1)])
    lengths = np.array([[(leaving, arriving) for leaving in first for arriving in second] for first in steps for second in steps])
    lengths = on_grid(lengths, length)
    shapes = passing(length, lengths.reshape(-1, 2)).reshape(3, length - 1, *lengths.shape[:2])
    return np.ascontiguousarray(shapes.transpose(2, 0, 1, 3)).reshape(len(lengths), 3, -1), lengths.astype(np.float32)


def on_grid(lengths: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return handles' lengths that end on the grid, as shares of `length` frames."""
    return np.asarray(np.maximum(np.rint(lengths * length * GRID), 1) / (length * GRID))


def passing(length: int, lengths: NDArray[np.float64]) -> Floats:
    """Return the shapes (3, length - 1, G) of handles' lengths (G, 2), see `coarse`."""
    _, one, two, end = bernstein(parameter(np.arange(1, length)[:, None] / length, lengths[:, 0], lengths[:, 1]))
    return np.stack([two + end, one * lengths[:, 0], -two * lengths[:, 1]]).astype(np.float32)


@dataclass(frozen=True)
class Step:
    """Segments that end equally far from where their piece begins: `rows` (R,), `source` and `target` (R,) states, sorted by the latter,
    `heads` (H,), the first row of each of these, and `group` (R,), which of them a row belongs to."""

    rows: Places
    source: Places
    target: Places
    heads: Places
    group: Places

    @staticmethod
    def of(rows: Places, source: Places, target: Places) -> "Step":
        """Return the step of segments `rows` (R,) of all `source` and `target` (E,)."""
        first = heads(target[rows])
        return Step(rows, source[rows], target[rows], first, np.repeat(np.arange(len(first)), np.diff(np.append(first, len(rows)))))


def heads(values: Places) -> Places:
    """Return where runs of equal values begin."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])) if len(values) else np.zeros(0, np.int64)


class Segments:
    """The segments of all curves (C, T), one after the other: place p of all C * T has state 2 p with a level key, 2 p + 1 with
    a sloping one. `source`, `target` (E,) states, `errors` (E,) shares of the tolerance, `lengths` (E, 2) of handles."""

    def __init__(self, curves: Floats, tolerance: Floats, fixed: Marks, tops: Marks) -> None:
        """tolerance: (C,) of each curve; fixed: (C, T) keys that must be there; tops: (C, T) those where the curve is level and may
        not go past its key on either side."""
        count, frames = self.shape = curves.shape
        self.values = curves.astype(np.float32).ravel()
        self.tolerance = np.repeat(tolerance.astype(np.float32), frames)
        self.tight = np.zeros(curves.size, bool)                                # where it is less than the curve's
        self.tops = tops.ravel()
        self.low, self.high = (np.repeat(bound.astype(np.float32), frames) for bound in (curves.min(axis=1), curves.max(axis=1)))
        self.high[self.tops] = self.values[self.tops]
        self.fixed = fixed
        self.begins, self.ends = ends_of(curves, self.tolerance.reshape(curves.shape), fixed)
        places = np.arange(curves.size)
        last = places - places % frames + frames - 1
        self.until = np.minimum(following(places, fixed.ravel(), curves.size), last)    # (C T,) how far a segment may go
        self.slopes = self.steepness(curves, tolerance).ravel()
        self.source, self.target, self.errors, self.lengths = self.find()
        parts = self.tops | (places % frames == 0)
        self.piece = np.maximum.accumulate(np.where(np.append(False, parts[:-1]), places - 1, 0))      # (C T,) where one before began
        at = self.target // 2
        order = np.lexsort((self.target, at - self.piece[at]))
        self.steps = [Step.of(rows, self.source, self.target) for rows in np.split(order, heads(at[order] - self.piece[at[order]])[1:])]
        self.cost, self.via = np.zeros(2 * curves.size), np.full(2 * curves.size, -1)

    def steepness(self, curves: Floats, tolerance: Floats) -> Floats:
        """Return the slopes (C, T, 2) of a level and of a sloping key at each place; the same where it is hardly sloping."""
        steps = np.diff(curves, axis=1, prepend=curves[:, :1], append=curves[:, -1:])
        even = (steps[:, :-1] + steps[:, 1:]) / 2
        even[np.abs(even) < SLIGHT * tolerance[:, None]] = 0
        even.ravel()[self.tops] = 0
        even[:, [0, -1]] = 0
        return np.stack([np.zeros_like(even), even], axis=2).astype(np.float32)

    def find(self) -> tuple[Places, Places, Floats, Floats]:
        """Return sources, targets, errors and handles' lengths of all segments that fit."""
        places = np.arange(len(self.values))
        alive, misses, length, next_length = places[self.until > places], np.zeros(len(places), np.int8), 0, 1
        found = []
        while len(alive):
            length += 1
            regular = length == next_length
            if regular:
                next_length = length + 1 if length < EVERY else int(np.ceil(length * GROWTH))
            tried = alive if regular else alive[self.until[alive] == alive + length]
            source, target = self.states(tried, length)
            errors, lengths = self.fit(source, target, length)
            fits = errors <= 1
            found.append((source[fits], target[fits], errors[fits], lengths[fits]))
            if regular:
                missed = np.ones(len(places), bool)
                missed[source[fits] // 2] = False
                misses[tried] = np.where(missed[tried], misses[tried] + 1, 0)
            alive = alive[(misses[alive] < MISSES) & (self.until[alive] > alive + length)]
        columns = [np.concatenate(column) for column in zip(*found, strict=True)] if found else [
            np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros((0, 2), np.float32)]
        return columns[0], columns[1], columns[2], columns[3]

    def states(self, places: Places, length: int) -> tuple[Places, Places]:
        """Return the states at both ends of all different segments of `length` frames that begin at `places`."""
        pairs = []
        for leaving in (0, 1):
            for arriving in (0, 1):
                source, target = 2 * places + leaving, 2 * (places + length) + arriving
                there = ((self.slopes[source] != 0) | (leaving == 0)) & ((self.slopes[target] != 0) | (arriving == 0))
                pairs.append((source[there], target[there]))
        return np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])

    def fit(self, source: Places, target: Places, length: int) -> tuple[Floats, Floats]:
        """Return by how much segments (S,) of `length` frames are off, as a share of the tolerance, and their handles' lengths (S, 2).

        Infinite where every choice would have a handle out of the curve's range, or higher than a peak it belongs to.
        """
        shapes, lengths = coarse(length)
        step = max(BLOCK // max(shapes.shape[1], 1), 1)
        errors, best = np.zeros(len(source), np.float32), np.zeros(len(source), np.int64)
        for begin in range(0, len(source), step):
            some = slice(begin, begin + step)
            errors[some], best[some] = self.closest(source[some], target[some], shapes, lengths[None])
        chosen = lengths[best]
        nearly = np.flatnonzero((errors > 1) & (errors < NEARLY)) if length <= LONGEST else best[:0]
        for begin in range(0, len(nearly), step):
            some = nearly[begin:begin + step]
            shapes, lengths = (table[best[some]] for table in fine(length))
            errors[some], closest = self.closest(source[some], target[some], shapes, lengths)
            chosen[some] = lengths[np.arange(len(some)), closest]
        return errors, chosen

    def closest(self, source: Places, target: Places, shapes: Floats, lengths: Floats) -> tuple[Floats, Places]:
        """Return the least errors (S,) of segments and for which lengths, (1 or S, G, 2); shapes: as of `coarse` or `fine`."""
        first, last = source // 2, target // 2
        length = int(last[0] - first[0]) if len(first) else 2
        start = self.values[first]
        leaving, arriving = self.slopes[source] * length, self.slopes[target] * length
        wanted = np.stack([self.values[last] - start, leaving, arriving], axis=1)
        inside = first[:, None] + np.arange(1, length)
        off = (wanted @ shapes if shapes.ndim == 2 else np.matmul(wanted[:, None], shapes)).reshape(len(first), length - 1, lengths.shape[1])
        off -= (self.values[inside] - start[:, None])[:, :, None]
        if self.tight[inside].any():
            worst = np.abs(off / self.tolerance[inside][:, :, None]).max(axis=1, initial=0)
        else:
            worst = np.maximum(off.max(axis=1, initial=0), -off.min(axis=1, initial=0)) / self.tolerance[first][:, None]
        low, high = self.low[first][:, None], np.minimum(self.high[first], self.high[last])[:, None]
        for handle in (start[:, None] + leaving[:, None] * lengths[..., 0],
                       self.values[last][:, None] - arriving[:, None] * lengths[..., 1]):
            worst[(handle < low) | (handle > high)] = np.inf
        best = worst.argmin(axis=1)
        return worst[np.arange(len(first)), best], best

    def tighten(self, places: Places, tolerance: Floats) -> None:
        """Let the curves keep to `tolerance` (P,) at `places` (P,)."""
        np.minimum.at(self.tolerance, places, np.maximum(tolerance, TIGHTEST).astype(np.float32))
        self.tight[places] = True
        self.begins, self.ends = ends_of(self.values.reshape(self.shape), self.tolerance.reshape(self.shape), self.fixed)
        marks = np.zeros(len(self.values) + 1, np.int64)
        marks[np.unique(places) + 1] = 1
        before = np.cumsum(marks)                                               # how many of them lie before a place
        first, last = self.source // 2, self.target // 2
        touched = np.flatnonzero(before[last] > before[first + 1])
        lengths = (last - first)[touched]
        for length in np.unique(lengths):
            some = touched[lengths == length]
            self.errors[some], self.lengths[some] = self.fit(self.source[some], self.target[some], int(length))

    def fewest(self) -> tuple[Places, Floats, Floats]:
        """Return the places of the fewest keys (N,), rising, their slopes (N,), and the lengths (N, 2) of the handles of the segment
        that begins at each."""
        self.cost[:] = np.inf
        self.cost[2 * np.flatnonzero(self.begins | self.tops)] = 0
        weights = np.where(self.errors <= 1, 1 + SPARED * self.errors**2, np.inf)
        for step in self.steps:
            costs = self.cost[step.source] + weights[step.rows]
            least = np.minimum.reduceat(costs, step.heads)
            cheapest = costs == least[step.group]
            self.via[step.target[cheapest]] = step.rows[cheapest]
            ends = step.target[step.heads]
            self.cost[ends] = np.minimum(self.cost[ends], least)
        return self.follow()

    def follow(self) -> tuple[Places, Floats, Floats]:
        """Return what `fewest` does, following the ways from the curves' ends back to where they begin."""
        costs = np.where(self.ends, self.cost[::2], np.inf).reshape(self.shape)
        state = 2 * (costs.argmin(axis=1) + np.arange(self.shape[0]) * self.shape[1])
        slopes, lengths = np.full(len(self.values), np.nan, np.float32), np.full((len(self.values), 2), USUAL, np.float32)
        while len(state):
            slopes[state // 2] = self.slopes[state]
            row = self.via[state[~self.begins[state // 2]]]
            state = self.source[row]
            lengths[state // 2] = self.lengths[row]
        kept = np.flatnonzero(np.isfinite(slopes))
        return kept, slopes[kept], lengths[kept]


def following(places: Places, marks: Marks, none: int) -> Places:
    """Return the next marked place after each of `places` (N,), 0, 1, ...; `none` where there is none."""
    nearest = np.minimum.accumulate(np.where(marks, places, none)[::-1])[::-1]
    return np.append(nearest[1:], none)


def ends_of(curves: Floats, tolerance: Floats, fixed: Marks) -> tuple[Marks, Marks]:
    """Return where the first and the last key of curves may be, (C T,) both: what lies beyond is within tolerance (C, T) of it.

    A curve that hardly moves has a key at both its ends.
    """
    found = []
    for way in (slice(None), slice(None, None, -1)):
        along, kept, room = curves[:, way], fixed[:, way], tolerance[:, way]
        possible = (along >= np.maximum.accumulate(along - room, axis=1)) & (along <= np.minimum.accumulate(along + room, axis=1))
        possible &= np.cumsum(kept, axis=1) == kept                             # no fixed key lies beyond
        found.append(possible[:, way])
    still = (found[0] & found[1]).any(axis=1)
    for possible, end in zip(found, (0, -1), strict=True):
        possible[still] = False
        possible[still, end] = True
    return found[0].ravel(), found[1].ravel()
