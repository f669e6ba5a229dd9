"""How far out a person's hair reaches in the photo, from beside the jaw up to over the top of the head."""

import numpy as np
from numpy.typing import NDArray

from ..face.camera import Camera
from ..head.model import HeadBasis
from ..head.silhouette import LEVELS, NO_SIDES, ORIGINS, PLACES, WAYS
from ..types import Floats, Photo
from .hair_colour import of_people, sampled
from .hair_length import DARKER, Likeness, features
from .hair_volume import BAND, HALF, MOST, OUT, farthest

ACROSS = np.arange(-0.006, 0.0061, 0.002)                   # metres to both sides of such a way out that are looked at
WITHIN = 0.5                                                # share of those, and of all places on the way out, that are hair
BEYOND = 3                                                  # places farther out that the photo has to show
SURE = slice(int(np.searchsorted(LEVELS, -0.001)), len(LEVELS))     # beside and above the ears: what has to tell
HIGH = slice(-3, None)                                      # what has to tell, on both sides, how high it is in the middle

Array = NDArray[np.float64]


def hair_sides(photo: Photo, head: Floats, *, hair: Floats, skin: Floats, camera: Camera, basis: HeadBasis) -> Floats:
    """Return how far hair reaches out along the WAYS of head/silhouette.py (2, H) float32, metres, the person's right first: 0 where
    there is none or nothing can be said, and all 0 where a side tells too little.

    head: (V, 3) as the camera saw it; hair: (N, 3), skin: (M, 3) colours of them in this photo (hair_colour.seen_hair).
    """
    if len(hair) == 0 or not of_people(np.median(hair, axis=0)):
        return NO_SIDES
    vertices = head[basis.part("skin").vertices].astype(np.float64)
    middle = np.mean([head[basis.part(eye).vertices].mean(axis=0) for eye in ("eye_left", "eye_right")], axis=0)
    likeness, found = Likeness(hair, skin), np.zeros_like(NO_SIDES)
    for place in range(len(PLACES)):
        for side, sign in enumerate((-1, 1)):
            origin, way = (np.array([sign * x, y, 0.0]) for x, y in (ORIGINS[place], WAYS[place]))
            edge, bare = outermost(vertices, middle + origin, way, camera)
            across = ACROSS[:, None, None] * np.array([-way[1], way[0], 0.0])
            reached = reach(photo, camera.project(edge + OUT[:, None] * way + across)[..., :2].astype(np.float64), likeness)
            found[side, place] = bare + reached if 0 < reached < MOST else 0.0
    highest = [side[side > 0][-1] if side[HIGH].any() else 0.0 for side in found]
    found[:, -1] = np.mean(highest) * all(highest)                      # straight up both are the same
    known = found > 0
    if (known[:, SURE].mean(axis=1) < HALF).any():
        return NO_SIDES
    return np.stack([domed(np.interp(PLACES, PLACES[seen], side[seen], left=0.0, right=0.0))
                     for side, seen in zip(found, known, strict=True)]).astype(np.float32)


def domed(side: Array) -> Array:
    """Return an outline (H,), metres, without dents from beside the eyes up: light that glances off hair there is no gap in it."""
    result, points = side.copy(), ORIGINS + side[:, None] * WAYS
    over = np.flatnonzero((side > 0) & (np.arange(len(side)) >= SURE.start))
    for last in over:
        for first in over[over < last - 1]:
            chord, between = points[last] - points[first], slice(first + 1, last)
            normal = np.array([chord[1], -chord[0]])
            reached = ((points[first] - ORIGINS[between]) @ normal) / np.maximum(WAYS[between] @ normal, 1e-9)
            result[between] = np.maximum(result[between], np.where(WAYS[between] @ normal > 0, reached, 0))
    return result


def outermost(vertices: Array, origin: Array, way: Array, camera: Camera) -> tuple[Array, float]:
    """Return the vertex (3,), of a head's (V, 3), on its outline where a `way` (3,) from an `origin` (3,) leaves it, and how far out
    that is, metres."""
    out = (vertices - origin) @ way
    aside = (vertices - origin)[:, :2] @ np.array([-way[1], way[0]])
    near = np.flatnonzero((np.abs(aside) < BAND) & (out > 0))
    seen = camera.project(np.concatenate([vertices[near], origin[None], (origin + BAND * way)[None]]))[:, :2].astype(np.float64)
    best = near[(seen[:-2] @ (seen[-1] - seen[-2])).argmax()]
    return vertices[best] - aside[best] * np.array([-way[1], way[0], 0.0]), float(out[best])


def reach(photo: Photo, places: Array, likeness: Likeness) -> float:
    """Return how far out, metres, of the places (R, OUT, 2) hair reaches, with what is too dark for it: its shadows; -1 where there is
    none or it leaves the photo."""
    inside = ((places >= 0) & (places < photo.pixels.shape[1::-1])).all(axis=(0, 2))
    colours = sampled(photo, places.reshape(-1, 2))
    alike = likeness.of(colours) | (features(colours)[:, 0] < features(np.median(likeness.hair, axis=0))[0] - DARKER)
    found = farthest(alike.reshape(places.shape[:2]).mean(axis=0) * inside, WITHIN)
    return found if inside[: np.searchsorted(OUT, found) + BEYOND + 1].all() else -1.0
