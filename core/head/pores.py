"""Where a face has pores: wide and deep on nose and cheeks, finer on chin and forehead, hardly any elsewhere."""

import numpy as np

from ..types import Floats
from .model import HeadBasis

# from the nose's tip, in distances of an eye from the middle (across) and of the eyes above the tip (up): middle, half width and
# height at which the pores are a third smaller, and how deep they are there
PLACES = (((0.0, 0.15), (0.7, 0.65), 1.0), ((0.95, 0.1), (0.6, 0.5), 0.85), ((-0.95, 0.1), (0.6, 0.5), 0.85),
          ((0.0, -1.6), (0.6, 0.35), 0.45), ((0.0, 2.0), (0.9, 0.5), 0.4))
BEHIND = 1.0                        # eyes' distances behind the eyes, up to where skin belongs to the face


def pores(basis: HeadBasis) -> Floats:
    """Return how deep the pores of each skin vertex are (V_skin,), 0..1, whoever it is: by its place on the mean head."""
    skin = basis.vertices[basis.part("skin").vertices].astype(np.float64)
    left, right = (basis.vertices[basis.part(name).vertices].astype(np.float64).mean(axis=0) for name in ("eye_left", "eye_right"))
    eyes, across = (left + right) / 2, (left[0] - right[0]) / 2
    tip = skin[skin[:, 2].argmax()]
    place = (skin - tip)[:, :2] / [across, eyes[1] - tip[1]]
    smooth = np.ones(len(skin))
    for middle, size, depth in PLACES:
        smooth *= 1 - depth * np.exp(-(((place - middle) / size)**2).sum(axis=1) / 2)
    in_front = np.clip((skin[:, 2] - eyes[2]) / across / BEHIND + 1, 0, 1)
    return np.asarray((1 - smooth) * in_front, np.float32)
