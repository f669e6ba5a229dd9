"""Where people have mouth and nose: python -m training.head.average_moves --photos FOLDER --out FILE [--head ...].

The canonical face that comes with the landmark net is not the average of what the net sees in photos: lips are thinner there, the
mouth and the nose's wings wider. From photos of people who do not smile the landmarks are taken back into the head's axes at the depth
of the fitted model, about the eyes' outer corners and as far apart as the mean head's; the mean over people, less what it may owe to
chance, is by how much the canonical face is to be moved (average.py).
Landmarks elsewhere lie on plain skin: there landmark_moves.py moves where they lie on it, and not the face.
"""

import json
import sys
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.face.detection import FaceDetector
from core.face.fit import SKIN_LANDMARKS, Anchors, fit
from core.face.skin_mask import LIPS
from core.files import write_arrays
from core.head.model import HeadBasis

from .anchors import landmarks_of
from .average import SIZE, average_face, canonical
from .landmark_moves import Portrait, arguments, off, on_both_sides, pairs, portraits
from .smile_moves import score
from .source import Array

NOSE = (4, 1, 19, 94, 2, 97, 326, 98, 327, 129, 358, 64, 294, 48, 278, 240, 460, 102, 331, 49, 279)
CORNERS = 33, 263               # of the eyes
MOVED = tuple(sorted({*LIPS, *NOSE}))
CALM, SHUT, FRONTAL = 0.3, 0.15, 20.0       # scores of the smile and of the open jaw; degrees


def seen_at(portrait: Portrait, basis: HeadBasis, anchors: Anchors, unit: float) -> Array:
    """Return where a photo shows the landmarks (468, 2) in the head's axes, about the eyes' outer corners, which lie
    `unit` metres apart."""
    found = fit([portrait.face], [portrait.size], basis=basis, anchors=anchors)
    sight = found.sights[0]
    face = found.neutral(basis) + basis.expression(basis.expression_names, sight.expression)
    points = anchors.points(face)[:SKIN_LANDMARKS].astype(np.float64)
    own = points[:, :2] + off(portrait.face, sight.camera, points)
    return centred(own) * unit / float(np.linalg.norm(own[CORNERS[0]] - own[CORNERS[1]]))


def centred(points: Array) -> Array:
    """Return points (468, 2) about the middle of the eyes' outer corners."""
    return np.asarray(points - points[list(CORNERS)].mean(axis=0))


def from_line(own: Array, mean: Array) -> Array:
    """Return moves (468, 2) of which those of the lips' borders are counted from the line between the lips, 13 and 14."""
    result, upper = own.copy(), mean[list(LIPS), 1] > mean[[13, 14], 1].mean()
    result[list(LIPS), 1] -= np.where(upper, own[13, 1], own[14, 1])
    return result


def moves(photos: list[Portrait], basis: HeadBasis, anchors: Anchors, across: NDArray[np.intp]) -> tuple[Array, int]:
    """Return by how much the canonical face's points (468, 3) are to be moved, metres at the mean head's size, by how many
    people."""
    mean = centred(anchors.points(basis.vertices)[:SKIN_LANDMARKS, :2].astype(np.float64))
    unit, people = float(np.linalg.norm(mean[CORNERS[0]] - mean[CORNERS[1]])), defaultdict(list)
    for one in photos:
        if score(one.face, "mouthSmile") < CALM and score(one.face, "jawOpen") < SHUT and abs(one.face.yaw) < FRONTAL:
            own = from_line(seen_at(one, basis, anchors, unit) - mean, mean)
            people[one.person].append(on_both_sides(own, across))
    if len(people) < 2:
        raise InputError("fewer than two people are seen from the front at rest", "the folder of photos", "give photos of more people")
    every = np.array([np.mean(own, axis=0) for own in people.values()])
    step, chance = every.mean(axis=0), every.var(axis=0, ddof=1) / len(every)
    found = np.zeros((SKIN_LANDMARKS, 3))
    step *= step**2 / (step**2 + chance + 1e-12)
    found[list(MOVED), :2] = step[list(MOVED)]
    return found, len(people)


def main() -> None:
    """Measure and write; average.py applies what is written."""
    options = arguments(__doc__)
    seen, basis = portraits(options.photos, FaceDetector.load(options.task)), HeadBasis.load(options.head)
    face = canonical(options.task)
    found, people = moves(seen, basis, landmarks_of(basis, options.task, still=True)[0], pairs(face))
    found += SIZE * (average_face(options.task) - face)                        # those that the mean head has already
    write_arrays(options.out, {"moves": found.astype(np.float32)})
    sys.stdout.write(json.dumps({"people": people, "largest mm": 1e3 * float(np.linalg.norm(found, axis=1).max())}) + "\n")


if __name__ == "__main__":
    main()
