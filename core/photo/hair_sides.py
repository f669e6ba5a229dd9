"""How wide a person's hair is in the photo, from beside the jaw up to over the ears."""

import numpy as np
from numpy.typing import NDArray

from ..face.camera import Camera
from ..head.model import HeadBasis
from ..head.scalp import NO_SIDES, SIDES_AT
from ..types import Floats, Photo
from .hair_colour import of_people, sampled
from .hair_length import DARKER, Likeness, features
from .hair_volume import BAND, HALF, MOST, OUT, farthest

ROWS = np.arange(-0.006, 0.0061, 0.002)                     # metres around such a height that are looked at
WITHIN = 0.5                                                # share of those, and of all places on the way out, that are hair

Array = NDArray[np.float64]


def hair_sides(photo: Photo, head: Floats, *, hair: Floats, skin: Floats, camera: Camera, basis: HeadBasis) -> Floats:
    """Return how far hair reaches aside of the eyes' middle (2, H) float32, metres at SIDES_AT, the person's right first: 0 below the
    lowest of them with hair, and all 0 where a side tells too little.

    head: (V, 3) as the camera saw it; hair: (N, 3), skin: (M, 3) colours of them in this photo (hair_colour.seen_hair).
    """
    if len(hair) == 0 or not of_people(np.median(hair, axis=0)):
        return NO_SIDES
    vertices = head[basis.part("skin").vertices].astype(np.float64)
    middle = np.mean([head[basis.part(eye).vertices].mean(axis=0) for eye in ("eye_left", "eye_right")], axis=0)
    pixels, found = camera.project(vertices), np.zeros_like(NO_SIDES)
    for row, height in enumerate(SIDES_AT):
        level = np.flatnonzero(np.abs(vertices[:, 1] - middle[1] - height) < BAND)
        for side, sign in enumerate((-1, 1)):
            edge = vertices[level[(sign * pixels[level, 0]).argmax()]]
            out = edge + OUT[:, None] * [sign, 0, 0]
            places = camera.project(out + ROWS[:, None, None] * [0, 1, 0])[..., :2].astype(np.float64)
            reached = reach(photo, places, Likeness(hair, skin))
            found[side, row] = sign * (edge[0] - middle[0]) + reached if 0 < reached < MOST else 0.0
    known = found > 0
    if (known.mean(axis=1) < HALF).any():
        return NO_SIDES
    return np.stack([np.interp(SIDES_AT, SIDES_AT[seen], side[seen], left=0.0) for side, seen in zip(found, known, strict=True)]
                    ).astype(np.float32)


def reach(photo: Photo, places: Array, likeness: Likeness) -> float:
    """Return how far out, metres, of the places (R, OUT, 2) hair reaches, with what is too dark for it: its shadows; -1 where there is
    none or they leave the photo."""
    if not ((places >= 0) & (places < photo.pixels.shape[1::-1])).all():
        return -1.0
    colours = sampled(photo, places.reshape(-1, 2))
    alike = likeness.of(colours) | (features(colours)[:, 0] < features(np.median(likeness.hair, axis=0))[0] - DARKER)
    return farthest(alike.reshape(places.shape[:2]).mean(axis=0), WITHIN)
