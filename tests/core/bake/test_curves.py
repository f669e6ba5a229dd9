"""Smooth curves pass their keys, do not overshoot, have no corners, and need few keys."""

import numpy as np
import pytest

from core.bake.curves import linear_at, smooth_at, thinned

TIMES = np.array([0.0, 0.5, 0.7, 2.0, 3.0], np.float32)
VALUES = np.array([[0, 1], [2, 1], [3, 1], [-1, 5], [-1, 4]], np.float32)


def test_they_pass_the_keys_and_are_level_outside():
    np.testing.assert_allclose(smooth_at(TIMES, VALUES, TIMES), VALUES, atol=1e-6)
    np.testing.assert_allclose(smooth_at(TIMES, VALUES, np.array([-1.0, 9.0], np.float32)), VALUES[[0, -1]], atol=1e-6)


def test_they_do_not_overshoot():
    fine = np.linspace(0, 3, 3001, dtype=np.float32)
    curve = smooth_at(TIMES, VALUES, fine)
    place = np.clip(np.searchsorted(TIMES, fine, side="right") - 1, 0, 3)
    low, high = np.minimum(VALUES[place], VALUES[place + 1]), np.maximum(VALUES[place], VALUES[place + 1])
    assert (curve >= low - 1e-5).all() and (curve <= high + 1e-5).all()


def test_they_have_no_corners():
    fine = np.arange(0, 3, 0.001, dtype=np.float64)
    speed = np.diff(smooth_at(TIMES, VALUES, fine), axis=0) / 0.001
    assert np.abs(np.diff(speed, axis=0)).max() < 0.35                # a corner of straight lines here is 8 a second
    straight = np.diff(linear_at(TIMES, VALUES, fine), axis=0) / 0.001
    assert np.abs(np.diff(straight, axis=0)).max() > 2


def test_keys_that_are_not_needed_go():
    times = np.linspace(0, 4, 41, dtype=np.float32)
    line, wave = times * 2, np.sin(times).astype(np.float32)
    assert len(thinned(times, line, 1e-3, linear_at)[0]) <= 4
    for curve in (smooth_at, linear_at):
        kept, values = thinned(times, wave, 0.02, curve)
        assert len(kept) < 24 and (kept[0], kept[-1]) == (0, 4)
        assert np.abs(curve(kept, values[:, None], times)[:, 0] - wave).max() < 0.021


@pytest.mark.parametrize("rough", [0.001, 0.02, 0.3])
def test_lines_stray_no_further_than_is_allowed(rough):
    random = np.random.default_rng(4)
    for count in (1, 2, 3, 9, 200):
        times = np.cumsum(random.uniform(0.05, 0.5, count)).astype(np.float32)
        values = np.cumsum(random.normal(0, rough, count)).astype(np.float32)
        kept, found = thinned(times, values, 0.02, linear_at)
        assert np.abs(linear_at(kept, found[:, None], times)[:, 0] - values).max() < 0.02001 and len(kept) <= count


def test_without_keys_there_is_nothing():
    none = np.zeros((0, 3), np.float32)
    for curve in (smooth_at, linear_at):
        assert not curve(none[:, 0], none, np.zeros(4, np.float32)).any()
