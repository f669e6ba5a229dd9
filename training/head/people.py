"""How people differ from the canonical face on average: python -m training.head.people --photos FOLDER --out training/head/people.npz
[--head assets/head.npz] [--task assets/third_party/face_landmarker.task].

The canonical face that comes with the landmark net is a drawing: beside people (Farkas 1994) its nose is 3 mm too narrow and 2 mm
too short, its lower face 4 mm too long. The model is fitted to each photo; what the neutral faces have in common, after the best
turn, shift and scale, is added to what is already known (run it again after the head was built anew, until little is left). Photos
of one person are named PERSON_1, PERSON_2, ...; only the mean over people is kept.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.face.detection import FaceDetector
from core.face.fit import SKIN_LANDMARKS, Anchors, fit
from core.files import write_arrays
from core.head.model import HeadBasis

from .anchors import landmarks_of
from .average import canonical, people, similarity
from .landmark_moves import Portrait, pairs, portraits
from .source import Array


def differences(seen: list[Portrait], basis: HeadBasis, anchors: Anchors, still: Anchors) -> Array:
    """Return for each person (N, 468, 3) how the landmarks of the fitted neutral face lie beside the mean head's, metres, after the
    best turn, shift and scale.

    anchors: where the net sees its landmarks; still: where they lie by anatomy.
    """
    if not seen:
        raise InputError("no face was found in any photo", "the folder of photos", "give photos of whole faces from the front")
    faces: dict[str, list[Array]] = defaultdict(list)
    for portrait in seen:
        found = fit([portrait.face], [portrait.size], basis=basis, anchors=anchors)
        faces[portrait.person].append(still.points(basis.neutral(found.identity))[:SKIN_LANDMARKS].astype(np.float64))
    mean, every = still.points(basis.vertices)[:SKIN_LANDMARKS].astype(np.float64), np.arange(SKIN_LANDMARKS)
    return np.stack([similarity(np.mean(own, axis=0), mean, every)[0] - mean for own in faces.values()])


def common(people_differ: Array, across: NDArray[np.intp]) -> Array:
    """Return what the differences (N, 468, 3) have in common (468, 3), the same on both sides, less where people disagree.

    across: (468,) which landmark lies opposite.
    """
    both = (people_differ + people_differ[:, across] * [-1.0, 1.0, 1.0]) / 2
    mean = both.mean(axis=0)
    doubt = both.var(axis=0).sum(axis=1) / len(both)
    squared = (mean**2).sum(axis=1)
    return np.asarray(mean * (squared / (squared + doubt + 1e-12))[:, None])


def main() -> None:
    """Measure, add and write; average.py applies what is written."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("photos", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--head", type=Path, default=Path("assets/head.npz"))
    parser.add_argument("--task", type=Path, default=Path("assets/third_party/face_landmarker.task"))
    options = parser.parse_args()
    seen, basis = portraits(options.photos, FaceDetector.load(options.task)), HeadBasis.load(options.head)
    anchors, still = (landmarks_of(basis, options.task, still=at_rest)[0] for at_rest in (False, True))
    found = differences(seen, basis, anchors, still)
    more = common(found, pairs(canonical(options.task)))
    write_arrays(options.out, {"differences": (people() + more).astype(np.float32)})
    sys.stdout.write(json.dumps({"photos": len(seen), "people": len(found),
                                 "mean mm": 1e3 * float(np.linalg.norm(more, axis=1).mean()),
                                 "largest mm": 1e3 * float(np.linalg.norm(more, axis=1).max())}) + "\n")


if __name__ == "__main__":
    main()
