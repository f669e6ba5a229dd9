"""A fringe: strands from the front of the scalp that fall over the forehead, swept away from the parting.

They lie over a cut of hair (core/hair/short_hair.py, core/hair/long_hair.py): they rise as that does, follow the head's own
forehead, and end raggedly above the brows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..choices import Hairline
from ..head.model import HeadBasis
from ..head.scalp import CRANIUM, RADII, Scalp, from_bare, inside_hairline
from ..types import Floats, Integers
from .curls import Curl, curled
from .locks import SOON, Locks, gathered
from .short_hair import ROOT_RADIUS, TIP_RADIUS, waver
from .strands import Strands, scattered

LOWEST, HIGHEST = 0.030, 0.056              # metres above the eyes between which a fringe ends: over the brows, below the hairline
SHARE = 0.26                                # of a head's strands
BEHIND, SIDES = -0.022, (0.046, 0.060)      # metres on the mean head: roots lie in front of these; within, of a short cut, a long one
SPARSE = 0.30                               # share of roots far from the parting of those near it
FADE = 0.014                                # metres over which they get fewer towards the back
PARTING, PARTED = 0.054, 0.060              # metres aside where strands hang straight; over which others turn aside
ASIDE, DOWN, FORWARD = 1.40, 1.0, 0.85      # how strongly strands go away from there, down and forward
STEP, STEPS = 0.0045, 40                    # metres between the places a strand walks over; most of them
RISE = 0.018                                # metres over which it rises from the skin
INMOST, OUTMOST = (0.004, 0.0016), (0.017, 0.0085)  # metres that strands stand off on top, and at their ends
SHORT = 0.65                                # of that over a short cut
FLATTEN = 0.050                             # metres above its end over which it comes in
SLOPE = 0.17                                # by which ends hang lower where they are swept to
TEMPLES, WIDE = 0.036, 0.024                # metres aside from where, and over which, ends drop
DROP = (-0.010, 0.014)                      # metres that they do over a short and a long cut
OVER_EYES, BESIDE = 0.025, 0.016            # metres above the eyes that all ends keep; at the temples
RAGGED, SINGLE, TAPER = 0.0042, 0.0060, 0.004       # metres by which ends of clumps, strands within one, and the outermost differ
HIGHER = 0.0035, 0.0080                     # metres by which all do, over a short and a long cut: gathering draws them down
CLUMP, LOCKS = 60, 80                       # strands that gather; least number of such clumps
WILD, UNRULY = 0.13, 0.05                   # spread of the directions of clumps and of strands
THICK = 1.2
LEAST = 0.0008                              # metres off the skin
SHORTEST = 0.012                            # metres: shorter ones are left out

Array = NDArray[np.float64]


def fringe(neutral: Floats, basis: HeadBasis, random: np.random.Generator, *, above_eyes: float, long: bool, count: int,
           points: int, side: float = 1.0, curl: Curl | None = None, hairline: Hairline = "FULL") -> Strands:
    """Return at most `count` strands of `points` points on the head `neutral` (V, 3), which end `above_eyes` metres above the eyes.

    long: whether the hair beside it is, which they fall into at the temples; side: of the parting, as in core/hair/short_hair.py.
    """
    scalp = Scalp.of(neutral, basis)
    triangle, weights = rooted(basis, random, count, SIDES[long], side, hairline)
    roots = np.einsum("nk,nkc->nc", weights, neutral[basis.skin_triangles[triangle]].astype(np.float64))
    lock = Lock.of(roots, random, side)
    end = scalp.eyes[1] + np.clip(above_eyes, LOWEST, HIGHEST) + HIGHER[long] + lock.ragged
    strands = resampled(walked(roots, end, lock, scalp, long, side), points)
    strands = gathered(strands, lock.clump, lock.gather, SOON)
    if curl is not None:
        strands = curled(strands, lock.clump, curl, random)
    strands[..., 1] = np.maximum(strands[..., 1], least(strands[..., 0], scalp))        # clumps lie between two ends
    strands = scalp.outside(strands, LEAST)
    grown = np.linalg.norm(np.diff(strands, axis=1), axis=2).sum(axis=1) > SHORTEST
    thick = THICK * (1.0 if curl is None else curl.thick)
    radius = thick * np.linspace(ROOT_RADIUS, TIP_RADIUS, points)[None] * random.uniform(0.65, 1.25, (len(roots), 1))
    return Strands(strands[grown].astype(np.float32), radius[grown].astype(np.float32), triangle[grown],
                   weights[grown].astype(np.float32))


def rooted(basis: HeadBasis, random: np.random.Generator, count: int, sides: float, side: float,
           hairline: Hairline) -> tuple[Integers, Array]:
    """Return the triangles (N,) and weights (N, 3) of at most `count` roots at the front of the scalp, within `sides` metres aside."""
    triangles, mean = basis.skin_triangles, basis.vertices.astype(np.float64)
    front = (inside_hairline(mean) > -0.004) & (mean[:, 2] > BEHIND - 0.01) & (np.abs(mean[:, 0]) < sides + 0.01)
    drawn, weights = scattered(front[triangles].any(axis=1).astype(np.float64), mean[triangles], 3 * count, random)
    places = np.einsum("nk,nkc->nc", weights, mean[triangles[drawn]])
    edge = np.minimum(inside_hairline(places), from_bare(places, hairline)) + 0.003 * waver(places)
    dense = np.clip(edge / 0.006, 0, 1) * np.clip((places[:, 2] - BEHIND) / FADE, 0, 1) * (np.abs(places[:, 0]) < sides)
    if side != 0:                                                       # swept away from there, they part
        dense *= np.clip(SPARSE + (1 - SPARSE) * (side * places[:, 0] + sides) / (1.4 * sides), 0, 1)
    kept = np.flatnonzero(random.uniform(size=len(drawn)) < dense)[:count]
    return drawn[kept], weights[kept]


@dataclass(frozen=True)
class Lock:
    """What each of N strands is like: depth (N,) 0 the inmost .. 1 the outermost; clump (N,): the strand it follows; gather (N,): how
    closely; wild (N, 3): which way it strays; ragged (N,): metres that it ends higher than others."""

    depth: Array
    clump: NDArray[np.int64]
    gather: Array
    wild: Array
    ragged: Array

    @classmethod
    def of(cls, roots: Array, random: np.random.Generator, side: float) -> "Lock":
        """Choose for strands at roots (N, 3)."""
        count = len(roots)
        locks = Locks.of(roots, max(count // CLUMP, LOCKS), random)
        clump = locks.leader
        wild = random.normal(0, WILD, (count, 3))[clump] + random.normal(0, UNRULY, (count, 3))
        wild *= [-1.0 if side < 0 else 1.0, 1.0, 1.0]
        shorter = SINGLE * random.uniform(0, 1, count)
        shorter[np.unique(clump)] = 0                                   # a lock ends in a point
        ragged = random.normal(0, RAGGED, count)[clump] + shorter - shorter.mean() + TAPER * (locks.depth - 0.5)
        return cls(locks.depth, clump, locks.close, wild, ragged)


def walked(roots: Array, end: Array, lock: Lock, scalp: Scalp, long: bool, side: float) -> Array:
    """Return the places (N, STEPS, 3) of strands from roots (N, 3) on; they stay where they come down to `end` (N,)."""
    place = (roots - CRANIUM) / RADII
    place /= np.linalg.norm(place, axis=1, keepdims=True)
    off = roots - scalp.skin(place)
    stand, lie = ((low + (high - low) * lock.depth) * (1.0 if long else SHORT) for low, high in zip(INMOST, OUTMOST, strict=True))
    strands = [roots]
    for step in range(1, STEPS):
        flow = direction(place, side) + lock.wild
        flow -= (flow * place).sum(axis=1, keepdims=True) * place
        ahead = place + flow * (STEP / np.maximum(np.linalg.norm(flow * RADII, axis=1, keepdims=True), 1e-9))
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        skin = scalp.skin(ahead)
        low = lowest(skin[:, 0], end, DROP[long], side)
        low = np.maximum(low, least(skin[:, 0], scalp) + np.abs(lock.ragged))         # ragged there, too
        there = strands[-1][:, 1] < low + 1e-6
        place = np.where(there[:, None], place, ahead)
        normal = ahead / RADII
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        rise = min(1.0, step * STEP / RISE)
        above = np.clip((skin[:, 1] - low) / FLATTEN, 0, 1)
        height = (lie + (stand - lie) * above * above * (3 - 2 * above)) * (1 - (1 - rise) ** 2)
        move = np.where(there[:, None], 0, skin + off * (1 - rise) + normal * height[:, None] - strands[-1])
        down = np.maximum(-move[:, 1], 1e-9)                            # not beyond its end
        strands.append(strands[-1] + move * np.clip((strands[-1][:, 1] - low) / down, 0, 1)[:, None])
    return np.stack(strands, axis=1)


def lowest(aside: Array, end: Array, drop: float, side: float) -> Array:
    """Return how far down (N,), metres, strands hang that would end at `end` (N,) in the middle and are so far `aside` (N,), and
    `drop` metres lower at the temples."""
    temple = np.clip((np.abs(aside) - TEMPLES) / WIDE, 0, 1)
    return np.asarray(end + SLOPE * side * aside - drop * temple * temple)


def least(aside: Array, scalp: Scalp) -> Array:
    """Return the height (...,), metres, above which all hair so far `aside` (...,) stays."""
    return np.asarray(scalp.eyes[1] + OVER_EYES + (BESIDE - OVER_EYES) * np.clip((np.abs(aside) - TEMPLES) / WIDE, 0, 1))


def direction(place: Array, side: float) -> Array:
    """Return where a fringe at `place` (N, 3), on the unit sphere that stands for the cranium, falls to (N, 3)."""
    across = place[:, 0] * RADII[0]
    aside = np.clip(across / PARTED, -1, 1) if side == 0 else side * np.clip((side * across - PARTING) / PARTED, -1, 0)
    return np.stack([ASIDE * aside, np.full(len(place), -DOWN), np.full(len(place), FORWARD)], axis=1)


def resampled(paths: Array, points: int) -> Array:
    """Return paths (N, P, 3) as `points` points each, evenly spaced."""
    steps = np.linalg.norm(np.diff(paths, axis=1), axis=2)
    along = np.concatenate([np.zeros((len(paths), 1)), steps.cumsum(axis=1)], axis=1)
    wanted = np.linspace(0, 1, points)[None] * along[:, -1:]
    low = np.clip((along[:, None, :] < wanted[..., None]).sum(axis=2) - 1, 0, paths.shape[1] - 2)
    rows = np.arange(len(paths))[:, None]
    share = np.clip((wanted - along[rows, low]) / np.maximum(along[rows, low + 1] - along[rows, low], 1e-9), 0, 1)[..., None]
    return np.asarray(paths[rows, low] * (1 - share) + paths[rows, low + 1] * share)
