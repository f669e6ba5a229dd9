"""A stretch of curves that is keyed anew between keys that stay: what a change reaches, and no more."""

from functools import reduce

import numpy as np

from .bezier import BezierKeys

NEAR = 0.01                     # frames by which single precision may move a key
LEVEL = 1e-6                    # of a weight by which handles of a level key may lie beside it


def level_frames(keys: BezierKeys) -> list[int]:
    """Return the whole frames on which a curve has a level key."""
    off = np.abs(np.stack([keys.left, keys.right])[:, :, 1] - keys.points[:, 1]).max(axis=0)
    frames = np.rint(keys.points[:, 0])
    return frames[(off <= LEVEL) & (np.abs(keys.points[:, 0] - frames) < NEAR)].astype(int).tolist()


def between_keys(curves: list[BezierKeys], begin: int, end: int) -> tuple[int | None, int | None]:
    """Return the last frame at or before `begin` and the first at or after `end` on which all curves have a level key; None without."""
    shared = reduce(set.intersection, (set(level_frames(keys)) for keys in curves)) if curves else set()
    return (max((frame for frame in shared if frame <= begin), default=None),
            min((frame for frame in shared if frame >= end), default=None))


def spliced(old: BezierKeys, new: BezierKeys, begin: float | None, end: float | None) -> BezierKeys:
    """Return the keys of `old` up to frame `begin` and from `end` on, with those of `new` between; None: from, or to, the curve's end.

    Where both have keys they have one on these frames: outside, the curve stays as it is. One that does not move may have none.
    """
    first, last = (-np.inf if begin is None else begin), (np.inf if end is None else end)
    before, after = old.points[:, 0] < first + NEAR, old.points[:, 0] > last - NEAR
    if not len(new.points):
        return BezierKeys(*(part[before | after] for part in (old.points, old.left, old.right)))
    if not len(old.points):
        return new
    arrives, leaves = new.points[:, 0] > first + NEAR, new.points[:, 0] < last - NEAR
    return BezierKeys(np.concatenate([old.points[before], new.points[arrives & leaves], old.points[after]]),
                      np.concatenate([old.left[before], new.left[arrives], old.left[old.points[:, 0] > last + NEAR]]),
                      np.concatenate([old.right[old.points[:, 0] < first - NEAR], new.right[leaves], old.right[after]]))
