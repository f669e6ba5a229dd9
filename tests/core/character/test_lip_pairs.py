"""The lips of a mesh are found by what its keys move, and how far keys part them."""

import tracemalloc

import numpy as np
import pytest

from core.character.lip_pairs import MOST, find_pairs, gaps_of, gaps_of_ours, nearest_among
from core.character.shape_sources import GAP_MM
from core.head.model import HeadBasis
from core.pack import DEFAULT, Pack
from core.speech.lip_gap import effect


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


def test_a_scanned_head_takes_little_memory_and_has_the_same_gaps(basis):
    times, random = 20, np.random.default_rng(0)
    names = "jawOpen", "mouthClose", "mouthFunnel"
    many = {name: np.tile(offsets(basis, name), (times, 1)) for name in names}
    rest = np.tile(basis.vertices, (times, 1))
    rest += random.normal(0, 1e-4, rest.shape).astype(np.float32)
    tracemalloc.start()
    lower, upper = find_pairs(rest, many["jawOpen"], many["mouthClose"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * rest.nbytes and len(lower) <= MOST                # all compared with all, lips take far more
    few = find_pairs(basis.vertices, *(offsets(basis, name) for name in names[:2]))
    wanted = gaps_of(few, lambda name: offsets(basis, name), names, "jawOpen")
    np.testing.assert_allclose(gaps_of((lower, upper), many.__getitem__, names, "jawOpen"), wanted, atol=1.0)      # millimetres


def test_the_nearest_is_found_within_reach():
    random, reach = np.random.default_rng(0), 0.1
    places, asked = (random.random((count, 3)).astype(np.float32) for count in (300, 80))
    places = places[np.argsort(places[:, 1])]
    apart = np.linalg.norm(asked[:, None] - places, axis=2)
    nearest, distance = nearest_among(places, asked, 1, reach)
    close = apart.min(axis=1) < reach
    assert 0 < close.sum() < len(asked)
    np.testing.assert_array_equal(nearest[close], apart.argmin(axis=1)[close])
    np.testing.assert_allclose(distance[close], apart.min(axis=1)[close], rtol=1e-5)
    assert (distance[~close] >= reach).all()


def test_open_lips_and_other_meshes_have_none(basis):
    jaw, closing = offsets(basis, "jawOpen"), offsets(basis, "mouthClose")
    assert find_pairs(basis.vertices + jaw, jaw, closing) is None
    assert find_pairs(basis.vertices, np.zeros_like(jaw), closing) is None
    assert find_pairs(basis.vertices, jaw, np.zeros_like(jaw)) is None
    assert find_pairs(basis.vertices[:0], jaw[:0], closing[:0]) is None


def test_keys_whose_lips_are_not_found_count_as_ours():
    sources = ("jawOpen", "mouthLowerDown", "mouthLowerDownLeft", "browInnerUp", "viseme_aa")
    np.testing.assert_allclose(gaps_of_ours(sources), [GAP_MM["jawOpen"], 2 * GAP_MM["mouthLowerDownLeft"],
                                                       GAP_MM["mouthLowerDownLeft"], 0, 0], rtol=1e-6)
