"""Shade in the furrows beside nose and mouth: too narrow for the light's estimate, and never the skin's own colour.

A photo's cheek throws its shade along the nose, from the eye's inner corner down to the wing and along the fold to the corner of the
mouth. Printed on the head it is a dark streak that no light of the scene takes away, plainly seen from the side.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..face.detection import Face, pyramid
from ..face.skin_mask import BROWS, EYES, LIPS, SIDE, SPAN, SkinMask, blurred, grown, inside_polygon, square_places
from ..pictures.sampling import bilinear, crop
from ..types import Floats, Photo
from .shading import LUMINANCE

# from the eye's inner corner down the nose's side, around its wing and down the fold to the corner of the mouth
LINES = ((244, 245, 188, 174, 198, 131, 102, 203, 206, 216), (464, 465, 412, 399, 420, 360, 331, 423, 426, 436))
WIDTH_MM, SOFT_MM = 6.5, 2.5        # half the width of what counts as furrow, and over how much it ends
FINE_MM, WIDE_MM = 1.2, 14.0        # what is narrower is a mark of the skin; how far around the skin's plain colour is looked for
DARKER = 0.04                       # log luminance by which shade is darker than the skin around, half believed
SHARE = 0.9                        # of the shade that is taken out
DEEPEST = 0.8                       # log of it that is believed: nostrils are darker
MILLIMETRE = SIDE / SPAN / 1000     # pixels of the mask's square


@dataclass(frozen=True)
class Furrows:
    """light: (SIDE, SIDE, 3), 0..1, what the furrows' shade leaves of the skin's colour, in the square of a photo's mask."""

    light: Floats
    mask: SkinMask

    @classmethod
    def of(cls, photo: Photo, face: Face, mask: SkinMask) -> "Furrows":
        """Compare the skin in a photo's furrows with that around them."""
        pixels = crop(pyramid(photo.pixels), *mask.centre, mask.side, mask.angle, SIDE)
        landmarks = square_places(face.landmarks[:, :2], mask.centre, mask.side, mask.angle)
        furrow = lined(landmarks)
        features = np.logical_or.reduce([inside_polygon(landmarks[list(line)]) for line in (*BROWS, *EYES, LIPS)])
        skin = mask.share * ~grown(features, round(MILLIMETRE))
        levels = np.log(pixels + 6)
        around = averaged(levels, skin * (1 - 0.9 * furrow), WIDE_MM)
        shade = np.clip(averaged(levels, skin, FINE_MM) - around, -DEEPEST, 0.3)
        dark = -(shade @ LUMINANCE)
        share = SHARE * furrow * np.clip(dark / (2 * DARKER), 0, 1)
        return cls(np.exp(share[..., None] * shade).astype(np.float32), mask)

    def at(self, pixels: Floats) -> Floats:
        """Return what the shade leaves (N, 3) at the photo's pixels (N, 2)."""
        places = square_places(pixels, self.mask.centre, self.mask.side, self.mask.angle)
        return bilinear(self.light, places[:, 0], places[:, 1])


def lined(landmarks: Floats) -> Floats:
    """Return 0..1 for each pixel (SIDE, SIDE): how near it is to the furrows between landmarks (L, 2)."""
    points = np.concatenate([np.linspace(landmarks[first], landmarks[second], 12, endpoint=False)
                             for line in LINES for first, second in pairwise(line)])
    points = points[((points >= 0) & (points < SIDE)).all(axis=1)].astype(int)
    drawn = np.zeros((SIDE, SIDE), bool)
    drawn[points[:, 1], points[:, 0]] = True
    return blurred(grown(drawn, round(WIDTH_MM * MILLIMETRE)).astype(np.float32), SOFT_MM * MILLIMETRE)


def averaged(levels: Floats, weight: Floats, millimetres: float) -> Floats:
    """Return the weighted mean (SIDE, SIDE, 3) of levels around each pixel, by weight (SIDE, SIDE)."""
    total = blurred(weight, millimetres * MILLIMETRE)
    return np.asarray(blurred(levels * weight[..., None], millimetres * MILLIMETRE) / np.maximum(total, 1e-4)[..., None], np.float32)
