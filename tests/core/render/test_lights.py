"""Lamps and shadows: radiometry as Blender's, and the closed forms of heat transfer."""

import sys

import numpy as np
import pytest

from core.errors import InputError
from core.render import lights
from core.render.lights import Lamp, bounced, frame, light_up
from core.render.rays import TOGETHER, Rays
from core.render.studio import STUDIOS, AreaLight, PointLight, Studio

ORIGIN, UP = np.zeros((1, 3)), np.array([[0.0, 1.0, 0.0]])
NOWHERE = Rays(np.array([[0, -9.0, 0], [0, -9, 1], [1, -9, 0]]), np.array([[0, 1, 2]]))


def square(height, reach):
    """A square above the origin, or below it."""
    points = np.array([[x, height, z] for x, z in ((-reach, -reach), (reach, -reach), (reach, reach), (-reach, reach))])
    return points, np.array([[0, 1, 2], [0, 2, 3]])


def irradiance(studio, rays=NOWHERE, steps=16, points=ORIGIN, normals=UP):
    return light_up(points, normals, studio, rays, steps=steps, random=np.random.default_rng(0))


def above(width, power=10.0, height=1.0):
    return Studio("test", (AreaLight("lamp", (0, height, 0), power, width, width),))


def test_a_small_flat_lamp_is_a_point_that_shines_by_lamberts_law():
    # radiance P / (pi A), so on its axis P / pi watts per steradian
    assert irradiance(above(0.01)).irradiance[0, 0] == pytest.approx(10 / np.pi, rel=1e-3)
    place = (0.6, 0.8, 0.0)
    slanted = Studio("test", (AreaLight("lamp", place, 10.0, 0.01, 0.01, at=(0.6, 0.0, 0.0)),))
    assert irradiance(slanted).irradiance[0, 0] == pytest.approx(10 / np.pi * 0.8 * 0.8, rel=1e-3)       # both cosines are 0.8


def test_a_large_flat_lamp_follows_the_closed_form():
    # configuration factor of a small plate to one corner of a parallel rectangle, sides a and b over the distance (Howell, B-4)
    side = 0.75 / np.hypot(1, 0.75)
    factor = 4 / (2 * np.pi) * 2 * side * np.arctan(side)
    assert irradiance(above(1.5)).irradiance[0, 0] == pytest.approx(10 / 1.5**2 * factor, rel=0.01)      # E = pi L F


def test_a_point_shines_evenly():
    studio = Studio("test", (PointLight("lamp", (0, 2.0, 0), 10.0, (1.0, 0.5, 0.0)),))
    assert np.allclose(irradiance(studio).irradiance, 10 / (4 * np.pi) / 4 * np.array([1, 0.5, 0]))


def test_nothing_shines_from_behind_the_surface_or_the_lamp():
    below = Studio("test", (AreaLight("lamp", (0, -1.0, 0), 10.0, 0.1, 0.1),))
    away = Studio("test", (AreaLight("lamp", (0, 1.0, 0), 10.0, 0.1, 0.1, at=(0, 2.0, 0)),))
    assert not irradiance(below).irradiance.any() and not irradiance(away).irradiance.any()


def test_shadows_are_whole_half_and_none():
    points, triangles = square(0.5, 5.0)
    assert not irradiance(above(0.4), Rays(points, triangles)).irradiance.any()
    half = Rays(points * [1, 1, 1] + [5.0, 0, 0], triangles)                    # its edge lies over the origin
    lit = irradiance(above(0.4), half)
    assert lit.visible[0, 0] == pytest.approx(0.5, abs=0.04)
    assert lit.irradiance[0, 0] == pytest.approx(irradiance(above(0.4)).irradiance[0, 0] / 2, rel=0.08)
    assert irradiance(above(0.4), Rays(points + [20.0, 0, 0], triangles)).visible[0, 0] == 1


def test_even_surroundings_give_pi_times_their_radiance():
    studio = Studio("test", (), surroundings=(0.5, 1.0, 2.0))
    lit = irradiance(studio)
    assert np.allclose(lit.irradiance, np.pi * np.array([0.5, 1.0, 2.0])) and lit.visible[0, -1] == 1
    points, triangles = square(0.1, 50.0)
    assert irradiance(studio, Rays(points, triangles)).irradiance.max() < 0.01


def test_light_goes_on_from_wall_to_wall():
    """In a closed room of even light and reflectance rho each bounce brings rho times what the last one brought."""
    corners = np.array([[-1.0, -1, -1], [1, -1, -1], [0, 1, -1], [0, 0, 1]])
    walls = np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [2, 3, 0]])                # anticlockwise from within
    middle = corners.mean(axis=0)
    inside = 0.9 * (corners - middle) + middle
    facing = (middle - inside) / np.linalg.norm(middle - inside, axis=1, keepdims=True)
    found = bounced(inside, facing, Rays(corners, walls), walls, lambda values: 0.5 * values, irradiance=np.ones((4, 3)), steps=3,
                    random=np.random.default_rng(0))
    assert np.allclose(found, 0.5 * (1 + 0.5))
    outwards = bounced(inside, facing, Rays(corners, walls), walls[:, ::-1], lambda values: 0.5 * values, irradiance=np.ones((4, 3)),
                       steps=3, random=np.random.default_rng(0))
    assert not outwards.any()                       # seen from within the flesh, skin gives no light


@pytest.mark.parametrize("name", STUDIOS)
def test_the_studios_light_a_face(name):
    lit = irradiance(STUDIOS[name], points=np.zeros((1, 3)), normals=np.array([[0.0, 0.0, 1.0]]), steps=4)
    assert lit.irradiance.min() > 0.2
    assert all(np.dot(Lamp.of(light).facing, np.array(light.at) - light.place) > 0 for light in STUDIOS[name].lights)


def test_what_stands_upright_has_its_right_to_the_right():
    right, up, forwards = frame((0.0, 0.0, 1.0), (0.0, 0.0, 0.0))
    assert np.allclose([right, up, forwards], [[1, 0, 0], [0, 1, 0], [0, 0, -1]])
    assert np.allclose(np.linalg.det(frame((0, 5.0, 0), (0, 0, 0))), np.linalg.det([right, up, forwards]))


def test_without_embreex_one_sentence_says_what_to_do(monkeypatch):
    for name in ("embreex.mesh_construction", "embreex.rtcore_scene"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="pip install embreex"):
        Rays(*square(0.0, 1.0))


def test_rays_find_the_first_triangle_and_where():
    points, triangles = square(2.0, 1.0)
    hits = Rays(points, triangles).first(np.zeros((2, 3)), np.array([[0.1, 1.0, 0.3], [0.0, -1.0, 0.0]]))
    assert hits.triangle[1] == -1 and hits.distance[0] == pytest.approx(2.0)
    assert np.allclose(hits.weights[0] @ points[triangles[hits.triangle[0]]], [0.2, 2.0, 0.6], atol=1e-5)


def test_what_lies_over_a_surface_is_met_too_and_numbered_after_it():
    points, triangles = square(2.0, 1.0)
    over, _ = square(1.0, 0.3)
    rays = Rays(points, triangles, Rays(over, triangles))
    ways = np.array([[0.1, 1.0, 0.2], [0.8, 2.0, 0.8], [3.0, 1.0, 0.0]])
    hits = rays.first(np.zeros((3, 3)), ways)
    assert (hits.triangle >= len(triangles)).tolist() == [True, False, False] and hits.triangle[2] == -1
    assert np.allclose(hits.distance[:2], 1) and np.allclose(rays.alone.first(np.zeros((3, 3)), ways).distance[:2], [2, 1])
    assert rays.blocked(np.zeros((3, 3)), ways, np.array([1.5, 1.5, 9.0])).tolist() == [True, True, False]
    assert rays.alone.blocked(np.zeros((3, 3)), ways, 1.5).tolist() == [False, True, False]


def test_turned_triangles_are_met_where_they_have_been_turned_to():
    points, triangles = square(1.0, 0.8)
    random, pivot = np.random.default_rng(0), np.array([0.3, 0.1, -0.2])
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    origins, ways = random.normal(0, 0.3, (2, TOGETHER + 9, 3))                 # more than one thread takes on
    there = Rays((points - pivot) @ turn.T + pivot, triangles)
    found, wanted = Rays(points, triangles).turned(pivot, turn).first(origins, ways), there.first(origins, ways)
    same = found.triangle == wanted.triangle
    assert same.mean() > 0.9999 and 100 < (wanted.triangle >= 0).sum() < TOGETHER      # an edge may be met from either side
    assert np.isclose(found.distance, wanted.distance, rtol=1e-4)[same].mean() > 0.999  # single precision, rays along the triangles
    blocked = Rays(points, triangles).turned(pivot, turn).blocked(origins, ways, 2.0)
    assert (blocked == there.blocked(origins, ways, 2.0)).mean() > 0.9999


def test_light_from_wall_to_wall_passes_nothing_that_lies_over_them():
    corners = np.array([[-1.0, -1, -1], [1, -1, -1], [0, 1, -1], [0, 0, 1]])
    walls = np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [2, 3, 0]])
    middle = corners.mean(axis=0)
    inside = 0.9 * (corners - middle) + middle
    facing = (middle - inside) / np.linalg.norm(middle - inside, axis=1, keepdims=True)
    lining = Rays(0.95 * (corners - middle) + middle, walls)
    found = bounced(inside, facing, Rays(corners, walls, lining), walls, lambda values: 0.5 * values, irradiance=np.ones((4, 3)),
                    steps=3, random=np.random.default_rng(0))
    assert not found.any()


def test_many_points_are_lit_as_few_are(monkeypatch):
    monkeypatch.setattr(lights, "TOGETHER", 7)
    points = np.tile(ORIGIN, (40, 1))
    lit = irradiance(above(0.4), points=points, normals=np.tile(UP, (40, 1)))
    assert lit.visible.shape == (40, 2) and np.allclose(lit.irradiance, irradiance(above(0.4)).irradiance, rtol=0.02)


def test_a_lamp_that_reaches_above_the_horizon_lights():
    """Half of it is below the horizon, and its middle, too: none of its upper part may be left out."""
    studio = Studio("test", (AreaLight("lamp", (2.0, -0.1, 0.0), 10.0, 0.5, 1.0),))
    lamp = Lamp.of(studio.lights[0])
    points, normals = np.zeros((2, 3)), np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    assert lamp.above(points, normals).tolist() == [True, False]
    assert irradiance(studio).irradiance[0, 0] > 0 and not irradiance(studio, normals=normals[1:]).irradiance.any()


def test_the_light_of_a_point_does_not_depend_on_the_care_for_others():
    """Which points are seen changes from frame to frame; what is left of noise at the others must not flicker."""
    points = np.random.default_rng(0).uniform(-1, 1, (60, 3)) * [1, 0, 1]
    normals, lid = np.tile(UP, (60, 1)), Rays(*square(0.5, 0.4))
    fine = np.arange(60) % 3 == 0
    every = irradiance(STUDIOS["window"], lid, steps=np.full(60, 3), points=points, normals=normals)
    some = irradiance(STUDIOS["window"], lid, steps=np.where(fine, 3, 2), points=points, normals=normals)
    assert np.array_equal(every.irradiance[fine], some.irradiance[fine]) and np.array_equal(every.visible[fine], some.visible[fine])
    assert not np.array_equal(every.irradiance[~fine], some.irradiance[~fine])
