"""Faces fused on the mesh as keys: weights of the head's shapes, and shapes for what they cannot show."""

import numpy as np
import pytest

from core.emotion.emolib import Emolib
from core.emotion.fused_shapes import BLOCK, MEAN, MOST, MOST_SHAPES, Looked, fuse_on_mesh, importance, solve, weighed_shapes
from core.emotion.fusion import Fusion, felt_weights, fusion_regions, offsets_of
from core.emotion.motion import SPEECH_ONLY
from core.head.model import REGIONS, HeadBasis
from core.head.mouth import central_pairs
from core.pack import Pack
from core.speech.articulation import CHANNELS
from core.speech.lip_gap import SHUT
from core.speech.mouth_rig import pose

FRAMES = 40


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(Pack.open().path("head"))


@pytest.fixture(scope="module")
def speech(basis):
    """Lips that open and shut four times, (T, K)."""
    channels = np.zeros((FRAMES, len(CHANNELS)), np.float32)
    opening = np.clip(np.sin(np.linspace(0, 8 * np.pi, FRAMES)), 0, 1)
    channels[:, CHANNELS.index("aperture")] = channels[:, CHANNELS.index("jaw")] = opening
    channels[:, CHANNELS.index("press")] = opening == 0
    names, weights = pose(channels, basis)
    result = np.zeros((FRAMES, len(basis.expression_names)), np.float32)
    result[:, basis.indices(names)] = weights
    return result


@pytest.fixture(scope="module")
def emotion(basis):
    """From happy to angry, (T, K)."""
    pack = Pack.open()
    emolib = Emolib.load(pack.path("emolib"), basis, head_model=pack.digests("head")[0])
    mean = np.zeros(len(basis.identity_basis), np.float32)
    result = np.zeros((FRAMES, len(basis.expression_names)), np.float32)
    share = np.linspace(0, 1, FRAMES, dtype=np.float32)[:, None]
    result[:, basis.indices(emolib.names)] = ((1 - share) * emolib.expression_at("happy", 3, mean)
                                              + share * emolib.expression_at("angry", 3, mean))
    return result * np.array([not name.startswith(SPEECH_ONLY) for name in basis.expression_names])


@pytest.fixture(scope="module", params=["harmonic", "region"])
def both(request, basis, speech, emotion):
    """What is fused on the mesh (T, V_skin, 3), and its keys."""
    fusion, skin = Fusion.make(basis, request.param), basis.part("skin").vertices
    wanted = fusion(offsets_of(basis, speech), offsets_of(basis, felt_weights(emotion, speech, basis)))[:, skin]
    return wanted, fuse_on_mesh(speech, emotion, fusion)


def keyed(basis, keys):
    skin = basis.part("skin").vertices
    return offsets_of(basis, keys.weights)[:, skin] + np.tensordot(keys.extra, keys.offsets[:, skin], 1)


def test_the_keyed_skin_is_the_fused_one(basis, both):
    wanted, keys = both
    distance = np.linalg.norm(keyed(basis, keys) - wanted, axis=2)
    assert distance.mean() <= MEAN and distance.max() <= MOST
    assert np.allclose([keys.mean, keys.most], [distance.mean(), distance.max()], atol=1e-6)         # single precision of metres


def test_a_few_shapes_are_enough_and_within_their_sliders(both):
    _, keys = both
    assert 0 < len(keys.offsets) < MOST_SHAPES
    assert keys.weights.min() >= 0 and keys.weights.max() <= 1
    assert np.allclose(np.abs(keys.extra).max(axis=0), 1)


def test_without_them_it_would_not_be_the_fused_one(basis, both):
    wanted, keys = both
    alone = offsets_of(basis, keys.weights)[:, basis.part("skin").vertices]
    assert np.linalg.norm(alone - wanted, axis=2).max() > 2 * MOST


def test_jaw_and_tongue_are_as_spoken(basis, speech, both):
    spoken = [index for index, name in enumerate(basis.expression_names) if name.startswith(("jaw", "tongue"))]
    assert np.array_equal(both[1].weights[:, spoken], speech[:, spoken])


def test_lips_that_touch_without_emotion_touch_with_it(basis, speech, both):
    def gap(offsets):
        upper, lower = ((basis.vertices[side] + offsets[:, side])[..., 1].mean(axis=1) for side in central_pairs(basis))
        return upper - lower

    shut = gap(offsets_of(basis, speech)) <= SHUT
    assert 4 <= shut.sum() < FRAMES
    assert gap(keyed(basis, both[1]))[shut].max() <= SHUT + 2e-4              # of the 0.5 mm that the skin may be away


def test_without_emotion_the_lips_are_as_spoken(basis, speech):
    keys = fuse_on_mesh(speech, np.zeros_like(speech), Fusion.make(basis, "region"))
    away = np.linalg.norm(keyed(basis, keys) - offsets_of(basis, speech)[:, basis.part("skin").vertices], axis=2)
    assert away[:, fusion_regions(basis) == REGIONS.index("lips")].max() <= MOST


def test_a_long_sequence_is_solved_in_parts_as_if_whole(basis, monkeypatch):
    random, frames = np.random.default_rng(0), 150              # a part goes with 30 frames on either side, all that it depends on
    monkeypatch.setattr("core.emotion.fused_shapes.ROUNDS", 2)
    monkeypatch.setattr("core.emotion.fused_shapes.STEPS", 15)
    start = np.clip(random.normal(0.1, 0.2, (frames, len(basis.expression_names))), 0, 1).astype(np.float32)
    shapes = weighed_shapes(basis, importance(basis))
    asked = np.asarray(np.clip(start + random.normal(0, 0.1, start.shape), 0, 1) @ (shapes @ shapes.T), np.float32)
    whole = solve(start, start, asked, basis)
    monkeypatch.setattr("core.emotion.fused_shapes.PART", 40)
    assert np.allclose(solve(start, start, asked, basis), whole, atol=1e-6) and np.abs(whole - start).max() > 0.05


def noting(basis, sizes):
    """A fusion that notes how many frames it is asked for at once."""
    fusion = Fusion.make(basis, "region")

    def noted(lip, emo):
        sizes.append(len(lip))
        return fusion.skin(lip, emo)

    return Fusion(basis, noted)


def test_a_few_frames_are_held_at_once(basis, speech, emotion):
    sizes = []
    long = np.concatenate([speech, speech[:30]]), np.concatenate([emotion, emotion[:30]])
    keys = fuse_on_mesh(*long, noting(basis, sizes))
    assert max(sizes) == BLOCK and sum(sizes) == 2 * len(long[0])            # the network runs twice, BLOCK frames at a time
    assert np.allclose(keys.weights[:30], keys.weights[40:], atol=0.05)      # the same frames, but for their neighbours in time


@pytest.mark.parametrize("shapes", [2, MOST_SHAPES])
def test_where_no_number_of_shapes_is_enough_none_is_tried_twice(basis, speech, emotion, monkeypatch, shapes):
    most, sizes = 1e-9, []
    monkeypatch.setattr("core.emotion.fused_shapes.MOST", most)
    monkeypatch.setattr("core.emotion.fused_shapes.MOST_SHAPES", shapes)
    keys = fuse_on_mesh(speech[:8], emotion[:8], noting(basis, sizes))
    assert keys.most > most and sum(sizes) == 2 * 8


def test_frames_that_are_looked_at_are_even_ones_and_those_with_most(monkeypatch):
    monkeypatch.setattr("core.emotion.fused_shapes.LOOKED_AT", 8)
    size = np.arange(100, dtype=np.float32) % 37
    rows, looked = np.stack([size, np.arange(100)], axis=1).astype(np.float32), Looked(100)
    for first in range(0, 100, 30):
        looked.see(first, rows[first:first + 30], size[first:first + 30])
    places, kept = looked.chosen()
    assert places.tolist() == [0, 33, 35, 36, 66, 72, 73, 99] and np.array_equal(kept, rows[places])


def test_shapes_are_not_fused_on_the_mesh(basis):
    with pytest.raises(ValueError, match="not fused on the mesh"):
        Fusion.make(basis, "shapes")
