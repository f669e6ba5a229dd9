"""A stretch of curves that is keyed anew between keys that stay: what a change reaches, and no more."""

import numpy as np
from numpy.typing import NDArray

from .bezier import BezierKeys

NEAR = 0.01                     # frames by which single precision may move a key
LEVEL = 1e-6                    # of a weight by which handles of a level key may lie beside it


def level_at(keys: BezierKeys, frames: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return at which of `frames` (T,) a level key lies, or one may be set that changes nothing: where the curve keeps its value."""
    off = np.abs(np.stack([keys.left, keys.right])[:, :, 1] - keys.points[:, 1]).max(axis=0)
    level, last = off <= LEVEL, len(off) - 1
    before, after = (np.searchsorted(keys.points[:, 0], frames + side) + step for side, step in ((NEAR, -1), (-NEAR, 0)))
    before, after = np.where(before < 0, after, before), np.where(after > last, before, after)      # ends go on as they are
    return np.asarray(level[before] & level[after] & (keys.points[before, 1] == keys.points[after, 1]))


def between_keys(curves: list[BezierKeys], frames: NDArray[np.float64], begin: float, end: float) -> tuple[float | None, float | None]:
    """Return the last of `frames` (T,) up to `begin` and the first from `end` on at which all curves are level; None where none is."""
    shared = frames[np.logical_and.reduce([level_at(keys, frames) for keys in curves])]
    return max(shared[shared <= begin], default=None), min(shared[shared >= end], default=None)


def spliced(old: BezierKeys, new: BezierKeys, begin: float | None, end: float | None) -> BezierKeys:
    """Return the keys of `old` up to frame `begin` and from `end` on, with those of `new` between; None: from, or to, the curve's end.

    `old` is level on these frames, and `new` has level keys with its values there, or no keys if it does not move: outside, the curve
    stays as it is.
    """
    frames = old.points[:, 0]
    before = frames < (-np.inf if begin is None else begin + NEAR)
    after = frames > (np.inf if end is None else end - NEAR)
    if not len(new.points):
        return BezierKeys(*(part[before | after] for part in (old.points, old.left, old.right)))
    begins, ends = (int(edge is not None and (np.abs(frames - edge) < NEAR).any()) for edge in (begin, end))    # keys that both have
    points, left, right = ((part[before], part[after]) for part in (old.points, old.left, old.right))
    count = len(new.points)
    return BezierKeys(np.concatenate([points[0], new.points[begins:count - ends], points[1]]),
                      np.concatenate([left[0], new.left[begins:], left[1][ends:]]),
                      np.concatenate([right[0][:len(right[0]) - begins], new.right[:count - ends], right[1]]))
