"""Short hair: strands on the scalp of the default head.

A plain short cut with a parting, straight, wavy, curly or coily, made so that a head does not look bald by mistake; the cut in the
photo is not copied. Places are told on the mean head: the same vertices are scalp on everyone. Strands walk over the cranium seen as
an ellipsoid, and stand off the head's own skin. A `side` is where the parting is: 1 the person's left, 0 the middle, -1 the right.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..choices import Hairline, Waves
from ..head.model import HeadBasis
from ..head.scalp import CRANIUM, RADII, Scalp, from_bare, inside_hairline
from ..types import Floats, Integers
from .curls import SHORT, curled
from .locks import Indices, gathered, leaders
from .strands import Strands, scattered

STRANDS, POINTS, CLUMPS = 17_000, 7, 750    # strands at most: those that would grow into the face or an ear are left out
UNDERCOAT = 0.25                            # share of them that lie low and are thick, so that no skin shines through
ROOT_RADIUS, TIP_RADIUS, BLUNT_RADIUS = 0.000085, 0.000022, 0.000065        # metres; the last where hair is clipped, or a tuft
THICK = 1.9                                 # times the radius: the undercoat
TOP_FROM, TOP_FULL = 0.072, 0.118           # metres up, between which the sides turn into the top
EDGE, SHORTEST = 0.024, (0.42, 0.80)        # metres from the hairline over which hair gets longer; its share there, sides and top
FADE, RAGGED, STRAY = 0.007, 0.0030, 0.0016 # metres over which hair gets dense; by which the hairline wavers; single hairs leave it
LEAST_LIFT = 0.0012                         # metres
NEAR, SPARE = 0.009, 0.55                   # metres from a parting within which hair stands densest; share elsewhere: it opens there
CROWN = np.array([0.0, 0.72, -0.69])
PARTING, BRUSHED = 0.30, 1.45               # of the radius aside of the middle; how strongly hair is brushed away from it
FORWARD, SWEPT = 0.25, -0.55                # how strongly the front falls forward, and that of a hairline which has gone back
DOWN, BACK = 1.6, 0.45                      # how strongly the sides lie down and back
WILD, UNRULY, FLYAWAY = 0.26, 0.08, 0.025   # spread of the directions of clumps and of strands; share of strands in no clump
GATHER = (0.35, 0.92)                       # how far tips are drawn into their clump
VARIED = (0.66, 1.08)                       # by which strands of a clump differ in length: it ends in a point
AFRO, LOWER, LOOSE, BALL_THICK = 0.30, 0.75, 0.45, 2.2     # of its length that it stands off then, less at the nape; gathering; radius


@dataclass(frozen=True)
class Crop:
    """A short cut, metres at the sides and on top: length, along the skin, and lift, that strands stand off; combed: 0 like a brush
    .. 1 brushed away from the parting; forward: how strongly the front falls forward, back if negative."""

    length: tuple[float, float]
    lift: tuple[float, float]
    combed: float = 1.0
    forward: float = FORWARD


CROPS: dict[Waves, Crop] = {"STRAIGHT": Crop((0.015, 0.040), (0.0030, 0.0130)), "WAVY": Crop((0.017, 0.042), (0.0036, 0.0155)),
                            "CURLY": Crop((0.016, 0.036), (0.0060, 0.0220), 0.7),
                            "COILY": Crop((0.0055, 0.0100), (0.0038, 0.0090), 0.3)}
CLIPPED = Crop((0.004, 0.006), (0.0036, 0.0056), 0.7)
CLIPPED_POINTS, CLIPPED_COUNT, CLIPPED_THICK = 3, 1.6, 1.5          # more strands of fewer points, and thicker

Array = NDArray[np.float64]


def short_hair(neutral: Floats, basis: HeadBasis, random: np.random.Generator, *, side: float = 1.0, waves: Waves = "STRAIGHT",
               below_eyes: float = 0.0, cropped: bool = False, hairline: Hairline = "FULL", count: int = STRANDS) -> Strands:
    """Return at most `count` strands, fewer and of more points the more they curl, on the head `neutral` (V, 3).

    below_eyes: metres that coily hair would reach down if it hung: that long it stands off; 0 for a crop.
    cropped: whether it is clipped to some millimetres all over, in which waves and parting do not show.
    """
    scalp, curl, crop = Scalp.of(neutral, basis), SHORT.get(waves), CROPS[waves]
    points, share, parted = POINTS, 1.0, side * PARTING * RADII[0]
    if cropped:
        curl, crop, points, share, parted = None, CLIPPED, CLIPPED_POINTS, CLIPPED_COUNT, np.inf
    elif below_eyes > 0:
        out = AFRO * (below_eyes + 0.06)
        crop = Crop((0.35 * out, 0.25 * out), (0.8 * out, out), 0.1)
    if hairline != "FULL":
        crop = replace(crop, forward=SWEPT)
    if curl is not None:
        points, share = round(POINTS * curl.points), curl.count
    roots, drawn, weights, mean, edge = rooted(neutral, basis, random, round(share * count), hairline=hairline,
                                                 parted=parted)
    cut = Cut.of(mean, edge, random, crop)
    if below_eyes > 0:                                                  # a ball
        low = np.clip((CRANIUM[1] - roots[:, 1]) / RADII[1], 0, 1)
        cut = replace(cut, lift=cut.lift * (1 - LOWER * low), length=cut.length * (1 - LOWER * low), gather=LOOSE * cut.gather)
    if hairline == "BALDING":
        cut = replace(cut, top=np.zeros_like(cut.top))                  # nothing is left of it, and what grows around it lies down
    strands = comb(roots, cut, scalp, random, crop, side=side, points=points)
    if not cropped:                                                     # too short to keep together
        strands = gathered(strands, cut.clump, cut.gather)
    if curl is not None:
        strands = curled(strands, cut.clump, curl, random)
    strands, grown = scalp.shortened(scalp.outside(strands, LEAST_LIFT))
    thick = BALL_THICK if below_eyes > 0 else CLIPPED_THICK if cropped else 1.0 if curl is None else curl.thick
    tip = BLUNT_RADIUS if cropped or below_eyes > 0 else TIP_RADIUS
    radius = thick * np.linspace(ROOT_RADIUS, tip, points)[None] * cut.thickness[:, None]
    return Strands(strands[grown].astype(np.float32), radius[grown].astype(np.float32), drawn[grown],
                   weights[grown].astype(np.float32))


def rooted(neutral: Floats, basis: HeadBasis, random: np.random.Generator,
           count: int, *, hairline: Hairline, parted: float) -> tuple[Array, Integers, Array, Array, Array]:
    """Return the roots (N, 3) of at most `count` strands within the hairline, their triangles (N,) and weights (N, 3), where they are
    on the mean head (N, 3), and how far inside its hairline (N,), metres; densest at a parting so far, metres, to the left. A
    `hairline` that has gone back takes some of those that a full one has."""
    triangles = basis.skin_triangles
    corners = neutral[triangles].astype(np.float64)
    near = inside_hairline(basis.vertices)[triangles].max(axis=1) > -FADE
    drawn, weights = scattered(near.astype(np.float64), corners, 3 * count, random)
    mean = np.einsum("nk,nkc->nc", weights, basis.vertices[triangles[drawn]].astype(np.float64))
    ragged = RAGGED * waver(mean) + random.normal(0, STRAY, len(mean))
    edge, bare = inside_hairline(mean) + ragged, from_bare(mean, hairline) + ragged
    at_parting = np.exp(-(((mean[:, 0] - parted) / NEAR) ** 2)) * (mean[:, 1] > TOP_FULL)
    share = np.clip(edge / FADE, 0, 1) * (SPARE + (1 - SPARE) * at_parting)
    chance = random.uniform(size=len(edge))
    kept = np.flatnonzero(chance < share)[:count]
    kept = kept[chance[kept] < (share * np.clip(bare / FADE, 0, 1))[kept]]
    edge = np.minimum(edge, bare)
    drawn, weights = drawn[kept], weights[kept]
    return np.einsum("nk,nkc->nc", weights, corners[drawn]), drawn, weights, mean[kept], edge[kept]


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
    def of(cls, mean: Array, edge: Array, random: np.random.Generator, crop: Crop) -> "Cut":
        """Choose for roots at `mean` (N, 3) on the mean head, `edge` (N,) metres inside the hairline."""
        count = len(mean)
        share = np.clip((mean[:, 1] - TOP_FROM) / (TOP_FULL - TOP_FROM), 0, 1)
        top = share * share * (3 - 2 * share)
        clump = leaders(mean, CLUMPS, random)
        under = (random.uniform(size=count) < UNDERCOAT) & (edge > FADE)
        shortest = SHORTEST[0] + (SHORTEST[1] - SHORTEST[0]) * top
        near = shortest + (1 - shortest) * np.clip(edge / EDGE, 0, 1)
        varied = np.where(clump == np.arange(count), 1.0, VARIED[0] + (VARIED[1] - VARIED[0]) * random.uniform(0, 1, count)**0.7)
        length, lift = (low + (high - low) * top for low, high in (crop.length, crop.lift))
        length = length * near * random.uniform(0.8, 1.15, count)[clump] * varied * np.where(under, 0.6, 1.0)
        lift = lift * np.clip(near, 0.3, 1) * random.uniform(0.25, 1, count) ** 0.7
        thickness = random.uniform(0.65, 1.25, count) * np.where(under, THICK, 1) * np.clip(0.6 + edge / EDGE, 0.6, 1)
        stray = random.uniform(size=count) < FLYAWAY
        gather = random.uniform(*GATHER, count) * ~stray
        return cls(length, np.where(under, 0.3 * lift, lift), thickness * np.where(stray, 0.6, 1.0), np.asarray(top), clump, gather)

    def of_strands(self, chosen: Indices) -> "Cut":
        """Return that of the `chosen` (M,) alone, each for itself."""
        alone = np.arange(len(chosen))
        return Cut(self.length[chosen], self.lift[chosen], self.thickness[chosen], self.top[chosen], alone, self.gather[chosen])


def comb(roots: Array, cut: Cut, scalp: Scalp, random: np.random.Generator, crop: Crop, *, side: float, points: int) -> Array:
    """Return strands (N, points, 3) from roots (N, 3)."""
    place = (roots - CRANIUM) / RADII
    place /= np.linalg.norm(place, axis=1, keepdims=True)
    wild = random.normal(0, WILD, place.shape)[cut.clump] + random.normal(0, UNRULY, place.shape)
    wild *= [-1.0 if side < 0 else 1.0, 1.0, 1.0]                       # so that one side is the other's mirror image
    off = roots - scalp.skin(place)
    strands = [roots]
    for step in range(1, points):
        share = step / (points - 1)
        flow = direction(place, cut.top, side, crop.forward) * crop.combed + wild * (0.6 + 0.8 * share)
        flow -= (flow * place).sum(axis=1, keepdims=True) * place
        flow /= np.maximum(np.linalg.norm(flow * RADII, axis=1, keepdims=True), 1e-9)
        place = place + flow * (cut.length / (points - 1))[:, None]
        place /= np.linalg.norm(place, axis=1, keepdims=True)
        normal = place / RADII
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        height = cut.lift * (1 - (1 - share) ** 2.2)
        strands.append(scalp.skin(place) + off * (1 - share) + normal * height[:, None])
    return np.stack(strands, axis=1)


def direction(place: Array, top: Array, side: float, forward: float = FORWARD) -> Array:
    """Return where hair at `place` (N, 3), on the unit sphere that stands for the cranium, is combed to (N, 3): away from the crown
    and from the parting on top, down and back at the sides."""
    away = -(CROWN - (place @ CROWN)[:, None] * place)
    front = np.clip(0.25 + 1.6 * place[:, 2], 0, 1)                 # the parting ends at the crown
    away[:, 2] *= 1 - (1 - forward) * front
    away[:, 0] += BRUSHED * front * np.tanh((place[:, 0] - side * PARTING) / 0.10)
    down = np.tile([0.0, -DOWN, -BACK], (len(place), 1))
    down[:, 2] *= np.clip(1.2 + place[:, 2], 0, 1)                  # at the nape straight down
    return np.asarray(top[:, None] * away + (1 - top)[:, None] * (down + 0.3 * away))

