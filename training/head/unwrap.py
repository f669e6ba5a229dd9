"""Repack the UVs: the head's island upright over most of the square, the hidden islands in a strip below it."""

import numpy as np

from .crop import Indices
from .source import Array

STRIP = 0.15                    # height of the strip for mouth bag, eye sockets and the neck piece
MARGIN = 0.008
EYE_CONE = 60                   # degrees
WIDENING = 0.55                 # how much more room the middle (the face) gets than the sides, 0 none


def repack(uv: Array, quad_uv: Indices) -> tuple[Array, Indices]:
    """Return compact UVs (U, 2) and quads into them (F, 4) for the skin, given the body atlas's."""
    used, local = np.unique(quad_uv, return_inverse=True)
    local = local.reshape(-1, 4)
    source, packed = uv[used], np.zeros((len(used), 2))
    island = islands(local, len(used))
    labels, counts = np.unique(island[local[:, 0]], return_counts=True)
    order = labels[np.argsort(-counts)]
    for place, label in enumerate(order):
        chosen = island == label
        points = source[chosen]
        unit = (points - points.min(axis=0)) / np.ptp(points, axis=0)
        if place == 0:                                          # the atlas holds the head lying on its side
            across, up = widen(unit[:, 1]), 1 - unit[:, 0]
            packed[chosen] = np.column_stack([MARGIN + across * (1 - 2 * MARGIN), STRIP + up * (1 - STRIP - MARGIN)])
        else:
            room = 1 / (len(order) - 1)
            corner = np.array([(place - 1) * room + MARGIN, MARGIN])
            packed[chosen] = corner + unit * [room - 2 * MARGIN, STRIP - 2 * MARGIN]
    return packed, local


def widen(across: Array) -> Array:
    """Map 0..1 to 0..1 monotonously, stretching the middle."""
    offset = 2 * across - 1
    return 0.5 + 0.5 * (offset * (1 + WIDENING) - WIDENING * offset * np.abs(offset))


def islands(faces: Indices, count: int) -> Indices:
    """Return the label of each of `count` UV points; connected points share one."""
    label = np.arange(count)
    while True:
        lowest = label[faces].min(axis=1)
        following = label.copy()
        np.minimum.at(following, faces.ravel(), np.repeat(lowest, 4))
        if (following == label).all():
            return label
        label = following


def eye(points: Array) -> Array:
    """Return UVs (V, 2) of an eyeball (V, 3) about the origin: the angle from its axis (+Z) is the distance from the square's middle.

    The square shows EYE_CONE degrees to each side; the rest of the eyeball, white, lies on its border.
    """
    direction = points
    across = np.hypot(direction[:, 0], direction[:, 1])
    angle = np.degrees(np.arctan2(across, direction[:, 2])) / EYE_CONE
    return 0.5 + 0.5 * np.clip(direction[:, :2] / np.maximum(across, 1e-9)[:, None] * angle[:, None], -1, 1)


def lashes(points: Array, quads: Indices, eyes: Array) -> tuple[Array, Indices]:
    """Return UVs (V, 2) of the lashes' strips (V, 3) and quads into them: u along the lid, v from root to tip.

    eyes: (2, 3) the eyeballs' centres. Upper lashes fill the upper half of the square, lower ones the lower half, root down.
    """
    label = islands(quads, len(points))
    uv = np.zeros((len(points), 2))
    for island in np.unique(label):
        chosen = label == island
        strip = points[chosen]
        eye = eyes[np.argmin(np.abs(eyes[:, 0] - strip[:, 0].mean()))]
        along = np.abs(strip[:, 0])
        out = np.linalg.norm(strip - eye, axis=1)
        upper = strip[:, 1].mean() > eye[1]
        uv[chosen, 0] = (along - along.min()) / np.ptp(along)
        uv[chosen, 1] = 0.5 * upper + 0.5 * (out - out.min()) / np.ptp(out)
    return uv, quads
