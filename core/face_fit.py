"""Fit the head model to a face's landmarks: identity, expression and camera (paper Sec. 3.2, with our own fit).

Gauss-Newton on the landmarks' reprojection error. Identity has a normal prior and bounds, expression lies in 0..1 around
what the expression net says; each step is a bounded linear least-squares problem. Landmarks of the face's outline only
count across the outline, since along it they slide.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .errors import PackError
from .face_detection import BLENDSHAPES, LANDMARKS, LEFT_EYE, RIGHT_EYE, Face
from .files import read_arrays
from .head_model import HeadBasis
from .types import Floats, Integers

ITERATIONS = 6
NOISE = 0.0022                      # metres: what a landmark may be off, its correlation with its neighbours included
OUTLINE_NOISE, BROW_NOISE = 2.0, 1.3        # times NOISE
EXPRESSION_DEVIATION = 0.22         # around the expression net's scores
IDENTITY_DEVIATION = 1.0
FOCAL_SHARE, FOCAL_DEVIATION = 1.5, 0.25    # focal length over the photo's longer side, and the deviation of its logarithm
NEAREST, FARTHEST = 0.40, 2.5       # metres from the camera
OUTLINE = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136,
           172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
BROWS = (46, 53, 52, 65, 55, 70, 63, 105, 66, 107, 276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
IBUG68 = (127, 234, 93, 132, 58, 172, 150, 176, 152, 400, 379, 397, 288, 361, 323, 454, 356,
          70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 75, 97, 2, 326, 305,
          33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
          61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Anchors:
    """Landmarks as points of the surface: vertices (478, 3) and barycentric weights (478, 3)."""

    vertices: Integers
    weights: Floats

    @classmethod
    def load(cls, path: Path) -> "Anchors":
        """Read the anchors of a pack; raise PackError when they are damaged."""
        stored = read_arrays(path, ("landmark_vertices", "landmark_weights"), PackError)
        vertices, weights = stored["landmark_vertices"], stored["landmark_weights"]
        if vertices.shape != (LANDMARKS, 3) or weights.shape != (LANDMARKS, 3) or not np.isfinite(weights).all():
            raise PackError(f"the anchors have shapes {vertices.shape} and {weights.shape}, not ({LANDMARKS}, 3)", path,
                            "install the pack again")
        return cls(vertices, weights)

    def points(self, values: NDArray[np.floating]) -> Floats:
        """Return the landmarks (..., 478, 3) of vertices or of offsets (..., V, 3)."""
        return np.einsum("lk,...lkc->...lc", self.weights, values[..., self.vertices, :]).astype(np.float32)


@dataclass(frozen=True)
class Fit:
    """identity (B,), expression (K,) of the head model's shapes; reprojection_percent: mean landmark error over the
    distance between the eyes' outer corners' middles, in per cent."""

    identity: Floats
    expression: Floats
    camera: Camera
    reprojection_percent: float


def fit(face: Face, size: tuple[int, int], *, basis: HeadBasis, anchors: Anchors) -> Fit:
    """Fit the head model to `face` in a photo of `size` (width, height) pixels."""
    used = np.arange(468)
    target = face.landmarks[used, :2].astype(np.float64)
    mean = anchors.points(basis.vertices)[used].astype(np.float64)
    both = [anchors.points(basis.identity_basis.astype(np.float32)), anchors.points(basis.expressions)]
    shapes = np.concatenate(both)[:, used].astype(np.float64)
    people, moves = len(basis.identity_basis), len(basis.expressions)
    expected = expected_expression(face, basis)
    low = np.concatenate([basis.identity_bounds[:, 0], np.zeros(moves)])
    high = np.concatenate([basis.identity_bounds[:, 1], np.ones(moves)])
    centre = np.concatenate([np.zeros(people), expected])
    precision = np.concatenate([np.full(people, IDENTITY_DEVIATION**-2), np.full(moves, EXPRESSION_DEVIATION**-2)])
    values = np.clip(centre, low, high)
    camera = first_camera(mean + np.tensordot(values, shapes, 1), target, size)
    focal = camera.focal
    for _ in range(ITERATIONS):
        points = mean + np.tensordot(values, shapes, 1)
        weights = observation_weights(points, target, camera)
        residual = target - camera.project(points)[:, :2]
        pose = camera.pose_jacobian(points)
        change = np.concatenate([camera.jacobian(points) @ shapes.transpose(1, 2, 0), pose], axis=2)      # (L, 2, n + 7)
        weighted = np.einsum("lij,ljn->lin", weights, change)
        normal = np.einsum("lin,lim->nm", change, weighted)
        right = np.einsum("lin,li->n", weighted, residual)
        prior = np.concatenate([precision, np.full(6, 1e-9), [FOCAL_DEVIATION**-2]])
        right += prior * np.concatenate([centre - values, np.zeros(6), [np.log(focal / camera.focal)]])
        normal[np.diag_indices_from(normal)] += prior
        limits = (np.concatenate([low - values, np.full(7, -np.inf)]), np.concatenate([high - values, np.full(7, np.inf)]))
        step = bounded_least_squares(normal, right, *limits)
        values = np.clip(values + step[:-7], low, high)
        camera = camera.moved(step[-7:])
    points = mean + np.tensordot(values, shapes, 1)
    error = np.linalg.norm(camera.project(points)[:, :2] - target, axis=1).mean()
    return Fit(values[:people].astype(np.float32), values[people:].astype(np.float32), camera,
               float(100 * error / eye_distance(face)))


def eye_distance(face: Face) -> float:
    """Return the inter-ocular distance in pixels: between the outer corners of the eyes."""
    return float(np.linalg.norm(face.landmarks[LEFT_EYE, :2] - face.landmarks[RIGHT_EYE, :2]))


def expected_expression(face: Face, basis: HeadBasis) -> Array:
    """Return the expression net's scores on the head model's shapes (K,)."""
    scores = dict(zip(BLENDSHAPES, face.scores, strict=True))
    return np.array([float(np.clip(scores.get(name, 0.0), 0, 1)) for name in basis.expression_names])


def first_camera(points: Array, target: Array, size: tuple[int, int]) -> Camera:
    """Return a camera by scaled orthography: the pose that fits best when depth is neglected (POS)."""
    middle, seen = points.mean(axis=0), target.mean(axis=0)
    affine = np.linalg.lstsq(points - middle, target - seen, rcond=None)[0].T * [[1.0], [-1.0]]      # rows: x right, y up
    scale = float(np.sqrt(np.linalg.norm(affine[0]) * np.linalg.norm(affine[1])))
    first = affine[0] / np.linalg.norm(affine[0])
    second = affine[1] - first * (first @ affine[1])
    second /= np.linalg.norm(second)
    rotation = np.stack([first, second, np.cross(first, second)])
    centre = (size[0] / 2, size[1] / 2)
    focal = FOCAL_SHARE * max(size)
    distance = float(np.clip(focal / scale, NEAREST, FARTHEST))
    focal = distance * scale
    place = np.array([(seen[0] - centre[0]) / scale, (seen[1] - centre[1]) / scale, distance])
    return Camera(rotation, place - np.diag([1.0, -1.0, -1.0]) @ rotation @ middle, focal, centre)


def observation_weights(points: Array, target: Array, camera: Camera) -> Array:
    """Return the inverse covariance (L, 2, 2) of each landmark in pixels; the outline's is free along the outline."""
    noise = np.full(len(points), NOISE)
    noise[list(BROWS)] *= BROW_NOISE
    pixels = noise * camera.focal / camera.place(points)[:, 2]
    weights = np.eye(2)[None] / (pixels**2)[:, None, None]
    outline = target[list(OUTLINE)]
    along = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    weights[list(OUTLINE)] = across[:, :, None] * across[:, None] / ((OUTLINE_NOISE * pixels[list(OUTLINE)]) ** 2)[:, None, None]
    return weights


def bounded_least_squares(normal: Array, right: Array, low: Array, high: Array, *, sweeps: int = 60) -> Array:
    """Minimise x'Ax/2 - b'x within low <= x <= high by an active set, each free part solved exactly.

    normal: A (n, n) positive definite; right: b (n,). Variables that hit a bound are held there and released when the
    gradient points inwards again.
    """
    held = np.zeros(len(right), np.int8)                # -1 at the lower bound, 1 at the upper one
    for _ in range(sweeps):
        solution = np.where(held < 0, low, np.where(held > 0, high, 0.0))
        free = held == 0
        solution[free] = np.linalg.solve(normal[np.ix_(free, free)], right[free] - normal[np.ix_(free, ~free)] @ solution[~free])
        below, above = free & (solution < low), free & (solution > high)
        gradient = normal @ solution - right
        released = ((held < 0) & (gradient < -1e-12)) | ((held > 0) & (gradient > 1e-12))
        if not (below.any() or above.any() or released.any()):
            return solution
        if below.any() or above.any():
            held[below], held[above] = -1, 1
        else:
            held[released] = 0
    return np.clip(solution, low, high)


def landmarks68(vertices: Floats, anchors: Anchors) -> Floats:
    """Return the 68 iBUG landmarks (68, 3) of a head, metres."""
    return anchors.points(vertices)[list(IBUG68)]
