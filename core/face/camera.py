"""The camera of a photo: perspective, square pixels, principal point in the middle."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..types import Floats

UPRIGHT = np.diag([1.0, -1.0, -1.0])        # from the head's axes (+Y up, +Z to the viewer) to the image's (y down, z away)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """rotation (3, 3) of the head; translation (3,) metres, x right, y down, z away; focal length and centre in pixels."""

    rotation: Array
    translation: Array
    focal: float
    centre: tuple[float, float]

    def place(self, vertices: NDArray[np.floating]) -> Array:
        """Return vertices (..., 3) in the camera's axes, metres."""
        return vertices @ (UPRIGHT @ self.rotation).T + self.translation

    def project(self, vertices: NDArray[np.floating]) -> Floats:
        """Return pixels x, y and depth in metres (..., 3) of vertices (..., 3)."""
        placed = self.place(vertices)
        pixels = self.focal * placed[..., :2] / placed[..., 2:] + np.array(self.centre)
        return np.concatenate([pixels, placed[..., 2:]], axis=-1).astype(np.float32)

    def jacobian(self, vertices: NDArray[np.floating]) -> Array:
        """Return how pixels change with the head's axes (N, 2, 3) at vertices (N, 3), pixels a metre."""
        return self.shift_jacobian(self.place(vertices)) @ (UPRIGHT @ self.rotation)

    def shift_jacobian(self, placed: Array) -> Array:
        """Return how pixels change with the camera's axes (N, 2, 3) at points (N, 3) in them, pixels a metre."""
        scale = self.focal / placed[:, 2]
        rows = np.zeros((len(placed), 2, 3))
        rows[:, 0, 0] = rows[:, 1, 1] = scale
        rows[:, :, 2] = -scale[:, None] * placed[:, :2] / placed[:, 2:]
        return rows

    def pose_jacobian(self, vertices: NDArray[np.floating]) -> Array:
        """Return how pixels change with a small turn about the head's axes, a shift, and log focal (N, 2, 7)."""
        placed = self.place(vertices)
        shift = self.shift_jacobian(placed)
        turned = vertices @ self.rotation.T
        zero = np.zeros(len(turned))
        x, y, z = turned.T
        cross = np.stack([np.stack([zero, z, -y], 1), np.stack([-z, zero, x], 1), np.stack([y, -x, zero], 1)], 1)  # (N, 3, 3)
        turn = shift @ UPRIGHT @ cross
        focal = (self.focal / placed[:, 2:] * placed[:, :2])[..., None]
        return np.concatenate([turn, shift, focal], axis=2)

    def depth_jacobian(self, vertices: NDArray[np.floating]) -> tuple[Array, Array]:
        """Return how depth changes with the head's axes (3,), and at vertices (N, 3) with the seven of `pose_jacobian` (N, 7)."""
        rows = np.zeros((len(vertices), 7))
        rows[:, :3] = np.cross(vertices @ self.rotation.T, UPRIGHT[2])
        rows[:, 5] = 1
        return np.asarray(UPRIGHT[2] @ self.rotation, np.float64), rows

    def moved(self, step: Array) -> "Camera":
        """Return this camera after a step (7,): turn, shift, log focal."""
        return replace(self, rotation=turn(step[:3]) @ self.rotation, translation=self.translation + step[3:6],
                       focal=float(self.focal * np.exp(step[6])))


def turn(vector: Array) -> Array:
    """Return the rotation (3, 3) about `vector` by its length in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
