"""Measures on the mesh and the shapes that bring them about."""

from pathlib import Path

import numpy as np
import pytest

from core.head.model import HeadBasis
from core.head.mouth import gap, jaw_angle, measure_mouth, trace
from core.speech.articulation import CHANNELS
from core.speech.mouth_rig import FUNNEL, NAMES, PRESSED, SHAPES, WIDEST, pose, rig_matrix
from core.types import MotionTrack
from tests.core.mouth_stand_in import stand_in


@pytest.fixture(scope="module")
def head() -> HeadBasis:
    return HeadBasis.load(Path(__file__).parents[3] / "assets" / "head.npz")


def channels(**values: float) -> np.ndarray:
    row = np.zeros((1, len(CHANNELS)), np.float32)
    for channel, value in values.items():
        row[0, CHANNELS.index(channel)] = value
    return row


def weights_of(**values: float) -> np.ndarray:
    row = np.zeros((1, len(NAMES)), np.float32)
    for name, value in values.items():
        row[0, NAMES.index(name)] = value
    return row


@pytest.mark.parametrize("jaw", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("other", ["pucker", "labiodental", "press", "lower", "spread"])
def test_sealed_lips_touch_whatever_else_moves(jaw: float, other: str) -> None:
    names, weights = pose(channels(jaw=jaw, aperture=0.0, **{other: 1.0}), stand_in())
    # what the shapes can close exactly, they close; a shape that already presses the lips may leave them overlapping
    assert gap(stand_in(), names, weights)[0] < 1e-5


def test_pressed_lips_yield_and_resting_lips_do_not() -> None:
    pressed, resting = (gap(stand_in(), *pose(channels(jaw=0.4, aperture=0.0, press=press), stand_in()))[0]
                        for press in (1.0, 0.0))
    assert pressed == pytest.approx(-PRESSED, abs=1e-5) and resting == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("other", ["pucker", "funnel", "press", "spread", "lower", "labiodental"])
def test_the_default_heads_lips_meet_along_their_whole_length(head: HeadBasis, other: str) -> None:
    names, weights = pose(channels(jaw=0.4, aperture=0.0, **{other: 1.0}), head)
    upper, lower = (trace(head, side, names, weights)[0, :, 1] for side in (head.inner_lip_upper, head.inner_lip_lower))
    # the rims' vertices are not exactly opposite each other: at rest they lie up to 0.35 mm apart
    assert (upper - lower).max() < 0.5e-3 and (upper - lower).min() > -1.6e-3


def test_the_funnel_opens_no_further_than_asked() -> None:
    names, weights = pose(channels(funnel=1.0, pucker=1.0, aperture=0.0), stand_in())
    assert weights[0, names.index(FUNNEL)] == 0
    names, weights = pose(channels(funnel=1.0, aperture=0.8), stand_in())
    assert weights[0, names.index(FUNNEL)] == pytest.approx(SHAPES["funnel"][FUNNEL])


@pytest.mark.parametrize("aperture", [0.2, 0.5, 0.8])
def test_the_gap_is_what_was_asked_for(aperture: float) -> None:
    names, weights = pose(channels(jaw=aperture, aperture=aperture), stand_in())
    assert gap(stand_in(), names, weights)[0] == pytest.approx(aperture * WIDEST, abs=3e-4)


def test_lips_part_over_a_closed_jaw() -> None:
    names, weights = pose(channels(jaw=0.0, aperture=0.3), stand_in())
    assert gap(stand_in(), names, weights)[0] == pytest.approx(0.3 * WIDEST, abs=1e-4)
    assert weights[0, names.index("jawOpen")] == 0


def test_weights_stay_in_range() -> None:
    rng = np.random.default_rng(0)
    _, weights = pose(rng.uniform(0, 1, (200, len(CHANNELS))).astype(np.float32), stand_in())
    assert weights.dtype == np.float32 and weights.min() >= 0 and weights.max() <= 1


def test_every_channel_but_the_aperture_moves_something() -> None:
    assert set(SHAPES) == set(CHANNELS) - {"aperture"}
    assert (rig_matrix().sum(axis=1) > 0).sum() == len(SHAPES)


def test_measures_follow_the_shapes() -> None:
    weights = np.concatenate([weights_of(), weights_of(jawOpen=0.5), weights_of(mouthPucker=1.0),
                              weights_of(mouthRollLower=1.0)])
    track = MotionTrack(NAMES, weights, 60.0, np.zeros(4, np.float32))
    measure = measure_mouth(stand_in(), track)
    assert measure.opening[0] == pytest.approx(0, abs=1e-6) and measure.opening[1] == pytest.approx(0.015, abs=1e-6)
    assert measure.rounding[0] == pytest.approx(0, abs=1e-6)
    # corners 50 mm apart move 20 mm towards each other
    assert measure.rounding[2] == pytest.approx(0.4, abs=1e-3)
    assert measure.labiodental[3] > measure.labiodental[0] > measure.labiodental[1]


def test_jaw_angle_is_the_angle_between_the_segments() -> None:
    weights = np.concatenate([weights_of(), weights_of(jawOpen=1.0), weights_of(mouthPucker=1.0)])
    angle = jaw_angle(stand_in(), NAMES, weights)
    neutral, moved = np.arctan2(-0.04, 0.09), np.arctan2(-0.075, 0.08)
    assert angle[0] == 0 and angle[2] == 0
    assert angle[1] == pytest.approx(neutral - moved, abs=1e-6) and angle[1] > 0
