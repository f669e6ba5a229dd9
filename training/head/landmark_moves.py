"""Where the landmark net sees its points on real faces: python -m training.head.landmark_moves --photos FOLDER --out FILE
[--head assets/head.npz] [--task assets/third_party/face_landmarker.task].

The canonical face tells where landmarks lie on an average head; in photos the net draws many of them elsewhere, and for all people
alike: the fold above the eye up to 5 mm higher. The model is fitted to each photo, what is left over at each landmark is averaged
over people (photos of one person are named PERSON_1, PERSON_2, ...) and the landmark moved along the mean head by what does not
differ between them, a few times over. Rims of lids and lips and the face's outline stay: they are seen, not guessed.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.face.camera import Camera
from core.face.detection import Face, FaceDetector
from core.face.fit import OUTLINE, SKIN_LANDMARKS, Anchors, fit
from core.face.skin_mask import EYES, LIPS, MOUTH
from core.files import write_arrays
from core.head.model import HeadBasis
from core.pictures.image import read_photo

from .anchors import landmarks_of
from .average import canonical
from .source import Array
from .surface import outer, project

FIXED = tuple(sorted({*OUTLINE, *LIPS, *MOUTH, *EYES[0], *EYES[1], 33, 263}))
ROUNDS = 4


@dataclass(frozen=True)
class Portrait:
    """One photo of a person: who, size (width, height) in pixels, and the face found in it."""

    person: str
    size: tuple[int, int]
    face: Face


def portraits(folder: Path, detector: FaceDetector) -> list[Portrait]:
    """Return the photos of a folder in which a face is found."""
    found = []
    for path in sorted(folder.iterdir()):
        try:
            photo = read_photo(path)
            face = detector.detect(photo)
        except InputError as error:
            sys.stderr.write(f"left out: {error}\n")
            continue
        found.append(Portrait(path.stem.split("_")[0], (photo.pixels.shape[1], photo.pixels.shape[0]), face))
    return found


def left_over(portrait: Portrait, basis: HeadBasis, anchors: Anchors, across: NDArray[np.intp]) -> Array:
    """Return what the fit leaves at the landmarks (468, 2): seen minus fitted, metres in the head's x and y, both sides' mean."""
    found = fit([portrait.face], [portrait.size], basis=basis, anchors=anchors)
    sight = found.sights[0]
    face = basis.neutral(found.identity) + basis.expression(basis.expression_names, found.rest + sight.expression)
    return on_both_sides(off(portrait.face, sight.camera, anchors.points(face)[:SKIN_LANDMARKS]), across)


def on_both_sides(own: Array, across: NDArray[np.intp]) -> Array:
    """Return moves (468, 2) which are the same on both sides: the mean of theirs; across: (468,) which landmarks lie opposite."""
    return np.asarray((own + own[across] * [-1.0, 1.0]) / 2)


def off(face: Face, camera: Camera, points: NDArray[np.floating]) -> Array:
    """Return by how much the landmarks (468, 2) are seen beside points (468, 3) of a head before a camera: metres in the head's x and
    y at the points' depth."""
    metres = (face.landmarks[:SKIN_LANDMARKS, :2] - camera.project(points)[:, :2]) * (camera.place(points)[:, 2:] / camera.focal)
    turned = camera.rotation[:2, :2] * [[1.0], [-1.0]]                      # from the head's x and y to the photo's
    return np.asarray(np.linalg.solve(turned, metres.T).T)


def pairs(face: Array) -> NDArray[np.intp]:
    """Return for each point of the canonical face (468, 3) the one across (468,), itself on the midline."""
    across = np.argmin(np.linalg.norm(face[:, None] - face[None] * [-1, 1, 1], axis=2), axis=1)
    if not np.array_equal(across[across], np.arange(len(face))):
        raise InputError("the canonical face is not the same on both sides", "its points", "take MediaPipe's landmarker file")
    return across


def moves(seen: list[Portrait], basis: HeadBasis, anchors: Anchors, across: NDArray[np.intp]) -> Array:
    """Return by how much the landmarks are to be moved on the mean head (468, 3), metres.

    anchors: where the canonical face has them; across: (468,) which lie opposite.
    """
    if not seen:
        raise InputError("no face was found in any photo", "the folder of photos", "give photos of whole faces from the front")
    triangles = outer(basis.vertices, basis.skin_triangles)
    start = anchors.points(basis.vertices)[:SKIN_LANDMARKS].astype(np.float64)
    count = Counter(portrait.person for portrait in seen)
    share = np.array([1 / count[portrait.person] for portrait in seen])
    share = (share / share.sum())[:, None, None]
    points, free = start, np.setdiff1d(np.arange(SKIN_LANDMARKS), FIXED)
    middle = np.intersect1d(free, np.flatnonzero(across == np.arange(SKIN_LANDMARKS)))
    for _ in range(ROUNDS):
        every = np.stack([left_over(portrait, basis, anchors, across) for portrait in seen])
        mean = (share * every).sum(axis=0)
        doubt = (share * (every - mean) ** 2).sum(axis=0) / len(count)
        step = mean * ((mean**2).sum(axis=1) / ((mean**2).sum(axis=1) + doubt.sum(axis=1) + 1e-12))[:, None]
        aim = points.copy()
        aim[free, :2] += step[free]
        aim[middle, 0] = start[middle, 0]
        vertices, weights = anchors.vertices.copy(), anchors.weights.copy()
        vertices[free], weights[free] = project(aim[free], basis.vertices, triangles)
        anchors = replace(anchors, vertices=vertices, weights=weights)
        points = anchors.points(basis.vertices)[:SKIN_LANDMARKS].astype(np.float64)
    return np.asarray(points - start)


def arguments(description: str | None) -> argparse.Namespace:
    """Return the options of what measures photos."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("photos", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--head", type=Path, default=Path("assets/head.npz"))
    parser.add_argument("--task", type=Path, default=Path("assets/third_party/face_landmarker.task"))
    return parser.parse_args()


def main() -> None:
    """Measure and write; anchors.py applies what is written."""
    options = arguments(__doc__)
    seen, basis = portraits(options.photos, FaceDetector.load(options.task)), HeadBasis.load(options.head)
    found = moves(seen, basis, landmarks_of(basis, options.task, still=True)[0], pairs(canonical(options.task)))
    write_arrays(options.out, {"moves": found.astype(np.float32)})
    people = len({portrait.person for portrait in seen})
    sys.stdout.write(json.dumps({"photos": len(seen), "people": people,
                                 "largest mm": 1e3 * float(np.linalg.norm(found, axis=1).max())}) + "\n")


if __name__ == "__main__":
    main()
