"""The dipole over a surface: against the formula, against every point singly, and what physics asks of it."""

from dataclasses import replace

import numpy as np
import pytest

from core.head.model import HeadBasis
from core.pack import Pack
from core.pictures.raster import vertex_normals
from core.render.skin_optics import SKIN1, SKIN2, diffusion_profile, total_reflectance
from core.render.subsurface import ERROR, Octree, Profile, exitance, over_disc


@pytest.fixture(scope="module")
def profile():
    return Profile.of(SKIN1)


def sphere(count, radius):
    """Even points on a sphere (Fibonacci), their areas."""
    place = np.arange(count) + 0.5
    down, turn = np.arccos(1 - 2 * place / count), np.pi * (1 + 5**0.5) * place
    points = radius * np.stack([np.cos(turn) * np.sin(down), np.sin(turn) * np.sin(down), np.cos(down)], axis=1)
    return points, np.full(count, 4 * np.pi * radius**2 / count)


def plane(side, step):
    """Even points of a square, millimetres, their areas."""
    line = (np.arange(side) - (side - 1) / 2) * step
    return np.stack([*np.meshgrid(line, line), np.zeros((side, side))], axis=2).reshape(-1, 3), np.full(side * side, step**2)


def test_within_a_percent_of_brute_force_on_a_sphere(profile):
    points, area = sphere(6000, 20.0)
    light = np.maximum(points @ [0.6, 0.0, 0.8] / 20, 0)[:, None] * np.ones(3)
    given = {"points": points, "area": area, "irradiance": light}
    octree, at = Octree.of(points), points[::40]
    fast, exact = (exitance(profile, octree, at, **given, error=error) for error in (ERROR, 0.0))
    assert np.abs(fast - exact).max() < 0.01 * exact.max()
    lit = exact > 0.05 * exact.max(axis=0)
    assert (np.abs(fast - exact)[lit] / exact[lit]).max() < 0.01


def test_within_a_percent_of_brute_force_on_the_head(profile):
    basis = HeadBasis.load(Pack.open().path("head"))
    count = len(basis.regions)
    points = basis.vertices[:count].astype(np.float64) * 1000
    normals = vertex_normals(points, basis.skin_triangles)
    light = np.maximum(normals @ [-0.5, 0.4, 0.77], 0)[:, None] * np.ones(3)
    given = {"points": points, "area": np.full(count, 40.0), "irradiance": light}
    front = np.flatnonzero(points[:, 2] > 30)[::10]
    octree = Octree.of(points)
    fast, exact = (exitance(profile, octree, points[front], **given, error=error) for error in (ERROR, 0.0))
    told = exitance(profile, octree, points[front], **given, lit=light[front, 0] / light.max())
    lit = exact > 0.05 * exact.max(axis=0)
    assert (np.abs(fast - exact)[lit] / exact[lit]).max() < 0.01 and (np.abs(told - exact)[lit] / exact[lit]).max() < 0.01
    assert not np.array_equal(told, fast)           # cells are larger where skin is lit


def test_the_table_sums_up_what_the_formula_does(profile):
    """Brute force by the formula itself, no table, no octree: one point of 0.01 mm^2 counts as the profile at its distance."""
    points = np.random.default_rng(1).uniform(-8, 8, (50, 3))
    power = np.random.default_rng(2).uniform(0, 1, (50, 3))
    area = np.full(50, 0.01)
    at = points + [0.3, 0.4, 0.0]
    direct = np.stack([(diffusion_profile(SKIN1, np.linalg.norm(points - place, axis=1)) * power).sum(axis=0) * 0.01 for place in at])
    found = exitance(profile, Octree.of(points), at, points=points, area=area, irradiance=power, error=0.0)
    assert np.allclose(found, direct, rtol=0.02)            # entries of the table are that far apart where the profile is steepest


@pytest.mark.parametrize("step", [0.5, 1.0, 2.0])
def test_an_evenly_lit_plane_gives_back_the_total_reflectance(profile, step):
    side = round(70 / step)
    points, area = plane(side, step)
    middle = points[np.linalg.norm(points, axis=1) < 2]
    found = exitance(profile, Octree.of(points), middle, points=points, area=area, irradiance=np.ones((len(points), 3)))
    # discs of 2 mm do not quite tile the plane for blue, whose profile is 0.7 mm wide
    assert np.allclose(found, total_reflectance(SKIN1), rtol=0.02 if step < 2 else 0.08)


def test_light_and_eye_can_be_exchanged(profile):
    """S_d is symmetric in where light enters and leaves (Jensen et al. 2001)."""
    points = np.random.default_rng(3).uniform(0, 5, (2, 3))
    there, back = (exitance(profile, Octree.of(points[[give, take]]), points[take][None], points=points, area=np.ones(2),
                            irradiance=np.eye(2)[give][:, None] * np.ones(3)) for give, take in ((0, 1), (1, 0)))
    assert np.allclose(there, back, rtol=1e-6)


def test_a_disc_smears_the_profile_and_keeps_its_integral():
    distance = np.linspace(0, 30, 3001)[1:]
    for radius in (0.3, 1.5):
        smeared = over_disc(SKIN2, distance, radius)
        assert smeared[0, 2] < diffusion_profile(SKIN2, distance[:1])[0, 2]
        assert np.allclose((smeared * 2 * np.pi * distance[:, None] * 0.01).sum(axis=0), total_reflectance(SKIN2), rtol=0.02)


@pytest.mark.parametrize(("places", "sources"), [(0, 3), (3, 0)])
def test_nothing_is_received_where_there_is_nothing(profile, places, sources):
    found = profile.received(np.zeros((places, 3), np.float32), np.zeros((sources, 3), np.float32), np.zeros(sources, np.int64),
                             np.ones((3, sources), np.float32))
    assert found.shape == (places, 3) and not found.any()


def test_light_from_far_does_not_arrive():
    points = np.array([[0.0, 0.0, 0.0], [60.0, 0.0, 0.0]])
    found = exitance(Profile.of(replace(SKIN1)), Octree.of(points), points[1:], points=points, area=np.ones(2),
                     irradiance=np.array([[1.0] * 3, [0.0] * 3]))
    assert not found.any()
