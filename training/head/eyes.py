"""Eyeballs: a sphere with a cornea that stands out of it, in quads; and the turns of gaze."""

from dataclasses import dataclass

import numpy as np

from core.face.camera import turn
from core.head import lids

from .crop import Indices
from .source import Array

LIDS = 0.020                                    # metres from the eyeball's middle: what moves it
RING = 24                                       # points around the axis; even
LIMBUS, BULGE = 23.0, 0.055                     # degrees from the axis to the cornea's edge; its height over the sphere, of the radius
POLES = np.array([3.5, 7, 10.5, 14, 17.5, 20.5, 23, 26, 31, 38, 47, 58, 72, 90, 112, 138, 162, 174])     # degrees: the rings
# axis and degrees of the whole gaze to each side
TURNS = {"Up": ((1.0, 0.0, 0.0), -20.0), "Down": ((1.0, 0.0, 0.0), 24.0),
         "In": ((0.0, 1.0, 0.0), 28.0), "Out": ((0.0, 1.0, 0.0), 28.0)}


@dataclass(frozen=True)
class Eyeball:
    """vertices (V, 3) of radius 1, axis +Z; quads (F, 4)."""

    vertices: Array
    quads: Indices

    def placed(self, middle: Array, radius: float) -> lids.Eyeball:
        """Return what lids are to stay off when the eyeball has this middle (3,) and radius, metres."""
        return lids.Eyeball.measure(self.vertices * radius + middle)


def eyeball() -> Eyeball:
    """Return the eyeball."""
    angle = np.radians(POLES)
    around = np.arange(RING) / RING * 2 * np.pi
    share = np.clip(1 - (POLES / LIMBUS) ** 2, 0, 1)
    radius = 1 + BULGE * share**0.8
    rows = [np.column_stack([r * np.sin(a) * np.cos(around), r * np.sin(a) * np.sin(around), np.full(RING, r * np.cos(a))])
            for r, a in zip(radius, angle, strict=True)]
    quads = [[row * RING + step, (row + 1) * RING + step, (row + 1) * RING + (step + 1) % RING, row * RING + (step + 1) % RING]
             for row in range(len(rows) - 1) for step in range(RING)]
    front = np.array([[step, step + 1, RING - 2 - step, RING - 1 - step] for step in range(RING // 2 - 1)])
    back = (len(rows) - 1) * RING + front[:, ::-1]
    return Eyeball(np.concatenate(rows), np.concatenate([np.array(quads), front, back]))


def sphere(points: Array) -> tuple[Array, float]:
    """Return the middle (3,) and the radius of the sphere that fits points (N, 3) best."""
    design = np.column_stack([2 * points, np.ones(len(points))])
    solution = np.linalg.lstsq(design, (points**2).sum(axis=1), rcond=None)[0]
    return solution[:3], float(np.sqrt(solution[3] + (solution[:3] ** 2).sum()))


def taken_along(moves: Array, head: Array, skin: slice, balls: list[slice]) -> Array:
    """Return the moves (V, 3) of a head (V, 3) with eyeballs that stay round and go with their lids."""
    result = moves.copy()
    for ball in balls:
        near = np.linalg.norm(head[skin] - head[ball].mean(axis=0), axis=1) < LIDS
        result[ball] = moves[skin][near].mean(axis=0)
    return result


def gaze(points: Array, shape: str) -> Array:
    """Return the offsets (V, 3) of an eyeball (V, 3) that the ARKit shape `shape` (eyeLookUpLeft, ...) turns fully; 0 for others."""
    for direction, (axis, degrees) in TURNS.items():
        if shape.startswith(f"eyeLook{direction}"):
            sign = -1.0 if axis[1] and (direction == "Out") != shape.endswith("Left") else 1.0       # +Y turns to the person's left
            middle = sphere(points)[0]
            return (points - middle) @ turn(np.radians(sign * degrees) * np.array(axis)).T + middle - points
    return np.zeros_like(points)
