"""Lips have an edge, and no skin's colour gets into the mouth."""

import numpy as np
import pytest

from core.face.fit import Anchors
from core.head.model import HeadBasis
from core.head.skin_surface import mouth_bag, skin_edges
from core.head.uv_image import uv_coverage
from core.pack import DEFAULT
from core.photo.filling import Filling, continued, lining
from core.photo.shading import LUMINANCE
from core.photo.vermilion import SOFTNESS, vermilion_depth

TONE, LIP, LINING = (np.array(colour, np.float32) for colour in ((210, 170, 150), (150, 80, 80), (90, 40, 40)))


@pytest.fixture(scope="module")
def drawn():
    """The image of plain skin, lips and lining; where each vertex lies in it; how far inside the lips' border, and in the mouth."""
    basis, anchors = HeadBasis.load(DEFAULT / "head.npz"), Anchors.load(DEFAULT / "anchors.npz")
    edges = skin_edges(basis.skin_triangles)
    depth = mouth_bag(basis, edges)
    border = vermilion_depth(basis, anchors, depth)
    colour = np.where((border > 0)[:, None], LIP, TONE)
    colour[depth > 0.003] = LINING
    filling = Filling(continued(colour, border <= 0, edges), continued(colour, border > 0, edges), TONE, LIP, border)
    coverage = uv_coverage(basis, 512)
    corners = basis.skin_triangles[np.maximum(coverage.triangle, 0)]
    return filling.drawn(coverage, basis.skin_triangles), corners, coverage, border, depth


def test_the_mouths_inside_has_none_of_the_skins_colour(drawn):
    image, corners, coverage, _, depth = drawn
    inside = (coverage.triangle >= 0) & (depth[corners] > 0).all(axis=2)
    assert inside.sum() > 500 and image[inside].max(axis=0)[0] <= LIP[0] + 1


def test_skin_and_lips_keep_their_colours_beside_the_edge(drawn):
    image, corners, coverage, border, depth = drawn
    shown = coverage.triangle >= 0
    skin = shown & (border[corners] < -SOFTNESS).all(axis=2)
    np.testing.assert_allclose(image[skin], np.broadcast_to(TONE, image[skin].shape), atol=0.01)
    lips = shown & (border[corners] > SOFTNESS).all(axis=2) & (depth[corners] == 0).all(axis=2)
    assert lips.sum() > 200
    np.testing.assert_allclose(image[lips], np.broadcast_to(LIP, image[lips].shape), atol=0.01)


def test_no_pale_line_runs_around_lips_in_shadow():
    basis, anchors = HeadBasis.load(DEFAULT / "head.npz"), Anchors.load(DEFAULT / "anchors.npz")
    edges = skin_edges(basis.skin_triangles)
    border = vermilion_depth(basis, anchors, mouth_bag(basis, edges))
    shadow = np.where((border > 0)[:, None], LIP, 0.8 * TONE).astype(np.float32)           # darker skin all around than the plain tone
    coverage = uv_coverage(basis, 512)
    image = Filling(continued(shadow, border <= 0, edges), continued(shadow, border > 0, edges), TONE, LIP, border).drawn(
        coverage, basis.skin_triangles)
    assert (image[coverage.triangle >= 0] <= 0.8 * TONE + 0.5).all()


@pytest.mark.parametrize("lip", [LIP, (205, 140, 132), (105, 66, 62)])
def test_a_mouth_is_red_inside_and_never_nearly_black(lip):
    colour = lining(np.array(lip, np.float32))
    assert colour[0] > 1.5 * colour[1] and colour[0] / colour[1] > lip[0] / lip[1]
    outside, inside = float(np.array(lip) @ LUMINANCE), float(colour @ LUMINANCE)   # sRGB
    assert 70 < inside < (outside if outside > 110 else 1.25 * outside)             # darker than light lips, mucous behind dark ones
