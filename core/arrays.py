"""Values of the pipeline as the arrays of the job folder's files, and back (docs/job_folder.md)."""

from pathlib import Path

import numpy as np

from .errors import JobError
from .files import Arrays, read_arrays
from .head_model import HeadBasis
from .job import HEAD_ARRAYS, MOTION_ARRAYS
from .mouth import MouthMeasure
from .reconstruction import Reconstruction
from .types import Floats, MotionTrack, ShapeKeyBake


def from_reconstruction(result: Reconstruction, basis: HeadBasis) -> Arrays:
    """Return head.npz: vertices (V, 3) m, faces (F, 3) skin triangles, landmarks68, identity, iris colour."""
    head = result.head
    return {"vertices": head.neutral, "faces": basis.skin_triangles.astype(np.int32), "landmarks68": head.landmarks68,
            "identity": head.identity, "iris_colour": np.asarray(result.iris_colour, np.uint8),
            "reprojection_percent": np.float64(result.reprojection_percent)}


def from_motion(motion: MotionTrack, mouth: MouthMeasure) -> Arrays:
    """Return motion.npz: names (K,), weights (T, K), fps, jaw_angle (T,) rad, and open, round, labdent (T,)."""
    return {"names": np.array(motion.names), "weights": motion.weights, "fps": np.float64(motion.fps),
            "jaw_angle": motion.jaw_angle, "open": mouth.opening, "round": mouth.rounding, "labdent": mouth.labiodental}


def from_bake(baked: ShapeKeyBake) -> Arrays:
    """Return bake.npz: names, offsets (K, V, 3) m, weights (T, K), jaw_angle (T,) rad, jaw_pivot (3,) m, fps, duration s."""
    return {"names": np.array(baked.names), "offsets": baked.offsets, "weights": baked.weights,
            "jaw_angle": baked.jaw_angle, "jaw_pivot": baked.jaw_pivot, "fps": np.float64(baked.fps),
            "duration": np.float64((len(baked.weights) - 1) / baked.fps)}


def to_neutral(folder: Path) -> Floats:
    """Read the neutral vertices (V, 3) of a job folder's head.npz, metres."""
    return read_arrays(folder / "head.npz", HEAD_ARRAYS, JobError)["vertices"]


def to_motion(folder: Path) -> MotionTrack:
    """Read motion.npz of a job folder."""
    stored = read_arrays(folder / "motion.npz", MOTION_ARRAYS, JobError)
    return MotionTrack(tuple(map(str, stored["names"])), stored["weights"], float(stored["fps"]), stored["jaw_angle"])
