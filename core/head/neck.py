"""The neck: about which point the head turns, and how far each vertex of the skin goes along, while the neck's lower border stays.

The head turns on the atlas. Where it lies in a head is measured from the joint of the jaw: the occipital condyles are some
11 mm behind the ear's opening and 26 mm below it (Thunnissen et al. 1995), the jaw's joint in front of it by another 10 mm.
"""

import numpy as np
from numpy.typing import NDArray

from ..types import Floats, Neck
from .model import HeadBasis
from .skin_surface import skin_edges

FROM_JAW = np.array([0.0, -0.024, -0.021], np.float32)      # metres, from the pivot of the jaw to that of the head
SKULL = 0.76                    # height over the neck's border from which skin goes along fully, of the chin's height
RIM = 0.03                      # the same, up to which it stays
Chosen = NDArray[np.bool_]


def fit_neck(head: Floats, jaw_pivot: Floats, basis: HeadBasis) -> Neck:
    """Return how the neutral head (V, 3), metres, turns; jaw_pivot: (3,) of this head.

    From the rim upwards the skin goes along more and more, smoothly; what lies inside the mouth goes along with the teeth.
    """
    skin = head[basis.part("skin").vertices].astype(np.float64)
    rim = lower_border(basis)
    middle = skin[rim].mean(axis=0)
    up = np.linalg.svd(skin[rim] - middle)[2][2]                        # the normal of the plane that fits the border best
    up = up * np.sign(up[1])
    height = (skin - middle) @ up
    chin = height[basis.chin_vertex]
    low, high = max(RIM * chin, float(height[rim].max())), SKULL * chin
    share = np.clip((height - low) / (high - low), 0, 1)
    weights = share**3 * (share * (6 * share - 15) + 10)                # C2: no edge shows where it begins and ends
    weights[lining(basis)] = 1.0
    return Neck((jaw_pivot + FROM_JAW).astype(np.float32), middle.astype(np.float32), weights.astype(np.float32))


def lower_border(basis: HeadBasis) -> NDArray[np.int64]:
    """Return the vertices of the skin along the lower border of the neck: of the mesh's borders, the lowest."""
    quads = basis.quads[basis.part("skin").faces]
    sides = np.sort(np.concatenate([quads[:, [corner, (corner + 1) % 4]] for corner in range(4)]), axis=1)
    sides, count = np.unique(sides[sides[:, 0] != sides[:, 1]], axis=0, return_counts=True)
    border = sides[count == 1]
    lowest = border.ravel()[basis.vertices[border.ravel(), 1].argmin()]
    reached = spread_from(np.arange(len(basis.regions)) == lowest, border)
    return np.flatnonzero(reached)


def lining(basis: HeadBasis) -> Chosen:
    """Return which vertices (V_skin,) of the skin lie inside the mouth: where no path leads from the neck but over the lips."""
    lips = np.zeros(len(basis.regions), bool)
    lips[np.concatenate([basis.inner_lip_upper, basis.inner_lip_lower, basis.lip_corners])] = True
    edges = skin_edges(basis.skin_triangles)
    outside = np.zeros(len(basis.regions), bool)
    outside[lower_border(basis)] = True
    return ~spread_from(outside, edges[~lips[edges].any(axis=1)])


def spread_from(chosen: Chosen, edges: NDArray[np.integer]) -> Chosen:
    """Return which vertices (V,) edges (E, 2) lead to from the chosen ones (V,)."""
    reached, before = chosen.copy(), 0
    while before != (before := int(reached.sum())):
        for _ in range(8):
            for first, second in ((0, 1), (1, 0)):
                reached[edges[reached[edges[:, first]], second]] = True
    return reached


def rotation(angles: Floats) -> NDArray[np.float64]:
    """Return the matrix (3, 3) of pitch, yaw and roll (3,), radians: rolled first, then nodded, then turned about the upright neck."""
    (cp, cy, cr), (sp, sy, sr) = np.cos(angles.astype(np.float64)), np.sin(angles.astype(np.float64))
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return yaw @ pitch @ roll


def turned(points: Floats, neck: Neck, angles: Floats) -> Floats:
    """Return the skin's points (V_skin, 3) as they lie when the head has turned by pitch, yaw and roll (3,), radians."""
    offset = points - neck.pivot
    moved = offset @ rotation(angles).T - offset
    return np.asarray(points + neck.weights[:, None] * moved, np.float32)
