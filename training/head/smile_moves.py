"""How far landmarks move in people's smiles: python -m training.head.smile_moves --photos FOLDER --out FILE [--head ...] [--task ...].

Photos of one person are named PERSON_1, PERSON_2, ...; some are at rest, some smile. Identity comes from those at rest; in each photo
the head's pose comes from the landmarks above the lower lids and on the bridge of the nose alone, which smiles leave where they are.
Landmarks are then compared in the head's axes at the depth of the model; what the jaw's opening (seen at the chin) and the lift of the
upper lip (the expression net's score) do is taken off, and the rest is divided by the score of the smile.
"""

import json
import sys
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.face.camera import Camera
from core.face.detection import BLENDSHAPES, Face, FaceDetector
from core.face.fit import BROWS, SKIN_LANDMARKS, Anchors, fit
from core.face.skin_mask import EYES as LIDS
from core.files import write_arrays
from core.head.model import HeadBasis

from .anchors import landmarks_of
from .average import canonical
from .landmark_moves import Portrait, arguments, off, on_both_sides, pairs, portraits
from .smile import EYES
from .source import Array

AT_REST, SMILING = 0.15, 0.5            # scores of the smile
OPEN = 0.32                             # of the jaw: from there on people talk or laugh
UPPER_FACE = 0.012                      # metres below the eyes: what lies above tells the pose
CHIN = (152, 175, 199, 377, 148)
DEPTH = 0.6                             # of the source's smile forward and back, for the projection
STEPS = 15                              # Gauss-Newton, until the pose stays


class Model:
    """The head model at the landmarks (468, 3): its own smile, lift of the upper lip and opened jaw at weight 1, metres."""

    def __init__(self, basis: HeadBasis, anchors: Anchors) -> None:
        """Take the shapes at the landmarks."""
        self.basis, self.anchors = basis, anchors
        self.mean = self.at(basis.vertices)
        upper = np.flatnonzero(self.mean[:, 1] > self.mean[list(EYES), 1].mean() - UPPER_FACE)
        self.upper = np.setdiff1d(upper, [*BROWS, *LIDS[0], *LIDS[1]])
        self.smile, self.lift = (self.at(basis.expression((f"{name}Left", f"{name}Right"), np.ones(2, np.float32)))
                                 for name in ("mouthSmile", "mouthUpperUp"))
        self.jaw = self.at(basis.expression(("jawOpen",), np.ones(1, np.float32)))

    def at(self, values: NDArray[np.floating]) -> Array:
        """Return the landmarks (468, 3) of vertices or offsets (V, 3)."""
        return self.anchors.points(values)[:SKIN_LANDMARKS].astype(np.float64)

    def neutral(self, seen: list[Portrait]) -> Array:
        """Return the landmarks (468, 3) of a person at rest."""
        found = fit([one.face for one in seen], [one.size for one in seen], basis=self.basis, anchors=self.anchors)
        return self.at(found.neutral(self.basis))

    def placed(self, one: Portrait, neutral: Array, smile: float) -> Array:
        """Return where a photo shows the landmarks (468, 2) in the head's axes, metres; smile: how far it goes back, 0..1."""
        camera = self.posed(one.face, fit([one.face], [one.size], basis=self.basis, anchors=self.anchors).sights[0].camera, neutral)
        points = neutral + DEPTH * smile * self.smile * [0, 0, 1]
        return np.asarray(points[:, :2] + off(one.face, camera, points))

    def posed(self, face: Face, camera: Camera, neutral: Array) -> Camera:
        """Return the camera that sees the upper half of the face best, its focal length as it is."""
        for _ in range(STEPS):
            change = camera.pose_jacobian(neutral)[self.upper, :, :6].reshape(-1, 6)
            wrong = (face.landmarks[:SKIN_LANDMARKS, :2] - camera.project(neutral)[:, :2])[self.upper].ravel()
            camera = camera.moved(np.append(np.linalg.lstsq(change, wrong, rcond=None)[0], 0.0))
        return camera


def score(face: Face, name: str) -> float:
    """Return the expression net's score of a shape, the mean of its sides."""
    return float(np.mean([value for one, value in zip(BLENDSHAPES, face.scores, strict=True) if one.startswith(name)]))


def smile_of(seen: list[Portrait], model: Model, across: NDArray[np.intp]) -> tuple[Array, float] | None:
    """Return how far one person's landmarks (468, 2) move in a whole smile, metres, the same on both sides, and the scores' sum; None
    where the photos do not show both rest and smile."""
    calm = [one for one in seen if score(one.face, "mouthSmile") < AT_REST]
    smiles = [one for one in seen if score(one.face, "mouthSmile") > SMILING]
    if not calm or not smiles:
        return None
    neutral = model.neutral(calm)
    rest = np.mean([model.placed(one, neutral, 0.0) for one in calm], axis=0)
    size = np.linalg.norm(model.mean[33] - model.mean[263]) / np.linalg.norm(neutral[33] - neutral[263])
    moves, scores = [], []
    for one in smiles:
        smile = score(one.face, "mouthSmile")
        move = on_both_sides(size * (model.placed(one, neutral, smile) - rest), across)
        jaw = float(move[CHIN, 1] @ model.jaw[CHIN, 1] / (model.jaw[CHIN, 1] @ model.jaw[CHIN, 1]))
        if jaw < OPEN:
            moves.append(move - jaw * model.jaw[:, :2] - score(one.face, "mouthUpperUp") * model.lift[:, :2])
            scores.append(smile)
    return (np.sum(moves, axis=0) / np.sum(scores), float(np.sum(scores))) if moves else None


def moves_of(seen: list[Portrait], model: Model, across: NDArray[np.intp]) -> tuple[Array, list[str]]:
    """Return the mean of people's moves (468, 2), metres, each counted by the root of the scores' sum, and who they are."""
    people = defaultdict(list)
    for one in seen:
        people[one.person].append(one)
    found = {person: smile for person, own in people.items() if (smile := smile_of(own, model, across))}
    if not found:
        raise InputError("no person is seen both at rest and smiling", "the folder of photos", "give photos named PERSON_1, PERSON_2")
    shares = np.sqrt([total for _, total in found.values()])
    return np.average([moves for moves, _ in found.values()], axis=0, weights=shares), list(found)


def main() -> None:
    """Measure and write; build.py applies what is written."""
    options = arguments(__doc__)
    seen = portraits(options.photos, FaceDetector.load(options.task))
    basis = HeadBasis.load(options.head)
    model = Model(basis, landmarks_of(basis, options.task)[0])
    moves, people = moves_of(seen, model, pairs(canonical(options.task)))
    write_arrays(options.out, {"moves": moves.astype(np.float32)})
    corner = (1e3 * moves[291]).round(1).tolist()
    sys.stdout.write(json.dumps({"photos": len(seen), "people": len(people), "corner mm": corner}) + "\n")


if __name__ == "__main__":
    main()
