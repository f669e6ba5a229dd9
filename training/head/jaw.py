"""The jaw's hinge: where lower teeth and tongue turn about (paper Sec. 3.4)."""

from dataclasses import dataclass

import numpy as np

from .source import Array

CHIN_STRIP = 0.006              # metres from the symmetry plane
CHIN = (0.022, 0.042)           # metres
CHIN_DEPTH = 0.008              # metres behind the foremost point: farther back lies the mouth's lining


@dataclass(frozen=True)
class Jaw:
    """pivot: (3,) metres, x = 0; full_angle: radians at jawOpen = 1; error: mean distance of the rigid fit, metres."""

    pivot: Array
    full_angle: float
    error: float

    @classmethod
    def fit(cls, teeth: Array, offsets: Array) -> "Jaw":
        """Find the turn about the x axis that takes lower teeth (V, 3) to where jawOpen moves them (Kabsch in yz)."""
        before, after = teeth[:, 1:], (teeth + offsets)[:, 1:]
        first, second = before - before.mean(axis=0), after - after.mean(axis=0)
        angle = float(np.arctan2((first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]).sum(), (first * second).sum()))
        turn = rotation(angle)
        shift = after.mean(axis=0) - turn @ before.mean(axis=0)
        pivot = np.concatenate([[0.0], np.linalg.solve(np.eye(2) - turn, shift)])
        jaw = cls(pivot, angle, 0.0)
        return cls(pivot, angle, float(np.linalg.norm(jaw.turned(teeth, angle) - teeth - offsets, axis=1).mean()))

    def turned(self, vertices: Array, angle: float) -> Array:
        """Return the vertices turned by `angle` about the x axis through the pivot; positive opens the mouth."""
        result = vertices.copy()
        result[:, 1:] = (vertices[:, 1:] - self.pivot[1:]) @ rotation(angle).T + self.pivot[1:]
        return result

    def landmarks(self, skin: Array, opening: Array, mouth: float) -> tuple[int, int]:
        """Return a chin vertex and a vertex below the left ear whose segment turns by the jaw's angle as nearly as can be.

        mouth: height at which the lips meet, metres; the chin is the front of the face CHIN metres below it.
        """
        below = mouth - skin[:, 1]
        strip = (np.abs(skin[:, 0]) < CHIN_STRIP) & (below > CHIN[0]) & (below < CHIN[1])
        middle = np.flatnonzero(strip & (skin[:, 2] > skin[strip, 2].max() - CHIN_DEPTH))
        still = np.flatnonzero((skin[:, 0] > 0.045) & (np.linalg.norm(opening, axis=1) < 0.002)
                               & (np.linalg.norm(skin[:, 1:] - self.pivot[1:], axis=1) < 0.04))
        errors = np.array([[abs(self.segment_angle(skin, opening, chin, ear) - self.full_angle) for ear in still] for chin in middle])
        chin, ear = np.unravel_index(np.argmin(errors), errors.shape)
        return int(middle[chin]), int(still[ear])

    @staticmethod
    def segment_angle(skin: Array, opening: Array, chin: int, ear: int) -> float:
        """Return the angle by which the segment from ear to chin turns in the yz plane under jawOpen = 1."""
        before = (skin[chin] - skin[ear])[1:]
        after = before + (opening[chin] - opening[ear])[1:]
        return float(np.arctan2(before[0] * after[1] - before[1] * after[0], before @ after))


def rotation(angle: float) -> Array:
    """Return the (2, 2) turn of (y, z) about the x axis."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
