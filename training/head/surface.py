"""Points on the surface of a head."""

import numpy as np
from numpy.typing import NDArray

from core.types import Floats

BLOCK, CANDIDATES = 400, 16      # points at a time; triangles looked at for each
BEHIND = 0.02                   # metres from the skin's middle back to where every outer face is seen from behind


def project(points: NDArray[np.floating], vertices: NDArray[np.floating],
            triangles: NDArray[np.int32]) -> tuple[NDArray[np.int32], Floats]:
    """Return the nearest point of a surface (V, 3), (F, 3) to each point (N, 3): triangle vertices (N, 3) and barycentric weights.

    The triangles whose middles are nearest are searched exactly (Ericson 2005, 5.1.5).
    """
    middles = vertices[triangles].mean(axis=1)
    chosen, weights = [], []
    for block in np.array_split(points, max(len(points) // BLOCK, 1)):
        squared = (block**2).sum(axis=1)[:, None] - 2 * block @ middles.T + (middles**2).sum(axis=1)
        near = np.argpartition(squared, CANDIDATES, axis=1)[:, :CANDIDATES]
        shares = nearest_shares(block[:, None], vertices[triangles[near]].astype(np.float64))               # (n, C, 3)
        reached = np.einsum("nck,nckx->ncx", shares, vertices[triangles[near]])
        best = np.argmin(((reached - block[:, None]) ** 2).sum(axis=2), axis=1)
        rows = np.arange(len(block))
        chosen.append(triangles[near[rows, best]])
        weights.append(shares[rows, best])
    return np.concatenate(chosen).astype(np.int32), np.concatenate(weights).astype(np.float32)


def nearest_shares(points: NDArray[np.floating], corners: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the barycentric weights (..., 3) of the point of each triangle (..., 3, 3) that is nearest to `points` (..., 3)."""
    first, second, third = corners[..., 0, :], corners[..., 1, :], corners[..., 2, :]

    def dots(origin: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return ((second - first) * (points - origin)).sum(-1), ((third - first) * (points - origin)).sum(-1)

    d1, d2 = dots(first)
    d3, d4 = dots(second)
    d5, d6 = dots(third)
    inside = np.stack([d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2], axis=-1)
    options = [np.where((inside >= 0).all(-1, keepdims=True), inside / np.maximum(inside.sum(-1, keepdims=True), 1e-30), np.nan)]
    for start, end in ((0, 1), (1, 2), (2, 0)):
        edge = corners[..., end, :] - corners[..., start, :]
        along = np.clip(((points - corners[..., start, :]) * edge).sum(-1) / np.maximum((edge**2).sum(-1), 1e-30), 0, 1)
        share = np.zeros(inside.shape)
        share[..., start], share[..., end] = 1 - along, along
        options.append(share)
    shares = np.stack(options)                                                                              # (4, ..., 3)
    distance = ((np.einsum("o...k,...kx->o...x", shares, corners) - points) ** 2).sum(-1)
    best = np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=0)
    return np.take_along_axis(shares, best[None, ..., None], axis=0)[0]


def outer(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return the triangles (F, 3) of a head (V, 3) that face forward or sideways outside (no mouth bag, no sockets)."""
    corners = vertices[triangles]
    centres = corners.mean(axis=1)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    middle = vertices[np.unique(triangles)].mean(axis=0) - [0, 0, BEHIND]
    outwards = (normals * (centres - middle)).sum(axis=1) > 0
    return np.asarray(triangles[outwards], np.int32)
