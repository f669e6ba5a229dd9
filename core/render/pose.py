"""The head as it stands in one frame of a job: shapes, jaw, eyes and neck, as Blender shows them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..bake.face_motion import FaceMotion, from_bake
from ..bake.shape_keys import JAW_PARTS
from ..errors import InputError
from ..head.model import HeadBasis
from ..head.neck import rotation
from ..job import JobResult
from ..speech.lip_gap import JAW_SHAPE
from ..types import Floats

EYES = ("eye_left", "eye_right")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Poser:
    """A finished job, its head model, and the motion on the job's frames."""

    result: JobResult
    basis: HeadBasis
    motion: FaceMotion

    @classmethod
    def of(cls, result: JobResult, basis: HeadBasis) -> "Poser":
        """Prepare a job's motion."""
        return cls(result, basis, from_bake(result.bake))

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.motion.weights)

    def rest(self) -> Array:
        """Return the neutral head (V, 3), metres."""
        return self.result.head["vertices"].astype(np.float64)

    def at(self, frame: int) -> Array:
        """Return the head (V, 3), metres, in a frame from 0 on; raise InputError when there is no such frame."""
        if not 0 <= frame < self.frames:
            raise InputError(f"there is no frame {frame}", "--frame", f"choose one from 0 to {self.frames - 1}")
        weights = self.motion.weights[frame]
        points = self.rest() + self.offsets(weights, self.result.bake["fusion_weights"][frame])
        opened = float(weights[self.motion.names.index(JAW_SHAPE)]) if JAW_SHAPE in self.motion.names else 0.0
        self.turn_jaw(points, opened)
        for name, angles in zip(EYES, (self.motion.eye_left[frame], self.motion.eye_right[frame]), strict=True):
            eye = self.basis.part(name).vertices
            still = self.rest()[eye]                    # eyeballs only turn: shapes would turn them once more
            points[eye] = about(still, middle_of(still), rotation(angles[[1, 0, 2]]))
        return points + self.share * (about(points, *self.turn(frame)) - points)

    def turn(self, frame: int) -> tuple[Array, Array]:
        """Return about which point (3,), and how (3, 3), the head turns on the neck in a frame."""
        return self.result.bake["neck_pivot"].astype(np.float64), rotation(self.motion.head[frame][[1, 0, 2]])

    @cached_property
    def share(self) -> Array:
        """How far each vertex turns with the head (V, 1)."""
        share = np.ones((len(self.basis.vertices), 1))
        share[self.basis.part("skin").vertices, 0] = self.result.bake["neck_weights"]
        return share

    @cached_property
    def rigid(self) -> NDArray[np.bool_]:
        """Which vertices (V,) of the skin only turn with the head: no shape moves them."""
        bake = self.result.bake
        moved = [bake[name].any(axis=(0, 2)) for name in ("offsets", "corrective_offsets", "fusion_offsets")]
        return (self.share[:, 0] == 1) & ~np.any(moved, axis=0)

    def offsets(self, weights: Floats, fused: Floats) -> Array:
        """Return what shapes, correctives and the fusion's own shapes add (V, 3)."""
        bake = self.result.bake
        first, second = weights[bake["corrective_pairs"]].T.reshape(2, -1)
        gains = bake["corrective_gains"]
        extra = np.clip(first, 0, 1) * np.clip(np.where(gains < 0, 1, 0) + gains * second, 0, 1)
        total = np.zeros(self.basis.vertices.shape)
        own = weights[:len(bake["offsets"])]            # after the head's shapes come the fusion's
        for values, offsets in ((own, bake["offsets"]), (extra, bake["corrective_offsets"]), (fused, bake["fusion_offsets"])):
            used = np.flatnonzero(values)
            total += np.tensordot(values[used], offsets[used], 1)
        return total

    def turn_jaw(self, points: Array, opened: float) -> None:
        """Turn lower teeth and tongue of points (V, 3), in place, as far as jawOpen says (Sec. 3.4)."""
        angles, pivot = self.result.bake["jaw_angles"], self.result.bake["jaw_pivot"]
        angle = np.interp(opened, np.linspace(0, 1, len(angles)), angles)
        turn = rotation(np.array([angle, 0, 0], np.float32))
        for name in JAW_PARTS:
            part = self.basis.part(name).vertices
            points[part] = about(points[part], pivot, turn)


def about(points: Array, pivot: NDArray[np.floating], turn: Array) -> Array:
    """Return points (..., 3) turned about a pivot (3,) by a rotation (3, 3)."""
    return np.asarray((points - pivot) @ turn.T + pivot)


def middle_of(points: Array) -> Array:
    """Return the middle (3,) of the sphere that fits points (N, 3) of an eyeball best."""
    design = np.column_stack([2 * points, np.ones(len(points))])
    return np.asarray(np.linalg.lstsq(design, (points**2).sum(axis=1), rcond=None)[0][:3])
