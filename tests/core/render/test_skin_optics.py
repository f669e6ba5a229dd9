"""The paper's skin: Jensen's dipole and the Kelemen/Szirmay-Kalos surface (Sec. 4.4)."""

from dataclasses import replace

import numpy as np
import pytest

from core.render.skin_optics import (
    SKIN1,
    SKIN2,
    beckmann,
    diffusion_profile,
    schlick,
    specular,
    total_reflectance,
    transmittance,
    unmasked,
    with_reflectance,
)


@pytest.mark.parametrize(("params", "published"), [(SKIN1, (0.44, 0.22, 0.13)), (SKIN2, (0.63, 0.44, 0.34))])
def test_total_reflectance_is_that_of_jensens_table(params, published):
    assert np.allclose(total_reflectance(params), published, atol=0.01)


@pytest.mark.parametrize("params", [SKIN1, SKIN2])
def test_profile_integrates_to_the_total_reflectance(params):
    edges = np.geomspace(1e-4, 200, 4001)
    middle = np.sqrt(edges[1:] * edges[:-1])
    rings = np.pi * np.diff(edges**2)
    assert np.allclose((diffusion_profile(params, middle) * rings[:, None]).sum(axis=0), total_reflectance(params), rtol=2e-3)


def test_profile_falls_with_distance_and_red_goes_farthest():
    profile = diffusion_profile(SKIN1, np.linspace(0, 10, 50))
    assert (np.diff(profile, axis=0) < 0).all()
    far = profile[-1] / profile[0]
    assert far[0] > far[1] > far[2]


def test_tone_in_the_papers_terms_gives_the_tone_back():
    wanted = np.array([0.31, 0.12, 0.06])
    skin = with_reflectance(SKIN1, wanted)
    assert np.allclose(total_reflectance(skin), wanted, atol=1e-6)
    assert skin.scattering == SKIN1.scattering


def test_fresnel_reflects_everything_at_grazing_and_a_little_straight_on():
    assert np.isclose(schlick(1.0), 0.028) and np.isclose(schlick(0.0), 1.0)
    assert np.isclose(transmittance(1.0, 1.4), 1 - (0.4 / 2.4) ** 2) and np.isclose(transmittance(0.0, 1.4), 0.0, atol=1e-9)


@pytest.mark.parametrize("roughness", [0.15, 0.3, 0.5])
def test_facets_together_cover_the_surface_once(roughness):
    """Projected facets add up to pi: the density of Beckmann and Spizzichino without its 1 / pi."""
    cosine = (np.arange(200_000) + 0.5) / 200_000
    assert np.isclose((beckmann(cosine, roughness) * cosine).mean() * 2 * np.pi, np.pi, rtol=1e-3)


def unit(*vector):
    return np.array(vector) / np.linalg.norm(vector)


def test_surface_shines_alike_both_ways_and_most_in_the_mirror_direction():
    normal, skin = unit(0, 0, 1.0), replace(SKIN1, roughness=0.1)
    light = np.array([-np.sin(np.radians(20)), 0, np.cos(np.radians(20))])
    angles = np.radians(np.linspace(-80, 80, 161))
    views = np.stack([np.sin(angles), np.zeros_like(angles), np.cos(angles)], axis=1)
    shine = specular(skin, normal, light, views)
    assert np.allclose(shine, specular(skin, normal, views, light))
    assert 18 <= np.degrees(angles[shine.argmax()]) <= 24           # a little off the mirror's 20 towards grazing


def test_surface_seen_or_lit_from_behind_does_not_shine():
    normal = unit(0, 0, 1.0)
    assert specular(SKIN1, normal, unit(0, 1, -0.1), unit(0, 0, 1.0)) == 0
    assert specular(SKIN1, normal, unit(0, 0, 1.0), unit(0, 1, -0.1)) == 0


def test_surface_gives_back_less_than_falls_in():
    """White furnace of the shine alone: directional albedo, light from straight above and from the side."""
    random = np.random.default_rng(0)
    views = random.normal(size=(200_000, 3))
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    views[:, 2] = abs(views[:, 2])
    for light in (unit(0, 0, 1.0), unit(1.0, 0, 1.0), unit(4.0, 0, 1.0)):
        share = specular(SKIN1, unit(0, 0, 1.0), light, views) * views[:, 2]
        assert 0 < share.mean() * 2 * np.pi < 1


def test_facets_hide_each_other_at_grazing_angles_only():
    share = unmasked(np.cos(np.radians([0, 30, 60, 85, 89, 90])), 0.3)
    assert np.allclose(share[:3], 1) and (np.diff(share[2:]) < 0).all() and share[-1] < 0.01
    assert unmasked(np.cos(np.radians(75)), 0.2) > unmasked(np.cos(np.radians(75)), 0.5)
