"""Rasterise triangles in numpy: which triangle a pixel shows, and where in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..types import Floats, Integers

Doubles = NDArray[np.float64]

BLOCK = 1 << 20             # pixels looked at together


@dataclass(frozen=True)
class Coverage:
    """triangle: (H, W) int32, -1 where there is none; weights: (H, W, 3) float32 barycentric; depth: (H, W) float32."""

    triangle: Integers
    weights: Floats
    depth: Floats

    def interpolate(self, triangles: Integers, values: NDArray[np.floating]) -> Floats:
        """Return values (V, C) of the vertices at every pixel (H, W, C); zero where nothing is covered."""
        covered = self.triangle >= 0
        result = np.zeros((*self.triangle.shape, values.shape[1]), np.float32)
        result[covered] = self.mixed(covered, triangles, values)
        return result

    def mixed(self, pixels: NDArray[np.bool_], triangles: Integers, values: NDArray[np.floating]) -> Floats:
        """Return values (V, C) of the vertices at these covered pixels (H, W): (N, C)."""
        corners, weights, values = triangles[self.triangle[pixels]], self.weights[pixels], np.asarray(values, np.float32)
        return np.asarray(sum(weights[:, corner, None] * values[corners[:, corner]] for corner in range(3)), np.float32)

    def touched(self, triangles: Integers, vertices: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the pixels (H, W) of triangles that have one of these vertices (V,)."""
        return np.asarray((self.triangle >= 0) & vertices[triangles].any(axis=1)[np.maximum(self.triangle, 0)])


def rasterise(points: NDArray[np.floating], triangles: Integers, *, width: int, height: int, facing: bool = False) -> Coverage:
    """Draw triangles (F, 3) of points (V, 2 or 3) in pixels, y down; of several the one with the least depth is kept.

    The third coordinate is the depth. facing: only triangles that run clockwise as seen, the ones that face the viewer.
    A pixel is covered when its centre lies inside.
    """
    triangle = np.full(height * width, -1, np.int32)
    weights = np.zeros((height * width, 3), np.float32)
    depth = np.full(height * width, np.inf, np.float32)
    corners = points[triangles].astype(np.float64)                                 # (F, 3, 2 or 3)
    if corners.shape[2] == 2:
        corners = np.concatenate([corners, np.zeros_like(corners[..., :1])], axis=2)
    low = np.clip(np.ceil(corners[..., :2].min(axis=1) - 0.5), 0, [width, height]).astype(np.int64)
    high = np.clip(np.floor(corners[..., :2].max(axis=1) - 0.5), -1, [width - 1, height - 1]).astype(np.int64)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = first[:, 0] * second[:, 1] - second[:, 0] * first[:, 1]
    spans = (high - low + 1).max(axis=1)
    drawn = (high >= low).all(axis=1) & (area > 0 if facing else area != 0)
    boxes = np.where(drawn, 2 ** np.ceil(np.log2(np.maximum(spans, 1))), 0).astype(np.int64)
    for box in np.unique(boxes[drawn]):
        chosen = np.flatnonzero(boxes == box)[::-1]                                # where two meet, the first is kept
        for block in np.array_split(chosen, -(-len(chosen) * int(box) ** 2 // BLOCK)):
            fragments = cover(corners[block], area[block], low[block], int(box), (width, height))
            place, owner, share, distance = fragments
            order = np.argsort(-distance, kind="stable")                           # the nearest is written last
            place, owner, share, distance = place[order], owner[order], share[order], distance[order]
            nearer = distance <= depth[place]
            place = place[nearer]
            triangle[place], weights[place], depth[place] = block[owner[nearer]], share[nearer], distance[nearer]
    return Coverage(triangle.reshape(height, width), weights.reshape(height, width, 3), depth.reshape(height, width))


def cover(corners: NDArray[np.float64], area: NDArray[np.float64], low: NDArray[np.int64], box: int,
          size: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """Return the pixels that triangles (N, 3, 3) cover within boxes from `low` (N, 2): flat place, triangle, barycentric
    weights (3) and depth of each."""
    steps = np.arange(box)
    column, row = low[:, 0, None, None] + steps[None, None], low[:, 1, None, None] + steps[None, :, None]
    (ax, ay, _), (bx, by, _), (cx, cy, _) = np.moveaxis(corners, (1, 2), (0, 1))[..., None, None]
    across, down = column + 0.5 - ax, row + 0.5 - ay
    second = (across * (cy - ay) - (cx - ax) * down) / area[:, None, None]
    third = ((bx - ax) * down - (by - ay) * across) / area[:, None, None]
    inside = (second >= -1e-9) & (third >= -1e-9) & (second + third <= 1 + 1e-9) & (column < size[0]) & (row < size[1])
    owner = np.nonzero(inside)[0]
    place = (row * size[0] + column)[inside]
    share = np.stack([1 - second[inside] - third[inside], second[inside], third[inside]], axis=1)
    distance = (share * corners[owner, :, 2]).sum(axis=1)
    return place, owner, share.astype(np.float32), distance.astype(np.float32)


def vertex_normals(vertices: NDArray[np.floating], triangles: Integers) -> Floats:
    """Return unit normals (V, 3), area-weighted; triangles run anticlockwise seen from outside."""
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.stack([sum(np.bincount(triangles[:, corner], normals[:, axis], len(vertices)) for corner in range(3))
                      for axis in range(3)], axis=1)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12), np.float32)


def shaded_depth(depth: Floats, reach: float, *, deepest: float, least: float) -> Floats:
    """Return how much ambient light reaches each pixel (H, W), `least`..1: little in what lies behind its surroundings, the least from
    `deepest` metres on; depth: (H, W) metres, infinite where nothing is seen; reach: pixels to each side that are its surroundings."""
    known = np.isfinite(depth)
    filled, wide = np.where(known, depth, 0).astype(np.float64), max(int(reach), 1)
    around = blurred(filled, wide) / np.maximum(blurred(known.astype(np.float64), wide), 1e-6)
    return np.asarray(np.clip(1 - np.clip(filled - around, 0, None) / deepest, least, 1), np.float32)


def blurred(values: Doubles, reach: int) -> Doubles:
    """Return the values (H, W) under two box filters of 2 `reach` + 1 pixels."""
    for _ in range(2):
        for axis in (0, 1):
            margins = [(reach + 1, reach) if one == axis else (0, 0) for one in (0, 1)]
            total = np.cumsum(np.pad(values, margins, mode="edge"), axis=axis)
            count = values.shape[axis]
            high, low = (np.take(total, np.arange(count) + start, axis=axis) for start in (2 * reach + 1, 0))
            values = (high - low) / (2 * reach + 1)
    return values
