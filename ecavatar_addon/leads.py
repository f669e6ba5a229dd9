"""How a clip leaves rest before its first frame and comes to rest after its last: keys at zero beside those of the clip."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..core.bake.bezier import BezierKeys
from ..core.types import Floats

Straight = tuple[NDArray[np.float64], Floats]       # frames and values of keys with straight lines between them
Keyed = Straight | BezierKeys
Doubles = NDArray[np.float64]
NEAR = 1e-3                     # frames by which single precision may move a key
HANDLE = 1 / 3                  # of the way to the next key: how long the level handles of a lead are


def led(keyed: Keyed, stamp: Mapping[str, float]) -> Keyed:
    """Return keys that begin at zero `before` frames before the stamp's start, and end at zero `after` frames after its end.

    A side without a lead, or at zero anyway, stays as it is. A curve that has keys on a part of the clip is held up to the clip's end.
    """
    points, left, right = parts_of(keyed)
    if not len(points):
        return keyed
    for place, sign, edge, length in ((0, -1, stamp["start"], stamp.get("before", 0)), (-1, 1, stamp["end"], stamp.get("after", 0))):
        frame, value = points[place]
        if not length or not value:
            continue
        inner = [] if sign * (edge - frame) < NEAR else [(edge, value)]
        added = np.array([*inner, (edge + sign * length, 0.0)])
        frames = np.append(frame, added[:, 0])
        reach = HANDLE * np.diff(frames)                                        # signed, from each key to the next one outwards
        outer, inwards = (right, left) if sign > 0 else (left, right)
        outer[place] = frame + reach[0], value                                  # it was level already
        outwards = np.append(reach[1:], sign)
        grown = [added, np.column_stack([added[:, 0] + outwards, added[:, 1]]), np.column_stack([added[:, 0] - reach, added[:, 1]])]
        points, outer, inwards = (np.concatenate([old, new] if sign > 0 else [new[::-1], old])
                                  for old, new in zip((points, outer, inwards), grown, strict=True))
        left, right = (inwards, outer) if sign > 0 else (outer, inwards)
    return whole(keyed, points, left, right)


def unled(keyed: Keyed, stamp: Mapping[str, float]) -> Keyed:
    """Return keys without those at zero with which a lead begins or ends."""
    points, left, right = parts_of(keyed)
    kept = np.ones(len(points), bool)
    for place, edge, length in ((0, stamp["start"] - stamp.get("before", 0), stamp.get("before", 0)),
                                (-1, stamp["end"] + stamp.get("after", 0), stamp.get("after", 0))):
        if length and len(points) and abs(points[place, 0] - edge) < NEAR:
            kept[place] = False
    return whole(keyed, points[kept], left[kept], right[kept])


def parts_of(keyed: Keyed) -> tuple[Doubles, Doubles, Doubles]:
    """Return points, left and right handles (N, 2); straight lines have handles on their keys."""
    if isinstance(keyed, BezierKeys):
        return keyed.points.astype(np.float64), keyed.left.astype(np.float64), keyed.right.astype(np.float64)
    points = np.column_stack(keyed).astype(np.float64)
    return points, points.copy(), points.copy()


def whole(like: Keyed, points: Doubles, left: Doubles, right: Doubles) -> Keyed:
    """Return keys of the same kind as `like`."""
    if isinstance(like, BezierKeys):
        return BezierKeys(*(part.astype(np.float32) for part in (points, left, right)))
    return points[:, 0], points[:, 1].astype(np.float32)
