"""The head nods on stresses, changes its posture at pauses, stays small and smooth, and follows the mood."""

import numpy as np
import pytest

from core.bake.curves import smooth_at
from core.bake.head_motion import head_keys
from core.types import EmotionTrack, EmotionWindow, Rhythm
from tests.core.voices import RATE, heard, phrase, speech


def keys(rhythm, seed=0, felt=None):
    times, angles = head_keys(rhythm, np.random.default_rng(seed), felt)
    return times, np.degrees(angles)


@pytest.fixture(scope="module")
def talk():
    """A minute: phrases of two seconds, pauses of one."""
    return speech(2.0, 1.0, 20)


def test_it_begins_straight_and_stays_small(talk):
    for seed in range(5):
        times, angles = keys(talk, seed)
        assert times[0] == 0 and not angles[0].any() and times[-1] <= talk.duration and np.diff(times).min() > 0.059
        assert (np.abs(angles).max(axis=0) <= [7, 6, 3]).all() and np.ptp(angles[:, 1]) > 4 and np.ptp(angles[:, 2]) > 1.5


def test_it_moves_smoothly(talk):
    times, angles = keys(talk)
    curve = smooth_at(times, angles, np.arange(0, talk.duration, 0.001))
    speed = np.diff(curve, axis=0) / 0.001
    assert np.abs(speed).max() < 40                                 # degrees a second
    assert np.abs(np.diff(speed, axis=0)).max() < 1.5               # a step of its speed would be 20


def test_keys_are_few(talk):
    assert len(keys(talk)[0]) < 6 * talk.duration


def test_it_nods_on_stresses():
    moments = np.array([0.9, 1.8, 2.7])
    times, angles = keys(heard(np.concatenate([phrase(3.5, moments), np.zeros(RATE // 2, np.float32)])))
    before, at, after = (smooth_at(times, angles, moments + shift)[:, 0] for shift in (-0.24, 0.03, 0.36))
    assert (at - before > 1.2).all() and (at - after > 1.2).all() and (at - before < 6).all()


def test_posture_changes_at_pauses(talk):
    times, angles = keys(talk)
    yaw = smooth_at(times, angles, np.arange(0, 60, 3) + 1.0)[:, 1]
    assert np.abs(np.diff(yaw)).mean() > 1.0


def test_in_silence_it_hardly_moves():
    times, angles = keys(Rhythm(np.full(1801, -90, np.float32), np.zeros(1801, np.float32), 60.0))
    assert 10 < len(times) < 20 and np.abs(angles).max() > 0.1 and np.abs(np.diff(angles, axis=0)).max() < 2.5


@pytest.mark.parametrize(("category", "lowered"), [("sad", 5.0), ("surprise", -3.5), ("neutral", 0.0)])
def test_mood_lowers_or_raises_it(talk, category, lowered):
    end = talk.duration
    felt = EmotionTrack((EmotionWindow(0.0, 20.0, "neutral", 1.0), EmotionWindow(20.0, end, category, 3.0)), 0.5)
    split = EmotionTrack((*felt.windows[:1], EmotionWindow(20.0, 30.0, category, 3.0), EmotionWindow(30.0, end, category, 3.0)), 0.5)
    assert all(np.array_equal(*pair) for pair in zip(keys(talk, felt=split), keys(talk, felt=felt), strict=True))
    moments = np.arange(0.5, end - 1, 0.1)
    change = (smooth_at(*keys(talk, felt=felt), moments) - smooth_at(*keys(talk), moments))[:, 0]
    assert np.abs(change[moments < 19.0]).max() < 0.5
    assert change[moments > 21.5].mean() == pytest.approx(lowered, abs=0.15)
