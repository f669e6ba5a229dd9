"""Nostrils are passages that are dark inside, and nothing else is taken for one."""

from dataclasses import replace

import numpy as np
import pytest

from core.head.nostrils import darkened, met, nostrils
from core.head.skin_surface import mirrored
from core.head.uv_image import uv_coverage
from core.pictures.raster import vertex_normals
from tests.core.own_heads import anchors, basis

MILLIMETRE = 1e-3
TIP, UPPER_LIP, WINGS, BASE = 4, 0, (129, 358), 2          # landmarks


@pytest.fixture(scope="module")
def inside():
    return nostrils(basis())


def places():
    return basis().vertices[basis().part("skin").vertices].astype(np.float64)


def test_they_are_two_passages(inside):
    skin, deep = places(), inside > 0.9
    left = deep & (skin[:, 0] > 0)
    assert 12 <= left.sum() <= 60 and np.array_equal(deep, deep[mirrored(basis())])
    rim = (inside > 0) & (inside < 0.5) & (skin[:, 0] > 0)
    assert skin[left, 1].max() - np.median(skin[rim, 1]) > 6 * MILLIMETRE
    wing = anchors().points(basis().vertices)[WINGS[1]].astype(np.float64)
    assert (skin[left, 0] < abs(wing[0])).all() and (skin[left, 2] > wing[2] - 5 * MILLIMETRE).all()
    assert skin[left, 0].min() > 2.5 * MILLIMETRE          # what parts them is as wide


def test_nothing_else_is(inside):
    skin = places()
    marks = anchors().points(basis().vertices)[[TIP, UPPER_LIP, *WINGS, BASE]].astype(np.float64)
    for mark in marks:
        assert inside[np.argmin(np.linalg.norm(skin - mark, axis=1))] == 0
    from_tip = np.linalg.norm(skin - marks[0], axis=1)
    assert not inside[from_tip > 32 * MILLIMETRE].any() and inside.min() == 0 and inside.max() == 1


def test_bumps_are_none(inside):
    """Where the insides are moved down below the rim, no walls are left."""
    shut, deep = basis().vertices.copy(), np.flatnonzero(inside > 0)
    shut[deep, 1] = shut[deep, 1].min() - 4 * MILLIMETRE
    assert nostrils(replace(basis(), vertices=shut)).sum() < 0.3 * inside.sum()


def test_they_stay_within_the_nose(inside):
    """From any place of their walls, through the flesh, it is some way to the skin outside."""
    skin = places()
    deep = np.flatnonzero(inside > 0.9)
    normals = vertex_normals(skin, basis().skin_triangles)[deep]
    corners = skin[basis().skin_triangles]
    own = np.isin(basis().skin_triangles, deep).any(axis=1)
    for point, normal in zip(skin[deep], normals, strict=True):
        near = ~own & (np.linalg.norm(corners.mean(axis=1) - point, axis=1) < 0.02)
        assert not met(point[None] / MILLIMETRE, -normal, corners[near] / MILLIMETRE, farthest=0.8).any()


@pytest.mark.parametrize(("way", "found"), [((0, 0, 1), True), ((0, 0, -1), False), ((1, 0, 0), False), ((0.4, 0, 0.9), False)])
def test_a_wall_is_met_ahead_only(way, found):
    wall = np.array([[[-0.1, -0.1, 0.2], [0.1, -0.1, 0.2], [0, 0.2, 0.2]]])
    assert met(np.zeros((1, 3)), np.array(way, float), wall, farthest=0.4).tolist() == [found]
    assert not met(np.zeros((1, 3)), np.array(way, float), wall, farthest=0.1).any()


def test_they_are_dark(inside):
    coverage = uv_coverage(basis(), 256)
    image = darkened(np.full((256, 256, 3), 200, np.float32), inside, coverage, basis().skin_triangles)
    share = coverage.interpolate(basis().skin_triangles, inside[:, None])[..., 0]
    assert image[share > 0.95].max() < 0.4 * 200 and (image[share > 0.95][:, 0] > image[share > 0.95][:, 2]).all()
    np.testing.assert_allclose(image[share == 0], 200)
