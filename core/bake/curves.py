"""Smooth curves through few keys: cubic pieces that pass each key without overshooting (Fritsch and Carlson, 1980), C1."""

from collections.abc import Callable

import numpy as np

from ..types import Floats

Curve = Callable[[Floats, Floats, Floats], Floats]
PASSES = 4                      # over the keys, each of which can halve them


def slopes(times: Floats, values: Floats) -> Floats:
    """Return the slopes (J, C) of the curve at its keys; values (J, C) at rising times (J,). Extremes and ends are flat."""
    result = np.zeros(values.shape, np.float64)
    if len(times) > 2:
        step = np.diff(times.astype(np.float64))[:, None]
        rise = np.diff(values.astype(np.float64), axis=0) / step
        before, after = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
        alike = rise[:-1] * rise[1:] > 0
        safe = [np.where(alike, part, 1.0) for part in (rise[:-1], rise[1:])]
        result[1:-1] = np.where(alike, (before + after) / (before / safe[0] + after / safe[1]), 0.0)
    return result.astype(np.float32)


def smooth_at(times: Floats, values: Floats, moments: Floats) -> Floats:
    """Return the curve (N, C) at `moments` (N,), seconds; before the first key and after the last it is level, without keys zero."""
    if len(times) < 2:
        return np.repeat(values if len(times) else np.zeros((1, values.shape[1]), np.float32), len(moments), axis=0)
    slope = slopes(times, values)
    inside = np.clip(moments, times[0], times[-1]).astype(np.float64)
    place = np.clip(np.searchsorted(times, inside, side="right") - 1, 0, len(times) - 2)
    length = (times[place + 1] - times[place]).astype(np.float64)[:, None]
    share = (inside - times[place])[:, None] / length
    rising = share**2 * (3 - 2 * share)
    return np.asarray(values[place] * (1 - rising) + values[place + 1] * rising
                      + length * (share * (1 - share)**2 * slope[place] - share**2 * (1 - share) * slope[place + 1]), np.float32)


def linear_at(times: Floats, values: Floats, moments: Floats) -> Floats:
    """Return straight lines through keys (J, C) at `moments` (N,), seconds; level outside, zero without keys: (N, C)."""
    if not len(times):
        return np.zeros((len(moments), values.shape[1]), np.float32)
    return np.stack([np.interp(moments, times, column) for column in values.T], axis=1).astype(np.float32)


def thinned(times: Floats, values: Floats, tolerance: float, curve: Curve = smooth_at) -> tuple[Floats, Floats]:
    """Return the keys, times (I,) and values (I,), that the curve through keys (J,) needs; each of the others lies within `tolerance`
    of it, or about that where the curve is smooth_at, whose slopes depend on the neighbours, and not linear_at."""
    places = np.arange(len(times))
    for _ in range(PASSES):
        if len(places) < 3:
            break
        fewer = np.delete(places, np.s_[1:-1:2])        # no two neighbours at once
        off = np.abs(curve(times[fewer], values[fewer, None], times)[:, 0] - values) > tolerance
        gaps = np.unique(np.searchsorted(fewer, np.flatnonzero(off)))       # between fewer[gap - 1] and fewer[gap]
        left = np.setdiff1d(places, fewer)
        places = np.union1d(fewer, left[np.isin(np.searchsorted(fewer, left), gaps)])
    return times[places], values[places]
