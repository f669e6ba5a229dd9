"""Gaze jumps and holds, leads away mostly in pauses, and stays on its target while the head turns."""

import numpy as np
import pytest

from core.bake.curves import linear_at, smooth_at
from core.bake.gaze import ACROSS, DOWN, LOOKS, eye_angles, gaze_keys, look_weights
from core.bake.performance import STILL, perform
from core.head.lids import Lids
from tests.core.own_heads import basis
from tests.core.voices import speech


@pytest.fixture(scope="module")
def talk():
    """Four minutes: phrases of two seconds, pauses of one."""
    return speech(2.0, 1.0, 80)


def test_jumps_are_short_and_holds_are_not(talk):
    times, angles, _ = gaze_keys(talk, np.random.default_rng(0))
    assert times[0] == 0 and not angles[0].any() and times[-1] <= talk.duration
    step = np.diff(times)
    size = np.degrees(np.linalg.norm(np.diff(angles, axis=0), axis=1))
    assert (step[1::2] < 0.1).all() and (step[2::2] > 0.2).all() and not size[::2].any()          # hold, jump, hold, ...
    np.testing.assert_allclose(step[1::2], 0.025 + 0.0024 * size[1::2], atol=1e-3)
    assert np.abs(np.degrees(angles)).max() < 16


def test_it_leads_away_mostly_in_pauses(talk):
    away = []
    for seed in range(4):
        times, angles, far = gaze_keys(talk, np.random.default_rng(seed))
        frames = np.arange(0, talk.duration, 1 / 60)
        glances = np.linalg.norm(np.degrees(linear_at(times, angles, frames)), axis=1) > 3.5
        away.append((glances[frames % 3 > 2.1].mean(), glances[(frames % 3 > 0.5) & (frames % 3 < 2)].mean(), len(far)))
    pause, spoken, far = np.mean(away, axis=0)
    assert pause > 1.5 * spoken and 0.05 < spoken < 0.4 and far > 10


def test_eyes_stay_on_their_target_while_the_head_turns(talk):
    performance = perform(talk)
    times, angles = eye_angles(performance)
    turned = smooth_at(performance.head_times, performance.head_angles, times)
    target = linear_at(performance.gaze_times, performance.gaze_angles, times)
    np.testing.assert_allclose(angles[:, 0] + turned[:, 1], target[:, 0], atol=1e-5)              # yaw
    np.testing.assert_allclose(angles[:, 1] - turned[:, 0], target[:, 1], atol=1e-5)              # pitch
    still_times, still = eye_angles(performance, head=0.0)
    np.testing.assert_array_equal(still, performance.gaze_angles)
    assert np.array_equal(still_times, performance.gaze_times) and not len(eye_angles(STILL)[0])


def test_shapes_of_both_eyes_look_to_the_same_side():
    weights = look_weights(np.radians([[ACROSS / 2, 0], [-ACROSS, 0], [0, -DOWN / 4]]).astype(np.float32))
    assert set(weights) == set(LOOKS) <= set(basis().expression_names)
    np.testing.assert_allclose([weights["eyeLookOutLeft"], weights["eyeLookInRight"]], [[0.5, 0, 0]] * 2, atol=1e-6)
    np.testing.assert_allclose([weights["eyeLookInLeft"], weights["eyeLookOutRight"]], [[0, 1, 0]] * 2, atol=1e-6)
    np.testing.assert_allclose([weights["eyeLookDownLeft"], weights["eyeLookDownRight"]], [[0, 0, 0.25]] * 2, atol=1e-6)
    assert not weights["eyeLookUpLeft"].any()


def test_lids_follow_the_gaze():
    model = basis()
    side = Lids(model).sides["Left"][model.part("skin").vertices]
    upper = (side > 0) & (model.vertices[model.part("skin").vertices, 1] > model.vertices[model.part("eye_left").vertices, 1].mean())
    down, up = (model.expressions[model.expression_names.index(name)][model.part("skin").vertices][upper, 1]
                for name in ("eyeLookDownLeft", "eyeLookUpLeft"))
    assert down.min() < -0.002 and up.max() > 0.001                # metres of the upper lid
