"""Hair is shaded with its own colour, which is less than a photo shows: what hairs mirror comes on top."""

import numpy as np

from core.hair.shades import LOCK, ROOT, SPREAD, SPREADS, TONE, at_roots, inherent, paler
from core.pictures.colours import linear


def test_black_hair_is_darker_than_it_looks_and_pale_hair_is_not():
    seen = linear(np.array([[36, 33, 28], [110, 80, 60], [215, 195, 160]], np.uint8))
    kept = (inherent(seen) / seen)[:, 0] / TONE
    assert kept[0] < 0.25 and 0.4 < kept[1] < 0.7 and kept[2] > 0.8


def test_the_hue_stays():
    seen = linear(np.array([120, 70, 40], np.uint8))
    np.testing.assert_allclose(inherent(seen) / inherent(seen)[0], seen / seen[0])


def test_a_scalp_is_about_as_dark_as_the_roots_on_it():
    """Else it would shine through between dark hairs."""
    seen = linear(np.array([[36, 33, 28], [110, 80, 60], [215, 195, 160]], np.uint8))
    between = at_roots(seen) / (ROOT * inherent(seen))
    assert (between > 1).all() and (between < 1.5).all()


def test_locks_differ_in_tone_and_strands_of_one_hardly_do():
    random = np.random.default_rng(0)
    roots, tips = (random.uniform(-0.1, 0.1, (2, 4000, 3)))
    tones = paler(np.stack([roots, tips], axis=1))
    near = paler(np.stack([roots, tips], axis=1) + random.normal(0, LOCK / 20, (4000, 2, 3)))
    assert np.abs(tones).max() <= SPREAD and tones.std() > SPREAD / 4 and abs(tones.mean()) < 0.03
    assert (near - tones).std() < tones.std() / 3


def test_brows_are_more_alike_than_locks_of_hair():
    """Their inner ends must not stand out against the outer ones."""
    strands = np.random.default_rng(0).uniform(-0.1, 0.1, (4000, 2, 3))
    tones = paler(strands, SPREADS["brows"])
    assert 0.1 < np.abs(tones).max() <= 0.17
    np.testing.assert_allclose(tones / SPREADS["brows"], paler(strands) / SPREAD, atol=1e-9)
