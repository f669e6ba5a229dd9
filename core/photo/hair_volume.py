"""How far a person's hair stands off the sides of the head in the photo."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..face.camera import Camera
from ..head.model import HeadBasis
from ..types import Floats, Photo
from .hair_colour import of_people, sampled
from .hair_length import Likeness

HEIGHTS, BAND = np.arange(0.040, 0.071, 0.005), 0.006       # metres above the eyes, over the ears; by which vertices are off them
OUT = np.arange(-0.008, 0.080, 0.002)                       # metres from the bare head's outline that are looked at
HAIR = 0.6                                                  # share of all places on the way out that are hair
MOST = 0.060                                                # metres: beyond that the background has hair's colour
HALF = 0.5                                                  # share of the heights that have to tell

Array = NDArray[np.float64]


def hair_volume(photo: Photo, head: Floats, *, hair: Floats, skin: Floats, camera: Camera, basis: HeadBasis) -> float:
    """Return how far hair stands off the head over the ears, metres: on the side where that is less; 0 where nothing can be said.

    head: (V, 3) as the camera saw it; hair: (N, 3), skin: (M, 3) colours of them in this photo (hair_colour.seen_hair).
    """
    if len(hair) == 0 or not of_people(np.median(hair, axis=0)):
        return 0.0
    likeness, vertices = Likeness(hair, skin), head[basis.part("skin").vertices]
    up = vertices[:, 1] - np.mean([head[basis.part(eye).vertices].mean(axis=0)[1] for eye in ("eye_left", "eye_right")])
    pixels, found = camera.project(vertices), np.zeros((2, len(HEIGHTS)))
    for row, height in enumerate(HEIGHTS):
        level = np.flatnonzero(np.abs(up - height) < BAND)
        for side, sign in enumerate((-1, 1)):
            edge = pixels[level[(sign * pixels[level, 0]).argmax()]].astype(np.float64)
            places = edge[:2] + np.outer(sign * OUT * camera.focal / edge[2], [1, 0])
            found[side, row] = reach(photo, places, likeness)
    known = (found >= 0) & (found < MOST)
    if (known.mean(axis=1) < HALF).any():
        return 0.0
    return float(min(np.median(found[side, known[side]]) for side in (0, 1)))


def reach(photo: Photo, places: Array, likeness: Likeness) -> float:
    """Return how far out, metres, of the places (OUT, 2) hair reaches; -1 where there is none or they leave the photo."""
    if not ((places >= 0) & (places < photo.pixels.shape[1::-1])).all():
        return -1.0
    return farthest(likeness.of(sampled(photo, places)), HAIR)


def farthest(hair: NDArray[Any], least: float) -> float:
    """Return how far out, metres, lies the last of the places OUT whose share of hair (OUT,), 0..1, is `least`, and the mean of those
    up to it more; -1 where there is none."""
    found = np.flatnonzero((hair >= least) & (hair.cumsum() / np.arange(1, len(hair) + 1) > least))
    return float(OUT[found[-1]]) if len(found) else -1.0
