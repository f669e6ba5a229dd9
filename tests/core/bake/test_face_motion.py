"""Motion taken from a bake, and turns taken from points."""

import numpy as np
import pytest

from core.bake.face_motion import angles, from_bake, left_out, turn
from core.errors import InputError
from core.speech.lip_gap import JAW_SHAPE

NAMES = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight",
         *(f"eyeLook{way}{side}" for side in ("Left", "Right") for way in ("Up", "Down", "In", "Out")))


def bake(**changes):
    """A bake of 11 frames at 10 a second: the jaw opens, lids shut in the middle, an emotion grows."""
    weights, lips = np.zeros((11, len(NAMES)), np.float32), np.zeros((11, len(NAMES)), np.float32)
    weights[:, 0] = np.linspace(0, 1, 11)
    lips[:, 0] = -0.1
    felt = np.zeros((2, len(NAMES)), np.float32)
    felt[1, 0], felt[:, 1] = 0.4, 0.2
    return {"names": np.array(NAMES), "weights": weights, "fps": np.float64(10), "emotion_lips": lips,
            "emotion_times": np.array([0, 1], np.float32), "emotion_weights": felt,
            "blinks": np.array([[0.4, 0], [0.5, 1], [0.6, 0]], np.float32),
            "gaze_times": np.zeros(0, np.float32), "gaze_angles": np.zeros((0, 2), np.float32),
            "head_times": np.zeros(0, np.float32), "head_angles": np.zeros((0, 3), np.float32),
            "fusion_offsets": np.zeros((0, 5, 3), np.float32), "fusion_weights": np.zeros((11, 0), np.float32)} | changes


def test_layers_are_summed_and_held_within_0_and_1():
    motion = from_bake(bake())
    assert motion.fps == 10 and motion.names == NAMES
    np.testing.assert_allclose(motion.column(JAW_SHAPE), np.clip(np.linspace(0, 1.4, 11) - 0.1, 0, 1), atol=1e-6)
    np.testing.assert_allclose(motion.column("eyeBlinkLeft"), np.where(np.arange(11) == 5, 1, 0.2), atol=1e-5)
    np.testing.assert_allclose(motion.column("eyeBlinkRight"), np.arange(11) == 5, atol=1e-5)
    assert not motion.column("cheekPuff").any()


def test_without_blinks_the_lids_keep_their_own_motion():
    weights = bake()["weights"]
    weights[:, 2] = 0.3
    np.testing.assert_allclose(from_bake(bake(weights=weights, blinks=np.zeros((0, 2), np.float32))).column("eyeBlinkRight"), 0.3)


@pytest.mark.parametrize("fps", [4, 25, 60])
def test_another_frame_rate_keeps_length_and_peaks(fps):
    motion = from_bake(bake(), fps)
    assert len(motion.weights) == fps + 1
    assert motion.column("eyeBlinkRight").max() == pytest.approx(1.0)


@pytest.mark.parametrize("fps", [0.0, -24.0, 1000.0, float("nan")])
def test_a_frame_rate_out_of_range_is_told(fps):
    with pytest.raises(InputError, match="frame rate"):
        from_bake(bake(), fps)


def test_eyes_turn_as_their_shapes_say():
    weights = bake()["weights"]
    for name, weight in {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5, "eyeLookUpLeft": 1.0, "eyeLookDownRight": 1.0}.items():
        weights[:, NAMES.index(name)] = weight
    motion = from_bake(bake(weights=weights))
    np.testing.assert_allclose(np.degrees(motion.eye_left[0]), (14, -20, 0), atol=1e-4)     # to the person's left, up
    np.testing.assert_allclose(np.degrees(motion.eye_right[0]), (14, 24, 0), atol=1e-4)     # the same way, down


def test_gaze_and_head_motion_are_in_it():
    motion = from_bake(bake(gaze_times=np.array([0, 1], np.float32), gaze_angles=np.radians([[0, 0], [14, 0]]).astype(np.float32),
                            head_times=np.array([0, 1], np.float32), head_angles=np.array([[0.1, 0, 0], [0.1, 0, 0.2]], np.float32)))
    np.testing.assert_allclose(motion.head[[0, -1]], [[0, 0.1, 0], [0, 0.1, 0.2]], atol=1e-6)            # yaw, pitch, roll
    assert np.degrees(motion.eye_left[-1, 0]) == pytest.approx(14, abs=0.01)
    np.testing.assert_allclose(motion.eye_left[:, 1], -0.1, atol=0.01)                                # up, as the head is down


def test_turns_are_found_again():
    yaw, pitch, roll = 0.3, -0.2, 0.1
    sin, cos = np.sin, np.cos
    rotation = (np.array([[cos(yaw), 0, sin(yaw)], [0, 1, 0], [-sin(yaw), 0, cos(yaw)]])
                @ np.array([[1, 0, 0], [0, cos(pitch), -sin(pitch)], [0, sin(pitch), cos(pitch)]])
                @ np.array([[cos(roll), -sin(roll), 0], [sin(roll), cos(roll), 0], [0, 0, 1]]))
    points = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    found = turn(points, (points @ rotation.T + (1, 2, 3)).astype(np.float32))
    np.testing.assert_allclose(found, rotation, atol=1e-6)
    np.testing.assert_allclose(angles(found), (yaw, pitch, roll), atol=1e-6)
    assert (rotation @ (0, 0, 1))[0] > 0 and (rotation @ (0, 0, 1))[1] > 0      # looks to its left (+X) and, with pitch < 0, up


def test_shapes_of_a_fusion_on_the_mesh_come_along_and_what_is_without_them_is_known():
    offsets, weights = np.zeros((2, 5, 3), np.float32), np.zeros((11, 2), np.float32)
    offsets[0, 1, 0], offsets[1, 3] = 0.002, (0, 0.003, 0.004)
    weights[:, 0], weights[5, 1] = -0.5, 1.0
    fused = bake(fusion_offsets=offsets, fusion_weights=weights)
    motion = from_bake(fused, 5)
    assert motion.names == (*NAMES, "fusion_01", "fusion_02")
    np.testing.assert_allclose(motion.column("fusion_01"), -0.5)
    assert left_out(fused) == pytest.approx(((11 * 0.001 + 0.005) / 22, 0.005)) and left_out(bake()) == (0.0, 0.0)
