"""The vermilion border: where the lips' red ends on the skin, finer than the quads around it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..face.fit import Anchors
from ..face.skin_mask import LIPS
from ..head.model import HeadBasis
from ..head.skin_surface import from_contact, in_mouth
from ..pictures.polygons import curve, nearest, within
from ..types import Floats, Integers

SOFTNESS = 0.0009                   # metres to either side of the border over which red turns into skin
BEHIND = 0.015                      # metres behind the border at which nothing is lip
FARTHEST = 0.01                     # metres: distances count no further
BLUR = 2.0                          # pixels to either side of the border in which a photo mixes lips and skin; hue is coarser


@dataclass(frozen=True)
class Lips:
    """Of each skin vertex, in metres: depth (V_skin,) how far inside the vermilion border it lies, negative outside; off (V_skin,) how
    far from where the lips meet, along the surface; bag (V_skin,) the same of what lies in the mouth, 0 elsewhere."""

    depth: Floats
    off: Floats
    bag: Floats

    @classmethod
    def of(cls, basis: HeadBasis, anchors: Anchors, edges: Integers) -> "Lips":
        """Measure the mean head."""
        off = from_contact(basis, edges)
        bag = np.where(in_mouth(basis, edges), off, 0).astype(np.float32)
        return cls(vermilion_depth(basis, anchors, bag), off, bag)

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Which vertices are red and seen when the mouth is shut (V_skin,)."""
        return (self.depth > 0) & (self.bag <= 0)


def vermilion_depth(basis: HeadBasis, anchors: Anchors, depth: Floats) -> Floats:
    """Return how far inside the vermilion border each skin vertex lies (V_skin,), metres, negative outside; the border is the curve
    through the lips' outer landmarks on the mean head, seen from the front.

    depth: (V_skin,) how far vertices lie in the mouth (skin_surface.mouth_bag); what lies in it is inside.
    """
    skin = basis.vertices[basis.part("skin").vertices].astype(np.float64)
    border = curve(anchors.points(basis.vertices)[list(LIPS)].astype(np.float64))
    distance = np.where(within(skin, border), 1, -1) * nearest(skin, border)
    distance[skin[:, 2] < border[:, 2].min() - BEHIND] = -FARTHEST
    return np.where(depth > 0, FARTHEST, np.clip(distance, -FARTHEST, FARTHEST)).astype(np.float32)


def red(depth: Floats) -> Floats:
    """Return the share of the lips' red where points lie so far inside the border, metres."""
    share = np.clip(depth / (2 * SOFTNESS) + 0.5, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def clear(depth: Floats, pixel: float) -> Floats:
    """Return 0..1, how far a photo whose pixels show so much of the face, metres, tells lips from skin so far inside the border."""
    return np.asarray(np.clip(np.abs(depth) / (BLUR * pixel), 0, 1), np.float32)
