"""Shade that hair throws on the skin beside it: cut out of the mask.

Printed on the head, whose hair may lie elsewhere, it is a line down the cheek or across the forehead. It is told by nothing but being
darker than the skin further in: a bare face that a lamp lights loses a little along its outline, too.
"""

from dataclasses import replace

import numpy as np

from ..face.detection import Face
from ..face.skin_mask import BROWS, EYES, LIPS, MOUTH, SIDE, SPAN, SkinMask, blurred, grown, inside_polygon, outlined, square_places
from .shading import LUMINANCE

REACH_MM, WIDE_MM = 6.0, 14.0       # how far inside the skin's edge shade is looked for; how far around what it is compared with
SHADE = 0.06, 0.20                  # log luminance, sRGB, below the skin further in: nothing, all is cut
LIDS_MM, EDGE_MM = 4.5, 2.0         # around eyes, and around what else is dark by nature, where nothing is cut
ABOVE_MM = 6.0                      # above the lips' contact over which cutting begins: beards stay
MILLIMETRE = SIDE / SPAN / 1000     # pixels of the mask's square


def unshaded(mask: SkinMask, face: Face) -> SkinMask:
    """Return the mask without skin near its edge that is darker than the skin further in."""
    landmarks = square_places(face.landmarks[:, :2], mask.centre, mask.side, mask.angle)
    openings = np.logical_or.reduce([outlined(landmarks[list(line)]) for line in (*EYES, MOUTH)])
    features = np.logical_or.reduce([inside_polygon(landmarks[list(line)]) for line in (*BROWS, LIPS)])
    features = grown(features, round(EDGE_MM * MILLIMETRE)) | grown(openings, round(LIDS_MM * MILLIMETRE))
    rows = np.arange(SIDE)[:, None] + 0.5
    above = np.clip((landmarks[list(MOUTH), 1].mean() - rows) / (ABOVE_MM * MILLIMETRE), 0, 1)
    bare = (~features).astype(np.float32)
    border = bare * np.clip(4 - 4 * blurred(np.maximum(mask.share, 1 - bare), REACH_MM * MILLIMETRE), 0, 1)
    inner = bare * mask.share * (1 - border)
    levels = np.log(mask.colour + 6) @ LUMINANCE
    around = blurred(levels * inner, WIDE_MM * MILLIMETRE) / np.maximum(blurred(inner, WIDE_MM * MILLIMETRE), 1e-4)
    cut = border * above * np.clip((around - levels - SHADE[0]) / (SHADE[1] - SHADE[0]), 0, 1)
    return replace(mask, share=(mask.share * (1 - cut)).astype(np.float32))
