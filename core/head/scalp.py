"""Where hair grows on the default head, and what it has to keep out of: the skull, the ears and the face."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..choices import Hairline
from ..pictures.polygons import nearest, within
from ..pictures.raster import rasterise
from ..pictures.sampling import bilinear
from ..types import Floats
from .model import HeadBasis
from .uv_image import spread

# the hairline in profile on the mean head, forwards and upwards, millimetres: forehead, temple, sideburn, over the ear, nape
HAIRLINE = np.array([(56, 80), (46, 84), (34, 91), (21, 97), (9, 97), (0, 88), (-2, 78), (-2, 68), (-8, 60), (-14, 48),
                     (-15, 30), (-18, 14), (-24, 8), (-30, 12), (-33, 30), (-39, 41), (-52, 44), (-63, 40), (-72, 28), (-76, 8),
                     (-79, -14), (-86, -30), (-98, -40), (-112, -44), (-200, -45)]) / 1000
AROUND = np.array([(-0.2, 0.3), (0.2, 0.3), (0.2, 0.099)])              # closes it over the top of the head
CRANIUM, RADII = np.array([0.0, 0.052, -0.042]), np.array([0.078, 0.086, 0.104])      # metres: an ellipsoid like the cranium
AXIS = np.array([0.0, 0.72, -0.69])         # the map of the skin around it: its middle
SIDE, SPAN = 160, 2.6                       # pixels of the map, and the angle it shows to each side, radians
# ears on the mean head, metres: farther out than, below, and between these
EAR_OUT, EAR_TOP, EAR_BACK, EAR_FRONT = 0.0765, 0.036, -0.076, -0.030
EAR_MARGIN = 0.0030                         # metres strands keep from the ears' vertices
NAPE = 0.080                                # metres below the eyes where hair ends
# metres inside the hairline where roots begin and stand densest; share of skin that they hide
BEGINS, DENSE, COVERED = -0.001, 0.011, 0.96
FRINGE, TEMPLE = 0.034, 0.020               # metres above the eyes where hair ends, in front of this far behind them

# where a hairline goes back, metres on the mean head: the full one's way up from the cranium's front, an angle times ROUND; how much
# farther it is at the temples, and aside from where and over which; the same of where it goes back as far as there; the height above
# which it does, at the ears, and by how much less for each metre behind; how fast hair gets dense again
ROUND, LINE, ROUNDED, TEMPLES = 0.087, 0.0425, (0.020, 0.015, 0.040), (0.008, 0.030)
SIDES, INWARDS, THINNING = (0.093, 0.10), 0.058, 0.5

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bare:
    """How far a hairline has gone back, metres: in the middle and at the temples."""

    middle: float
    temples: float


# about II to III, III to IV and VI of Norwood 1975
BARE: dict[Hairline, Bare] = {"TEMPLES": Bare(0.004, 0.024), "RECEDING": Bare(0.020, 0.050), "BALDING": Bare(0.170, 0.170)}


def inside_hairline(places: NDArray[np.floating]) -> Array:
    """Return how far inside the hairline places (N, 3) on the mean head lie, metres; negative outside."""
    ring, points = np.concatenate([HAIRLINE, AROUND]), places[:, [2, 1]].astype(np.float64)
    distance = nearest(points, ring)
    return np.where(within(points, ring), distance, -distance)


def behind_line(places: NDArray[np.floating]) -> Array:
    """Return how far places (N, 3) on the mean head lie behind the front of a full hairline, metres over the head."""
    aside, up, front = np.abs(places[:, 0]), places[:, 1], places[:, 2]
    way = ROUND * np.arctan2(up - CRANIUM[1], front - CRANIUM[2])
    way[(way < 0) & (front < CRANIUM[2])] += 2 * np.pi * ROUND          # below the back of the head it goes on
    return np.asarray(way - LINE - ROUNDED[0] * np.clip((aside - ROUNDED[1]) / ROUNDED[2], 0, 1))


def from_bare(places: NDArray[np.floating], hairline: Hairline) -> Array:
    """Return how far places (N, 3) on the mean head lie from skin that a `hairline` which has gone back leaves bare, metres, negative
    on it, and half as far as they do, so that hair thins out over twice the way; infinite where none has."""
    bare = BARE.get(hairline)
    if bare is None:
        return np.full(len(places), np.inf)
    aside, up, front = np.abs(places[:, 0]), places[:, 1], places[:, 2]
    temple = np.clip((aside - TEMPLES[0]) / TEMPLES[1], 0, 1)
    back = bare.middle + (bare.temples - bare.middle) * temple * temple * (3 - 2 * temple)
    side = SIDES[0] - SIDES[1] * np.clip(-front, 0, None) - np.clip(INWARDS - aside, 0, None)
    return np.asarray(THINNING * np.maximum(behind_line(places) - back, side - up))


def rooted(basis: HeadBasis, hairline: Hairline = "FULL") -> Floats:
    """Return 0..1 for each skin vertex (V_skin,): how much of the skin is hidden by roots where hair grows."""
    skin = basis.vertices[basis.part("skin").vertices]
    inside = np.minimum(inside_hairline(skin), from_bare(skin, hairline))
    share = np.clip((inside - BEGINS) / (DENSE - BEGINS), 0, 1)
    return np.asarray(COVERED * share * share * (3 - 2 * share), np.float32)


def in_ears(basis: HeadBasis) -> NDArray[np.bool_]:
    """Return which skin vertices (V_skin,) are the ears'."""
    x, y, z = basis.vertices[basis.part("skin").vertices].T
    return np.asarray((np.abs(x) > EAR_OUT) & (y < EAR_TOP) & (z > EAR_BACK) & (z < EAR_FRONT))


def with_roots(albedo: NDArray[np.floating], roots: NDArray[np.floating], scalp: Floats, basis: HeadBasis) -> NDArray[np.floating]:
    """Return the linear albedo (H, W, 3) with the scalp in the linear colour of the `roots` (3,) as far as they hide it, `scalp`
    (V_skin,), as in Blender."""
    return np.asarray(albedo + spread(scalp[:, None], basis, *albedo.shape[:2]) * (roots - albedo))


@dataclass(frozen=True)
class Scalp:
    """One head as hair sees it. radius: (SIDE, SIDE, 1) float32, how far the skin lies from the cranium's middle, in its RADII, by the
    direction (`pixels`); ears: (E, 3) metres; eyes: (3,) metres, the middle between them."""

    radius: Floats
    ears: Array
    eyes: Array

    @classmethod
    def of(cls, neutral: Floats, basis: HeadBasis) -> "Scalp":
        """Look at the head `neutral` (V, 3)."""
        ear = np.zeros(len(basis.vertices), bool)
        ear[basis.part("skin").vertices] = in_ears(basis)
        place = (neutral - CRANIUM) / RADII
        length = np.linalg.norm(place, axis=1)
        spots = pixels(place / length[:, None])
        triangles = basis.skin_triangles
        shown = np.linalg.norm(spots - SIDE / 2, axis=1) < SIDE / 2 - 4         # a triangle around the map's rim would cover all of it
        triangles = triangles[(shown & ~ear)[triangles].all(axis=1)]
        drawn = rasterise(np.column_stack([spots, -length]), triangles, width=SIDE, height=SIDE)
        radius = drawn.interpolate(triangles, length[:, None])[..., 0]
        eyes = np.mean([neutral[basis.part(eye).vertices].mean(axis=0) for eye in ("eye_left", "eye_right")], axis=0)
        return cls(filled(radius, drawn.triangle >= 0)[..., None], neutral[ear].astype(np.float64), eyes.astype(np.float64))

    def skin(self, place: Array) -> Array:
        """Return the skin's points (N, 3) in the directions `place` (N, 3), unit vectors in RADII."""
        spots = pixels(place).astype(np.float32)
        return np.asarray(CRANIUM + RADII * place * bilinear(self.radius, spots[:, 0], spots[:, 1]))

    def off(self, points: Array) -> tuple[Array, Array]:
        """Return how far points (N, P, 3) stand off the skin (N, P), metres, and which way that is (N, P, 3)."""
        unit = (points - CRANIUM) / RADII
        unit /= np.linalg.norm(unit, axis=2, keepdims=True)
        outward = unit * RADII
        outward /= np.linalg.norm(outward, axis=2, keepdims=True)
        return ((points - self.skin(unit.reshape(-1, 3)).reshape(unit.shape)) * outward).sum(axis=2), outward

    def half_width(self, z: float) -> float:
        """Return how far aside the skin lies beside the eyes, metres, where it is so far, metres, to the front."""
        fan = np.linspace(0.2, 1.4, 100)
        ring = np.stack([0.1 * np.sin(fan), np.full_like(fan, self.eyes[1] - CRANIUM[1]), 0.1 * np.cos(fan)], axis=1)
        place = ring / RADII
        skin = self.skin(place / np.linalg.norm(place, axis=1, keepdims=True))
        return float(np.interp(-z, -skin[:, 2], skin[:, 0]))

    def outside(self, strands: Array, least: float) -> Array:
        """Return strands (N, P, 3) of which all points but the root stand off the skin by at least `least` metres."""
        off, outward = self.off(strands[:, 1:])
        short = np.clip(least - off[..., None], 0, None)
        return np.concatenate([strands[:, :1], strands[:, 1:] + short * outward], axis=1)

    def shortened(self, strands: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Return strands (N, P, 3) that end before they reach an ear or the face, and which (N,) are left of them at all."""
        return ended(strands, self.touched(strands))

    def touched(self, strands: Array) -> NDArray[np.bool_]:
        """Return which points (N, P) lie in or right beside an ear, before the face, or so low that the neck bends away."""
        met = (strands[..., 1] < self.eyes[1] + FRINGE) & (strands[..., 2] > self.eyes[2] - TEMPLE)
        met |= strands[..., 1] < self.eyes[1] - NAPE
        low, high = self.ears.min(axis=0) - EAR_MARGIN, self.ears.max(axis=0) + EAR_MARGIN
        box = ((strands > low) & (strands < high)).all(axis=2) & ~met
        near = np.flatnonzero(box)
        points = strands.reshape(-1, 3)[near]
        for block in np.array_split(np.arange(len(near)), len(near) // 4000 + 1):
            square = ((points[block, None] - self.ears[None]) ** 2).sum(axis=2).min(axis=1, initial=np.inf)
            met.reshape(-1)[near[block]] = square < EAR_MARGIN**2
        return met


def ended(strands: Array, met: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """Return strands (N, P, 3) that end before the first point that is `met` (N, P), and which (N,) are left of them at all."""
    count = strands.shape[1]
    free = np.logical_and.accumulate(~met, axis=1)
    last = np.maximum(free.sum(axis=1) - 1, 0)
    along = np.linspace(0, 1, count)[None] * last[:, None]
    low = np.minimum(along.astype(int), count - 2)
    share, rows = (along - low)[..., None], np.arange(len(strands))[:, None]
    return strands[rows, low] * (1 - share) + strands[rows, low + 1] * share, last > 0


def pixels(place: Array | Floats) -> Array:
    """Return where directions (N, 3), unit vectors, lie on the map: the distance from its middle is the angle from AXIS."""
    across = np.array([1.0, 0.0, 0.0])
    up = np.cross(AXIS, across)
    axis = AXIS / np.linalg.norm(AXIS)
    angle = np.arccos(np.clip(place @ axis, -1, 1))
    flat = np.stack([place @ across, place @ up], axis=1)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    return np.asarray((flat * (angle / SPAN)[:, None] + 1) * (SIDE / 2))


def filled(values: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the map (SIDE, SIDE) with its gaps filled from around."""
    result, weight = np.where(known, values, 0).astype(np.float32), known.astype(np.float32)
    while weight.any() and (weight == 0).any():
        total, share = (np.sum([np.roll(image, shift, axis) for axis in (0, 1) for shift in (-1, 1)], axis=0)
                        for image in (result * weight, weight))
        gap = (weight == 0) & (share > 0)
        result[gap], weight[gap] = total[gap] / share[gap], 1
    return result
