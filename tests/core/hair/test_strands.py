"""Roots of hair lie on the skin's triangles, and are found again by their UVs."""

import numpy as np

from core.hair.short_hair import short_hair
from core.hair.strands import nearest_on, scattered
from tests.core.own_heads import basis


def test_roots_are_where_their_triangles_say():
    model = basis()
    strands = short_hair(model.vertices, model, np.random.default_rng(0))
    corners = model.vertices[model.skin_triangles[strands.triangle]]
    np.testing.assert_allclose(np.einsum("nk,nkc->nc", strands.weights, corners), strands.points[:, 0], atol=1e-5)
    assert (strands.weights > 0).all() and (strands.radius > 0).all()


def test_the_uv_of_a_root_leads_to_its_triangle_and_to_no_other():
    model = basis()
    strands = short_hair(model.vertices, model, np.random.default_rng(0))
    uv, owner = strands.uv(model)[::40].astype(float), strands.triangle[::40]
    quads = model.quad_uv[model.part("skin").faces]
    corners = model.uv[np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])].astype(float)
    first, second, off = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], uv[:, None] - corners[None, :, 0]
    area = cross(first, second)
    beta, gamma = cross(off, second) / area, cross(first, off) / area
    inside = (beta >= 0) & (gamma >= 0) & (beta + gamma <= 1)                               # (N, F)
    assert (inside.sum(axis=1) == 1).all() and (inside.argmax(axis=1) == owner).all()
    weights = np.stack([1 - beta - gamma, beta, gamma], axis=2)[np.arange(len(uv)), owner]
    places = np.einsum("nk,nkc->nc", weights, model.vertices[model.skin_triangles[owner]])
    np.testing.assert_allclose(places, strands.points[::40, 0], atol=2e-5)                  # metres: a UV has 7 digits


def cross(first, second):
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


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


def test_triangles_without_an_area_hold_nothing():
    flat, real = [[0, 0, 0], [1, 0, 0], [1, 0, 0]], [[0, 0, 0], [1, 0, 0], [0, 1, 0]]       # a triangle repeats its last corner
    place, weights, normal = nearest_on(np.array([[0.5, 0.0, 0.1]]), np.array([flat, real], float))
    assert place.tolist() == [1] and np.isfinite(weights).all()
    np.testing.assert_allclose(normal, [[0, 0, 1]])
    assert (scattered(np.ones(2), np.array([flat, real], float), 50, np.random.default_rng(0))[0] == 1).all()
