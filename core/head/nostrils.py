"""The insides of the nostrils: hardly any light comes out of them, whatever the photo's skin around them looks like."""

import numpy as np
from numpy.typing import NDArray

from ..pictures.raster import Coverage, vertex_normals
from ..types import Floats, Integers
from .model import HeadBasis

# in distances of an eye from the middle, from the nose's tip: where nostrils are looked for (aside, up, forward), and how far off
# walls are at most
LOWEST, HIGHEST = (-0.44, -0.3, -0.85), (0.44, 0.25, -0.25)
WALLS = 0.40
OFF = 0.012                             # how far off the skin one looks around
ROUND = 12                              # directions to look for walls in, all level
ENCLOSED = 0.52, 0.85                   # in what share of them there is a wall: nothing and all is inside
SHARE = np.array([0.27, 0.16, 0.14], np.float32)        # of the skin's sRGB values, that is left inside

Array = NDArray[np.float64]


def nostrils(basis: HeadBasis) -> Floats:
    """Return how much each skin vertex of the mean head is inside a nostril (V_skin,), 0..1: how much it has walls around it."""
    skin = basis.vertices[basis.part("skin").vertices].astype(np.float64)
    left, right = (basis.vertices[basis.part(name).vertices].astype(np.float64).mean(axis=0) for name in ("eye_left", "eye_right"))
    unit, tip = (left[0] - right[0]) / 2, skin[skin[:, 2].argmax()]
    place = (skin - tip) / unit
    air = place + OFF * vertex_normals(skin, basis.skin_triangles)
    there = np.flatnonzero(((place > LOWEST) & (place < HIGHEST)).all(axis=1))
    near = ((place > np.array(LOWEST) - WALLS) & (place < np.array(HIGHEST) + WALLS)).all(axis=1)
    corners = place[basis.skin_triangles[near[basis.skin_triangles].any(axis=1)]]
    angles = 2 * np.pi * np.arange(ROUND) / ROUND
    ways = np.column_stack([np.sin(angles), 0 * angles, np.cos(angles)])
    walled = np.mean([met(air[there], way, corners, farthest=WALLS) for way in ways], axis=0)
    inside = np.zeros(len(skin), np.float32)
    inside[there] = np.interp(walled, ENCLOSED, (0, 1))
    return inside


def met(points: Array, way: Array, corners: Array, *, farthest: float) -> NDArray[np.bool_]:
    """Return whether from points (N, 3), in a direction (3,), one of the triangles (T, 3, 3) is met before `farthest` (Moller and
    Trumbore 1997)."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    across = np.cross(way, second)
    scale = (first * across).sum(axis=1)
    scale = np.where(np.abs(scale) < 1e-12, np.inf, scale)
    start = points[:, None] - corners[None, :, 0]
    u = (start * across).sum(axis=2) / scale
    turned = np.cross(start, first)
    v, distance = turned @ way / scale, (turned * second).sum(axis=2) / scale
    return np.asarray(((u >= 0) & (v >= 0) & (u + v <= 1) & (distance > 0) & (distance < farthest)).any(axis=1))


def darkened(image: Floats, inside: Floats, coverage: Coverage, triangles: Integers) -> Floats:
    """Return the image (H, W, 3) of the skin, sRGB 0..255, dark where it is inside nostrils (V_skin,)."""
    there, result = coverage.touched(triangles, inside > 0), image.copy()
    result[there] *= SHARE ** coverage.mixed(there, triangles, inside[:, None])
    return result
