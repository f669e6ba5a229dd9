"""The tone of a photo's skin, as one colour."""

import numpy as np
from numpy.typing import NDArray

from ..head.model import MATERIALS, REGIONS, HeadBasis
from ..pictures.colours import linear

Array = NDArray[np.float64]


def mean_tone(albedo: NDArray[np.uint8], basis: HeadBasis) -> Array:
    """Return the mean (3,), linear, of an albedo (H, W, 3), sRGB, top row first, over the face without lips, by area."""
    in_face = np.zeros(len(basis.vertices), bool)
    in_face[:len(basis.regions)] = basis.regions == REGIONS.index("face")
    chosen = in_face[basis.quads].all(axis=1) & (basis.material == MATERIALS.index("skin"))
    corners = basis.vertices[basis.quads[chosen]].astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]), axis=1)
    middle = basis.uv[basis.quad_uv[chosen]].mean(axis=1)
    height, width = albedo.shape[:2]
    column = np.clip((middle[:, 0] * width).astype(int), 0, width - 1)
    row = np.clip(((1 - middle[:, 1]) * height).astype(int), 0, height - 1)
    return np.asarray((linear(albedo[row, column]) * area[:, None]).sum(axis=0) / area.sum())
