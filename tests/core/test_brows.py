"""Brows lie on the skin where the landmarks are, as dense and as dark as in the photo."""

from functools import lru_cache

import numpy as np
import pytest

from core.brow_look import ACROSS, ALONG, BrowLook, brow_look, brow_places
from core.brows import POINTS, brow_hairs
from core.face_detection import Face, FaceDetector
from core.face_fit import Anchors
from core.image import read_photo
from core.types import Photo
from tests.core.own_heads import ASSETS, ASTRONAUT, TASK, basis, needs_nets
from training.head.surface import project

DENSE = np.ones((2, ALONG, ACROSS), np.float32)


@lru_cache(1)
def anchors() -> Anchors:
    return Anchors.load(ASSETS / "anchors.npz")


@lru_cache(1)
def seen() -> tuple[Photo, Face]:
    photo = read_photo(ASTRONAUT)
    return photo, FaceDetector.load(TASK).detect(photo)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_hairs_lie_on_the_skin_along_the_landmarks(seed):
    model = basis()
    identity = np.random.default_rng(seed).normal(size=len(model.identity_basis)).astype(np.float32) * bool(seed)
    head = model.neutral(identity)
    hairs = brow_hairs(head, model, anchors(), DENSE, np.random.default_rng(0))
    assert 300 < len(hairs.points) < 1000 and hairs.points.shape[1:] == (POINTS, 3)
    points = hairs.points.reshape(-1, 3).astype(float)
    corners, weights = project(points, head.astype(float), model.skin_triangles)
    off = np.linalg.norm(points - np.einsum("nk,nkc->nc", weights, head[corners]), axis=1)
    assert off.max() < 0.0015                                                   # metres
    marks = anchors().points(head)
    outline = np.concatenate([brow_places(marks, side, np.array([0.5] * 9), np.linspace(0, 1, 9)) for side in (0, 1)])
    assert np.linalg.norm(points[:, None] - outline[None], axis=2).min(axis=1).max() < 0.016


def test_a_bare_brow_keeps_few_hairs():
    model = basis()
    counts = [len(brow_hairs(model.vertices, model, anchors(), density * DENSE, np.random.default_rng(0)).points)
              for density in (1.0, 0.0)]
    assert 0 < counts[1] < 0.25 * counts[0]


def repainted(factor: float) -> BrowLook:
    """Return the look of the astronaut's brows, their pixels made `factor` times as bright as the skin above them."""
    photo, face = seen()
    pixels = photo.pixels.astype(float).copy()
    along, across = np.meshgrid(np.linspace(-0.03, 1.03, 400), np.linspace(0.0, 1.0, 120), indexing="ij")
    for side in (0, 1):
        inside = brow_places(face.landmarks[:, :2], side, across, along).reshape(-1, 2).astype(int)
        above = brow_places(face.landmarks[:, :2], side, np.array([2.0] * 5), np.linspace(0.2, 0.5, 5)).astype(int)
        pixels[inside[:, 1], inside[:, 0]] = factor * np.median(pixels[above[:, 1], above[:, 0]], axis=0)
    return brow_look(Photo(np.clip(pixels, 0, 255).astype(np.uint8)), face)


@needs_nets
def test_darker_brows_are_denser_and_darker():
    bare, dark = repainted(1.0), repainted(0.3)
    assert dark.density.shape == (2, ALONG, ACROSS) and dark.density.mean() > bare.density.mean() + 0.3
    assert sum(dark.colour) < 0.7 * sum(bare.colour)


@needs_nets
def test_the_photos_brows_are_seen():
    look = brow_look(*seen())
    red, green, blue = look.colour
    assert red > green > blue                                                   # she has light brown brows
    assert 0.1 < look.density.mean() < 0.95
