"""Controls of the lips do what their names say, and lips that touch keep touching."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from core.bake.shape_keys import frame_weights
from core.errors import InputError
from core.head.model import HeadBasis
from core.head.mouth import gap
from core.pack import DEFAULT
from core.speech.articulation import CHANNELS
from core.speech.lip_controls import RANGES, UPPER, LipControls, apply, closure_warnings
from core.speech.lip_gap import SHUT, solve_gap
from core.speech.mouth_rig import CLOSING, NAMES, WIDEST, pose
from core.types import MotionTrack

EXTREMES = [{name: bound} for name, bounds in RANGES.items() for bound in bounds if name not in ("gains", "offsets", "sync_offset")]
OPENERS = {"jawOpen": 1.0, "mouthFunnel": 1.0, "mouthLowerDownLeft": 1.0, "mouthUpperUpRight": 1.0, "tongueOut": 1.0}
TOUCH = SHUT + 1e-5             # metres: rounding


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(DEFAULT / "head.npz")


@pytest.fixture(scope="module")
def track(basis):
    """Ten seconds of trembling syllables with rounding, tongue and pressed lips; five times a second the lips touch for 50 ms."""
    rng = np.random.default_rng(3)
    frames = np.arange(600)
    values = np.zeros((600, len(CHANNELS)), np.float32)

    def channel(name):
        return values[:, CHANNELS.index(name)]

    for name, speed in (("jaw", 0.21), ("pucker", 0.05), ("funnel", 0.07), ("lower", 0.11), ("tongue_tip", 0.3), ("tongue_out", 0.09)):
        channel(name)[:] = 0.5 + 0.4 * np.sin(speed * frames + rng.uniform(0, 6)) + rng.normal(0, 0.02, 600)
    channel("aperture")[:] = 0.2 + 0.8 * channel("jaw")
    for first in range(10, 590, 12):
        first += int(rng.integers(0, 5))
        channel("aperture")[first:first + 3] = 0
        channel("press")[first:first + 3] = rng.uniform(0, 1)
    names, weights = pose(values, basis)
    return MotionTrack(names, weights, 60.0, np.zeros(600, np.float32))


def column(track, name):
    return track.weights[:, track.names.index(name)]


def opening(track, basis):
    return gap(basis, track.names, track.weights)


def test_neutral_controls_change_nothing(track, basis):
    assert apply(track, LipControls(), basis) is track
    assert apply(track, LipControls(sync_offset=0.2), basis) is track               # that is the sampling's
    same = apply(track, LipControls(gains={"mouthPucker": 1.0}), basis)
    np.testing.assert_allclose(same.weights, track.weights, atol=1e-5)              # the gap is solved anew, in float32


@pytest.mark.parametrize("values", [*EXTREMES, {"offsets": OPENERS}, {"gains": dict.fromkeys(OPENERS, 3.0)},
                                    {"lip_strength": 2.0, "jaw_strength": 2.0, "lip_open": 0.3, "lower_smoothing": 0.05}], ids=str)
def test_lips_that_touch_keep_touching(track, basis, values):
    controls = LipControls(**values)
    shut = opening(track, basis) <= SHUT
    moved = apply(track, controls, basis)
    assert shut.sum() > 100 and opening(moved, basis)[shut].max() <= TOUCH
    assert closure_warnings(track, controls, basis) == ()
    assert moved.weights.dtype == np.float32 and moved.weights.min() >= 0 and moved.weights.max() <= 1


@pytest.mark.parametrize("values", [{"jaw_strength": 2.0}, {"lower_smoothing": 0.1}, {"sync_offset": 0.0137}], ids=str)
@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0])
def test_every_closure_is_on_a_frame_of_the_scene(track, basis, values, fps):
    controls = LipControls(**values)
    frames = gap(basis, basis.expression_names, frame_weights(track, basis=basis, fps=fps, controls=controls))
    times = np.arange(len(frames)) / fps
    begins = np.flatnonzero(np.diff((opening(track, basis) <= SHUT).astype(int)) == 1) + 1
    for begin in begins / 60 + controls.sync_offset:
        near = (times >= begin - 0.5 / fps - 1e-6) & (times <= begin + 2 / 60 + 0.5 / fps + 1e-6)
        assert frames[near].min() <= TOUCH, begin


def test_jaw_strength_opens_the_mouth_and_leaves_the_lips_shapes(track, basis):
    before, after = opening(track, basis), opening(apply(track, LipControls(jaw_strength=1.5), basis), basis)
    wide = before > 0.006
    assert 1.2 < (after[wide] / before[wide]).mean() <= 1.55                        # part of the opening is the lips' own
    moved = apply(track, LipControls(jaw_strength=1.5), basis)
    np.testing.assert_allclose(column(moved, "jawOpen")[wide], 1.5 * column(track, "jawOpen")[wide], rtol=1e-4)
    np.testing.assert_array_equal(column(moved, "mouthPucker"), column(track, "mouthPucker"))
    assert moved.jaw_angle.max() > 1.1 * apply(track, LipControls(tongue_strength=0.0), basis).jaw_angle.max()


@pytest.mark.parametrize(("control", "scaled", "kept"), [
    ("lip_strength", "mouthPucker", ("jawOpen", "tongueTipUp")), ("tongue_strength", "tongueTipUp", ("jawOpen", "mouthPucker"))])
def test_a_strength_scales_its_own_shapes(track, basis, control, scaled, kept):
    moved = apply(track, LipControls(**{control: 0.5}), basis)
    np.testing.assert_allclose(column(moved, scaled), 0.5 * column(track, scaled), atol=1e-6)
    for name in kept:
        np.testing.assert_array_equal(column(moved, name), column(track, name))


@pytest.mark.parametrize("share", [0.15, -0.15])
def test_lip_open_offset_is_a_share_of_the_widest_aperture(track, basis, share):
    before, after = opening(track, basis), opening(apply(track, LipControls(lip_open=share), basis), basis)
    wide = before > 0.005
    np.testing.assert_allclose(after[wide] - before[wide], share * WIDEST, atol=3e-4)


def roughness(curve):
    return np.abs(np.diff(curve, 2)).mean()


@pytest.mark.parametrize(("control", "upper"), [("lower_smoothing", False), ("upper_smoothing", True)])
def test_smoothing_calms_its_half_of_the_face(track, basis, control, upper):
    moved = apply(track, LipControls(**{control: 0.05}), basis)
    for name in (name for name in track.names if name != CLOSING and column(track, name).any()):
        if name.startswith(UPPER) == upper:
            assert roughness(column(moved, name)) < 0.7 * roughness(column(track, name)), name
        else:
            np.testing.assert_array_equal(column(moved, name), column(track, name))


@pytest.mark.parametrize("frames", [5, -5])
def test_sync_offset_is_positive_when_the_lips_come_later(track, basis, frames):
    plain, shifted = (frame_weights(track, basis=basis, fps=60.0, controls=LipControls(sync_offset=offset))
                      for offset in (0.0, frames / 60))
    assert len(plain) == len(shifted)
    np.testing.assert_allclose(shifted[20:-20], np.roll(plain, frames, axis=0)[20:-20], atol=1e-4)


def test_gain_and_offset_of_single_shapes(track, basis):
    moved = apply(track, LipControls(gains={"mouthPucker": 0.4}, offsets={"mouthSmileLeft": 0.2, "browInnerUp": 0.3}), basis)
    np.testing.assert_allclose(column(moved, "mouthPucker"), 0.4 * column(track, "mouthPucker"), atol=1e-6)
    np.testing.assert_allclose(column(moved, "mouthSmileLeft"), np.clip(column(track, "mouthSmileLeft") + 0.2, 0, 1), atol=1e-6)
    np.testing.assert_allclose(column(moved, "browInnerUp"), 0.3, atol=1e-6)


def test_weakening_mouth_close_itself_opens_closures_and_is_told(track, basis):
    (warning,) = closure_warnings(track, LipControls(gains={CLOSING: 0.5}), basis)
    assert "stay apart" in warning and CLOSING in warning


def test_the_jaw_closes_what_mouth_close_cannot(basis):
    weights = np.zeros((1, len(NAMES)), np.float32)
    weights[0, [NAMES.index("jawOpen"), NAMES.index("mouthFunnel")]] = 1.0
    solved = solve_gap(basis, NAMES, weights, np.zeros(1, np.float32))
    assert solved[0, NAMES.index(CLOSING)] == 1 and solved[0, NAMES.index("jawOpen")] < 0.9
    assert abs(gap(basis, NAMES, solved)[0]) < 1e-4


def test_a_shape_the_head_has_not_is_named(track, basis):
    with pytest.raises(InputError, match="no shape mouthGrin"):
        apply(track, LipControls(offsets={"mouthGrin": 0.1}), basis)


@pytest.mark.parametrize("values", [{"lip_strength": 2.1}, {"lip_open": float("nan")}, {"jaw_strength": "1"}, {"sync_offset": True},
                                    {"gains": {"mouthPucker": -1}}, {"offsets": {"jawOpen": None}}, {"gains": 1.0}], ids=str)
def test_values_out_of_range_are_told(values):
    with pytest.raises(InputError, match="lip control"):
        LipControls.from_json(values)


def test_they_come_back_from_json():
    controls = LipControls(1.2, lip_open=-0.1, gains={"mouthPucker": 1.5}, offsets={"jawOpen": 0.1})
    assert LipControls.from_json(json.loads(json.dumps(asdict(controls)))) == controls
    assert LipControls.from_json({}) == LipControls()


@pytest.mark.parametrize("values", [[], "loud", None, {"loudness": 1.0}])
def test_other_json_is_refused(values):
    with pytest.raises(InputError, match="lip control"):
        LipControls.from_json(values)
