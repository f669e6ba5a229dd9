"""Blinks come at human intervals, mostly in pauses, close fully and fast, open slowly, and are the same for the same seed."""

import numpy as np
import pytest

from core.bake.blinks import DOUBLE_GAP, LENGTH, SHAPE, blink_keys, blink_times
from tests.core.voices import speech

NONE = np.zeros(0, np.float32)


def times(rhythm, seed=0, shifts=NONE):
    return blink_times(rhythm, shifts, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def talk():
    """Four minutes: phrases of two seconds, pauses of one."""
    return speech(2.0, 1.0, 80)


def test_each_blink_closes_fast_and_opens_slowly():
    keys = blink_keys(np.array([1.0, 4.0], np.float32)).reshape(2, -1, 2)
    np.testing.assert_allclose(keys[:, :, 0] - keys[:, :1, 0], [[time for time, _ in SHAPE]] * 2, atol=1e-6)
    closing, closed, half, open_ = np.diff(keys[0, :, 0])
    assert closing < 0.1 < half + open_ and half < open_ and closed > 0
    assert keys[0, :, 1].tolist()[:3] == [0, 1, 1] and keys[0, -1, 1] == 0


def test_their_rate_is_human(talk):
    rates = [len(times(talk, seed)) / 4 for seed in range(6)]
    assert 14 < np.mean(rates) < 21 and min(rates) > 10           # a minute


def test_they_are_denser_in_pauses(talk):
    found = np.concatenate([times(talk, seed) for seed in range(6)]) % 3
    in_pauses = ((found > 1.8) | (found < 0.05)).sum() / 1.25     # a second of pause, with the end of the phrase before
    assert in_pauses > 2.5 * ((found > 0.05) & (found < 1.8)).sum() / 1.75


def test_double_blinks_are_rare_and_none_overlap(talk):
    gaps = np.concatenate([np.diff(times(talk, seed)) for seed in range(6)])
    assert gaps.min() >= LENGTH + DOUBLE_GAP - 1e-5
    assert 0.01 < (gaps < 0.6).mean() < 0.15


def test_a_large_shift_of_gaze_takes_one_along(talk):
    first = times(talk)[3]
    moved = times(talk, shifts=np.array([first + 0.4], np.float32))
    assert np.abs(moved - (first + 0.36)).min() < 1e-4 and not (np.abs(moved - first) < 0.1).any()


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_a_short_recording_has_none(seconds):
    assert blink_keys(times(speech(seconds, 0.05))).shape == (0, 2)


def test_the_seed_decides(talk):
    assert np.array_equal(times(talk), times(talk)) and not np.array_equal(times(talk), times(talk, seed=1))
