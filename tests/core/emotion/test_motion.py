"""Emotion over time as the paper interpolates it, and lips that stay in sync under it."""

import numpy as np
import pytest

from core.emotion.emolib import Emolib
from core.emotion.motion import SPEECH_ONLY, emotion_curves, fuse
from core.head.model import HeadBasis
from core.head.mouth import gap
from core.pack import Pack
from core.speech.articulation import CHANNELS
from core.speech.lip_gap import SHUT
from core.speech.mouth_rig import pose
from core.types import EMOTIONS, EmotionTrack, EmotionWindow


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(Pack.open().path("head"))


@pytest.fixture(scope="module")
def emolib(basis):
    pack = Pack.open()
    return Emolib.load(pack.path("emolib"), basis, head_model=pack.digests("head")[0])


@pytest.fixture(scope="module")
def speech(basis):
    """Two seconds of syllables at 24 fps: shut lips, open, round, shut."""
    channels = np.zeros((48, len(CHANNELS)), np.float32)
    opening = np.clip(np.sin(np.arange(48) / 4), 0, 1).astype(np.float32)
    channels[:, CHANNELS.index("aperture")] = 0.6 * opening
    channels[:, CHANNELS.index("jaw")] = 0.5 * opening
    channels[24:, CHANNELS.index("pucker")] = 0.8 * opening[24:]
    names, weights = pose(channels, basis)
    result = np.zeros((48, len(basis.expression_names)), np.float32)
    result[:, basis.indices(names)] = weights
    return result


def curves(emolib, basis, *windows, transition=0.4):
    mean = np.zeros(emolib.identity.shape[1], np.float32)
    return emotion_curves(EmotionTrack(windows, transition), mean, emolib=emolib, basis=basis)


def test_windows_pass_over_evenly_around_their_boundary_and_not_at_the_ends(emolib, basis):
    result = curves(emolib, basis, EmotionWindow(0.0, 2.0, "happy", 3.0), EmotionWindow(2.0, 4.0, "sad", 3.0))
    happy, sad = result.at(np.array([0.0], np.float32))[0], result.at(np.array([4.0], np.float32))[0]
    np.testing.assert_allclose(result.at(np.array([0.0, 1.0, 1.6], np.float32)), np.tile(happy, (3, 1)), atol=1e-6)
    np.testing.assert_allclose(result.at(np.array([2.0], np.float32))[0], (happy + sad) / 2, atol=1e-5)
    np.testing.assert_allclose(result.at(np.array([1.8], np.float32))[0], 0.75 * happy + 0.25 * sad, atol=1e-5)
    np.testing.assert_allclose(result.at(np.array([2.4, 3.0], np.float32)), np.tile(sad, (2, 1)), atol=1e-5)
    assert len(result.times) == 4                                               # two knots a window, for an artist to move


def test_short_windows_have_short_transitions(emolib, basis):
    result = curves(emolib, basis, EmotionWindow(0.0, 1.0, "happy", 3.0), EmotionWindow(1.0, 1.4, "sad", 3.0),
                    EmotionWindow(1.4, 3.0, "angry", 3.0), transition=1.0)
    assert (np.diff(result.times) > 0).all()
    sad = curves(emolib, basis, EmotionWindow(0.0, 1.0, "sad", 3.0)).weights[0]
    np.testing.assert_allclose(result.at(np.array([1.2], np.float32))[0], sad, atol=1e-5)


def test_what_speech_alone_moves_is_left_to_it(emolib, basis):
    result = curves(emolib, basis, EmotionWindow(0.0, 1.0, "surprise", 3.0))
    alone = [index for index, name in enumerate(basis.expression_names) if name.startswith(SPEECH_ONLY)]
    assert not result.weights[:, alone].any() and result.weights.any()


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_the_lips_gap_is_the_spoken_one_under_every_emotion(emotion, emolib, basis, speech):
    felt = np.tile(curves(emolib, basis, EmotionWindow(0.0, 2.0, emotion, 3.0)).weights[:1], (len(speech), 1))
    names = tuple(basis.expression_names)
    spoken, fused = gap(basis, names, speech), fuse(speech, felt, basis, fps=24.0)
    shown = np.maximum(gap(basis, names, fused), 0)                              # lips that touch may be pressed together
    np.testing.assert_allclose(shown, np.maximum(spoken, 0), atol=2e-4)          # a fifth of a millimetre
    shut = spoken <= SHUT
    assert shut.sum() > 10 and (gap(basis, names, fused)[shut] <= SHUT + 1e-5).all()
    assert fused.min() >= 0 and fused.max() <= 1


def test_the_rest_of_the_face_shows_the_whole_emotion(emolib, basis, speech):
    felt = np.tile(curves(emolib, basis, EmotionWindow(0.0, 2.0, "angry", 3.0)).weights[:1], (len(speech), 1))
    upper = [index for index, name in enumerate(basis.expression_names) if name.startswith(("brow", "eye", "cheek", "nose"))]
    fused = fuse(speech, felt, basis, fps=24.0)
    np.testing.assert_allclose(fused[:, upper], np.clip(speech[:, upper] + felt[:, upper], 0, 1), atol=1e-6)


def test_round_lips_are_not_drawn_wide_by_a_smile(emolib, basis, speech):
    felt = np.tile(curves(emolib, basis, EmotionWindow(0.0, 2.0, "happy", 3.0)).weights[:1], (len(speech), 1))
    smile = fuse(speech, felt, basis, fps=24.0)[:, basis.expression_names.index("mouthSmileLeft")]
    pucker = speech[:, basis.expression_names.index("mouthPucker")]
    assert smile[pucker > 0.4].mean() < 0.7 * smile[pucker == 0].mean()


def test_nothing_felt_changes_nothing(basis, speech):
    np.testing.assert_allclose(fuse(speech, np.zeros_like(speech), basis, fps=24.0), speech, atol=1e-6)
