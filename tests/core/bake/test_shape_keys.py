"""The bake keeps the motion, and hands lower teeth and tongue to the jaw pivot."""

from dataclasses import replace

import numpy as np
import pytest

from core.bake import shape_keys as baking
from core.bake.performance import perform
from core.bake.shape_keys import JAW_PARTS, bake, frame_weights, lips_under, resample
from core.emotion.fusion import Fusion, felt_weights, offsets_of
from core.emotion.motion import EmotionCurves, fuse
from core.head.model import HeadBasis
from core.head.mouth import gap
from core.pack import DEFAULT
from core.speech.articulation import CHANNELS
from core.speech.lip_controls import LipControls
from core.speech.lip_gap import SHUT
from core.speech.mouth_rig import pose
from core.types import MotionTrack, Rhythm


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(DEFAULT / "head.npz")


def motion(frames=61):
    weights = np.zeros((frames, 2), np.float32)
    weights[:, 0] = np.linspace(0, 0.8, frames)
    return MotionTrack(("jawOpen", "mouthFunnel"), weights, 60.0, np.linspace(0, 0.2, frames, dtype=np.float32))


def calm(basis):
    return EmotionCurves(np.zeros(1, np.float32), np.zeros((1, len(basis.expression_names)), np.float32))


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 60.0])
def test_frames_lie_on_the_curve_and_reach_its_end(fps):
    curve = motion().weights
    sampled = resample(curve, 60.0, fps)
    times = np.minimum(np.arange(len(sampled)) / fps, 1.0)
    np.testing.assert_allclose(sampled[:, 0], 0.8 * times, atol=1e-5)     # a straight line is sampled exactly
    assert len(sampled) - 1 >= fps and sampled[-1, 0] == pytest.approx(0.8)


def test_every_shape_is_kept_and_only_the_moving_ones_have_weights(basis):
    baked = bake(basis.vertices, motion(), calm(basis), basis=basis, fps=24.0)
    assert baked.names == tuple(basis.expression_names)
    moving = {name for name, column in zip(baked.names, baked.weights.T, strict=True) if column.any()}
    assert moving == {"jawOpen"}


def test_the_jaw_shape_leaves_lower_teeth_and_tongue_to_the_pivot(basis):
    baked = bake(basis.vertices, motion(), calm(basis), basis=basis, fps=24.0)
    jaw = baked.offsets[baked.names.index("jawOpen")]
    for part in JAW_PARTS:
        assert not jaw[basis.part(part).vertices].any()
    assert np.abs(jaw[basis.part("skin").vertices]).max() > 0.01


def test_what_is_fused_on_the_mesh_is_keyed_with_the_shapes_of_a_face_at_its_rest(basis):
    """The error that is told is that of the shapes in Blender, which go less far where the face rests in them, and suit its lids."""
    rest, felt = np.zeros((2, len(basis.expression_names)), np.float32)
    for name in ("mouthSmileLeft", "mouthSmileRight", "browDownLeft", "eyeSquintLeft"):
        rest[basis.expression_names.index(name)], felt[basis.expression_names.index(name)] = 0.5, 0.6
    emotion, fusion = EmotionCurves(np.zeros(1, np.float32), felt[None]), Fusion.make(basis, "region")
    baked = bake(basis.vertices, motion(9), emotion, basis=basis.at_rest(rest), fps=24.0, fusion=fusion)
    skin, frames = basis.part("skin").vertices, len(baked.weights)
    shown = replace(basis, expression_basis=baked.offsets, corrective_basis=baked.correctives.offsets)
    felt = np.tile(felt, (frames, 1))
    lip, emo = (offsets_of(shown, weights) for weights in (baked.weights, felt_weights(felt, baked.weights, shown)))
    wanted = replace(fusion, basis=shown)(lip, emo)
    keyed = offsets_of(shown, baked.weights + felt + baked.emotion_lips)
    away = np.linalg.norm((keyed + np.tensordot(baked.fusion_weights, baked.fusion_offsets, 1) - wanted)[:, skin], axis=2)
    assert np.allclose(baked.fusion_error, [away.mean(), away.max()], atol=5e-6)        # metres; weights below 1e-4 are left out


def test_the_pivot_moves_with_the_ear(basis):
    wider = basis.vertices * np.float32(1.1)
    mean, moved = (bake(head, motion(), calm(basis), basis=basis, fps=24.0).jaw_pivot for head in (basis.vertices, wider))
    moved = moved - mean
    np.testing.assert_allclose(moved[1:], 0.1 * basis.vertices[basis.below_ear_vertex][1:], atol=1e-6)
    assert moved[0] == 0


def test_speech_emotion_and_what_keeps_the_lips_in_sync_add_up_to_both(basis):
    felt = np.zeros((2, len(basis.expression_names)), np.float32)
    felt[:, basis.indices(("mouthSmileLeft", "mouthUpperUpLeft", "browInnerUp"))] = 0.7
    felt[1] *= 0.5
    curves = EmotionCurves(np.array([0.2, 0.6], np.float32), felt)
    baked = bake(basis.vertices, motion(), curves, basis=basis, fps=24.0)
    both = baked.weights + curves.at(np.arange(len(baked.weights), dtype=np.float32) / 24) + baked.emotion_lips
    np.testing.assert_allclose(np.clip(both, 0, 1), fuse(baked.weights, both - baked.weights - baked.emotion_lips, basis, fps=24.0),
                               atol=2e-4)                             # weights below 1e-4 are not worth a key
    assert not baked.emotion_lips[:, basis.indices(("browInnerUp",))].any()
    assert not bake(basis.vertices, motion(), calm(basis), basis=basis, fps=24.0).emotion_lips.any()


def closures(basis, starts):
    """Open lips that shut at once, for 50 ms, from each of the frames `starts` on."""
    values = np.zeros((starts[-1] + 30, len(CHANNELS)), np.float32)
    values[:, [CHANNELS.index("jaw"), CHANNELS.index("aperture")]] = 0.6
    for start in starts:
        values[start:start + 3, CHANNELS.index("aperture")] = 0
    names, weights = pose(values, basis)
    return MotionTrack(names, weights, 60.0, np.zeros(len(weights), np.float32))


@pytest.mark.parametrize("fps", [12.0, 23.976, 24.0, 25.0, 30.0])
def test_no_closure_is_lost_between_frames(basis, fps):
    starts = np.cumsum(np.random.default_rng(5).integers(20, 30, 60))
    track = closures(basis, starts)
    for delay in np.linspace(0, 0.04, 5):
        weights = frame_weights(track, basis=basis, fps=fps, controls=LipControls(sync_offset=delay))
        opening = gap(basis, basis.expression_names, weights)
        frames = np.rint((starts + 1) / 60 * fps + delay * fps).astype(int)
        shut = np.minimum(opening[frames], np.minimum(opening[frames - 1], opening[frames + 1]))
        assert shut.max() <= SHUT
        assert np.quantile(opening, 0.9) > 0.007                # and open in between


@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0])
def test_no_peak_is_cut_by_more_than_a_twentieth(fps):
    random = np.random.default_rng(6)
    curves = np.zeros((3000, 2), np.float32)
    places = np.arange(20, 2980, 25) + random.integers(0, 9, 119)
    for place in places:
        curves[place - 2:place + 3, 0] = np.array([0.1, 0.45, 0.9, 0.45, 0.1])
        curves[place - 6:place + 7, 1] = 0.8 * np.hanning(15)[1:-1]
    sampled = resample(curves, 60.0, fps)
    frames = np.rint(places / 60 * fps).astype(int)
    for curve, peak in ((0, 0.9), (1, 0.8)):
        highest = np.max([sampled[frames + step, curve] for step in (-1, 0, 1)], axis=0)
        assert highest.min() >= 0.95 * peak - 1e-6 and sampled[:, curve].max() <= peak + 1e-6


def test_shapes_that_peak_apart_leave_the_gap_between_the_lips_alone(basis):
    random = np.random.default_rng(7)
    values = np.zeros((900, len(CHANNELS)), np.float32)
    for channel in ("jaw", "aperture", "pucker", "labiodental"):
        noise = np.convolve(random.normal(size=920), np.hanning(23)[1:-1], "valid")
        values[:, CHANNELS.index(channel)] = np.clip(0.4 + 0.1 * noise, 0, 1)
    names, weights = pose(values, basis)
    track = MotionTrack(names, weights, 60.0, np.zeros(900, np.float32))
    opening = gap(basis, basis.expression_names, frame_weights(track, basis=basis, fps=24.0))
    linear = np.interp(np.arange(len(opening)) / 24, np.arange(900) / 60, gap(basis, names, weights))
    assert np.quantile(np.abs(opening - linear), 0.95) < 2e-4                       # metres; the rest are peaks of the gap itself
    assert np.abs(np.diff(opening, 3)).mean() < 1.01 * np.abs(np.diff(linear, 3)).mean()


def test_at_the_motions_own_rate_nothing_changes(basis):
    track = closures(basis, np.arange(20, 200, 25))
    weights = frame_weights(track, basis=basis, fps=60.0)
    np.testing.assert_array_equal(weights[:, [basis.expression_names.index(name) for name in track.names]], track.weights)


def test_controls_move_the_lips_and_never_the_rest(basis):
    track = closures(basis, np.arange(20, 900, 25))
    performance = perform(Rhythm(np.full(901, -20, np.float32), np.zeros(901, np.float32), 60.0))
    plain, strong = (bake(basis.vertices, track, calm(basis), basis=basis, fps=24.0, controls=LipControls(jaw_strength=strength),
                          performance=performance) for strength in (1.0, 2.0))
    jaw = plain.names.index("jawOpen")
    assert strong.weights[:, jaw].max() == pytest.approx(2 * plain.weights[:, jaw].max(), rel=1e-4)
    assert strong.performance is performance and plain.performance is performance


@pytest.mark.parametrize(("fps", "controls"), [
    (25.0, LipControls(sync_offset=0.31)), (23.976, LipControls(sync_offset=-0.77, lower_smoothing=0.1))])
def test_a_long_bake_in_blocks_is_that_of_the_whole(basis, monkeypatch, fps, controls):
    random = np.random.default_rng(4)
    knots = random.random((80, len(CHANNELS))).astype(np.float32)
    knots[::9, CHANNELS.index("aperture")] = 0                              # closures, some shorter than a frame
    moments = np.arange(60 * 8) / 60
    channels = np.stack([np.interp(moments, np.linspace(0, 8, 80), column) for column in knots.T], axis=1).astype(np.float32)
    names, weights = pose(channels, basis)
    track = MotionTrack(names, weights, 60.0, np.zeros(len(weights), np.float32))
    felt = EmotionCurves(np.linspace(0, 8, 9, dtype=np.float32), random.random((9, len(basis.expression_names))).astype(np.float32))
    found = []
    for block in (10_000, 70):
        monkeypatch.setattr(baking, "BLOCK", block)
        found.append(frame_weights(track, basis=basis, fps=fps, controls=controls))
        found.append(lips_under(felt, found[0], basis=basis, fps=fps))
    np.testing.assert_allclose(found[2], found[0], atol=1e-5)              # sums in another order
    np.testing.assert_allclose(found[3], found[1], atol=1e-5)
