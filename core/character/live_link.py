"""Motion of a face as text: the CSV of Apple's and Epic's Live Link Face, and JSON (docs/export.md)."""

import csv
import io
import json
from pathlib import Path

import numpy as np

from ..bake.face_motion import FaceMotion
from ..errors import InputError
from ..files import write_atomically
from ..types import Floats

EYE = ("eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide")
MOUTH = ("mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch")
# the 52 shapes of ARKit in the order of Live Link Face
ARKIT = (
    *(f"{name}Left" for name in EYE), *(f"{name}Right" for name in EYE),
    "jawForward", "jawRight", "jawLeft", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft",
    *(f"{name}{side}" for name in MOUTH for side in ("Left", "Right")),
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    *(f"{name}{side}" for name in ("mouthPress", "mouthLowerDown", "mouthUpperUp", "browDown") for side in ("Left", "Right")),
    "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "noseSneerLeft", "noseSneerRight", "tongueOut")
TURNS = tuple(f"{part}{angle}" for part in ("Head", "LeftEye", "RightEye") for angle in ("Yaw", "Pitch", "Roll"))
# Live Link Face counts yaw to the person's right, pitch downwards, roll with the person's right side upwards (docs/export.md)
SIGNS = np.array([-1, 1, -1], np.float32)
FORMAT, DIGITS = 1, 6


def write_csv(path: Path, motion: FaceMotion) -> None:
    """Write a row per frame in the columns of Live Link Face: timecode, number of values, ARKit's weights, turns in radians.

    Shapes that the face has not are 0; others are left out. Raises JobError when the file cannot be written.
    """
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(("Timecode", "BlendShapeCount", *(name[0].upper() + name[1:] for name in ARKIT), *TURNS))
    turns = (SIGNS * turn for turn in (motion.head, motion.eye_left, motion.eye_right))
    values = np.column_stack([*(motion.column(name) for name in ARKIT), *turns])
    for frame, row in enumerate(rounded(values)):
        rows.writerow((timecode(frame, motion.fps), len(row), *(f"{value:.{DIGITS}f}" for value in row)))
    write_atomically(path, lambda file: file.write(text.getvalue().encode()))


def write_json(path: Path, motion: FaceMotion) -> None:
    """Write format, fps, names, weights (a list per frame) and turns; raise JobError when the file cannot be written."""
    turns = {name: rounded(getattr(motion, name)) for name in ("head", "eye_left", "eye_right")}
    values = {"format": FORMAT, "fps": motion.fps, "names": motion.names, "weights": rounded(motion.weights), "turns": turns}
    text = json.dumps(values, allow_nan=False, separators=(",", ":")) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def write(path: Path, motion: FaceMotion) -> None:
    """Write .csv or .json, by the ending of `path`; raise InputError for another one, JobError when it cannot be written."""
    writers = {".csv": write_csv, ".json": write_json}
    if path.suffix.lower() not in writers:
        raise InputError(f"weights are not written as {path.suffix or 'a file without an ending'}", path,
                         "let its name end in .csv or .json")
    writers[path.suffix.lower()](path, motion)


def rounded(values: Floats) -> list[list[float]]:
    """Return an array (T, N) as lists of numbers of DIGITS decimals, none of them a negative zero."""
    return (np.round(values.astype(np.float64), DIGITS) + 0.0).tolist()


def timecode(frame: int, fps: float) -> str:
    """Return HH:MM:SS:FF.mmm of a frame from 0, frames counted without drops: at 29.97 a second of timecode has 30 of them."""
    seconds, rest = divmod(frame, round(fps))
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}.000"
