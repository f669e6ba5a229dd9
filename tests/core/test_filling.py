"""Lips have an edge, and no skin's colour gets into the mouth."""

import numpy as np
import pytest

from core.filling import Filling, edged
from core.head_model import REGIONS, HeadBasis
from core.pack import DEFAULT
from core.skin_surface import mouth_bag, skin_edges
from core.uv_image import uv_coverage

TONE, LIP, LINING = (np.array(colour, np.float32) for colour in ((210, 170, 150), (150, 80, 80), (90, 40, 40)))


@pytest.fixture(scope="module")
def drawn():
    """The image of plain skin, lips and lining; where each vertex lies in it; which are lips, and the mouth's inside."""
    basis = HeadBasis.load(DEFAULT / "head.npz")
    depth, lips = mouth_bag(basis, skin_edges(basis.skin_triangles)), basis.regions == REGIONS.index("lips")
    colour = np.tile(TONE, (len(lips), 1))
    colour[lips] = LIP
    colour[(depth > 0) & ~lips] = LINING
    coverage = uv_coverage(basis, 512)
    image = Filling(colour, TONE, LIP, lips | (depth > 0)).drawn(coverage, basis.skin_triangles)
    corners = basis.skin_triangles[np.maximum(coverage.triangle, 0)]
    return image, corners, coverage, lips, depth


def test_the_mouths_inside_has_none_of_the_skins_colour(drawn):
    image, corners, coverage, _, depth = drawn
    inside = (coverage.triangle >= 0) & (depth[corners] > 0).all(axis=2)
    assert inside.sum() > 500 and image[inside].max(axis=0)[0] <= LIP[0] + 1


def test_skin_and_lips_keep_their_colours_beside_the_edge(drawn):
    image, corners, coverage, lips, depth = drawn
    shown = coverage.triangle >= 0
    skin = shown & ~(lips | (depth > 0))[corners].any(axis=2)
    np.testing.assert_allclose(image[skin], np.broadcast_to(TONE, image[skin].shape), atol=0.01)
    np.testing.assert_allclose(image[shown & lips[corners].all(axis=2)].mean(axis=0), LIP, atol=0.01)


def test_the_edge_is_narrower_than_the_quads_around_it():
    share = np.linspace(0, 1, 101).astype(np.float32)
    steep = edged(share)
    assert (np.diff(steep) >= 0).all() and steep[0] == 0 and steep[-1] == 1
    assert ((steep > 0.05) & (steep < 0.95)).mean() < 0.5 * ((share > 0.05) & (share < 0.95)).mean()
