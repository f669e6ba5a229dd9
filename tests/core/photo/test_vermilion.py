"""The lips' border is the curve through their landmarks."""

import numpy as np
import pytest

from core.face.fit import Anchors
from core.face.skin_mask import LIPS
from core.head.model import HeadBasis
from core.head.skin_surface import mouth_bag, skin_edges
from core.pack import DEFAULT
from core.photo.vermilion import FARTHEST, SOFTNESS, red, vermilion_depth


@pytest.fixture(scope="module")
def head():
    """The head model, its anchors, and how far its vertices lie in the mouth."""
    basis = HeadBasis.load(DEFAULT / "head.npz")
    return basis, Anchors.load(DEFAULT / "anchors.npz"), mouth_bag(basis, skin_edges(basis.skin_triangles))


def test_the_landmarks_lie_on_the_border(head):
    basis, anchors, depth = head
    border = vermilion_depth(basis, anchors, depth)
    at_landmarks = (border[anchors.vertices[list(LIPS)]] * anchors.weights[list(LIPS)]).sum(axis=1)
    assert np.abs(at_landmarks).max() < 0.0008              # metres: between vertices distances are straight, the border is not


def test_lips_lie_inside_and_the_face_outside(head):
    basis, anchors, depth = head
    border, skin = vermilion_depth(basis, anchors, depth), basis.vertices[basis.part("skin").vertices]
    rims = np.concatenate([basis.inner_lip_upper, basis.inner_lip_lower])
    assert (border[rims] > 0).all() and (border[depth > 0] == np.float32(FARTHEST)).all()
    assert (border[(depth == 0) & (skin[:, 1] > -0.025)] < 0).all()                 # nose and all above it
    assert (border[(depth == 0) & (skin[:, 2] < 0)] < 0).all()        # the back of the head, behind the mouth, too


def test_the_border_is_the_same_on_both_sides(head):
    basis, anchors, depth = head
    border, skin = vermilion_depth(basis, anchors, depth), basis.vertices[basis.part("skin").vertices]
    left = np.flatnonzero((np.abs(border) < 0.006) & (skin[:, 0] > 0.002))
    across = [int(np.argmin(np.linalg.norm(skin - skin[vertex] * [-1, 1, 1], axis=1))) for vertex in left]
    assert len(left) > 30 and np.abs(border[left] - border[across]).max() < 0.0005


def test_red_begins_at_the_border():
    depth = np.linspace(-2, 2, 101).astype(np.float32) * SOFTNESS
    share = red(depth)
    assert (np.diff(share) >= 0).all() and share[50] == 0.5
    assert (share[depth <= -SOFTNESS] == 0).all() and (share[depth >= SOFTNESS] == 1).all()
