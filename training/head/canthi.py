"""The eyes' inner corners: where people have them.

The canonical face has the corners of an eye level and the inner ones wide apart. People's lie lower than the outer ones and nearer to
the nose (docs/head_model.md, table), or eyes look small and calm. What lies around a corner goes with it, and what lies on
the eyeball slides around it, so that lids neither sink in nor stand off.
"""

from dataclasses import dataclass

import numpy as np

from .brows import smoothstep
from .source import Array

INNER, OUTER = (133, 362), (33, 263)    # landmarks: the eyes' corners, right and left
# in half the distance between the eyes' outer corners, 43 mm
MOVE = np.array([-0.0420, -0.0385, 0])  # of an inner corner: away from the symmetry plane, up
REACH = 0.12                            # how far around it skin goes along (deviation of a Gaussian)
FREE = 0.12                             # above the eyeball: skin from there on does not slide around it but goes straight


@dataclass(frozen=True)
class Canthi:
    """Moves the inner corners of a face's eyes: face (468, 3) its landmarks; balls: middle (3,) and radius of its eyeballs, metres."""

    face: Array
    balls: tuple[tuple[Array, float], ...] = ()

    def moves(self, points: Array) -> Array:
        """Return the moves (N, 3), metres, of points (N, 3) around the head: the same function of space on both sides."""
        unit = float(np.linalg.norm(self.face[OUTER[0]] - self.face[OUTER[1]])) / 2
        found = np.zeros_like(points)
        for corner in self.face[list(INNER)]:
            near = np.exp(-((points - corner) ** 2).sum(axis=1) / (2 * (REACH * unit) ** 2))
            found += unit * near[:, None] * MOVE * [np.sign(corner[0]), 1, 1]
        for middle, radius in self.balls:
            found += slide(points, found, middle, radius, FREE * unit)
        return found


def slide(points: Array, moves: Array, middle: Array, radius: float, free: float) -> Array:
    """Return what is to be added to moves (N, 3) of points (N, 3) that they keep their heights over an eyeball: wholly on it or in
    it, not at all from the height `free` on."""
    before, after = points - middle, points + moves - middle
    distance, reached = np.linalg.norm(before, axis=1), np.linalg.norm(after, axis=1)
    held = 1 - smoothstep((distance - radius) / free)
    return np.asarray((held * (distance - reached) / np.maximum(reached, radius / 2))[:, None] * after)
