"""Tied hair: strands that are combed back over the cranium to a knot behind it, and leave it as a ponytail or lie around it as a bun.

They go the shortest way over the cranium seen as a sphere, so that they cross nowhere; those that come farther lie outside.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..choices import Hairline, Waves
from ..head.model import HeadBasis
from ..head.scalp import CRANIUM, EAR_MARGIN, RADII, Scalp
from ..types import Floats
from .curls import HANGING, SHORT, curled
from .locks import Indices, gathered, leaders
from .short_hair import BLUNT_RADIUS, CROPS, LEAST_LIFT, ROOT_RADIUS, STRANDS, TIP_RADIUS, Cut, comb, rooted
from .strands import Strands

KNOT = np.array([0.0, 0.36, -0.933])        # on the unit cranium: level with the tops of the ears
DRAWN, FRONT, BEHIND = 1.3, 0.022, 0.40     # times as many roots as of other hair; metres inside the hairline; share kept behind that
THICK, LOCKS = 1.3, 420                     # times the radius; number of locks
ALONG, BEYOND = 11, 9                       # points of a strand up to the knot, and from there on
FLAT, LAYERS, FARTHER = 0.0020, 0.0042, 0.6 # metres that strands stand off, and the outermost more; share of that by their way
RISE, NEAR = 0.012, 0.040                   # metres over which they rise from the skin, and over which they rise to the knot
WILD = 0.014                                # radians that locks leave their way
BETWEEN = 4                                 # places looked at of a strand between two points
APART = 0.06                                # radians outside the knot's edge where strands are rooted
HELD, BUN = (0.003, 0.0105, 0.014), (0.020, 0.025, 0.002)   # metres around the knot's axis, from and to, and off the skin, of the band
TAIL, SHORTER, GATHER = 0.20, (0.22, 0.12), 0.6     # metres; share by which locks, and strands within one, are shorter; gathering
FALLS, FLATTER = 0.024, 0.75                # metres over which a ponytail begins to hang; its depth over its width
FULL, FULLEST, TIP = 0.025, 0.40, 0.35      # metres from its middle line where it is fullest; where that is; share of it at its end
RING, TUBE, LIFT = 0.0165, 0.0165, 0.012     # metres: a bun is a ring of hair that lies off the skin
WOUND, OPENING = 4.4, (-1.0, 2.85)          # radians that strands go around the ring, and from the tube's outside to its inside
INMOST, UNEVEN = 0.55, 0.06                 # of the tube's radius: the inmost strands; by which locks differ
PUFF, ROUND = 0.062, 2.2                    # metres that a ponytail of coils stands off; radians from its axis that it goes round

Array = NDArray[np.float64]


def tied_hair(neutral: Floats, basis: HeadBasis, random: np.random.Generator, *, bun: bool, waves: Waves = "STRAIGHT",
              hairline: Hairline = "FULL", count: int = STRANDS) -> Strands:
    """Return at most `count` strands on the head `neutral` (V, 3), tied to a `bun` or a ponytail; that alone curls, and has fewer
    strands of more points the more it does. One of coils does not hang, but is a ball."""
    coils = waves == "COILY" and not bun
    scalp, curl = Scalp.of(neutral, basis), None if bun else SHORT["COILY"] if coils else HANGING.get(waves)
    points, share, thick = (BEYOND, 1.0, 1.0) if curl is None else (round(BEYOND * curl.points), curl.count, curl.thick)
    roots, triangle, weights, mean, edge = rooted(neutral, basis, random, round(DRAWN * share * count), hairline=hairline,
                                                  parted=np.inf)
    kept = (edge < FRONT) | (random.uniform(size=len(edge)) < BEHIND)
    roots, triangle, weights, mean = roots[kept], triangle[kept], weights[kept], mean[kept]
    cut = Cut.of(mean, edge[kept], random, CROPS["STRAIGHT"])
    swept = Swept.of(roots, scalp, leaders(mean, LOCKS, random), random, BUN if bun else HELD)
    head = swept.paths(roots, scalp, random)
    rest = swept.wound(points, random) if bun else swept.ball(points, random) if coils else swept.hanging(points, random)
    if curl is not None:
        rest = curled(np.concatenate([head[:, -1:], rest], axis=1), swept.lock, curl, random)[:, 1:]
    whole = np.concatenate([head, rest], axis=1)
    grown, ears = swept.apart, met(head, scalp)
    whole[ears], grown[ears] = sideburns(roots[ears], cut.of_strands(ears), scalp, random, whole.shape[1])
    whole = whole[grown]
    tip = BLUNT_RADIUS if coils else 1.5 * TIP_RADIUS
    radius = THICK * thick * np.linspace(ROOT_RADIUS, tip, whole.shape[1])[None] * cut.thickness[grown, None]
    return Strands(whole.astype(np.float32), radius.astype(np.float32), triangle[grown], weights[grown].astype(np.float32))


def met(paths: Array, scalp: Scalp) -> Indices:
    """Return which of the paths (N, P, 3) would go below an ear: it hides them."""
    share = np.linspace(0, paths.shape[1] - 1, BETWEEN * (paths.shape[1] - 1) + 1)
    low = np.minimum(share.astype(int), paths.shape[1] - 2)
    fine = paths[:, low] + (share - low)[None, :, None] * (paths[:, low + 1] - paths[:, low])
    least, most = scalp.ears.min(axis=0), scalp.ears.max(axis=0) + EAR_MARGIN
    return np.flatnonzero(((fine > least) & (fine < most))[..., 1:].all(axis=2).any(axis=1))


def sideburns(roots: Array, cut: Cut, scalp: Scalp, random: np.random.Generator, points: int) -> tuple[Array, NDArray[np.bool_]]:
    """Return strands (N, points, 3) from roots (N, 3) before the ears, which are too short to be tied, and which (N,) there are."""
    strands = comb(roots, cut, scalp, random, CROPS["STRAIGHT"], side=0.0, points=points)
    return scalp.shortened(scalp.outside(strands, LEAST_LIFT))


@dataclass(frozen=True)
class Swept:
    """How N strands come to a knot. middle and axis: (3,) its place on the skin, metres, and the unit vector off it; toward: (N, 3)
    unit vectors on the cranium, at right angles to the knot, from where they come to it; turn: (N,) radians that they come; held: (N,)
    metres from the axis, and off, from the skin, where they are tied; depth: (N,) 0 the inmost .. 1 the outermost; lock: (N,) the
    strand that each follows."""

    middle: Array
    axis: Array
    toward: Array
    turn: Array
    held: Array
    off: float
    depth: Array
    lock: Indices

    @classmethod
    def of(cls, roots: Array, scalp: Scalp, lock: Indices, random: np.random.Generator, band: tuple[float, float, float]) -> "Swept":
        """Comb strands from roots (N, 3) to a band: metres around the knot's axis from and to, and off the skin."""
        start = unit((roots - CRANIUM) / RADII)
        toward = unit(start - (start @ KNOT)[:, None] * KNOT)
        turn = np.arccos(np.clip(start @ KNOT, -1, 1))
        depth = np.clip(FARTHER * turn / turn.max() + (1 - FARTHER) * random.uniform(0, 1, len(roots)), 0, 1)
        return cls(scalp.skin(KNOT[None])[0], unit(KNOT / RADII), toward, turn, band[0] + (band[1] - band[0]) * depth, band[2], depth,
                   lock)

    @property
    def last(self) -> Array:
        """The angle (N,) to the knot at which each is tied."""
        return np.asarray(self.held / np.linalg.norm(self.toward * RADII, axis=1))

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Which (N,) are rooted outside the knot."""
        return np.asarray(self.turn > self.last + APART)

    @property
    def sides(self) -> Array:
        """Unit vectors (2, 3) around the knot's axis: to the left, and down."""
        across = np.array([1.0, 0.0, 0.0])
        return np.stack([across, np.cross(self.axis, across)])

    @property
    def angle(self) -> Array:
        """At which side of the axis each comes (N,), radians."""
        left, down = (self.toward * RADII @ self.sides.T).T
        return np.arctan2(down, left)

    def paths(self, roots: Array, scalp: Scalp, random: np.random.Generator) -> Array:
        """Return strands (N, ALONG, 3) from roots (N, 3) to the band."""
        stray = random.normal(0, WILD, len(roots))[self.lock][:, None] * np.cross(KNOT, self.toward)
        off = roots - scalp.skin(unit((roots - CRANIUM) / RADII))
        strands = [roots]
        for share in np.linspace(0, 1, ALONG)[1:]:
            angle = self.turn + (self.last - self.turn) * share
            place = unit(KNOT * np.cos(angle)[:, None] + self.toward * np.sin(angle)[:, None] + stray * np.sin(np.pi * share))
            way, left = (np.abs(angle - end) * RADII.mean() for end in (self.turn, self.last))
            near = np.clip(1 - left / NEAR, 0, 1)
            height = (FLAT + LAYERS * self.depth) * (1 - np.clip(1 - way / RISE, 0, 1)**2) + self.off * near * near * (3 - 2 * near)
            strands.append(scalp.skin(place) + off * (1 - share) + unit(place / RADII) * height[:, None])
        return np.stack(strands, axis=1)

    def wound(self, points: int, random: np.random.Generator) -> Array:
        """Return how strands go on (N, points, 3) in a bun: around a ring, and around its tube from outside in."""
        share = (np.arange(points) + 1)[None] / points
        uneven = 1 + random.normal(0, UNEVEN, (2, len(self.lock)))[:, self.lock, None]
        around = self.angle[:, None] + WOUND * share * uneven[0]
        tube = TUBE * (INMOST + (1 - INMOST) * np.sqrt(self.depth))[:, None] * uneven[1]
        opening = OPENING[0] + (OPENING[1] - OPENING[0]) * share
        from_axis, off = RING + tube * np.cos(opening), LIFT + tube * np.sin(opening)
        ring = np.stack([np.cos(around), np.sin(around)], axis=2) @ self.sides
        return np.asarray(self.middle + from_axis[..., None] * ring + off[..., None] * self.axis)

    def hanging(self, points: int, random: np.random.Generator) -> Array:
        """Return how strands go on (N, points, 3) in a ponytail: beside its middle line, that leaves the head and falls."""
        count = len(self.lock)
        shorter = SHORTER[0] * random.uniform(0, 1, count)[self.lock] + SHORTER[1] * random.uniform(0, 1, count)
        way = (1 - shorter)[:, None] * (np.arange(points) + 1)[None] / points               # 1 at the longest's end
        fine = np.linspace(0, 1, 101)
        fallen = np.exp(-TAIL * fine / FALLS)[:, None]
        ahead = unit(fallen * self.axis + (1 - fallen) * [0.0, -1.0, 0.0])
        line = self.middle + self.off * self.axis + np.concatenate([np.zeros((1, 3)), (TAIL / 100 * ahead[:-1]).cumsum(axis=0)])
        inward = np.cross(ahead, self.sides[0])
        middle, inwards = (np.stack([np.interp(way, fine, one) for one in values.T], axis=2) for values in (line, inward))
        fuller, thinner = np.clip(way / FULLEST, 0, 1), np.clip((way - FULLEST) / (1 - FULLEST), 0, 1)
        width = HELD[1] + (FULL - HELD[1]) * fuller * (2 - fuller) - FULL * (1 - TIP) * thinner**1.5
        width *= (self.held / HELD[1])[:, None]
        left, down = (width * turned(self.angle)[:, None] for turned in (np.cos, np.sin))
        flatter = 1 - (1 - FLATTER) * fuller
        return gathered(middle + left[..., None] * self.sides[0] + (flatter * down)[..., None] * inwards, self.lock,
                        np.full(count, GATHER))

    def ball(self, points: int, random: np.random.Generator) -> Array:
        """Return how strands go on (N, points, 3) in a ponytail of coils: apart, to all sides of the axis."""
        count = len(self.lock)
        lean = np.arccos(1 - (1 - np.cos(ROUND)) * random.uniform(0, 1, count))[:, None]
        ring = np.stack([np.cos(self.angle), np.sin(self.angle)], axis=1) @ self.sides
        start = self.middle + self.off * self.axis + self.held[:, None] * ring
        ahead = np.cos(lean) * self.axis + np.sin(lean) * ring
        end = self.middle + (self.off + 0.6 * PUFF) * self.axis + 0.7 * PUFF * random.uniform(0.3, 1, (count, 1)) ** (1 / 3) * ahead
        share = ((np.arange(points) + 1) / points)[None, :, None]
        bend = start + 0.4 * PUFF * self.axis
        return np.asarray((1 - share)**2 * start[:, None] + 2 * share * (1 - share) * bend[:, None] + share**2 * end[:, None])


def unit(vectors: Array) -> Array:
    """Return vectors (..., 3) at length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
