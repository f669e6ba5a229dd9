"""Hair as wide and as high as in the photo, and round from all sides: one smooth move of space about the head.

The photo says how far out hair reaches at both sides and on top; a head of hair as full as that stands off the back of the head in
proportion. What lies on the skin stays there, what is outermost comes to lie on the surface wanted, and the rest moves by its share.
Where the photo's outline ends above the hair's, hair comes in to the head, behind at the nape: in part it is bent, the rest is cut.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..head.scalp import NAPE, Scalp
from ..head.silhouette import NO_SIDES, PIVOT, PLACES
from ..types import Floats
from .around import AXIS, FACING, ROWS, TURNS, Around, skin_around, smooth
from .short_hair import waver
from .strands import Strands

EACH, BETWEEN = 3, (1 / 3, 2 / 3, 1)        # of so many strands one is looked at, at these shares of the way from point to point
OUTERMOST, ENOUGH = 0.985, 12               # quantile of how far out, at a place of so many points at least, that counts as outermost
LEAST = 0.004                               # metres off the skin that the outermost have
PASSES = 2                                  # what rises slowly from its root has moved less in the first
RISE_OVER = 0.025                           # metres from its root over which a strand comes to move with others
FARTHER, GROWN = 0.040, 1.8                 # metres that hair is drawn out or in at most each time; out, of what it stands off
BEHIND, FULLEST = 0.75, 0.026               # thickness at the back of the head of that over the ears; metres at most
HANGS_FROM, HANGS_OVER = -0.015, 0.060      # metres above the eyes below which hair that hangs is left alone behind; over which
ENDING, LOWEST = 0.030, 0.2                 # metres: hair that hangs on so far below the outline's end was hidden; quantile of it
CLOSED = 0.018                              # metres below the outline's end where it is at the head
TAPER, UNDER = 0.110, 0.020                 # metres over which hair comes in to the nape; below the nape's hairline where it ends
BENT = 0.35                                 # of how far hair comes in there, it is bent: the rest is cut
RAGGED, SINGLE = 0.005, 0.016               # metres by which ends waver, locks and single strands
EAR_ROOM, EAR_SLOPE = 0.006, 0.012          # metres that strands keep from ears; around those, over which they rise
SHORTEST = 1.0                              # points beyond its root that are left of a strand at least
FREE, STEEP = 1.0, 2.0                      # metres: farther than hair is; by so much a metre above its end hair may reach farther out

LEFT, RIGHT = TURNS // 4, 3 * TURNS // 4    # columns of a map
LEFTWARD = np.sin(FACING) > 0
RISE = np.clip((ROWS - PIVOT) / (ROWS[-1] - PIVOT), 0, 1)[:, None]                  # 0 beside the head .. 1 straight up
AHEAD, BACK = (np.clip(sign * np.cos(FACING), 0, 1)[None] ** 2 for sign in (1, -1)) # share of front and back in each direction
ASIDE = 1 - AHEAD - BACK

Array = NDArray[np.float64]


def filled_out(strands: Strands, scalp: Scalp, sides: NDArray[np.floating], random: np.random.Generator) -> Strands:
    """Return strands of which the outermost reach as far out as `sides` (2, H), metres at PLACES of head/silhouette.py.

    sides: the person's right, left; nothing moves if either is 0. Roots stay, and nothing goes into the skin or the ears.
    """
    if not (sides.any(axis=1).all() and len(strands)):
        return strands
    points, bare = strands.points.astype(np.float64), skin_around(scalp)
    way = np.linalg.norm(np.diff(points, axis=1, prepend=points[:, :1]), axis=2).cumsum(axis=1).ravel()
    tips = points[points[:, -1, 2] > AXIS, -1, 1] - scalp.eyes[1]
    lowest = float(np.quantile(tips, LOWEST)) if len(tips) else 0.0
    for _ in range(PASSES):
        off = np.maximum(scalp.off(points)[0], 0)
        off[:, 0] = 0                                               # roots stay, wherever the skin's coarse map has the skin
        flat, reached = points.reshape(-1, 3), Reached.of(points, off, bare, scalp)
        surface, there = Surface.of(reached, sides.astype(np.float64), bare, lowest), Around.of(flat, scalp.eyes)
        share = np.clip(off.ravel() / np.maximum(there.read(reached.thick), LEAST), 0, 1) * np.clip(way / RISE_OVER, 0, 1)
        out = there.read(surface.move(reached)) * share
        moved = flat + out[:, None] * there.ways
        aside = np.minimum(np.abs(flat[:, 0]), over_ears(flat - scalp.eyes, scalp))
        moved[:, 0] = np.sign(flat[:, 0]) * np.maximum(np.abs(moved[:, 0]), aside)
        points = moved.reshape(points.shape)
    beyond = np.where(off.ravel() > 0, there.out + out - there.read(surface.cut), -FREE).reshape(off.shape)
    ragged = RAGGED * waver(points[:, -1]) - SINGLE * random.uniform(0, 1, len(points)) ** 2
    return replace(strands, points=trimmed(points, beyond - ragged[:, None]).astype(np.float32))


def told(sides: NDArray[np.floating]) -> Floats:
    """Return an outline (2, H) as a head.npz has it, none where that is of another shape, tells one side only, which would tear the
    crown, or is no outline at all."""
    if sides.dtype.kind not in "fiu" or sides.shape != NO_SIDES.shape:
        return NO_SIDES
    known = bool(np.isfinite(sides).all()) and bool((sides >= 0).all()) and bool(sides.any(axis=1).all())
    return sides.astype(np.float32) if known else NO_SIDES


@dataclass(frozen=True)
class Reached:
    """How far out hair reaches (R, TURNS), metres; thick: how far the outermost there stand off the skin."""

    out: Array
    thick: Array

    @classmethod
    def of(cls, points: Array, off: Array, bare: Array, scalp: Scalp) -> "Reached":
        """Look at strands (N, P, 3) that stand `off` (N, P) the skin, which reaches out `bare` (R, TURNS) itself, metres."""
        places, thick = (np.concatenate([one[::EACH, :-1] * (1 - share) + one[::EACH, 1:] * share for share in BETWEEN], axis=1)
                         for one in (points, off[..., None]))
        there, thick = Around.of(places.reshape(-1, 3), scalp.eyes), thick.ravel()
        order = np.lexsort((there.out, there.cell))
        count = np.bincount(there.cell, minlength=bare.size)
        most = np.minimum(np.cumsum(count) - 1, np.cumsum(count) - count + (OUTERMOST * count).astype(int))
        most = order[np.maximum(most, 0)]
        known = np.where(count < ENOUGH, 0, count).reshape(bare.shape)
        return cls(*(smooth(values[most].reshape(bare.shape), known, times=1) for values in (there.out, thick)))


@dataclass(frozen=True)
class Surface:
    """How far out the outermost hair is wanted (R, TURNS), metres; cut: where it is cut off, FREE where it hangs on; ends: whether
    it comes in there to its end."""

    wanted: Array
    cut: Array
    ends: NDArray[np.bool_]

    @classmethod
    def of(cls, reached: Reached, sides: Array, bare: Array, lowest: float) -> "Surface":
        """Take hair that is `reached` to the photo's `sides` (2, H), metres; lowest: metres above the eyes to which most of it hangs
        down."""
        full, ends = np.empty((len(ROWS), 2)), []
        for place, (side, column) in enumerate(zip(sides, (RIGHT, LEFT), strict=True)):
            known, end = side > 0, PLACES[side > 0][0]
            hangs = not PLACES[0] < end < lowest + ENDING
            more = np.interp(ROWS, PLACES[known], (side - reached.out[-len(PLACES):, column])[known])
            full[:, place] = np.maximum(reached.out[:, column] + more - bare[:, column], LEAST)
            ends.append(-np.inf if hangs else end - CLOSED)
        behind = np.clip(BEHIND * full[ROWS >= 0][:5].mean(), LEAST, FULLEST) * (1 - RISE) + full[-1].mean() * RISE
        before = np.maximum((reached.out - bare)[:, :1], LEAST) * (1 - RISE) + full[-1].mean() * RISE
        beside = np.where(LEFTWARD, full[:, 1:], full[:, :1])
        thick = AHEAD * before + ASIDE * beside + BACK * behind
        if np.isinf(ends).any():
            left = BACK * np.clip((HANGS_FROM + HANGS_OVER - ROWS) / HANGS_OVER, 0, 1)[:, None]
            thick = thick + (np.maximum(reached.out - bare, LEAST) - thick) * left
            return cls(bare + thick, np.full(bare.shape, FREE), np.zeros(bare.shape, bool))
        low = np.where(LEFTWARD, ends[1], ends[0])[None] * (1 - BACK) - (NAPE + UNDER) * BACK
        over = CLOSED + (TAPER - CLOSED) * BACK
        share = np.clip((ROWS[:, None] - low) / over, 0, 1)
        wanted = bare + LEAST + (thick - LEAST) * share * share * (3 - 2 * share)
        return cls(wanted, wanted + STEEP * np.maximum(ROWS[:, None] - low - over, 0), share < 1)

    def move(self, reached: Reached) -> Array:
        """Return by how much (R, TURNS), metres, the outermost hair moves out."""
        more = self.wanted - reached.out
        more *= np.where(self.ends & (more < 0), BENT, 1.0)
        return np.clip(more, np.maximum(-FARTHER, -reached.thick), np.minimum(FARTHER, GROWN * reached.thick))


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
