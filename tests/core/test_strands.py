"""Roots of hair lie on the skin's triangles, and are found again by their UVs."""

import numpy as np

from core.hair import short_hair
from core.strands import nearest_on, scattered
from tests.core.own_heads import basis


def test_roots_are_where_their_triangles_say():
    model = basis()
    strands = short_hair(model.vertices, model, np.random.default_rng(0))
    corners = model.vertices[model.skin_triangles[strands.triangle]]
    np.testing.assert_allclose(np.einsum("nk,nkc->nc", strands.weights, corners), strands.points[:, 0], atol=1e-5)
    assert (strands.weights > 0).all() and (strands.radius > 0).all()


def test_uvs_of_roots_lie_in_their_triangles():
    model = basis()
    strands = short_hair(model.vertices, model, np.random.default_rng(0))
    uv = strands.uv(model)
    faces = model.part("skin").faces
    quads = model.quad_uv[faces]
    own = quads[strands.triangle % len(quads)]
    assert (uv >= model.uv[own].min(axis=1) - 1e-6).all() and (uv <= model.uv[own].max(axis=1) + 1e-6).all()


def test_places_are_scattered_by_area_and_share():
    corners = np.array([[[0, 0, 0], [side, 0, 0], [0, side, 0]] for side in (1, 2, 9)], float)
    drawn, weights = scattered(np.array([1.0, 1.0, 0.0]), corners, 4000, np.random.default_rng(0))
    assert abs((drawn == 1).mean() - 0.8) < 0.03 and not (drawn == 2).any()
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert weights.min() > 0


def test_the_nearest_triangle_is_found_inside_and_beside():
    corners = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 0, 5], [1, 0, 5], [0, 1, 5]]], float)
    place, weights, normal = nearest_on(np.array([[0.25, 0.25, 0.3], [0.25, 0.25, 4.0]]), corners)
    assert place.tolist() == [0, 1]
    np.testing.assert_allclose(weights, [[0.5, 0.25, 0.25]] * 2, atol=0.01)
    np.testing.assert_allclose(normal, [[0, 0, 1]] * 2)
