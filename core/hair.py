"""Short hair: strands on the scalp of the default head.

A plain short cut with a side parting, made so that a head does not look bald by mistake; the cut in the photo is not copied.
Places are told on the mean head: the same vertices are scalp on everyone. Strands walk over the cranium seen as an ellipsoid,
and stand off the head's own skin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .head_model import HeadBasis
from .scalp import CRANIUM, RADII, Scalp, inside_hairline
from .strands import Strands, scattered
from .types import Floats, Integers

STRANDS, POINTS, CLUMPS = 17_000, 7, 750    # strands at most: those that would grow into the face or an ear are left out
UNDERCOAT = 0.25                            # share of them that lie low and are thick, so that no skin shines through
ROOT_RADIUS, TIP_RADIUS = 0.000085, 0.000022                # metres
THICK = 1.9                                 # times the radius: the undercoat
SIDES, TOP = 0.015, 0.040                   # metres long
TOP_FROM, TOP_FULL = 0.072, 0.118           # metres up, between which the sides turn into the top
EDGE, SHORTEST = 0.022, 0.75                # metres from the hairline over which hair gets longer, and its share there
FADE, RAGGED, STRAY = 0.007, 0.0030, 0.0016 # metres over which hair gets dense; by which the hairline wavers; single hairs leave it
LIFT_SIDES, LIFT_TOP = 0.0034, 0.012        # metres that strands stand off
LEAST_LIFT = 0.0006                         # metres
CROWN = np.array([0.0, 0.72, -0.69])
PARTING, BRUSHED = 0.30, 1.25               # of the radius to the left of the middle; how strongly hair is brushed away from it
FORWARD, DOWN, BACK = 0.9, 1.6, 0.45        # how strongly the fringe falls forward, and the sides lie down and back
WILD, UNRULY, FLYAWAY = 0.30, 0.10, 0.05    # spread of the directions of clumps and of strands; share of strands in no clump
GATHER = (0.25, 0.80)                       # how far tips are drawn into their clump

Array = NDArray[np.float64]


def short_hair(neutral: Floats, basis: HeadBasis, random: np.random.Generator, *, count: int = STRANDS) -> Strands:
    """Return at most `count` strands of POINTS points on the head `neutral` (V, 3)."""
    scalp = Scalp.of(neutral, basis)
    roots, drawn, weights, cut = rooted(neutral, basis, random, count)
    points = gathered(comb(roots, cut, scalp, random), cut, random)
    points, grown = scalp.shortened(scalp.outside(points, LEAST_LIFT))
    radius = np.linspace(ROOT_RADIUS, TIP_RADIUS, POINTS)[None] * cut.thickness[:, None]
    return Strands(points[grown].astype(np.float32), radius[grown].astype(np.float32), drawn[grown], weights[grown].astype(np.float32))


def rooted(neutral: Floats, basis: HeadBasis, random: np.random.Generator,
           count: int) -> "tuple[Array, Integers, Array, Cut]":
    """Return the roots (N, 3) of at most `count` strands within the hairline, their triangles (N,), weights (N, 3) and cut."""
    triangles = basis.skin_triangles
    corners = neutral[triangles].astype(np.float64)
    near = inside_hairline(basis.vertices)[triangles].max(axis=1) > -FADE
    drawn, weights = scattered(near.astype(np.float64), corners, 3 * count, random)
    mean = np.einsum("nk,nkc->nc", weights, basis.vertices[triangles[drawn]].astype(np.float64))
    edge = inside_hairline(mean) + RAGGED * waver(mean) + random.normal(0, STRAY, len(mean))
    kept = np.flatnonzero(random.uniform(size=len(edge)) < np.clip(edge / FADE, 0, 1))[:count]
    drawn, weights = drawn[kept], weights[kept]
    return np.einsum("nk,nkc->nc", weights, corners[drawn]), drawn, weights, Cut.of(mean[kept], edge[kept], random)


def waver(places: Array) -> Array:
    """Return an uneven wave (N,) of about -1 to 1 over places (N, 3), metres: tufts of some millimetres to centimetres."""
    x, y, z = (1000 * places).T
    tufts, locks = np.sin(0.83 * x + 0.57 * y + 1.3), np.sin(0.71 * z - 0.43 * y)
    return np.asarray(0.5 * np.sin(0.31 * x + 0.9 * np.sin(0.13 * z)) + 0.35 * tufts + 0.3 * locks)


@dataclass(frozen=True)
class Cut:
    """What each of N strands is like: length, lift (N,) metres; thickness (N,); top (N,) 0 at the sides, 1 on top; clump (N,): the
    strand that it follows; gather (N,): how closely."""

    length: Array
    lift: Array
    thickness: Array
    top: Array
    clump: NDArray[np.int64]
    gather: Array

    @classmethod
    def of(cls, mean: Array, edge: Array, random: np.random.Generator) -> "Cut":
        """Choose for roots at `mean` (N, 3) on the mean head, `edge` (N,) metres inside the hairline."""
        count = len(mean)
        share = np.clip((mean[:, 1] - TOP_FROM) / (TOP_FULL - TOP_FROM), 0, 1)
        top = share * share * (3 - 2 * share)
        leaders = random.choice(count, CLUMPS, replace=False)
        square = (mean[leaders] ** 2).sum(axis=1)
        nearest = [(square - 2 * block @ mean[leaders].T).argmin(axis=1) for block in np.array_split(mean, 16)]
        clump = leaders[np.concatenate(nearest)]
        under = (random.uniform(size=count) < UNDERCOAT) & (edge > FADE)
        near = SHORTEST + (1 - SHORTEST) * np.clip(edge / EDGE, 0, 1)
        of_clump = random.uniform(0.8, 1.12, count)[clump]
        length = (SIDES + (TOP - SIDES) * top) * near * of_clump * random.uniform(0.72, 1.1, count) * np.where(under, 0.6, 1.0)
        lift = (LIFT_SIDES + (LIFT_TOP - LIFT_SIDES) * top) * np.clip(near, 0.3, 1) * random.uniform(0.25, 1, count) ** 0.7
        thickness = random.uniform(0.65, 1.25, count) * np.where(under, THICK, 1) * np.clip(0.6 + edge / EDGE, 0.6, 1)
        gather = random.uniform(*GATHER, count) * (random.uniform(size=count) > FLYAWAY)
        return cls(length, np.where(under, 0.3 * lift, lift), thickness, np.asarray(top), clump, gather)


def comb(roots: Array, cut: Cut, scalp: Scalp, random: np.random.Generator) -> Array:
    """Return strands (N, POINTS, 3) from roots (N, 3)."""
    place = (roots - CRANIUM) / RADII
    place /= np.linalg.norm(place, axis=1, keepdims=True)
    wild = random.normal(0, WILD, place.shape)[cut.clump] + random.normal(0, UNRULY, place.shape)
    off = roots - scalp.skin(place)
    strands = [roots]
    for step in range(1, POINTS):
        share = step / (POINTS - 1)
        flow = direction(place, cut.top) + wild * (0.6 + 0.8 * share)
        flow -= (flow * place).sum(axis=1, keepdims=True) * place
        flow /= np.maximum(np.linalg.norm(flow * RADII, axis=1, keepdims=True), 1e-9)
        place = place + flow * (cut.length / (POINTS - 1))[:, None]
        place /= np.linalg.norm(place, axis=1, keepdims=True)
        normal = place / RADII
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        height = cut.lift * (1 - (1 - share) ** 2.2)
        strands.append(scalp.skin(place) + off * (1 - share) + normal * height[:, None])
    return np.stack(strands, axis=1)


def direction(place: Array, top: Array) -> Array:
    """Return where hair at `place` (N, 3), on the unit sphere that stands for the cranium, is combed to (N, 3): away from the crown
    and from the parting on top, down and back at the sides."""
    away = -(CROWN - (place @ CROWN)[:, None] * place)
    front = np.clip(0.25 + 1.6 * place[:, 2], 0, 1)                 # the parting ends at the crown
    away[:, 2] *= 1 - (1 - FORWARD) * front
    away[:, 0] += BRUSHED * front * np.tanh((place[:, 0] - PARTING) / 0.10)
    down = np.tile([0.0, -DOWN, -BACK], (len(place), 1))
    down[:, 2] *= np.clip(1.2 + place[:, 2], 0, 1)                  # at the nape straight down
    return np.asarray(top[:, None] * away + (1 - top)[:, None] * (down + 0.3 * away))


def gathered(strands: Array, cut: Cut, random: np.random.Generator) -> Array:
    """Return the strands (N, P, 3) drawn towards the one their clump follows, more so towards their tips."""
    share = np.linspace(0, 1, strands.shape[1])[None, :, None] ** 1.4
    reach = np.linalg.norm(np.diff(strands, axis=1), axis=2).sum(axis=1)
    fitting = np.minimum(1, reach / np.maximum(reach[cut.clump], 1e-6))[:, None, None] ** 0.5      # short ones stay behind
    return np.asarray(strands + cut.gather[:, None, None] * fitting * share * (strands[cut.clump] - strands))
