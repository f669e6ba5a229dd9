"""Rasterise triangles in numpy: which triangle a pixel shows, and where in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .types import Floats, Integers


@dataclass(frozen=True)
class Coverage:
    """triangle: (H, W) int32, -1 where there is none; weights: (H, W, 3) float32 barycentric; depth: (H, W) float32."""

    triangle: Integers
    weights: Floats
    depth: Floats

    def interpolate(self, triangles: Integers, values: NDArray[np.floating]) -> Floats:
        """Return values (V, C) of the vertices at every pixel (H, W, C); zero where nothing is covered."""
        covered = self.triangle >= 0
        corners, weights = triangles[self.triangle[covered]], self.weights[covered]
        result = np.zeros((*self.triangle.shape, values.shape[1]), np.float32)
        result[covered] = sum(weights[:, corner, None] * values[corners[:, corner]] for corner in range(3))
        return result


def rasterise(points: NDArray[np.floating], triangles: Integers, *, width: int, height: int, facing: bool = False) -> Coverage:
    """Draw triangles (F, 3) of points (V, 2 or 3) in pixels, y down; of several the one with the least depth is kept.

    The third coordinate is the depth. facing: only triangles that run clockwise as seen, the ones that face the viewer.
    A pixel is covered when its centre lies inside.
    """
    triangle = np.full((height, width), -1, np.int32)
    weights = np.zeros((height, width, 3), np.float32)
    depth = np.full((height, width), np.inf, np.float32)
    corners = points[triangles].astype(np.float64)                                 # (F, 3, 2 or 3)
    x, y = corners[..., 0], corners[..., 1]
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    far = corners[..., 2] if corners.shape[2] == 3 else np.zeros_like(x)
    first_column, last_column = np.clip(np.ceil(x.min(axis=1) - 0.5), 0, width), np.clip(np.floor(x.max(axis=1) - 0.5), -1, width - 1)
    first_row, last_row = np.clip(np.ceil(y.min(axis=1) - 0.5), 0, height), np.clip(np.floor(y.max(axis=1) - 0.5), -1, height - 1)
    drawn = (last_column >= first_column) & (last_row >= first_row) & (area > 0 if facing else area != 0)
    for face in np.flatnonzero(drawn):
        rows = slice(int(first_row[face]), int(last_row[face]) + 1)
        columns = slice(int(first_column[face]), int(last_column[face]) + 1)
        across = np.arange(columns.start, columns.stop)[None] + 0.5
        down = np.arange(rows.start, rows.stop)[:, None] + 0.5
        (ax, bx, cx), (ay, by, cy) = x[face], y[face]
        second = ((across - ax) * (cy - ay) - (cx - ax) * (down - ay)) / area[face]
        third = ((bx - ax) * (down - ay) - (across - ax) * (by - ay)) / area[face]
        first = 1 - second - third
        distance = first * far[face, 0] + second * far[face, 1] + third * far[face, 2]
        inside = (first >= -1e-9) & (second >= -1e-9) & (third >= -1e-9) & (distance < depth[rows, columns])
        if inside.any():
            depth[rows, columns][inside] = distance[inside]
            triangle[rows, columns][inside] = face
            weights[rows, columns][inside] = np.stack([first, second, third], axis=-1)[inside]
    return Coverage(triangle, weights, depth)


def vertex_normals(vertices: NDArray[np.floating], triangles: Integers) -> Floats:
    """Return unit normals (V, 3), area-weighted; triangles run anticlockwise seen from outside."""
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.stack([sum(np.bincount(triangles[:, corner], normals[:, axis], len(vertices)) for corner in range(3))
                      for axis in range(3)], axis=1)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12), np.float32)
