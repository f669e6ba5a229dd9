"""The fewest keys among the segments tried: dynamic programming over those that fit, from where a curve may begin to where it may end.

Long ones begin on every so many frames only, and not every length is tried: fewer keys may do, though hardly ever.
A peak parts a curve, since its key is there and level whatever is around it: all parts are searched at once.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..types import Floats
from .key_handles import USUAL
from .key_segments import STATES, Places, Segments

SPARED = 0.01                   # of a key that an error as large as the tolerance costs, so that of equals the closest is taken


@dataclass(frozen=True)
class Step:
    """Segments `begin` to `end` - 1 end equally far from where their part begins; `heads` (H,), counted from `begin`, where those that
    end in the same state do, and `counts` (H,), how many these are."""

    begin: int
    end: int
    heads: Places
    counts: Places


class Path:
    """The way from state to state of segments, each of which costs one key."""

    def __init__(self, segments: Segments) -> None:
        """`segments` are put in the order in which they are looked at: only their errors, and where curves may begin and end, may
        change later."""
        self.segments, count = segments, len(segments.values)
        places = np.arange(count)
        begins = segments.tops | (places % segments.shape[1] == 0)
        part = np.maximum.accumulate(np.where(np.append(False, begins[:-1]), places - 1, 0))    # where the one before a place began
        far = (places - part).astype(np.int32)[segments.target // STATES]
        order = np.lexsort((segments.target, far))
        segments.sort(order)
        bounds = np.append(heads(far[order]), len(order)).tolist()
        self.steps = []
        for begin, end in pairwise(bounds):
            first = heads(segments.target[begin:end])
            self.steps.append(Step(begin, end, first, np.diff(first, append=end - begin)))

    def fewest(self) -> tuple[Places, Floats, Floats]:
        """Return the places of the fewest keys (N,), rising, their slopes (N,) a frame, and the handles' lengths (N, 2), shares of the
        segment that begins at each."""
        segments = self.segments
        prices = np.where(segments.errors <= 1, 1 + SPARED * segments.errors**2, np.inf)
        costs, ways = np.full(STATES * len(segments.values), np.inf), np.full(STATES * len(segments.values), -1)
        costs[::STATES][segments.begins | segments.tops] = 0
        for step in self.steps:
            target = segments.target[step.begin:step.end]
            found = costs[segments.source[step.begin:step.end]] + prices[step.begin:step.end]
            least = np.minimum.reduceat(found, step.heads)
            cheapest = (found == least.repeat(step.counts)).nonzero()[0]
            ways[target[cheapest]] = step.begin + cheapest
            ends = target[step.heads]
            costs[ends] = np.minimum(costs[ends], least)
        last = np.where(segments.ends, costs[::STATES], np.inf).reshape(segments.shape).argmin(axis=1)
        return self.back(STATES * (last + np.arange(segments.shape[0]) * segments.shape[1]), ways)

    def back(self, states: Places, ways: Places) -> tuple[Places, Floats, Floats]:
        """Return what `fewest` does; states: (C,) in which curves end; ways: (STATES C T,) segments by which states are reached."""
        segments = self.segments
        slopes, lengths = np.full(len(segments.values), np.nan, np.float32), np.full((len(segments.values), 2), USUAL, np.float32)
        while len(states):
            slopes[states // STATES] = segments.slopes[states]
            goes_on = (states % STATES > 0) | ~segments.begins[states // STATES]        # outer handles are level
            rows = ways[states[goes_on]]
            states = segments.source[rows]
            lengths[states // STATES] = segments.lengths[rows]
        places = np.flatnonzero(np.isfinite(slopes))
        return places, slopes[places], lengths[places]


def heads(values: Places) -> Places:
    """Return where runs of equal values (N,) begin."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])[:len(values)])
