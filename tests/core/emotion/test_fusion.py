"""Emotion and speech in one face: what minimises Eq. 6, without steps where regions meet, with the mouth's parts in their place."""

import numpy as np
import pytest

from core.emotion.borders import Hinges
from core.emotion.emolib import Emolib
from core.emotion.fusion import (
    SHARES,
    W_EMO,
    W_LIP,
    Fusion,
    blend,
    felt_weights,
    fusion_regions,
    harmonic_shares,
    offsets_of,
    region_blend,
    region_shares,
)
from core.head.model import REGIONS, HeadBasis
from core.pack import Pack
from core.speech.articulation import CHANNELS
from core.speech.mouth_rig import pose

EMOTIONS = ("happy", "surprise", "disgust")


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(Pack.open().path("head"))


@pytest.fixture(scope="module")
def regions(basis):
    return fusion_regions(basis)


@pytest.fixture(scope="module")
def shares(basis, regions):
    return harmonic_shares(basis, regions)


@pytest.fixture(scope="module")
def pairs(basis):
    """M_lip and M_emo (6, V, 3): lips shut and open under three emotions."""
    pack = Pack.open()
    emolib = Emolib.load(pack.path("emolib"), basis, head_model=pack.digests("head")[0])
    channels = np.zeros((2, len(CHANNELS)), np.float32)
    channels[1, [CHANNELS.index("aperture"), CHANNELS.index("jaw")]] = 0.7
    names, weights = pose(np.tile(channels, (3, 1)), basis)
    speech = np.zeros((6, len(basis.expression_names)), np.float32)
    speech[:, basis.indices(names)] = weights
    emotion = np.zeros_like(speech)
    mean = np.zeros(len(basis.identity_basis), np.float32)
    for index, name in enumerate(EMOTIONS):
        emotion[2 * index:2 * index + 2, basis.indices(emolib.names)] = emolib.expression_at(name, 3, mean)
    return offsets_of(basis, speech), offsets_of(basis, felt_weights(emotion, speech, basis))


def skin(basis, offsets):
    return offsets[:, basis.part("skin").vertices]


def loss(result, lip, emo, regions):
    """Eq. 6 as it is written, sums over the vertices of each region."""
    to_lip, to_emo = ((result - one) ** 2 for one in (lip, emo))
    lips, chin, face, other = (regions == index for index in range(4))
    return (to_lip[:, lips].sum() + (W_LIP * to_lip[:, chin] + W_EMO * to_emo[:, chin]).sum() + to_emo[:, face].sum()
            + to_lip[:, other].sum())


def test_nothing_near_the_region_blend_has_a_lower_loss(basis, regions, pairs):
    lip, emo = (skin(basis, one).astype(np.float64) for one in pairs)
    best = region_blend(lip, emo, regions).astype(np.float64)
    rng = np.random.default_rng(0)
    least = loss(best, lip, emo, regions)
    for _ in range(10):
        assert loss(best + rng.normal(0, 1e-4, best.shape), lip, emo, regions) > least


def test_the_lining_of_the_mouth_goes_with_the_lips(basis, regions):
    lining = (regions == 0) & (basis.regions != 0)
    assert 300 < lining.sum() < 600
    assert basis.vertices[: len(regions)][lining, 2].max() < basis.vertices[: len(regions)][basis.regions == 0, 2].max()


def test_shares_are_those_of_eq_6_well_inside_the_regions_and_on_the_lips(basis, regions, shares):
    steps = region_shares(regions)
    assert shares.min() >= 0 and shares.max() <= 1 and (shares[regions == 0] == 0).all()
    brow = (regions == REGIONS.index("face")) & (np.abs(shares - 1) < 1e-6)
    assert brow.sum() > 500 and steps[0] in SHARES.values()
    assert np.mean(shares[regions == REGIONS.index("other")] == 0) > 0.6


def test_the_harmonic_blend_has_no_steps_where_regions_meet(basis, regions, shares, pairs):
    lip, emo = (skin(basis, one) for one in pairs)
    borders = Hinges.of(basis.skin_triangles).between(regions)
    neutral = basis.vertices[basis.part("skin").vertices]
    steps = borders.distortion(neutral, lip, emo, region_blend(lip, emo, regions))
    smooth = borders.distortion(neutral, lip, emo, blend(lip, emo, shares))
    assert smooth.stretch < 0.25 * steps.stretch and smooth.bend < 0.25 * steps.bend


def test_the_harmonic_blend_keeps_lips_and_face(basis, regions, shares, pairs):
    lip, emo = (skin(basis, one) for one in pairs)
    result = blend(lip, emo, shares)
    np.testing.assert_array_equal(result[:, regions == 0], lip[:, regions == 0])
    assert np.linalg.norm(result - emo, axis=2)[:, regions == 2].mean() < 0.0006
    assert np.linalg.norm(result - lip, axis=2)[:, regions == 3].mean() < 0.00015


def test_inputs_are_not_distorted_by_themselves(basis, regions, pairs):
    lip, emo = (skin(basis, one) for one in pairs)
    hinges = Hinges.of(basis.skin_triangles)
    neutral = basis.vertices[basis.part("skin").vertices]
    own = hinges.distortion(neutral, lip, emo, emo)
    assert own.stretch == own.bend == 0
    assert hinges.distortion(neutral, lip, emo, 2 * emo).stretch > 0
    assert len(hinges.among(regions == 0).edges) < len(hinges.edges)


@pytest.mark.parametrize("method", ["region", "harmonic"])
def test_whole_heads_get_the_mouth_of_the_speech_and_the_eyes_of_the_emotion(method, basis, pairs):
    lip, emo = pairs
    fusion = Fusion.make(basis, method)
    result = fusion(lip, emo)
    for name in ("teeth_upper", "teeth_lower", "tongue"):
        part = basis.part(name).vertices
        np.testing.assert_allclose(result[:, part], lip[:, part], atol=1e-7)
    lashes = basis.part("lashes").vertices
    np.testing.assert_array_equal(result[:, lashes], emo[:, lashes])
    np.testing.assert_array_equal(fusion(lip[1], emo[1]), result[1])                  # a frame alone is the frame in the sequence


def test_teeth_give_way_to_lips_that_are_further_back(basis, pairs):
    lip, emo = pairs
    pushed = Fusion(basis, lambda lip, emo: lip - np.array([0, 0, 0.001], np.float32))(lip, emo)
    for name in ("teeth_upper", "teeth_lower", "tongue"):
        part = basis.part(name).vertices
        np.testing.assert_allclose((pushed - lip)[:, part], np.broadcast_to([0, 0, -0.001], lip[:, part].shape), atol=1e-6)


def test_the_jaw_is_that_of_the_speech_or_of_the_emotion(basis):
    names = list(basis.expression_names)
    speech, emotion = np.zeros((2, 1, len(names)), np.float32)
    speech[0, names.index("jawOpen")], emotion[0, names.index("jawOpen")] = 0.1, 0.4
    speech[0, names.index("mouthPucker")], emotion[0, names.index("browInnerUp")] = 0.5, 0.9
    spoken, felt = (felt_weights(emotion, speech, basis, jaw=jaw)[0] for jaw in ("speech", "emotion"))
    assert spoken[names.index("jawOpen")] == np.float32(0.1) and felt[names.index("jawOpen")] == np.float32(0.4)
    assert spoken[names.index("mouthPucker")] == 0 and spoken[names.index("browInnerUp")] == np.float32(0.9)


def test_a_fusion_by_the_network_needs_one(basis):
    with pytest.raises(ValueError, match="needs a network"):
        Fusion.make(basis, "network")
