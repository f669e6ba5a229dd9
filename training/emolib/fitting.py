"""One image of AffectNet -> identity, expression and jaw of our head, in zero pose (paper Sec. 3.2)."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import InputError
from core.face.camera import UPRIGHT
from core.face.detection import FaceDetector
from core.face.fit import Anchors, Sight, fit
from core.head.model import HeadBasis
from core.head.mouth import jaw_angle
from core.pictures.image import read_photo
from core.types import Floats, Photo

from .alignment import rigid_icp
from .layouts import Sample

MARGIN = 0.35                   # of the face's box that is left around it
SMALL, WANTED = 160, 320        # pixels: smaller crops are enlarged, since the detector refuses small faces
MISFIT = 6.0                    # per cent of reprojection error above which it is no likeness
TURNED, LEFT_OVER = 2.0, 0.002  # degrees and metres that may remain after the alignment
STEP = 16                       # every so-many-th vertex is aligned

Tools = tuple[HeadBasis, Anchors, FaceDetector]
Array = NDArray[np.float64]


@lru_cache(1)
def tools(pack: Path) -> Tools:
    """Load what a process needs once."""
    return (HeadBasis.load(pack / "head.npz"), Anchors.load(pack / "anchors.npz"),
            FaceDetector.load(pack / "third_party" / "face_landmarker.task"))


def fitted(sample: Sample, *, pack: Path, whole: bool = False) -> dict[str, Any]:
    """Return name, identity (B,), expression (K,) and jaw_angle (radians) of the image's face, or name and reason.

    expression: weights 0..1 beyond how the person's face rests; whole: rest and all, as the image shows it (brows may rest below 0).
    """
    basis, anchors, detector = tools(pack)
    try:
        photo = cropped(read_photo(sample.image), sample.box)
        found = fit([detector.detect(photo)], [(photo.pixels.shape[1], photo.pixels.shape[0])], basis=basis, anchors=anchors)
    except InputError as error:
        return {"name": sample.name, "reason": error.what}
    sight = replace(found.sights[0], expression=found.rest + found.sights[0].expression)
    if sight.reprojection_percent > MISFIT:
        return {"name": sample.name, "reason": f"the fit is off by {sight.reprojection_percent:.1f} %"}
    turned, left = remainder(basis, found.identity, sight)
    if turned > TURNED or left > LEFT_OVER:
        return {"name": sample.name, "reason": f"no zero pose: {turned:.1f} degrees, {1000 * left:.1f} mm remain"}
    expression = sight.expression if whole else np.clip(found.sights[0].expression, 0, 1)
    angle = jaw_angle(basis, basis.expression_names, expression[None])[0]
    return {"name": sample.name, "identity": np.round(found.identity, 4).tolist(),
            "expression": np.round(expression, 4).tolist(), "jaw_angle": round(max(float(angle), 0.0), 5)}


def cropped(photo: Photo, box: tuple[float, ...]) -> Photo:
    """Return the photo around the face's box (x, y, width, height; () all of it), enlarged when small."""
    pixels = photo.pixels
    if box:
        x, y, width, height = box
        reach = MARGIN * max(width, height)
        left, top = (int(max(value - reach, 0)) for value in (x, y))
        pixels = pixels[top: int(y + height + reach) + 1, left: int(x + width + reach) + 1]
    if min(pixels.shape[:2]) < 2:
        raise InputError("the face's box lies outside the image", "photo")
    if min(pixels.shape[:2]) < SMALL:
        scale = WANTED / min(pixels.shape[:2])
        size = round(pixels.shape[1] * scale), round(pixels.shape[0] * scale)
        pixels = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BICUBIC))
    return Photo(np.ascontiguousarray(pixels))


def remainder(basis: HeadBasis, identity: Floats, sight: Sight) -> tuple[float, float]:
    """Return what differs, in degrees and metres, between the head brought to zero pose by rigid ICP and by its parameters alone.

    The head as the camera sees it is laid onto the person's neutral head; what the parameters describe has no pose of its own if
    that gives back the camera's turn.
    """
    neutral = basis.neutral(identity)[basis.part("skin").vertices].astype(np.float64)
    head = neutral + basis.expression(basis.expression_names, sight.expression)[basis.part("skin").vertices]
    posed = sight.camera.place(head)[::STEP]
    back = (UPRIGHT @ sight.camera.rotation).T
    rotation, translation, _ = rigid_icp(posed, neutral, rotation=back, translation=-back @ sight.camera.translation)
    aligned = posed @ rotation.T + translation
    cosine = (np.trace(rotation @ back.T) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))), float(np.linalg.norm(aligned - head[::STEP], axis=1).mean())
