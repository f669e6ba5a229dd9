"""The bake keeps the motion, and hands lower teeth and tongue to the jaw pivot."""

import numpy as np
import pytest

from core.bake import JAW_PARTS, bake, resample
from core.head_model import HeadBasis
from core.pack import DEFAULT
from core.types import MotionTrack


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(DEFAULT / "head.npz")


def motion(frames=61):
    weights = np.zeros((frames, 2), np.float32)
    weights[:, 0] = np.linspace(0, 0.8, frames)
    return MotionTrack(("jawOpen", "mouthFunnel"), weights, 60.0, np.linspace(0, 0.2, frames, dtype=np.float32))


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 60.0])
def test_frames_lie_on_the_curve_and_reach_its_end(fps):
    curve = motion().weights
    sampled = resample(curve, 60.0, fps)
    times = np.minimum(np.arange(len(sampled)) / fps, 1.0)
    np.testing.assert_allclose(sampled[:, 0], 0.8 * times, atol=1e-5)     # a straight line is sampled exactly
    assert len(sampled) - 1 >= fps and sampled[-1, 0] == pytest.approx(0.8)


def test_every_shape_is_kept_and_only_the_moving_ones_have_weights(basis):
    baked = bake(basis.vertices, motion(), basis=basis, fps=24.0)
    assert baked.names == tuple(basis.expression_names)
    moving = {name for name, column in zip(baked.names, baked.weights.T, strict=True) if column.any()}
    assert moving == {"jawOpen"}


def test_the_jaw_shape_leaves_lower_teeth_and_tongue_to_the_pivot(basis):
    baked = bake(basis.vertices, motion(), basis=basis, fps=24.0)
    jaw = baked.offsets[baked.names.index("jawOpen")]
    for part in JAW_PARTS:
        assert not jaw[basis.part(part).vertices].any()
    assert np.abs(jaw[basis.part("skin").vertices]).max() > 0.01


def test_the_pivot_moves_with_the_ear(basis):
    wider = basis.vertices * np.float32(1.1)
    moved = bake(wider, motion(), basis=basis, fps=24.0).jaw_pivot - bake(basis.vertices, motion(), basis=basis, fps=24.0).jaw_pivot
    np.testing.assert_allclose(moved[1:], 0.1 * basis.vertices[basis.below_ear_vertex][1:], atol=1e-6)
    assert moved[0] == 0
