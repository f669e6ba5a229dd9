"""Short hair: strands on the scalp of the default head.

The strands are a plain cut that lies away from the crown, made so that a head does not look bald by mistake; the cut in the photo
is not copied.
"""

import numpy as np
from numpy.typing import NDArray

from .head_model import HeadBasis
from .types import Floats

STRANDS, POINTS = 16_000, 6
LENGTH, SHORTEST = 0.034, 0.35              # metres at full length, and the share of it at the hairline
# the hairline on the mean head: scalp lies above a plane that falls from the forehead to the nape, and is no ear
HAIRLINE_HEIGHT, HAIRLINE_SLOPE, FADE = 0.050, 0.72, 0.016      # metres; FADE: over which strands get denser and longer
EAR_SIDE, EAR_TOP = 0.069, 0.046                                # metres
CRANIUM, RADII = np.array([0.0, 0.052, -0.042]), np.array([0.078, 0.086, 0.104])      # metres: an ellipsoid strands lie on
CROWN = np.array([0.0, 0.72, -0.69])
LIFT, UNRULY = 0.05, 0.10                   # of the radii, by which tips stand off; spread of the directions
PARTING, BRUSHED = 0.28, 0.5                # of the radius to the left of the middle; how strongly hair is brushed away from it


def short_hair(neutral: Floats, basis: HeadBasis, random: np.random.Generator) -> Floats:
    """Return strands (STRANDS, POINTS, 3), metres, root first, on the head `neutral` (V, 3)."""
    triangles = basis.skin_triangles
    middle = basis.vertices[triangles].mean(axis=1)
    above = middle[:, 1] - HAIRLINE_HEIGHT - HAIRLINE_SLOPE * middle[:, 2]
    ear = (np.abs(middle[:, 0]) > EAR_SIDE) & (middle[:, 1] < EAR_TOP)
    fullness = np.where(ear, 0.0, np.clip(above / FADE, 0, 1))
    corners = neutral[triangles].astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chosen = random.choice(len(triangles), STRANDS, p=area * fullness / (area * fullness).sum())
    weights = random.dirichlet((1.0, 1.0, 1.0), STRANDS)
    roots = np.einsum("nk,nkc->nc", weights, corners[chosen])
    length = LENGTH * (SHORTEST + (1 - SHORTEST) * fullness[chosen]) * random.uniform(0.75, 1.1, STRANDS)
    return comb(roots, length, random).astype(np.float32)


def comb(roots: NDArray[np.float64], length: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Return strands (N, POINTS, 3) from roots (N, 3) that lie on the cranium's ellipsoid, away from the crown, and lift towards
    their tips; length: (N,) metres."""
    place = (roots - CRANIUM) / RADII
    unruly = random.normal(0, UNRULY, place.shape)
    strands, height = [roots], np.linalg.norm(place, axis=1)
    for step in range(1, POINTS):
        outward = place / np.linalg.norm(place, axis=1, keepdims=True)
        flow = -(CROWN - (outward @ CROWN)[:, None] * outward)
        front = np.clip(0.2 + 1.4 * place[:, 2], 0, 1)              # the parting ends at the crown
        flow[:, 0] += BRUSHED * front * np.tanh((place[:, 0] - PARTING) / 0.08)
        flow += unruly
        flow -= (flow * outward).sum(axis=1, keepdims=True) * outward
        flow /= np.maximum(np.linalg.norm(flow * RADII, axis=1, keepdims=True), 1e-9)
        moved = place + flow * (length / (POINTS - 1))[:, None]
        lifted = height + LIFT * np.sin(np.pi * 0.6 * step / (POINTS - 1))
        place = moved / np.linalg.norm(moved, axis=1, keepdims=True) * lifted[:, None]
        strands.append(CRANIUM + place * RADII)
    return np.stack(strands, axis=1)
