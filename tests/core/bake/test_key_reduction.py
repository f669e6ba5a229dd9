"""Few keys, and the mesh where it was: within 0.2 mm, closures and peaks to the bit."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from core.bake.key_error import LIMIT, Layers, distances_of
from core.bake.key_reduction import closures, peaks, reduce_keys
from core.bake.shape_keys import frame_weights, lips_beside
from core.head.mouth import gap
from core.speech.lip_gap import SHUT
from tests.core.real_speech import real_head, real_motion

RATES = [24.0, 25.0, 30.0, 60.0]


@cache
def spoken(fps):
    return frame_weights(real_motion(), basis=real_head(), fps=fps)


@cache
def reduced(fps):
    return keyed(spoken(fps), fps)


def keyed(weights, fps=24.0, **options):
    return reduce_keys(weights, real_head(), opening=gap(real_head(), real_head().expression_names, weights), fps=fps, **options)


def shown(keys, frames, count=None):
    """Weights (T, K) of keys at frames."""
    result = np.zeros((len(frames), count or len(real_head().expression_names)), np.float32)
    for place, curve in keys.items():
        result[:, place] = curve.at(np.asarray(frames, np.float64))
    return result


def error(first, second):
    """By how far the worst vertex of the head is off in each frame (T,), metres, correctives included."""
    basis = real_head()
    extra = [basis.corrective_weights(basis.expression_names, weights) for weights in (first, second)]
    off, shapes = np.hstack([first - second, extra[0] - extra[1]]), np.concatenate([basis.expression_basis, basis.corrective_basis])
    used = np.flatnonzero(off.any(axis=0))
    shapes = shapes[used].astype(np.float32)
    return np.array([np.linalg.norm(np.tensordot(frame, shapes, 1), axis=1).max() for frame in off[:, used]])


def smooth(frames, shapes, *, seed, width=9):
    random, basis = np.random.default_rng(seed), real_head()
    noise = random.normal(size=(frames + width, len(shapes)))
    kernel = np.hanning(width + 2)[1:-1]
    curves = np.stack([np.convolve(column, kernel / kernel.sum(), "valid")[:frames] for column in noise.T], axis=1)
    weights = np.zeros((frames, len(basis.expression_names)), np.float32)
    weights[:, basis.indices(shapes)] = np.clip(0.3 + 0.6 * curves, 0, 1)
    return weights


@pytest.mark.parametrize("fps", RATES)
def test_real_speech_keeps_its_mesh_with_few_keys(fps):
    weights, keys = spoken(fps), reduced(fps)
    assert set(keys) == set(np.flatnonzero(weights.any(axis=0)))
    assert error(shown(keys, range(len(weights))), weights).max() <= LIMIT
    assert len(weights) * len(keys) >= 6 * sum(len(curve.points) for curve in keys.values())


@pytest.mark.parametrize("fps", RATES)
def test_rapid_speech_keeps_its_mesh_with_few_keys_too(fps):
    """1.7 times as fast as it was spoken."""
    weights = frame_weights(replace(real_motion(), fps=1.7 * real_motion().fps), basis=real_head(), fps=fps)
    keys = keyed(weights, fps)
    assert error(shown(keys, range(len(weights))), weights).max() <= LIMIT
    assert len(weights) * len(keys) >= 6 * sum(len(curve.points) for curve in keys.values())


@pytest.mark.parametrize("fps", RATES)
def test_closures_keep_their_values_and_stay_shut(fps):
    weights, keys, basis = spoken(fps), reduced(fps), real_head()
    opening = gap(basis, basis.expression_names, weights)
    after = shown(keys, range(len(weights)))
    assert gap(basis, basis.expression_names, after)[opening <= SHUT].max() <= SHUT + 5e-6
    closest = closures(opening)
    assert len(closest) >= 5
    reach = np.linalg.norm(basis.expressions, axis=2).max(axis=1)
    for place, curve in keys.items():
        if basis.expression_names[place].startswith(("mouth", "jaw")) and weights[:, place].max() * reach[place] > LIMIT:
            assert np.isin(closest, curve.points[:, 0]).all()
            np.testing.assert_array_equal(after[closest, place], weights[closest, place])


@pytest.mark.parametrize("fps", RATES)
def test_peaks_keep_frame_and_value(fps):
    weights, keys = spoken(fps), reduced(fps)
    moving = np.flatnonzero(weights.any(axis=0))
    member = np.unique(weights[:, moving].T, axis=0, return_inverse=True)[1].ravel()                # both sides move as one curve
    reach = dict(zip(moving.tolist(), distances_of(real_head(), moving, member).max(axis=1)[member], strict=True))
    highest = 0
    for place, curve in keys.items():
        frames = np.flatnonzero(peaks(weights[None, :, place] * reach[place], reach=round(fps / 2))[0])
        values = curve.at(frames.astype(np.float64))
        np.testing.assert_array_equal(values, weights[frames, place])
        around = curve.at((frames[:, None] + np.linspace(-1, 1, 9)).ravel()).reshape(-1, 9)
        assert (around <= values[:, None] + 1e-6).all()                       # and is the highest around
        highest += len(frames)
    assert highest > 50


@pytest.mark.parametrize("fps", [24.0, 60.0])
def test_keys_are_an_artists(fps):
    """On whole frames, handles aligned and between the neighbours, no curve past its own range between frames either."""
    weights, keys = spoken(fps), reduced(fps)
    for place, curve in keys.items():
        frames, values = curve.points.T
        np.testing.assert_array_equal(frames, np.rint(frames))
        np.testing.assert_array_equal(values, weights[frames.astype(int), place])
        leaving, arriving = curve.right - curve.points, curve.points - curve.left
        assert (leaving[:-1, 0] <= np.diff(frames)).all() and (arriving[1:, 0] <= np.diff(frames)).all()
        assert (leaving[:, 0] > 0).all() and (arriving[:, 0] > 0).all()
        np.testing.assert_allclose(leaving[:, 1] / leaving[:, 0], arriving[:, 1] / arriving[:, 0], atol=1e-4)   # single precision
        between = curve.at(np.arange(0, len(weights) - 1, 0.1))
        assert weights[:, place].min() - 1e-6 <= between.min() and between.max() <= weights[:, place].max() + 1e-6


@pytest.mark.parametrize("seed", [1, 2])
def test_any_smooth_motion_stays_within_the_limit(seed):
    shapes = ("jawOpen", "mouthClose", "mouthSmileLeft", "mouthSmileRight", "mouthPucker", "tongueOut", "browInnerUp")
    weights = smooth(150, shapes, seed=seed)
    keys = keyed(weights)
    assert error(shown(keys, range(150)), weights).max() <= LIMIT
    assert sum(len(curve.points) for curve in keys.values()) < 150 * len(shapes) / 2


def test_a_wider_limit_needs_fewer_keys():
    weights = smooth(150, ("jawOpen", "mouthClose", "mouthPucker"), seed=3)
    few, many = (keyed(weights, limit=limit) for limit in (1e-3, 5e-5))
    for keys, limit in ((few, 1e-3), (many, 5e-5)):
        assert error(shown(keys, range(150)), weights).max() <= limit
    assert sum(len(curve.points) for curve in few.values()) < sum(len(curve.points) for curve in many.values())


def test_keys_beside_other_layers_keep_all_of_them_together_within_the_limit():
    """Speech as keyed is off by up to the limit already; a smile and what it takes off the lips come on top."""
    names, said = real_head().expression_names, smooth(70, ("jawOpen", "mouthClose", "mouthPucker", "mouthSmileLeft"), seed=2)
    voice = shown(keyed(said), range(len(said)))
    smile = smooth(len(said), ("mouthSmileLeft", "mouthSmileRight", "eyeSquintLeft"), seed=7)
    lips = smooth(len(said), ("mouthSmileLeft", "mouthPucker", "jawOpen"), seed=8) * np.float32(-0.2)
    meant = np.clip(said + smile + lips, 0, 1)
    added = lips_beside(lips, real_head(), meant=said + smile + lips, shown=voice + smile, felt=smile)
    alone, together = (reduce_keys(added, real_head(), opening=gap(real_head(), names, meant), fps=24.0, layers=layers)
                       for layers in (None, Layers(voice + smile, meant)))
    off = [error(np.clip(voice + smile + shown(keys, range(len(said))), 0, 1), meant).max() for keys in (alone, together)]
    assert off[1] <= min(LIMIT, off[0]) and off[0] > 0.00015


def test_an_error_of_other_layers_that_no_key_can_mend_ends_the_search():
    weights = smooth(60, ("mouthSmileLeft",), seed=9)
    other = np.zeros_like(weights)
    other[:, real_head().expression_names.index("jawOpen")] = 0.1
    keys = reduce_keys(weights, real_head(), opening=gap(real_head(), real_head().expression_names, weights), fps=24.0,
                       layers=Layers(other, weights))
    assert error(shown(keys, range(60)), weights).max() <= LIMIT


def test_other_layers_that_no_key_can_mend_cost_no_keys():
    shapes = ("jawOpen", "mouthClose", "mouthSmileLeft", "mouthSmileRight", "mouthPucker", "mouthFunnel", "browInnerUp", "mouthLeft")
    weights, basis = smooth(60, shapes, seed=9), real_head()
    other = np.zeros_like(weights)
    other[:, basis.expression_names.index("jawForward")] = 0.3
    opening = gap(basis, basis.expression_names, weights)
    alone, beside = (reduce_keys(weights, basis, opening=opening, fps=24.0, layers=layers)
                     for layers in (None, Layers(other, weights)))
    few, more = (sum(len(curve.points) for curve in keys.values()) for keys in (alone, beside))
    assert more <= 1.2 * few < 240
    assert error(other + shown(beside, range(60)), weights).max() <= error(other + weights, weights).max() + LIMIT


def test_a_long_motion_is_cut_where_it_is_still():
    weights = np.concatenate([spoken(24.0), 0 * spoken(24.0)[:12], spoken(24.0)[::-1]])
    whole = keyed(weights)
    keys, frames = keyed(weights, values=len(weights) * len(whole) // 3), np.arange(len(weights))
    assert set(keys) == set(whole)
    after = shown(keys, frames)
    assert error(after, weights).max() <= LIMIT
    cuts = set.intersection(*(set(curve.points[:, 0]) for curve in keys.values()))
    assert len(cuts) >= 2 and len(cuts) <= 4
    for place, curve in keys.items():
        assert (np.diff(curve.points[:, 0]) > 0).all()
        at = np.searchsorted(curve.points[:, 0], sorted(cuts))
        np.testing.assert_array_equal(curve.points[at, 1], weights[np.array(sorted(cuts), int), place])
        np.testing.assert_allclose(curve.left[at, 1], curve.points[at, 1], atol=1e-6)
    more = [sum(len(curve.points) for curve in found.values()) for found in (whole, keys)]
    assert more[1] <= more[0] + 5 * len(keys)


def test_weights_that_are_not_finite_are_refused():
    weights = spoken(24.0).copy()
    weights[7, 3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        reduce_keys(weights, real_head(), opening=np.ones(len(weights), np.float32), fps=24.0)


def test_noise_gets_the_keys_it_needs():
    weights = np.zeros((90, len(real_head().expression_names)), np.float32)
    jaw = real_head().expression_names.index("jawOpen")
    weights[:, jaw] = np.random.default_rng(4).uniform(0, 1, 90)
    np.testing.assert_allclose(shown(keyed(weights), range(90)), weights, atol=0.9 * LIMIT / 0.040)         # jawOpen moves 40 mm


def test_shapes_that_move_alike_are_keyed_alike():
    weights = smooth(120, ("mouthSmileLeft", "mouthSmileRight", "jawOpen"), seed=5)
    left, right = real_head().indices(("mouthSmileLeft", "mouthSmileRight"))
    weights[:, right] = weights[:, left]
    keys = keyed(weights)
    np.testing.assert_array_equal(keys[left].points, keys[right].points)
    assert error(shown(keys, range(120)), weights).max() <= LIMIT


def test_weights_below_zero_are_keyed_too():
    weights = smooth(120, ("mouthClose", "mouthUpperUpLeft"), seed=6)
    weights -= 0.5 * (weights != 0)
    keys = keyed(weights)
    assert min(curve.points[:, 1].min() for curve in keys.values()) < -0.1
    np.testing.assert_allclose(shown(keys, range(120)), weights, atol=0.04)


def test_a_level_has_two_keys_and_what_does_not_move_none():
    weights = np.zeros((400, len(real_head().expression_names)), np.float32)
    weights[:, 3] = 0.4
    keys = keyed(weights)
    assert set(keys) == {3}
    np.testing.assert_allclose(keys[3].points, [[0, 0.4], [399, 0.4]], atol=1e-7)
    assert keyed(0 * weights) == {}


def test_what_hardly_moves_has_one_key():
    weights = np.zeros((200, len(real_head().expression_names)), np.float32)
    jaw = real_head().expression_names.index("jawOpen")
    weights[:, jaw] = 0.3 + 0.002 * np.sin(np.arange(200) / 7)                  # by 0.08 mm
    keys = keyed(weights)
    assert len(keys[jaw].points) == 1
    assert error(shown(keys, range(200)), weights).max() <= LIMIT


def test_stillness_before_and_after_needs_no_key():
    """The curve holds its first and its last value."""
    weights = np.zeros((200, len(real_head().expression_names)), np.float32)
    brow = real_head().expression_names.index("browInnerUp")
    weights[80:121, brow] = np.hanning(41)
    points = keyed(weights)[brow].points
    assert points[0, 0] >= 78 and points[-1, 0] <= 122 and (points[[0, -1], 1] < 0.05).all()
    assert len(points) <= 5


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_motion(frames):
    weights = np.zeros((frames, len(real_head().expression_names)), np.float32)
    weights[:, 5] = np.linspace(0.5, 1, frames)
    np.testing.assert_allclose(shown(keyed(weights), range(frames)), weights, atol=1e-7)
