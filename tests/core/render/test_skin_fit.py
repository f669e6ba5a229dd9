"""Two lobes stand for the dipole: how near they come, what they weigh."""

import numpy as np
import pytest

from core.render.skin_fit import burley, fit, lobes_of, relative_error
from core.render.skin_optics import PRESETS, SKIN1, reflectance_of, total_reflectance, with_reflectance
from core.types import SkinParams

RADII = np.geomspace(0.2, 8.0, 120)         # millimetres, as the figures of issue and docs


@pytest.mark.parametrize("name", PRESETS)
def test_the_measured_skins_are_within_a_tenth(name):
    assert (relative_error(lobes_of(PRESETS[name]).profile(RADII), PRESETS[name], RADII) < 0.1).all()


@pytest.mark.parametrize("tone", [0.08, 0.2, 0.4, 0.6, 0.8])
def test_skins_of_any_tone_are_near(tone):
    params = with_reflectance(SKIN1, np.full(3, tone))
    assert (relative_error(lobes_of(params).profile(RADII), params, RADII) < 0.12).all()


def test_one_lobe_would_not_do():
    lobes = lobes_of(SKIN1)
    best = min(float(relative_error(total_reflectance(SKIN1) * burley(RADII[:, None], scale), SKIN1, RADII)[1])
               for scale in np.geomspace(0.1, 3, 40))
    assert best > 2.5 * relative_error(lobes.profile(RADII), SKIN1, RADII)[1]


def test_no_light_is_made_or_lost():
    for params in PRESETS.values():
        lobes = lobes_of(params)
        np.testing.assert_allclose(lobes.weights.sum(axis=0), total_reflectance(params), rtol=1e-12)
        assert (lobes.weights[0] < 0).all() and (lobes.weights[1] > 0).all() and (lobes.distances[0] < lobes.distances[1]).all()
        assert np.abs(lobes.weights).sum() < 3 * total_reflectance(params).sum()        # or the render would be noise


def test_a_lobe_has_total_one():
    radii = np.geomspace(1e-6, 60, 4000)
    total = (burley(radii, 0.7) * 2 * np.pi * radii**2 * np.gradient(np.log(radii))).sum()
    assert total == pytest.approx(1.0, abs=2e-3)                                   # by the trapezium rule in log r


def test_lobes_scale_with_the_mean_free_path():
    twice = {name: tuple(2 * value for value in getattr(SKIN1, name)) for name in ("scattering", "absorption")}
    thin = SkinParams(**twice)
    np.testing.assert_allclose(lobes_of(thin).distances, lobes_of(SKIN1).distances / 2, rtol=1e-9)
    np.testing.assert_allclose(lobes_of(thin).weights, lobes_of(SKIN1).weights, rtol=1e-9)


def test_the_absorption_comes_back_from_the_tone():
    for reflectance in (0.03, 0.2, 0.5, 0.9):
        share = np.polyval(fit(1.3).absorbed, np.sqrt(reflectance)) ** 2
        assert reflectance_of(1 - share, 1.3) == pytest.approx(reflectance, rel=0.02)   # the polynomial's error


def test_other_indices_of_refraction_are_fitted_too():
    params = SkinParams(eta=1.45)
    assert (relative_error(lobes_of(params).profile(RADII), params, RADII) < 0.12).all()
