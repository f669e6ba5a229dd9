"""Hair as wide and as high as in the photo: strands that are combed already are drawn out or in until the outermost lie on the
outline seen there; where it ends above them, by ENDING at most, they come in to the head, and end on their way, the outermost
first. Hair that reaches farther down was hidden in the photo, or is longer than there, and hangs on."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..head.scalp import Scalp
from ..head.silhouette import NO_SIDES, PIVOT, PLACES, along
from ..types import Floats
from .short_hair import waver
from .strands import Strands

BAND, OUTERMOST, ENOUGH = 0.008, 0.95, 20   # metres around a place; quantile of, at least so many, points there
EACH, BETWEEN = 3, (1 / 3, 2 / 3, 1)        # of so many strands one is looked at, at these shares of the way from point to point
FARTHER, INWARDS = 0.030, 0.95              # metres that they go out or in at most; of what they stand off the skin, in
LEAST = 0.005                               # metres off the skin that the outermost keep
THINNEST = 0.001                            # metres: what stands off the skin less moves less, where all lies flat as beside a parting
PASSES = 6                                  # after each, others are the outermost, and what is between points has moved less
FLATTER = 0.003                             # metres: by which hair goes farther out than in proportion at most: domes stay domes
STRAYING = 0.5                              # of what single strands reach beyond the outline
EAR_ROOM, EAR_SLOPE = 0.005, 0.012          # metres that strands keep from ears; around those, over which they rise
ENDING, LOWEST = 0.030, 0.2                 # metres: hair that hangs on so far below the outline's end was hidden; quantile of it
COMING = 0.040                              # metres above its end over which hair comes in
CLOSED = 0.018                              # metres below the outline's end where it is at the head
RAGGED, SINGLE = 0.007, 0.020               # metres by which ends on it waver, locks and single strands
SHORTEST = 1.0                              # points beyond its root that are left of a strand at least
FREE, STEEP = 1.0, 20.0                     # metres: farther than hair is; by so much a metre, above its end, hair may reach there
RINGS = 64                                  # directions around the head in which its own outline is looked for, squared

Array = NDArray[np.float64]


def filled_out(strands: Strands, scalp: Scalp, sides: NDArray[np.floating], random: np.random.Generator) -> Strands:
    """Return strands of which the outermost reach as far out as `sides` (2, H), metres at PLACES of head/silhouette.py.

    sides: the person's right, left; 0 where nothing is known. The nearer strands lie to the skin the less they move: none into it.
    """
    if not sides.any():
        return strands
    points = strands.points.astype(np.float64)
    off, bare = np.maximum(scalp.off(points)[0], 0), bare_outline(scalp)
    off[:, 0] = 0                                                   # roots stay, wherever the skin's coarse map has the skin
    beyond, from_eyes = np.full(off.shape, -FREE), points - scalp.eyes
    for side, sign in zip(sides, (-1.0, 1.0), strict=True):
        aside, up = sign * from_eyes[..., 0], from_eyes[..., 1]
        there = aside > 0
        if not side.any() or not there[:, -1].any():
            continue
        hangs = not PLACES[0] < PLACES[side > 0][0] < float(np.quantile(up[there[:, -1], -1], LOWEST)) + ENDING
        free, moved, risen = np.minimum(aside[there], over_ears(from_eyes[there], scalp)), aside.copy(), up.copy()
        least = (1 - INWARDS) * off[there]
        outline = Outline.of(Reached.of(*seen(moved, risen, off), bare), side, bare=bare, hangs=hangs)
        place, out = along(moved[there], risen[there])
        farthest = out * np.maximum(np.interp(place, PLACES, outline.wanted / outline.reached.out), 1) + FLATTER
        for _ in range(PASSES):
            place, out = along(moved[there], risen[there])
            times = np.minimum(outline.times(place, out, off[there], least), np.maximum(farthest / np.maximum(out, 1e-3), 1))
            off[there] = np.maximum(off[there] + out * (times - 1), 0)
            moved[there] = np.maximum(moved[there] * times, free)
            risen[there] += np.maximum(risen[there] - PIVOT, 0) * (times - 1)
            outline = replace(outline, reached=Reached.of(*seen(moved, risen, off), bare))
        points[..., 0] += sign * (moved - aside)
        points[..., 1] += risen - up
        beyond[there] = np.where(off[there] > 0, moved[there] - outline.limit(risen[there]), -FREE)
    ragged = RAGGED * waver(points[:, -1]) - SINGLE * random.uniform(0, 1, len(points)) ** 2
    return replace(strands, points=trimmed(points, beyond - ragged[:, None]).astype(np.float32))


def told(sides: NDArray[np.floating]) -> Floats:
    """Return an outline (2, H) as a head.npz has it, none where that is of another shape, tells one side only, which would tear the
    crown, or is no outline at all."""
    if sides.dtype.kind not in "fiu" or sides.shape != NO_SIDES.shape:
        return NO_SIDES
    known = bool(np.isfinite(sides).all()) and bool((sides >= 0).all()) and bool(sides.any(axis=1).all())
    return sides.astype(np.float32) if known else NO_SIDES


def seen(aside: Array, up: Array, off: Array) -> tuple[Array, Array, Array]:
    """Return where hair of one side is along the outline, as PLACES, how far out and how far off the skin (M,), metres, between points
    of strands (N, P) too: so far `aside` of and `up` from the eyes and `off` the skin."""
    x, y, z = (np.concatenate([one[::EACH, :-1] * (1 - share) + one[::EACH, 1:] * share for share in BETWEEN], axis=None)
               for one in (aside, up, off))
    return *along(x[x > 0], y[x > 0]), z[x > 0]


@dataclass(frozen=True)
class Reached:
    """How far out hair of one side reaches (H,), metres at PLACES, and how far the outermost of it stand off the skin."""

    out: Array
    thick: Array

    @classmethod
    def of(cls, place: Array, out: Array, off: Array, bare: Array) -> "Reached":
        """Look at hair at `place` (N,), so far `out` (N,) and `off` (N,) the skin; bare: (H,) how far out the head itself reaches."""
        found, thick = bare + LEAST, np.full(len(PLACES), LEAST)
        for row, one in enumerate(PLACES):
            near = np.flatnonzero(np.abs(place - one) < BAND)
            if len(near) > ENOUGH:
                found[row] = np.quantile(out[near], OUTERMOST)
                thick[row] = max(np.median(off[near[out[near] >= found[row]]]), THINNEST)
        return cls(found, thick)


@dataclass(frozen=True)
class Outline:
    """One side, metres at PLACES (H,): bare, how far out the head itself reaches; reached, hair does; wanted, it is to; end: the
    height where it has come in to the head, -inf where it hangs on."""

    bare: Array
    reached: Reached
    wanted: Array
    end: float

    @classmethod
    def of(cls, reached: Reached, side: NDArray[np.floating], *, bare: Array, hangs: bool) -> "Outline":
        """Compare what is `reached` with `side` (H,), below the lowest of which hair `hangs` on or not."""
        found, known, end = reached.out, side > 0, PLACES[side > 0][0]
        more = np.clip(np.maximum(side, np.minimum(bare + LEAST, found)) - found, -FARTHER, FARTHER)
        if not hangs:
            known |= end > PLACES
        elif end > PLACES[0]:                                       # how the photo's comes in there, this does not
            known &= (end + COMING < PLACES) | (side >= np.append(side[1:], 0))
            more[0], known[0] = 0.0, True
        if not known[-1]:
            more[-1], known[-1] = 0.0, True                         # what leaves the photo is as high as it is
        around = np.pad(np.interp(PLACES, PLACES[known], more[known]), 1, mode="edge")
        wanted = found + (around[:-2] + 6 * around[1:-1] + around[2:]) / 8
        return cls(bare, reached, wanted, -np.inf if hangs else end - CLOSED)

    def times(self, place: Array, out: Array, off: Array, least: Array) -> Array:
        """Return how many times as far out points (N,) go that are at `place`, so far `out`, and so far `off` the skin, of which
        `least` is left, metres."""
        share = np.clip(off / np.interp(place, PLACES, self.reached.thick), 0, 1)
        times = 1 + (np.interp(place, PLACES, self.wanted / self.reached.out) - 1) * share
        stray = np.clip(1 - np.interp(place, PLACES, self.wanted) / np.maximum(out * times, 1e-3), 0, 1)
        return np.maximum(times * (1 - (1 - STRAYING) * share * stray), 1 - np.maximum(off - least, 0) / np.maximum(out, 1e-3))

    def limit(self, up: Array) -> Array:
        """Return how far out, metres, hair may be so far `up` (N,) at its end; ever more above it, steeply, up to FREE."""
        if np.isinf(self.end):
            return np.full(len(up), FREE)
        low, high = (np.interp(self.end, PLACES, self.bare), np.interp(self.end + CLOSED, PLACES, self.wanted))
        line = low + (high - low) * (up - self.end) / CLOSED
        above = np.maximum(up - self.end - CLOSED, 0)
        return np.minimum(np.maximum(np.minimum(line, high), low) + STEEP * above, FREE)


def bare_outline(scalp: Scalp) -> Array:
    """Return how far out the head itself reaches (H,), metres at PLACES, without ears."""
    turn, rise = np.meshgrid(np.linspace(-np.pi, np.pi, RINGS), np.linspace(-np.pi / 2, np.pi / 2, RINGS))
    ring = np.stack([np.cos(rise) * np.sin(turn), np.sin(rise), np.cos(rise) * np.cos(turn)], axis=-1).reshape(-1, 3)
    x, y, _ = (scalp.skin(ring) - scalp.eyes).T
    place, out = along(np.abs(x), y)
    return np.array([out[np.abs(place - one) < BAND].max(initial=0.0) for one in PLACES])


def over_ears(points: Array, scalp: Scalp) -> Array:
    """Return how far aside, metres, points (N, 3) from the eyes on have to be not to be in an ear, 0 away from them."""
    low, high = scalp.ears.min(axis=0) - scalp.eyes, scalp.ears.max(axis=0) - scalp.eyes
    off = (points - (low + high) / 2) / ((high - low) / 2 + EAR_SLOPE)
    bulge = np.clip(1 - off[:, 1] ** 2, 0, 1) * np.clip(1 - off[:, 2] ** 2, 0, 1)
    return np.asarray((np.where(points[:, 0] > 0, high[0], -low[0]) + EAR_ROOM) * np.minimum(2 * bulge, 1))


def trimmed(points: Array, beyond: Array) -> Array:
    """Return strands (N, P, 3) that end where they first are `beyond` (N, P) an outline, metres."""
    count, result = points.shape[1], points.copy()
    free = np.logical_and.accumulate(beyond <= 0, axis=1).sum(axis=1)
    short = np.flatnonzero(free < count)
    rows, first = np.arange(len(short))[:, None], np.maximum(free[short] - 1, 0)
    before, after = beyond[short, first], beyond[short, free[short]]
    last = np.maximum(first + np.clip(before / np.minimum(before - after, -1e-9), 0, 1), SHORTEST)
    way = np.linspace(0, 1, count)[None] * last[:, None]
    low = np.minimum(way.astype(int), count - 2)
    part, cut = (way - low)[..., None], points[short]
    result[short] = cut[rows, low] * (1 - part) + cut[rows, low + 1] * part
    return result
