"""Brows lie on the skin where the landmarks are, as dense and as dark as in the photo."""

from functools import lru_cache

import numpy as np
import pytest

from core.face.detection import Face
from core.face.skin_mask import BROWS
from core.hair.brows import POINTS, brow_hairs
from core.photo.brow_look import ACROSS, ALONG, BrowLook, brow_look, brow_places
from core.pictures.image import read_photo
from core.types import Photo
from tests.core.own_heads import ASTRONAUT, anchors, basis, detector, needs_nets
from training.head.surface import project

DENSE = np.ones((2, ALONG, ACROSS), np.float32)


@lru_cache(1)
def seen() -> tuple[Photo, Face]:
    photo = read_photo(ASTRONAUT)
    return photo, detector().detect(photo)


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
    assert off.max() < 0.001                                                    # metres
    marks = anchors().points(head)[np.concatenate(BROWS)]
    assert np.linalg.norm(hairs.points[:, 0][:, None] - marks[None], axis=2).min(axis=1).max() < 0.010
    roots, tips = hairs.points[:, 0], hairs.points[:, -1]
    inner = np.abs(roots[:, 0]) < np.quantile(np.abs(roots[:, 0]), 0.3)
    assert (tips - roots)[inner, 1].mean() > 0.002                              # up at the inner end, then outwards
    assert (np.abs(tips) > np.abs(roots))[~inner, 0].all()


def test_a_bare_brow_keeps_few_hairs():
    model = basis()
    counts = [len(brow_hairs(model.vertices, model, anchors(), density * DENSE, np.random.default_rng(0)).points)
              for density in (1.0, 0.0)]
    assert 0 < counts[1] < 0.25 * counts[0]


@pytest.mark.parametrize(("dense", "bare", "way"), [
    (np.s_[:, ACROSS // 2 + 1:], np.s_[:, :ACROSS // 2], [0, 1, 0]),            # the upper half and the lower one
    (np.s_[ALONG // 2:], np.s_[:ALONG // 2], [-1, 0, 0])])                      # the outer half and the inner one
def test_hairs_grow_where_the_photo_shows_them(dense, bare, way):
    middle = []
    for shown in (dense, bare):
        density = 0 * DENSE
        density[0][shown] = 1
        roots = brow_hairs(basis().vertices, basis(), anchors(), density, np.random.default_rng(0)).points[:, 0]
        right = roots[:, 0] < 0
        assert right.sum() > 2 * (~right).sum() > 0
        middle.append(roots[right].mean(axis=0))
    assert (middle[0] - middle[1]) @ way > 0.001                                # metres


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
