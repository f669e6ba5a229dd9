"""Blinks come at human intervals, close fully, and are the same for the same seed."""

import numpy as np
import pytest

from core.blinks import blink_keys


def keys(duration, seed=0):
    return blink_keys(duration, np.random.default_rng(seed))


def test_each_blink_opens_closes_and_opens():
    found = keys(120.0)
    blinks = found.reshape(-1, 4, 2)
    assert (blinks[:, :, 1] == [0, 1, 1, 0]).all()
    assert (np.diff(found[:, 0]) > 0).all() and found[-1, 0] < 120.0
    assert (np.ptp(blinks[:, :, 0], axis=1) < 0.4).all()


def test_their_rate_is_human():
    rate = len(keys(600.0)) / 4 / 10
    assert 10 < rate < 26                                       # a minute; 17 at rest, 26 in conversation are reported


@pytest.mark.parametrize("duration", [0.0, 0.1, 0.9])
def test_a_short_recording_has_none(duration):
    assert keys(duration).shape == (0, 2)


def test_the_seed_decides():
    assert np.array_equal(keys(30.0), keys(30.0)) and not np.array_equal(keys(30.0), keys(30.0, seed=1))
