"""Rigid iterative closest point: brings a face mesh to the zero pose (paper Sec. 3.2; Besl, McKay 1992)."""

import numpy as np
from numpy.typing import NDArray

ROUNDS = 30
STILL = 1e-7                    # metres: the mean distance no longer falls
BLOCK = 1 << 22                 # distances looked at together

Array = NDArray[np.float64]


def rigid_icp(source: Array, target: Array, *, rotation: Array, translation: Array) -> tuple[Array, Array, float]:
    """Return the rotation (3, 3), the translation (3,) and the mean distance left, metres, with which `source` (N, 3) lies best on
    `target` (M, 3): x -> rotation x + translation, started from those given."""
    before = np.inf
    for _ in range(ROUNDS):
        moved = source @ rotation.T + translation
        near, distance = nearest(moved, target)
        if before - distance < STILL:
            break
        before = distance
        rotation, translation = kabsch(source, target[near])
    return rotation, translation, float(min(before, distance))


def nearest(points: Array, target: Array) -> tuple[NDArray[np.int64], float]:
    """Return which of `target` (M, 3) is nearest to each of `points` (N, 3), and the mean distance."""
    square = (target**2).sum(axis=1)
    parts = np.array_split(points, -(-len(points) * len(target) // BLOCK))
    near = np.concatenate([np.argmin(square - 2 * part @ target.T, axis=1) for part in parts])
    return near, float(np.linalg.norm(points - target[near], axis=1).mean())


def kabsch(source: Array, target: Array) -> tuple[Array, Array]:
    """Return the rotation and the translation that bring points (N, 3) onto those of the same place best (Kabsch 1976)."""
    first, second = source.mean(axis=0), target.mean(axis=0)
    left, _, right = np.linalg.svd((source - first).T @ (target - second))
    sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = (left @ sign @ right).T
    return rotation, second - rotation @ first
