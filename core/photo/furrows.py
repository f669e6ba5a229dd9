"""Shade in the furrows beside the nose, under the brows and of a smile: too narrow for the light's estimate at the mesh's vertices.

In a photo from the front the nose's sides face away from the light, from the eyes' inner corners down to the wings. Printed on the
head, that is a dark streak that no light of the scene takes away, plainly seen from the side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..face.detection import BLENDSHAPES, Face, pyramid
from ..face.skin_mask import BROWS, EYES, LIPS, SIDE, SPAN, SkinMask, blurred, grown, inside_polygon, square_places
from ..pictures.sampling import bilinear, crop
from ..types import Floats, Photo
from .shading import LUMINANCE

# landmarks from the eyes' inner corners down the nose's sides, between upper lids and brows, and along the folds from nose to mouth
NOSE = (244, 245, 188, 174, 198, 131), (464, 465, 412, 399, 420, 360)
SOCKETS = (247, 30, 29, 27, 28, 56, 190), (467, 260, 259, 257, 258, 286, 414)
FOLDS = (129, 203, 206, 216, 212), (358, 423, 426, 436, 432)
SMILE = BLENDSHAPES.index("mouthSmileRight"), BLENDSHAPES.index("mouthSmileLeft")       # as all of these the person's right first
NOSE_MM, SOCKET_MM, SOFT_MM = 5.5, 3.5, 2.5     # half the width of what counts as furrow, and over how much it ends
FINE_MM, WIDE_MM = 1.2, 12.0        # what is narrower is a mark of the skin; how far around the skin's plain colour is looked for
DARKER = 0.08                       # log luminance, sRGB, below the skin around: shade from there on, less so before
NOSE_SHARE, SOCKET_SHARE = 0.7, 0.5 # of the shade that is taken out
SMILE_SHARE = 0.6                   # of that in the folds of a smile; those of a face at rest stay: people are known by them
DEEPEST = 0.8                       # log of it that is believed: nostrils are darker
MILLIMETRE = SIDE / SPAN / 1000     # pixels of the mask's square


@dataclass(frozen=True)
class Furrows:
    """light: (SIDE, SIDE, 3), what the furrows' shade leaves of the skin's colour, 1 elsewhere, in the square of a photo's mask."""

    light: Floats
    mask: SkinMask

    @classmethod
    def of(cls, photo: Photo, face: Face, mask: SkinMask) -> "Furrows":
        """Compare the skin in a photo's furrows with that around them."""
        pixels = crop(pyramid(photo.pixels), *mask.centre, mask.side, mask.angle, SIDE)
        landmarks = square_places(face.landmarks[:, :2], mask.centre, mask.side, mask.angle)
        folds = [SMILE_SHARE * face.scores[side] * lined(landmarks, [fold], NOSE_MM) for side, fold in zip(SMILE, FOLDS, strict=True)]
        furrow = np.maximum.reduce([NOSE_SHARE * lined(landmarks, NOSE, NOSE_MM), SOCKET_SHARE * lined(landmarks, SOCKETS, SOCKET_MM),
                                    *folds])
        features = np.logical_or.reduce([inside_polygon(landmarks[list(line)]) for line in (*BROWS, *EYES, LIPS)])
        skin = mask.share * ~grown(features, round(MILLIMETRE))
        levels = np.log(pixels + 6)
        around = averaged(levels, skin * (1 - furrow), WIDE_MM)
        shade = np.clip(averaged(levels, skin, FINE_MM) - around, -DEEPEST, 0.3)
        share = furrow * np.clip(-(shade @ LUMINANCE) / DARKER, 0, 1)
        return cls(np.exp(share[..., None] * shade).astype(np.float32), mask)

    def at(self, pixels: Floats) -> Floats:
        """Return what the shade leaves (N, 3) at the photo's pixels (N, 2)."""
        places = square_places(pixels, self.mask.centre, self.mask.side, self.mask.angle)
        return bilinear(self.light, places[:, 0], places[:, 1])


def lined(landmarks: Floats, lines: Sequence[Sequence[int]], width_mm: float) -> Floats:
    """Return 0..1 for each pixel (SIDE, SIDE): how near it is to lines through landmarks (L, 2), of half that width."""
    points = np.concatenate([np.linspace(landmarks[first], landmarks[second], 12, endpoint=False)
                             for line in lines for first, second in pairwise(line)])
    points = points[((points >= 0) & (points < SIDE)).all(axis=1)].astype(int)
    drawn = np.zeros((SIDE, SIDE), bool)
    drawn[points[:, 1], points[:, 0]] = True
    return blurred(grown(drawn, round(width_mm * MILLIMETRE)).astype(np.float32), SOFT_MM * MILLIMETRE)


def averaged(levels: Floats, weight: Floats, millimetres: float) -> Floats:
    """Return the mean (SIDE, SIDE, 3) of levels around each pixel, by weight (SIDE, SIDE)."""
    total = blurred(weight, millimetres * MILLIMETRE)
    return np.asarray(blurred(levels * weight[..., None], millimetres * MILLIMETRE) / np.maximum(total, 1e-4)[..., None], np.float32)
