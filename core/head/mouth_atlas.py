"""What lies in the mouth laid out side by side in one square: teeth and tongue can be painted; of gums, and between teeth, two places
share one.

The head model's own UVs have all of a tooth's sides, both rows and the tongue one over the other.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..types import Integers
from .model import MATERIALS, HeadBasis

ROWS = {"teeth_upper": 1.0, "teeth_lower": -1.0}                       # parts, and which way is up to their roots
BANDS = (("teeth_upper", "teeth"), ("teeth_lower", "teeth"), ("teeth_upper", "gums"), ("teeth_lower", "gums"), ("tongue", "tongue"))
MARGIN = 0.01                   # of the square, around each
ARCH = 6                        # degree of the arch's line
ROOM = 0.002                    # metres from the axis about which a row is unrolled to the lowest roots

Array = NDArray[np.float64]


def laid_out(basis: HeadBasis) -> HeadBasis:
    """Return the model with teeth, gums and tongue in bands over each other in its UVs, those of them that it has."""
    uv = basis.uv.copy()
    for band, (part, material) in enumerate(BANDS):
        faces = faces_of(basis, part, material)
        if not len(faces):
            continue
        vertices, places = basis.quads[faces].ravel(), basis.quad_uv[faces].ravel()
        flat = unrolled(basis, vertices, places, part, material)
        low, high = flat.min(axis=0), flat.max(axis=0)
        box = np.array([1.0, 1 / len(BANDS)]) - 2 * MARGIN
        uv[places] = (flat - low) / (high - low) * box + MARGIN + [0, band / len(BANDS)]
    return replace(basis, uv=uv)


def faces_of(basis: HeadBasis, part: str, material: str) -> Integers:
    """Return which faces (N,) of a part are of one material, none where the model lacks the part."""
    if part not in basis.part_names:
        return np.zeros(0, np.int64)
    faces = np.arange(len(basis.quads))[basis.part(part).faces]
    return faces[basis.material[faces] == MATERIALS.index(material)]


def unrolled(basis: HeadBasis, vertices: Integers, places: Integers, part: str, material: str) -> Array:
    """Return plane coordinates (N, 2) of corners, vertices (N,) with UVs at places (N,): a tongue keeps its own, gums and palate are
    seen from below, a row of teeth is unrolled about a line along its roots, from the cheeks' side over the edges to the tongue's."""
    if material == "tongue":
        return basis.uv[places].astype(np.float64)
    x, y, z = basis.vertices[vertices].T.astype(np.float64)
    if material == "gums":
        return np.column_stack([x, z])
    z -= z.min()
    turn, far = np.arctan2(x, z), np.hypot(x, z)                         # a row is half an ellipse about the middle of its ends
    outward = far - np.polyval(np.polyfit(turn, far, ARCH), turn)
    from_root = -ROWS[part] * y
    return np.column_stack([turn, -np.arctan2(outward, from_root - from_root.min() + ROOM)])
