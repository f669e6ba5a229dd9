"""Nostrils are opened on any head: deeper, longer, on both sides alike, and nothing moves beyond them."""

import numpy as np
import pytest

from core.head.nostrils import nostrils
from core.head.skin_surface import mirrored
from tests.core.own_heads import basis
from training.head.loops import Topology
from training.head.nose import tip_of
from training.head.nostrils import DEEPEST, DEPTH, Nostrils

MILLIMETRE = 1e-3


@pytest.fixture(scope="module")
def model():
    """Skin, eye and nostrils of the mean head; they are looked for where the deepest vertex is as deep as the source's."""
    skin = basis().vertices[basis().part("skin").vertices].astype(np.float64)
    eye = basis().vertices[basis().part("eye_left").vertices].mean(axis=0)
    quads = basis().quads[(basis().quads < len(skin)).all(axis=1)]
    shallow, left = skin.copy(), (nostrils(basis()) > 0) & (skin[:, 0] > 0)
    shallow[np.argmax(np.where(left, skin[:, 1], -np.inf))] = tip_of(skin, eye) + eye[0] * np.array(DEEPEST)
    return skin, eye, Nostrils(shallow, Topology(quads), mirrored(basis()), eye)


@pytest.mark.parametrize("size", [1.0, 1.1])
def test_they_get_deeper_and_longer(model, size):
    skin, eye, found = model
    moved = found.opened(size * skin, size * eye) - size * skin
    for side, vertices in found.sides:
        deepest = moved[vertices[found.edges == 0][0]]
        assert deepest[1] == pytest.approx(0.93 * DEPTH[0] * abs(size * eye[0]), rel=0.01) and deepest[1] > 8 * MILLIMETRE
        rim = moved[vertices[found.edges == len(DEPTH)]]
        assert rim[:, 2].max() > 1.5 * size * MILLIMETRE and np.abs(rim[:, 1]).max() < 1e-9        # it opens forward, not upwards
        assert (side * moved[vertices, 0]).max() > 0.2 * size * MILLIMETRE                         # and outwards


def test_nothing_else_moves_and_sides_are_alike(model):
    skin, eye, found = model
    moved = found.opened(skin, eye) - skin
    assert np.linalg.norm(moved[np.argmin(np.linalg.norm(skin - tip_of(skin, eye), axis=1))]) < 0.1 * MILLIMETRE
    far = np.linalg.norm((skin - tip_of(skin, eye)) * [0.5, 1, 1], axis=1) > 0.03
    assert not moved[far].any()
    np.testing.assert_allclose(moved, moved[mirrored(basis())] * [-1, 1, 1], atol=0.3 * MILLIMETRE)
