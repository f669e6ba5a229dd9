"""Heads whose shape, camera and colours are known, drawn from the default head model; and the loaded nets."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from core.face.camera import Camera, turn
from core.face.detection import BLENDSHAPES, Face, FaceDetector
from core.face.fit import Anchors
from core.head.model import HeadBasis
from core.pictures.raster import rasterise, vertex_normals
from core.types import Bytes, Floats, Photo
from training.head.pictures import colours

ASSETS = Path(__file__).resolve().parents[2] / "assets"
TASK = ASSETS / "third_party" / "face_landmarker.task"
ASTRONAUT = ASSETS / "examples" / "astronaut.jpg"
SKIN = np.float32([205, 160, 135])
SIDE = 512

needs_nets = pytest.mark.skipif(not TASK.is_file(), reason="the face nets are missing: run `python3 build.py assets`")


@lru_cache(1)
def basis() -> HeadBasis:
    return HeadBasis.load(ASSETS / "head.npz")


@lru_cache(1)
def anchors() -> Anchors:
    return Anchors.load(ASSETS / "anchors.npz")


@lru_cache(1)
def detector() -> FaceDetector:
    return FaceDetector.load(TASK)


@dataclass(frozen=True)
class Subject:
    """A head before a camera."""

    identity: Floats
    expression: Floats
    neutral: Floats
    head: Floats
    camera: Camera


def subject(seed: int = 0, *, yaw: float = 0.0, deviation: float = 0.8, **expression: float) -> Subject:
    """Return a random person, `yaw` degrees to their left, with the named expression weights."""
    model = basis()
    identity = (np.random.default_rng(seed).normal(size=len(model.identity_basis)) * deviation).astype(np.float32)
    weights = np.zeros(len(model.expression_names), np.float32)
    weights[model.indices(tuple(expression))] = list(expression.values())
    neutral = model.neutral(identity)
    camera = Camera(turn(np.array([0.0, np.radians(yaw), 0.0])), np.array([0.0, 0.0, 0.75]), 1.5 * SIDE, (SIDE / 2, SIDE / 2))
    return Subject(identity, weights, neutral, neutral + model.expression(model.expression_names, weights), camera)


def face_of(one: Subject, noise: float = 0.0) -> Face:
    """Return what a perfect landmark detector would find, moved by `noise` pixels."""
    points = one.camera.project(anchors().points(one.head))
    points[:, 2] = (points[:, 2] - points[:468, 2].mean()) * one.camera.focal / points[:468, 2].mean()
    points[:, :2] += np.random.default_rng(7).normal(size=(len(points), 2)) * noise
    scores = {name: float(weight) for name, weight in zip(basis().expression_names, one.expression, strict=True)}
    return Face(points.astype(np.float32), np.float32([scores.get(name, 0.0) for name in BLENDSHAPES]),
                float(np.degrees(np.arcsin(one.camera.rotation[0, 2]))), 250.0, 0.03)


def plain_colours() -> Floats:
    """Return a colour for each vertex (V, 3): skin, lips, brows, eyes, teeth."""
    return colours(basis(), anchors())


def photograph(one: Subject, colour: Floats, light: tuple[float, float, float] | None = None) -> Photo:
    """Draw a head; light: its direction, None for even light."""
    model = basis()
    triangles = np.concatenate([model.quads[:, [0, 1, 2]], model.quads[:, [0, 2, 3]]])
    covered = rasterise(one.camera.project(one.head), triangles, width=SIDE, height=SIDE)
    shade = 1.0 if light is None else 0.5 + 0.6 * np.clip(vertex_normals(one.head, triangles) @ np.array(light), 0, 1)[:, None]
    image = covered.interpolate(triangles, np.clip(colour * shade, 0, 255))
    image[covered.triangle < 0] = (120, 150, 190)
    return Photo(np.clip(image, 0, 255).astype(np.uint8))


def at_vertices(image: Bytes) -> Floats:
    """Return an albedo's colour at each skin vertex (V_skin, 3)."""
    model = basis()
    skin = model.part("skin")
    texel = np.zeros((skin.vertices.stop, 2))
    texel[model.quads[skin.faces].ravel()] = model.uv[model.quad_uv[skin.faces].ravel()]
    side = len(image)
    column, row = (texel * [1, -1] * side + [0, side]).astype(int).clip(0, side - 1).T
    return image[row, column].astype(np.float32)


def skin_places() -> Floats:
    """Return the mean head's skin vertices (V_skin, 3)."""
    return basis().vertices[basis().part("skin").vertices]
