"""Photo -> neutral head with texture (paper Sec. 3.2 and 4): detect, fit, set the expression to zero, unproject."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .camera import Camera
from .face_detection import Face, FaceDetector
from .face_fit import Anchors, fit, landmarks68
from .hair_colour import hair_colour
from .head_model import HeadBasis
from .texture import albedo
from .types import Floats, HeadModel, Photo

IRISES = ((468, 469, 471), (473, 474, 476))        # centre and two points of each iris's rim
SMILE_SHAPES = ("mouthSmileLeft", "mouthSmileRight", "jawOpen")
STRONG_EXPRESSION = 0.45


@dataclass(frozen=True)
class Reconstruction:
    """The head; how well it fits; what the user should know; the eyes' colour; and the camera and expression found."""

    head: HeadModel
    reprojection_percent: float
    warnings: tuple[str, ...]
    iris_colour: tuple[int, int, int]
    hair_colour: tuple[int, int, int] | None
    camera: Camera
    expression: Floats


def reconstruct(photo: Photo, *, basis: HeadBasis, anchors: Anchors, detector: FaceDetector,
                tick: Callable[[float], None]) -> Reconstruction:
    """Reconstruct the largest face of `photo` without its expression.

    Raises InputError when no face can be used.
    """
    face = detector.detect(photo)
    tick(0.1)
    height, width = photo.pixels.shape[:2]
    found = fit(face, (width, height), basis=basis, anchors=anchors)
    tick(0.3)
    neutral = basis.neutral(found.identity)
    expressive = neutral + basis.expression(basis.expression_names, found.expression)
    texture = albedo(photo, face, expressive, neutral, found.camera, basis=basis, anchors=anchors,
                     tick=lambda share: tick(0.3 + 0.7 * share))
    notes = list(photo.warnings + face.warnings)
    if max(found.expression[basis.indices(SMILE_SHAPES)]) > STRONG_EXPRESSION:
        notes.append("the person smiles or opens the mouth: a photo with a relaxed, closed mouth gives a better head")
    head = HeadModel(neutral, landmarks68(neutral, anchors), found.identity, texture)
    return Reconstruction(head, found.reprojection_percent, tuple(notes), iris_colour(photo, face), hair_colour(photo, face),
                          found.camera, found.expression)


def iris_colour(photo: Photo, face: Face) -> tuple[int, int, int]:
    """Return the irises' median colour, sRGB: a ring between pupil and rim, its brightest (glints) and darkest left out."""
    height, width = photo.pixels.shape[:2]
    found = []
    for centre, left, right in IRISES:
        middle = face.landmarks[centre, :2]
        radius = float(np.linalg.norm(face.landmarks[left, :2] - face.landmarks[right, :2])) / 2
        angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        angles = angles[np.abs(np.sin(angles)) < 0.75]                   # lids cover top and bottom
        for share in (0.5, 0.62, 0.74):
            x, y = middle[0] + share * radius * np.cos(angles), middle[1] + share * radius * np.sin(angles)
            rows, columns = np.clip(y.astype(int), 0, height - 1), np.clip(x.astype(int), 0, width - 1)
            found.append(photo.pixels[rows, columns])
    colours = np.concatenate(found).astype(np.float32)
    brightness = colours.sum(axis=1)
    middle_half = (brightness >= np.percentile(brightness, 20)) & (brightness <= np.percentile(brightness, 70))
    red, green, blue = np.median(colours[middle_half], axis=0)
    return int(red), int(green), int(blue)
