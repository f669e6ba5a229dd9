"""Values of the pipeline as the arrays of the job folder's files, and back (docs/job_folder.md)."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .bake.bezier import BezierKeys
from .bake.few_keys import FewKeys
from .errors import JobError
from .files import Arrays, read_arrays
from .head.model import HeadBasis
from .head.mouth import MouthMeasure
from .job import HEAD_ARRAYS, MOTION_ARRAYS, PERFORMANCE_ARRAYS, RHYTHM_ARRAYS, sources_digest
from .types import Floats, MotionTrack, Performance, Rhythm, ShapeKeyBake

if TYPE_CHECKING:                       # the face nets' runtime is not for those who only read
    from .photo.reconstruction import Reconstruction

NO_KEYS = {"keys_by": ""}       # of a bake.npz without few keys
KEY_ARRAYS = ("key_counts", "keys")


def from_reconstruction(result: "Reconstruction", basis: HeadBasis) -> Arrays:
    """Return head.npz: vertices (V, 3) m, faces (F, 3) skin triangles, landmarks68, identity, rest (K,), colours of eyes, hair and
    brows, how far hair reaches below the eyes and stands off the head (m), its parting, waves and hairline, "PHOTO" where not seen,
    where its fringe ends above the eyes (m), the brows' density (2, ALONG, ACROSS), how well the photos are fitted, the confidence in
    the head and what would raise it."""
    head = result.head
    return {"vertices": head.neutral, "faces": basis.skin_triangles.astype(np.int32), "landmarks68": head.landmarks68,
            "identity": head.identity, "rest": head.rest, "iris_colour": np.asarray(result.iris_colour, np.uint8),
            "white_of_eye": np.asarray(result.white_of_eye, np.uint8),
            "hair_colour": np.asarray(result.hair_colour or (), np.uint8), "hair_length": np.array(result.hair_length),
            "hair_volume": np.array(result.hair_volume), "hair_sides": result.hair_sides,
            "hair_parting": np.array(result.hair_parting),
            "hair_waves": np.array(result.hair_waves), "hairline": np.array(result.hairline),
            "fringe": np.array(result.fringe),
            "brow_colour": np.asarray(result.brows.colour, np.uint8), "brow_density": result.brows.density,
            "reprojection_percent": np.array(result.reprojection_percent),
            "confidence": np.array(result.confidence.overall),
            "advice": np.array(result.confidence.advice)}


def from_motion(motion: MotionTrack, mouth: MouthMeasure, rhythm: Rhythm) -> Arrays:
    """Return motion.npz: names (K,), weights (T, K), fps, jaw_angle (T,) rad, open, round, labdent (T,), and of the voice loudness
    and pitch (T,)."""
    return {"names": np.array(motion.names), "weights": motion.weights, "fps": np.array(motion.fps),
            "jaw_angle": motion.jaw_angle, "open": mouth.opening, "round": mouth.rounding, "labdent": mouth.labiodental,
            "loudness": rhythm.loudness, "pitch": rhythm.pitch}


def from_bake(baked: ShapeKeyBake) -> Arrays:
    """Return bake.npz: names, offsets (K, V, 3) m, weights (T, K), correctives, jaw_angles (N,) rad, jaw_pivot (3,) m, the neck, the
    keys of blinks, gaze and head, the emotion's knots and what keeps the lips in sync under it, shapes of its fusion on the mesh, fps,
    duration s."""
    extra, neck, performance = baked.correctives, baked.neck, baked.performance
    return {"names": np.array(baked.names), "offsets": baked.offsets, "weights": baked.weights,
            "corrective_names": np.array(extra.names), "corrective_pairs": extra.pairs, "corrective_gains": extra.gains,
            "corrective_offsets": extra.offsets,
            "jaw_angles": baked.jaw_angles, "jaw_pivot": baked.jaw_pivot,
            "neck_pivot": neck.pivot, "neck_base": neck.base, "neck_weights": neck.weights,
            **{name: getattr(performance, name) for name in PERFORMANCE_ARRAYS},
            "emotion_times": baked.emotion_times, "emotion_weights": baked.emotion_weights, "emotion_lips": baked.emotion_lips,
            "fusion_offsets": baked.fusion_offsets, "fusion_weights": baked.fusion_weights, "fusion_error": baked.fusion_error,
            "fps": np.array(baked.fps),
            "duration": np.array((len(baked.weights) - 1) / baked.fps)}


def to_person(path: Path) -> tuple[Floats, Floats, Floats]:
    """Read the neutral vertices (V, 3), metres, the identity (B,) and the face's rest (K,) of a head.npz."""
    stored = read_arrays(path, HEAD_ARRAYS, JobError)
    return stored["vertices"], stored["identity"], stored["rest"]


def to_motion(path: Path) -> MotionTrack:
    """Read a motion.npz."""
    stored = read_arrays(path, MOTION_ARRAYS, JobError)
    return MotionTrack(tuple(map(str, stored["names"])), stored["weights"], float(stored["fps"]), stored["jaw_angle"])


def to_rhythm(path: Path) -> Rhythm:
    """Read the rhythm of the voice from a motion.npz."""
    stored = read_arrays(path, RHYTHM_ARRAYS, JobError)
    return Rhythm(stored["loudness"], stored["pitch"], float(stored["fps"]))


def to_performance(baked: Arrays) -> Performance:
    """Return the performance that the arrays of a bake.npz hold."""
    return Performance(**{name: baked[name] for name in PERFORMANCE_ARRAYS})


def from_keys(few: FewKeys, shapes: int) -> Arrays:
    """Return what a bake.npz with few keys holds besides: key_counts (2, K) int32, how many keys each of the `shapes` has in speech
    and in what keeps the lips in sync; keys (N, 3, 2) float32 of all these in turn, frame and value of each, of its left and its
    right handle; keys_by, sha256 of the sources that made them."""
    counts, keys = np.zeros((2, shapes), np.int32), [np.zeros((0, 3, 2), np.float32)]
    for row, layer in zip(counts, (few.speech, few.lips), strict=True):
        for place, curve in sorted(layer.items()):
            row[place] = len(curve.points)
            keys.append(np.stack([curve.points, curve.left, curve.right], axis=1))
    return {"key_counts": counts, "keys": np.concatenate(keys), "keys_by": np.array(sources_digest())}


def to_keys(path: Path) -> FewKeys | None:
    """Read the few keys of a bake.npz; None where it has none, or those of another version, which may set others.

    Raises JobError where they do not fit together.
    """
    if str(read_arrays(path, (), JobError, later=NO_KEYS)["keys_by"]) != sources_digest():
        return None
    stored = read_arrays(path, ("names", *KEY_ARRAYS), JobError)
    counts, keys = stored["key_counts"], stored["keys"]
    if (counts.shape != (2, len(stored["names"])) or counts.dtype != np.int32 or counts.min(initial=0) < 0
            or keys.shape != (counts.sum(), 3, 2)):
        raise JobError("the few keys of the result do not fit its shapes", path, "generate it again")
    ends = np.cumsum(counts).reshape(counts.shape)
    try:
        speech, lips = ({int(place): BezierKeys(*np.moveaxis(keys[last[place] - count[place]:last[place]], 1, 0))
                         for place in np.flatnonzero(count)} for count, last in zip(counts, ends, strict=True))
    except (TypeError, ValueError) as reason:
        raise JobError(f"the few keys of the result are damaged ({reason})", path, "generate it again") from reason
    return FewKeys(speech, lips)
