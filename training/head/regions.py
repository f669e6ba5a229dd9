"""FuNet's regions of the skin (paper Fig. 5): lips, chin, face, other."""

import numpy as np

from core.head.model import REGIONS

from .crop import Indices
from .source import Array

VERMILION_LOOPS = 7             # loops around the mouth, from the contact outwards, that are lips
FACE_FRONT = 0.015              # metres: z behind which the head is "other"


def regions(skin: Array, loops: list[list[int]], mirror: Indices, opening: Array) -> np.ndarray:
    """Return the region of each skin vertex (V,) uint8; opening: (V, 3) offsets of jawOpen; origin in the head's middle."""
    label = np.full(len(skin), REGIONS.index("other"), np.uint8)
    half_lips = sorted({vertex for half in outer(loops, skin)[:VERMILION_LOOPS] for vertex in half})
    lips = np.union1d(half_lips, mirror[half_lips])
    low, high = skin[lips].min(axis=0), skin[lips].max(axis=0)
    front = skin[:, 2] > FACE_FRONT + 0.25 * np.abs(skin[:, 0])
    top = high[1] + 0.108
    label[front & (skin[:, 1] > low[1] - 0.055) & (skin[:, 1] < top)] = REGIONS.index("face")
    follows = np.linalg.norm(opening, axis=1) > 0.55 * np.linalg.norm(opening, axis=1).max()
    label[(label == REGIONS.index("face")) & follows & (skin[:, 1] < low[1] + 0.006)] = REGIONS.index("chin")
    label[lips] = REGIONS.index("lips")
    return label


def outer(loops: list[list[int]], skin: Array) -> list[list[int]]:
    """Return the loops on the outside of the lips, from the contact outwards (the others line the mouth)."""
    contact = skin[loops[0], 2].max()
    return [half for half in loops if skin[half[0], 2] > contact - 0.0025]


def lip_top(loops: list[list[int]], mirror: Indices) -> np.ndarray:
    """Return the vertices along the top of the lower lip, corner to corner apart: where it meets the upper teeth."""
    left = loops[0][-5:]
    return np.unique(np.concatenate([left, mirror[left]])).astype(np.int32)
