"""The lips of a mesh are found by what its keys move, and how far keys part them."""

import numpy as np
import pytest

from core.head_model import HeadBasis
from core.lip_gap import effect
from core.lip_pairs import find_pairs, gaps_of
from core.pack import DEFAULT, Pack
from core.shape_sources import GAP_MM


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(Pack.open(DEFAULT).path("head"))


def offsets(basis, name):
    return basis.expressions[basis.expression_names.index(name)]


def test_lips_are_found_among_teeth_and_tongue_and_are_a_few_of_all(basis):
    pairs = find_pairs(basis.vertices, offsets(basis, "jawOpen"), offsets(basis, "mouthClose"))
    lower, upper = pairs
    skin = basis.part("skin").vertices.stop
    assert (lower < skin).all() and (upper < skin).all() and 3 <= len(lower) < 200
    corners = basis.vertices[basis.lip_corners, 0]
    assert corners.min() < basis.vertices[lower, 0].min() and basis.vertices[lower, 0].max() < corners.max()
    middle = basis.vertices[basis.inner_lip_lower[len(basis.inner_lip_lower) // 2]]
    assert np.linalg.norm(basis.vertices[lower] - middle, axis=1).min() < 0.003            # metres


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_gaps_are_those_of_the_head_in_any_unit(basis, scale):
    found = find_pairs(scale * basis.vertices, scale * offsets(basis, "jawOpen"), scale * offsets(basis, "mouthClose"))
    names = ("jawOpen", "mouthClose", "mouthFunnel", "mouthSmileLeft", "browInnerUp")
    gaps = gaps_of(found, lambda name: scale * offsets(basis, name), names, "jawOpen")
    assert gaps[0] == pytest.approx(GAP_MM["jawOpen"])
    measured = [1000 * effect(basis, {name: 1.0}) for name in names]
    np.testing.assert_allclose(gaps, measured, atol=2.5)                # millimetres: ours are the inner rims, these what lies nearest
    assert gaps[-1] == pytest.approx(0, abs=0.01)


def test_open_lips_and_other_meshes_have_none(basis):
    jaw, closing = offsets(basis, "jawOpen"), offsets(basis, "mouthClose")
    assert find_pairs(basis.vertices + jaw, jaw, closing) is None
    assert find_pairs(basis.vertices, np.zeros_like(jaw), closing) is None
    assert find_pairs(basis.vertices, jaw, np.zeros_like(jaw)) is None
    assert find_pairs(basis.vertices[:0], jaw[:0], closing[:0]) is None
