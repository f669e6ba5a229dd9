"""Few Bezier keys in place of one on every frame, as an artist would set them, within a bound on the mesh.

Keys lie on whole frames and on the curve; their handles are aligned. Each shape gets the fewest that keep it within its tolerance;
where all shapes' errors together then move a vertex too far or part lips that touch, the tolerance of the one that is most to blame is
lowered there, as far as is needed, and it is keyed anew.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ..head.model import HeadBasis
from ..speech.lip_gap import SHUT
from ..types import Floats
from .bezier import BezierKeys, values_at
from .key_error import LIMIT, Layers, MeshError, distances_of
from .key_handles import GRID
from .key_path import Path
from .key_segments import Marks, Places, Segments

SHARE = 0.9                     # of LIMIT that one shape alone may be off
PEAK = 0.0005                   # metres by which a peak must stand out, on both sides, to keep its key
PEAK_REACH = 0.5                # seconds to both sides in which it does
LIPS = ("mouth", "jaw")         # first words of the shapes that are keyed at closures
VALUES = 50000                  # of all curves at most that are keyed together, for up to 3 KB of memory each
Keyed = dict[int, BezierKeys]
Tick = Callable[[float], None]


def untold(_fraction: float) -> None:
    """Tell nobody how much is done."""


def reduce_keys(weights: Floats, basis: HeadBasis, *, opening: Floats, fps: float, limit: float = LIMIT,
                layers: Layers | None = None, held: tuple[int, ...] = (), values: int = VALUES, tick: Tick = untold) -> Keyed:
    """Return keys on frames 0, 1, ... for the places of those shapes of the head that move.

    weights: (T, K) on whole frames at `fps`; opening: (T,) metres, the gap between the lips that they are part of; limit: metres that
    a vertex may be off, with `layers` for all of them together, as far as keys of these shapes can see to that. Each shape's peaks,
    and the shapes of lips and jaw where lips touch the closest, keep their values; no curve leaves the range of its weights, and lips
    that touch are not parted; on frames that are `held`, all have a key. Before its first key and after its last a curve has that
    one's value. Long motions are cut where they are still, with a level key of each shape, into parts of `values`, so that memory is
    bounded; after each part `tick` is told how much is done. Raises ValueError where weights are not finite.
    """
    if not np.isfinite(weights).all():
        raise ValueError("the weights to be keyed hold values that are not finite")
    moving = np.flatnonzero(weights.any(axis=0))
    if not len(moving):
        return {}
    curves, member = np.unique(weights[:, moving].T, axis=0, return_inverse=True)       # shapes that move alike are keyed alike
    member = member.ravel()
    reach = distances_of(basis, moving, member).max(axis=1)
    tops = peaks(curves * reach[:, None], reach=round(PEAK_REACH * fps))
    fixed = tops.copy()
    lips = np.zeros(len(curves), bool)
    lips[member] = [basis.expression_names[place].startswith(LIPS) for place in moving]
    lips &= np.abs(curves).max(axis=1) * reach > limit
    fixed[np.ix_(lips, closures(opening))] = True
    room = np.where(opening <= SHUT, SHUT - opening, np.inf)
    cuts = still_frames(curves * reach[:, None], -(-curves.size // values))
    fixed[:, [*cuts[1:-1], *held]] = True
    keyed: list[list[BezierKeys]] = []
    for begin, end in pairwise(cuts.tolist()):
        part = slice(begin, end + 1)
        error = MeshError(weights[part], basis, moving, member, limit=limit, share=SHARE, layers=layers and layers.part(part))
        keyed.append([keys.moved(begin) for keys in fewest_keys(curves[:, part], fixed[:, part], tops[:, part], room[part], error)])
        tick(len(keyed) / (len(cuts) - 1))
    whole = [joined(parts) for parts in zip(*keyed, strict=True)]
    return {int(place): whole[curve] for place, curve in zip(moving, member, strict=True)}


def fewest_keys(curves: Floats, fixed: Marks, tops: Marks, room: Floats, error: MeshError) -> list[BezierKeys]:
    """Return the keys of each of the curves (C, T) on frames 0, 1, ...

    fixed, tops: (C, T), as Segments takes them; room: (T,) metres, as MeshError.too_far takes it.
    """
    segments = Segments(curves, error.tolerance, fixed, tops)
    path = Path(segments)
    while True:
        chain = Chain(curves, *path.fewest())
        difference = chain.shown() - curves.astype(np.float32)
        places, shares = error.too_far(difference, room)
        if not len(places):
            return chain.keys()
        segments.tighten(places, shares * np.abs(difference.ravel()[places]))


def still_frames(curves: Floats, parts: int) -> Places:
    """Return the first frame, the last, and those between at which curves (C, T), metres, are cut into so many parts, (parts + 1,).

    Each is where they move the least in the middle half of what an even part would be.
    """
    steps = np.abs(np.diff(curves, axis=1)).sum(axis=0)
    motion, size = np.append(0, steps) + np.append(steps, 0), curves.shape[1] / parts
    begins = [(round((part - 0.25) * size), round((part + 0.25) * size)) for part in range(1, parts)]
    return np.array([0, *(begin + motion[begin:end].argmin() for begin, end in begins), curves.shape[1] - 1], np.int64)


def joined(parts: tuple[BezierKeys, ...]) -> BezierKeys:
    """Return the keys of a curve whose parts each begin with the key that the one before ends with."""
    points, left = (np.concatenate([getattr(part, name)[min(place, 1):] for place, part in enumerate(parts)])
                    for name in ("points", "left"))
    right = np.concatenate([part.right[:len(part.right) - (part is not parts[-1])] for part in parts])
    return BezierKeys(points, left, right)


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


class Chain:
    """The keys of all curves (C, T), one curve after the other."""

    def __init__(self, curves: Floats, places: Places, slopes: Floats, lengths: Floats) -> None:
        """As Path.fewest returns them: places (N,), slopes (N,) and the lengths (N, 2) of the segments that begin there."""
        self.shape, self.places = curves.shape, places
        values = curves.astype(np.float32).ravel()
        self.first = places - places % self.shape[1]                            # of the curve that a key belongs to
        reach = np.diff(places)[:, None] * lengths[:-1]
        reach[np.diff(self.first) > 0] = 1                                      # outer handles, which are level
        leaving, arriving = (np.rint(side * GRID) / GRID for side in (np.append(reach[:, 0], 1), np.insert(reach[:, 1], 0, 1)))
        self.points = np.stack([places, values[places]], axis=1).astype(np.float64)
        self.left, self.right = (self.points + sign * np.stack([side, side * slopes], axis=1)
                                 for sign, side in ((-1, arriving), (1, leaving)))

    def keys(self) -> list[BezierKeys]:
        """Return the keys of each curve, on frames 0, 1, ..."""
        first = np.stack([self.first, np.zeros(len(self.first))], axis=1)
        cuts = np.searchsorted(self.places, np.arange(1, self.shape[0]) * self.shape[1])
        split = (np.split((part - first).astype(np.float32), cuts) for part in (self.points, self.left, self.right))
        return [BezierKeys(*curve) for curve in zip(*split, strict=True)]

    def shown(self) -> Floats:
        """Return the curves (C, T) that the keys amount to; before the first key and after the last, that one's value."""
        begins = np.arange(self.shape[0])[:, None] * self.shape[1]
        first, last = (self.places[np.searchsorted(self.places, begins + end) + step] for end, step in ((0, 0), (self.shape[1], -1)))
        frames = np.clip(begins + np.arange(self.shape[1]), first, last).ravel().astype(np.float64)
        return values_at(frames, self.points, self.left, self.right).astype(np.float32).reshape(self.shape)
