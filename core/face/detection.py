"""Find the face in a photo: box, 478 landmarks, expression scores (MediaPipe Face Landmarker's nets, run directly).

The nets come in one task file, a zip of TensorFlow Lite models. Pixels: x to the right, y down, origin at the top left
corner of the top left pixel.
"""

import io
import os
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ..errors import InputError, PackError
from ..pictures.sampling import crop, halve
from ..threads import allowed
from ..types import Bytes, Floats, Photo, check

DETECTOR_SIDE, MESH_SIDE, LANDMARKS = 128, 256, 478
STRIDES = ((8, 2), (16, 6))                 # pixels between the detector's anchors, anchors at each place
SCORE, OVERLAP, PRESENCE = 0.5, 0.3, 0.5
SMALLEST_FACE = 64                          # pixels
CROP_SCALE = 1.5                            # side of the crop over the face's longer side
TILINGS = (1, 2, 4, 8)                      # tiles a side, half overlapping, tried until a face is found
SMALLEST_TILE = 3 * SMALLEST_FACE           # pixels: nothing of use is found in smaller ones
TURNS = (0.0, 1.57, 3.14, -1.57, 0.79, -0.79)       # radians: the photo may lie on its side
COARSE, MOST_CANDIDATES = 2, 12             # tilings that are tried with all turns; places that are looked at closely
LOOKS, STEADY = 3, 0.12                     # a face is seen at each look, at the same place: what may change over its size
CUT_OFF, CUT_INTO = 0.25, 0.03              # share of the landmarks outside the photo: refused, told
STEEP_YAW, TURNED_YAW = 50.0, 25.0          # degrees
BLURRED = 0.010                             # sharpness of the face crop below which we warn
RIGHT_EYE, LEFT_EYE = 33, 263               # outer corners
RIGHT_SIDE, LEFT_SIDE = (234, 93, 132), (454, 323, 361)
BLENDSHAPES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel", "mouthLeft",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight")
BLENDSHAPE_LANDMARKS = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81, 82,
    84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157,
    158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270,
    276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334,
    336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398,
    400, 402, 405, 409, 415, 454, 466, *range(468, 478)])     # what the expression net takes, in its order


@dataclass(frozen=True)
class Face:
    """landmarks: (478, 3) float32, pixels, z towards the viewer is negative; scores: (52,) float32 of BLENDSHAPES, 0..1;
    yaw: degrees, positive when the person looks to their left; size: pixels; sharpness: mean difference of neighbouring pixels of
    the face at 256 pixels, 0..1; warnings: for the user."""

    landmarks: Floats
    scores: Floats
    yaw: float
    size: float
    sharpness: float
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check("landmarks", self.landmarks, np.float32, (LANDMARKS, 3))
        check("scores", self.scores, np.float32, (len(BLENDSHAPES),))


class Net:
    """One TensorFlow Lite model with a single input."""

    def __init__(self, content: bytes) -> None:
        """Load the model from memory."""
        with quiet():
            self.interpreter = Interpreter(model_content=content, num_threads=allowed())
            self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.outputs = [detail["index"] for detail in self.interpreter.get_output_details()]

    def run(self, values: Floats) -> list[Floats]:
        """Return the outputs for one input."""
        self.interpreter.set_tensor(self.input, values.astype(np.float32))
        self.interpreter.invoke()
        return [self.interpreter.get_tensor(output) for output in self.outputs]


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what the runtime's C++ side writes on stderr while it loads a model: its greeting is no message for users."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class FaceDetector:
    """The three nets: where faces are, where their landmarks are, and what they express."""

    def __init__(self, boxes: Net, mesh: Net, expression: Net) -> None:
        """Take the loaded nets."""
        self.boxes, self.mesh, self.expression = boxes, mesh, expression
        self.anchors = anchors()

    @classmethod
    def load(cls, task: Path) -> "FaceDetector":
        """Load the nets from a face landmarker task file; raise PackError when it is damaged."""
        try:
            with zipfile.ZipFile(io.BytesIO(task.read_bytes())) as archive:
                names = ("face_detector.tflite", "face_landmarks_detector.tflite", "face_blendshapes.tflite")
                return cls(*(Net(archive.read(name)) for name in names))
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise PackError(f"the face nets cannot be loaded ({error})", task, "run `python3 build.py assets`") from error

    def detect(self, photo: Photo) -> Face:
        """Return the largest face of the photo.

        Raises InputError when there is none, or it is too small or turned away too far to be reconstructed.
        """
        levels = pyramid(photo.pixels)
        found = self.find(levels)
        if not found:
            raise InputError("no face was found", "photo", "choose one where a whole face is seen from the front, well lit")
        landmarks = max(found, key=lambda one: around(one)[2])
        rectangle = around(landmarks)
        size = float(np.ptp(landmarks[:468, :2], axis=0).max())
        if size < SMALLEST_FACE:
            raise InputError(f"the face is only {size:.0f} pixels large", "photo",
                             f"choose a photo with a face of at least {SMALLEST_FACE} pixels, better 500")
        outside = outside_share(landmarks, photo.pixels)
        if outside > CUT_OFF:
            raise InputError("the face is cut off by the photo's edge", "photo", "choose one that shows the whole face")
        yaw = turned(landmarks)
        if abs(yaw) > STEEP_YAW:
            raise InputError(f"the face is turned away by {abs(yaw):.0f} degrees", "photo",
                             f"choose one from the front, or turned by less than {STEEP_YAW:.0f} degrees")
        scores = self.expression.run(landmarks[BLENDSHAPE_LANDMARKS, :2][None])[0].astype(np.float32)
        sharp = sharpness(levels, rectangle)
        return Face(landmarks, scores, yaw, size, sharp, remarks(len(found), outside, size, yaw, sharp))

    def find(self, levels: list[Bytes]) -> list[Floats]:
        """Return the landmarks (478, 3) of every face, looking closer, and from other sides, until one is found."""
        height, width = levels[0].shape[:2]
        for tiles in TILINGS:
            side = 1.15 * max(height, width) / tiles
            if tiles > 1 and side < SMALLEST_TILE:
                break
            for angle in TURNS if tiles <= COARSE else TURNS[:1]:
                candidates = self.candidates(levels, tiles, angle)
                faces = self.confirmed(levels, candidates)
                if faces and tiles <= COARSE:                       # smaller ones beside it
                    faces = self.confirmed(levels, candidates + self.candidates(levels, 2 * tiles, angle))
                if faces:
                    return faces
        return []

    def candidates(self, levels: list[Bytes], tiles: int, angle: float) -> list[tuple[float, "Rectangle"]]:
        """Return (score, rectangle) of what the detector takes for faces in the photo's tiles, each turned by `angle`."""
        height, width = levels[0].shape[:2]
        side, steps = 1.15 * max(height, width) / tiles, 2 * tiles - 1
        places = [(width / 2 + (column - steps / 2 + 0.5) * side / 2, height / 2 + (row - steps / 2 + 0.5) * side / 2)
                  for row in range(steps) for column in range(steps)]
        return [face for x, y in places if 0 <= x <= width and 0 <= y <= height
                for face in self.in_tile(levels, (x, y, side, angle))]

    def confirmed(self, levels: list[Bytes], candidates: list[tuple[float, "Rectangle"]]) -> list[Floats]:
        """Return the landmarks (478, 3) of those candidates in which the mesh net, too, sees a face, and sees it at the same
        place whenever it looks again; each face once."""
        faces: list[Floats] = []
        for rectangle in distinct(candidates)[:MOST_CANDIDATES]:
            presence = 1.0
            for _ in range(LOOKS):
                before = rectangle
                landmarks, seen = self.landmarks(levels, rectangle)
                rectangle, presence = around(landmarks), min(presence, seen)
            moved = max(abs(now - then) for now, then in zip(rectangle[:3], before[:3], strict=True)) / rectangle[2]
            if presence >= PRESENCE and moved < STEADY and all(shared(rectangle, around(other)) < OVERLAP for other in faces):
                faces.append(landmarks)
        return faces

    def in_tile(self, levels: list[Bytes], tile: "Rectangle") -> list[tuple[float, "Rectangle"]]:
        """Return (score, rectangle) of the faces in a square tile."""
        x, y, side, turn = tile
        image = crop(levels, x, y, side, turn, DETECTOR_SIDE) / 127.5 - 1
        cosine, sine = np.cos(turn), np.sin(turn)
        boxes, scores = self.boxes.run(image[None])
        probability = 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -50, 50)))
        found = []
        for index in np.flatnonzero(probability > SCORE):
            values = boxes[0, index].reshape(8, 2) / DETECTOR_SIDE
            centre, size, eyes = values[0] + self.anchors[index], values[1], values[2:4]
            angle = turn + float(np.arctan2(*(eyes[1] - eyes[0])[::-1]))
            place = (centre - 0.5) * side @ np.array([[cosine, sine], [-sine, cosine]]) + [x, y]
            found.append((float(probability[index]), (float(place[0]), float(place[1]), float(CROP_SCALE * size.max() * side), angle)))
        return found

    def landmarks(self, levels: list[Bytes], rectangle: "Rectangle") -> tuple[Floats, float]:
        """Return landmarks (478, 3) in pixels of the photo, and the probability that this is a face."""
        x, y, side, angle = rectangle
        mesh, presence, _ = self.mesh.run((crop(levels, x, y, side, angle, MESH_SIDE) / 255)[None])
        local = mesh.reshape(LANDMARKS, 3) / MESH_SIDE - [0.5, 0.5, 0]
        cosine, sine = np.cos(angle), np.sin(angle)
        turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
        points = side * local @ turn + [x, y, 0]
        return points.astype(np.float32), float(1 / (1 + np.exp(-presence.ravel()[0])))


Rectangle = tuple[float, float, float, float]       # centre x, y and side in pixels, angle in radians


def anchors() -> NDArray[np.float64]:
    """Return the detector's anchor centres (896, 2), as shares of its input."""
    rows = []
    for stride, count in STRIDES:
        cells = DETECTOR_SIDE // stride
        centres = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
        rows.append(np.repeat(grid, count, axis=0))
    return np.concatenate(rows)


def pyramid(pixels: Bytes) -> list[Bytes]:
    """Return the image and its halves down to 64 pixels."""
    levels = [pixels]
    while min(levels[-1].shape[:2]) >= 128:
        levels.append(halve(levels[-1]))
    return levels


def distinct(faces: list[tuple[float, Rectangle]]) -> list[Rectangle]:
    """Return one rectangle for each face: the best of those that overlap (non-maximum suppression)."""
    kept: list[Rectangle] = []
    for _, face in sorted(faces, reverse=True):
        if all(shared(face, other) < OVERLAP for other in kept):
            kept.append(face)
    return kept


def shared(first: Rectangle, second: Rectangle) -> float:
    """Return the intersection of two upright squares over the smaller one's area."""
    across, down = (max(min(first[axis] + first[2] / 2, second[axis] + second[2] / 2)
                        - max(first[axis] - first[2] / 2, second[axis] - second[2] / 2), 0.0) for axis in (0, 1))
    return across * down / min(first[2], second[2]) ** 2


def around(landmarks: Floats) -> Rectangle:
    """Return the rectangle for the next look: upright by the eyes, half as large again as the face."""
    eyes = landmarks[LEFT_EYE, :2] - landmarks[RIGHT_EYE, :2]
    angle = float(np.arctan2(eyes[1], eyes[0]))
    cosine, sine = np.cos(angle), np.sin(angle)
    upright = landmarks[:468, :2] @ np.array([[cosine, -sine], [sine, cosine]])
    low, high = upright.min(axis=0), upright.max(axis=0)
    centre = np.array([[cosine, -sine], [sine, cosine]]) @ ((low + high) / 2)
    return float(centre[0]), float(centre[1]), float(CROP_SCALE * (high - low).max()), angle


def outside_share(landmarks: Floats, pixels: Bytes) -> float:
    """Return the share of the landmarks that lie outside the photo."""
    size = np.array(pixels.shape[1::-1])
    return float(((landmarks[:, :2] < 0) | (landmarks[:, :2] > size)).any(axis=1).mean())


def sharpness(levels: list[Bytes], rectangle: Rectangle) -> float:
    """Return the mean difference between neighbouring pixels of the face, drawn MESH_SIDE large, 0..1."""
    grey = crop(levels, *rectangle, MESH_SIDE)[48:-48, 48:-48].mean(axis=2) / 255
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()) / 2


def remarks(count: int, outside: float, size: float, yaw: float, sharp: float) -> tuple[str, ...]:
    """Return what the user should know about a photo with `count` faces; the others as in Face and `outside_share`."""
    notes = []
    if count > 1:
        notes.append(f"the photo shows {count} faces: the largest was taken")
    if outside > CUT_INTO:
        notes.append("the photo's edge cuts into the face: what is missing is guessed")
    if abs(yaw) > TURNED_YAW:
        notes.append(f"the face is turned by {abs(yaw):.0f} degrees: a frontal photo gives a better likeness")
    if size < 3 * SMALLEST_FACE:
        notes.append(f"the face is only {size:.0f} pixels large: the skin will look soft")
    elif sharp < BLURRED:
        notes.append("the photo is blurred: the skin will look soft")
    return tuple(notes)


def turned(landmarks: Floats) -> float:
    """Return the yaw in degrees from the depth of both sides of the face."""
    across = landmarks[list(LEFT_SIDE)].mean(axis=0) - landmarks[list(RIGHT_SIDE)].mean(axis=0)
    return float(np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1]))))
