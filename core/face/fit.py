"""Fit the head model to a face's landmarks: identity, expression and camera (paper Sec. 3.2, with our own fit).

Gauss-Newton on the landmarks' reprojection error in one to five photos of one person. Identity has a normal prior and bounds,
expression lies in 0..1 around what the expression net says; each step is a bounded linear least-squares problem. Landmarks of the
face's outline only count across the outline, since along it they slide. The depths that the net guesses count a little.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import PackError
from ..files import read_arrays
from ..head.model import HeadBasis
from ..types import Floats, Integers
from .camera import Camera
from .detection import BLENDSHAPES, LANDMARKS, LEFT_EYE, RIGHT_EYE, Face
from .skin_mask import LIPS, MOUTH

SKIN_LANDMARKS = 468                # those after them are the irises
ITERATIONS = 6
NOISE = 0.0026                      # metres: what a landmark may be off, its correlation with its neighbours included
DEPTH_NOISE = 0.015                 # metres: the same of the depth that the landmark net guesses
OUTLINE_NOISE, BROW_NOISE, RIM_NOISE = 2.0, 1.3, 0.5       # times NOISE; rims of lips are seen sharply, and lips differ by little
EXPRESSION_DEVIATION = 0.15         # around the expression net's scores
# the same of shapes that rest elsewhere in each face; of smiles, which differ; and of the jaw, which a long chin must not open
DEVIATIONS = {"browDown": 0.07, "browInnerUp": 0.3, "browOuterUp": 0.3, "mouthSmile": 0.3, "jawOpen": 0.05}
# by shape without its side: what the net finds in faces at rest, since it judges by distances, as the brow's from the eye, in which
# people differ; and between which weights a face may rest in a shape, low brows as ones that are raised less than not at all
RESTING_SCORES = {"browDown": 0.7, "browInnerUp": 0.2, "browOuterUp": 0.25}
RESTING = {"browInnerUp": (-0.6, 0.25), "browOuterUp": (-0.6, 0.25), "eyeSquint": (0.0, 0.45)}
IDENTITY_DEVIATION = 1.0
FOCAL_SHARE, FOCAL_DEVIATION = 1.8, 0.15    # focal length over the photo's longer side, and the deviation of its logarithm
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
class Sight:
    """What one photo shows. expression (K,) of the head model's shapes, beyond the face's rest; camera; reprojection_percent: mean
    landmark error over the distance between the eyes' outer corners, in per cent."""

    expression: Floats
    camera: Camera
    reprojection_percent: float


@dataclass(frozen=True)
class Fit:
    """identity (B,) of the head model's shapes; rest (K,): the weights of its expressions that the person's face has at rest; what
    each photo shows beyond both."""

    identity: Floats
    rest: Floats
    sights: tuple[Sight, ...]

    def neutral(self, basis: HeadBasis) -> Floats:
        """Return the person's face at rest (V, 3), metres."""
        return np.asarray(basis.neutral(self.identity) + basis.expression(basis.expression_names, self.rest), np.float32)


class View:
    """One photo's unknowns, and its share in the normal equations: identity, then the expression, then the camera's seven."""

    def __init__(self, face: Face, size: tuple[int, int], model: "LandmarkModel") -> None:
        """Start from the expression net's scores, and a camera by scaled orthography."""
        self.face, self.model = face, model
        self.target = face.landmarks[: len(model.mean), :2].astype(np.float64)
        self.expected = expected_expression(face, model.basis)
        self.expression = self.expected.copy()
        self.camera = first_camera(self.points(np.zeros(model.people)), self.target, size)
        self.focal = self.camera.focal

    def points(self, identity: Array) -> Array:
        """Return the model's landmarks (L, 3), metres."""
        return self.model.mean + np.tensordot(np.concatenate([identity, self.expression]), self.model.shapes, 1)

    def equations(self, identity: Array) -> tuple[Array, Array]:
        """Return A (n, n) and b (n,) of the Gauss-Newton step for this photo, its own priors included."""
        points, camera, shapes = self.points(identity), self.camera, self.model.shapes
        weights = observation_weights(points, self.target, camera)
        residual = self.target - camera.project(points)[:, :2]
        change = np.concatenate([camera.jacobian(points) @ shapes.transpose(1, 2, 0), camera.pose_jacobian(points)], axis=2)
        weighted = np.einsum("lij,ljn->lin", weights, change)
        normal, right = np.einsum("lin,lim->nm", change, weighted), np.einsum("lin,li->n", weighted, residual)
        deeper, turned = self.depth_change(points)
        normal += deeper.T @ deeper
        right += deeper.T @ turned
        prior = np.concatenate([np.zeros(self.model.people), self.model.deviations**-2, np.full(6, 1e-9),
                                [FOCAL_DEVIATION**-2]])
        off = np.concatenate([np.zeros(self.model.people), self.expected - self.expression, np.zeros(6),
                              [np.log(self.focal / camera.focal)]])
        normal[np.diag_indices_from(normal)] += prior
        return normal, right + prior * off

    def depth_change(self, points: Array) -> tuple[Array, Array]:
        """Return the change (L, n) and the residual (L,) of the depths the landmark net guesses, in deviations.

        Their mean is free, and so is how they lean with the height on the head: they tell little of its tilt, and a face that
        follows a tilt too small or too great gets a nose that hangs or a short one.
        """
        placed, free = self.camera.place(points)[:, 2], np.linalg.qr(np.column_stack([np.ones(len(points)), points[:, 1]]))[0]
        guessed = self.face.landmarks[: len(points), 2] * placed.mean() / self.camera.focal
        axis, pose = self.camera.depth_jacobian(points)
        change = np.concatenate([(self.model.shapes @ axis).T, pose], axis=1)
        change, residual = (part - free @ (free.T @ part) for part in (change, guessed - placed))
        return change / DEPTH_NOISE, residual / DEPTH_NOISE

    def limits(self) -> tuple[Array, Array]:
        """Return the least and the greatest step of the photo's own unknowns."""
        free = np.full(7, np.inf)
        return np.concatenate([self.model.least - self.expression, -free]), np.concatenate([1 - self.expression, free])

    def move(self, step: Array) -> None:
        """Take a step of the photo's own unknowns."""
        self.expression = np.clip(self.expression + step[:-7], self.model.least, 1)
        self.camera = self.camera.moved(step[-7:])

    def sight(self, identity: Array) -> Sight:
        """Return what was found."""
        error = np.linalg.norm(self.camera.project(self.points(identity))[:, :2] - self.target, axis=1).mean()
        return Sight(self.expression.astype(np.float32), self.camera, float(100 * error / eye_distance(self.face)))


class LandmarkModel:
    """The head model at its landmarks: mean (L, 3), shapes (B + K, L, 3), metres; expressions' least weights and deviations (K,)."""

    def __init__(self, basis: HeadBasis, anchors: Anchors) -> None:
        """Take the landmarks that lie on the skin."""
        self.basis, self.people = basis, len(basis.identity_basis)
        self.deviations = np.array([DEVIATIONS.get(unsided(name), EXPRESSION_DEVIATION) for name in basis.expression_names])
        self.least = resting_limits(basis)[0]
        self.mean = anchors.points(basis.vertices)[:SKIN_LANDMARKS].astype(np.float64)
        both = [anchors.points(basis.identity_basis.astype(np.float32)), anchors.points(basis.expressions)]
        self.shapes = np.concatenate(both)[:, :SKIN_LANDMARKS].astype(np.float64)


def fit(faces: Sequence[Face], sizes: Sequence[tuple[int, int]], *, basis: HeadBasis, anchors: Anchors) -> Fit:
    """Fit the head model to one person's faces in photos of `sizes` (width, height) pixels: one identity, and for each photo an
    expression and a camera."""
    model = LandmarkModel(basis, anchors)
    views = [View(face, size, model) for face, size in zip(faces, sizes, strict=True)]
    low, high = basis.identity_bounds.astype(np.float64).T
    identity = np.clip(np.zeros(model.people), low, high)
    own = len(basis.expressions) + 7
    for _ in range(ITERATIONS):
        total = model.people + own * len(views)
        normal, right = np.zeros((total, total)), np.zeros(total)
        shared = np.arange(model.people)
        normal[shared, shared] = IDENTITY_DEVIATION**-2
        right[shared] = -identity * IDENTITY_DEVIATION**-2
        for index, view in enumerate(views):
            places = np.concatenate([shared, model.people + own * index + np.arange(own)])
            part, slope = view.equations(identity)
            normal[np.ix_(places, places)] += part
            right[places] += slope
        least, most = zip((low - identity, high - identity), *(view.limits() for view in views), strict=True)
        step = bounded_least_squares(normal, right, np.concatenate(least), np.concatenate(most))
        identity = np.clip(identity + step[: model.people], low, high)
        for view, change in zip(views, np.split(step[model.people:], len(views)), strict=True):
            view.move(change)
    sights = [view.sight(identity) for view in views]
    rest = np.clip(np.min([sight.expression for sight in sights], axis=0), *resting_limits(basis)).astype(np.float32)
    return Fit(identity.astype(np.float32), rest, tuple(replace(sight, expression=sight.expression - rest) for sight in sights))


def resting_limits(basis: HeadBasis) -> Array:
    """Return the least and the greatest weight (2, K) of each expression in which a face may rest."""
    return np.array([RESTING.get(unsided(name), (0.0, 0.0)) for name in basis.expression_names]).T


def unsided(name: str) -> str:
    """Return a shape's name without its side."""
    return name.removesuffix("Left").removesuffix("Right")


def eye_distance(face: Face) -> float:
    """Return the inter-ocular distance in pixels: between the outer corners of the eyes."""
    return float(np.linalg.norm(face.landmarks[LEFT_EYE, :2] - face.landmarks[RIGHT_EYE, :2]))


def expected_expression(face: Face, basis: HeadBasis) -> Array:
    """Return the expression net's scores on the head model's shapes (K,), without what it finds in faces at rest."""
    scores = dict(zip(BLENDSHAPES, face.scores, strict=True))
    found = np.array([float(scores.get(name, 0.0)) for name in basis.expression_names])
    rest = np.array([RESTING_SCORES.get(unsided(name), 0.0) for name in basis.expression_names])
    return np.asarray(np.clip((found - rest) / (1 - rest), 0, 1))


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
    noise[[*LIPS, *MOUTH]] *= RIM_NOISE
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
