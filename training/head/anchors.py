"""Where the face net's landmarks lie on our heads: python -m training.head.anchors --head H --task T --out assets/anchors.npz.

The net's package holds the canonical face its landmarks are numbered on. Our mean head was moved onto that face, with mouth, nose
and the eyes' inner corners as people have them (average.py, canthi.py), so each landmark lies where that face's point is nearest to
the surface, and then where the net sees it in photos of people (landmark_moves.py; not with --still); the rims of the lips, which
touch, are ours.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.face.detection import LANDMARKS
from core.face.fit import Anchors
from core.files import read_arrays, write_arrays
from core.head.model import HeadBasis
from core.types import Floats

from .average import MOUTH_OPENING, POINTS, average_face, similarity
from .canthi import Canthi
from .eyes import sphere
from .profile import stood_out
from .source import Array
from .surface import outer, project

UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)      # inner contour, right corner to left corner
LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
IRISES = {"eye_right": range(468, 473), "eye_left": range(473, 478)}
LANDMARKS_FILE, MOVES_FILE = (Path(__file__).with_name(name) for name in ("landmarks.npz", "landmark_moves.npz"))
ROUNDS = 10                     # of moving the canonical face towards the surface


def placed(target: Array, basis: HeadBasis, anchors: Anchors) -> tuple[Array, NDArray[np.int32], Floats]:
    """Return the average face's points (468, 3) moved, turned and scaled onto the mean head, and the surface below them: triangle
    vertices (468, 3) and barycentric weights. Half of each step goes to the surface, half to where they lie on the source."""
    used = np.setdiff1d(np.arange(POINTS), MOUTH_OPENING)
    target = target + stood_out(target, target)
    triangles = outer(basis.vertices, basis.skin_triangles)
    before = anchors.points(basis.vertices)[:POINTS].astype(np.float64)
    goal, points = before, similarity(target, before, used)[0]
    balls = tuple(sphere(basis.vertices[basis.part(eye).vertices].astype(np.float64)) for eye in IRISES)
    points += Canthi(points, balls).moves(points)
    for _ in range(ROUNDS):
        points = similarity(points, goal, used)[0]
        vertices, weights = project(points, basis.vertices, triangles)
        goal = (np.einsum("lk,lkc->lc", weights, basis.vertices[vertices]) + before) / 2
    return points, vertices, weights


def moved(vertices: NDArray[np.int32], weights: Floats, basis: HeadBasis) -> tuple[NDArray[np.int32], Floats]:
    """Return anchors (468, 3) moved along the mean head to where the net sees the landmarks."""
    moves = read_arrays(MOVES_FILE, ("moves",), InputError)["moves"]
    aim = np.einsum("lk,lkc->lc", weights, basis.vertices[vertices]) + moves
    there, shares = project(aim.astype(np.float64), basis.vertices, outer(basis.vertices, basis.skin_triangles))
    stay = ~moves.any(axis=1)[:, None]
    return np.where(stay, vertices, there), np.where(stay, weights, shares)


def landmarks_of(basis: HeadBasis, task: Path, *, still: bool = False) -> tuple[Anchors, Floats]:
    """Return the landmarks on the mean head, `still` where the canonical face has them, and how far that is from the surface (N,)."""
    points, vertices, weights = placed(average_face(task), basis, Anchors.load(LANDMARKS_FILE))
    used = np.setdiff1d(np.arange(POINTS), MOUTH_OPENING)
    distance = np.linalg.norm(np.einsum("lk,lkc->lc", weights, basis.vertices[vertices]) - points, axis=1)[used]
    if not still:
        vertices, weights = moved(vertices, weights, basis)
    for names, line in ((UPPER_LIP, basis.inner_lip_upper), (LOWER_LIP, basis.inner_lip_lower)):
        along = np.linspace(0, len(line) + 1, len(names))[1:-1] - 1
        for name, place in zip(names[1:-1], along, strict=True):
            low = int(np.clip(np.floor(place), 0, len(line) - 2))
            vertices[name] = [line[low], line[low + 1], line[low + 1]]
            weights[name] = [1 - (place - low), place - low, 0]
    for name, corner in zip((78, 308), basis.lip_corners, strict=True):
        vertices[name], weights[name] = corner, (1, 0, 0)
    irises = np.zeros((LANDMARKS - POINTS, 3), np.int32)
    for eye, places in IRISES.items():
        part = basis.part(eye).vertices
        irises[np.array(places) - POINTS] = part.start + int(np.argmax(basis.vertices[part][:, 2]))
    return Anchors(np.concatenate([vertices, irises]),
                   np.concatenate([weights, np.tile(np.array([1, 0, 0], np.float32), (len(irises), 1))])), distance


def build(head: Path, task: Path, out: Path, *, still: bool = False) -> dict[str, float]:
    """Write the anchors and return how far the canonical points are from the surface; `still` leaves them there."""
    anchors, distance = landmarks_of(HeadBasis.load(head), task, still=still)
    write_arrays(out, {"landmark_vertices": anchors.vertices, "landmark_weights": anchors.weights})
    return {"median distance mm": 1e3 * float(np.median(distance)), "largest mm": 1e3 * float(distance.max())}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("head", "task", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--still", action="store_true", help="without the moves that were measured in photos")
    options = parser.parse_args()
    sys.stdout.write(json.dumps(build(options.head, options.task, options.out, still=options.still)) + "\n")
