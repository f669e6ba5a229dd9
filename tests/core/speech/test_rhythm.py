"""Phrases, pauses and stresses of a voice are found where they are; events follow them."""

import numpy as np
import pytest

from core.speech.rhythm import pause_weight, phrases, renewal, speaking, stresses
from core.types import Rhythm
from tests.core.voices import FPS, RATE, heard, phrase, speech


def silence(seconds):
    return np.zeros(round(seconds * RATE), np.float32)


def test_phrases_lie_between_pauses():
    rhythm = heard(np.concatenate([silence(0.5), phrase(2.0), silence(0.1), phrase(1.0), silence(0.8), phrase(1.5)]))
    np.testing.assert_allclose(phrases(rhythm), [[0.5, 3.6], [4.4, 5.9]], atol=0.08)     # a stop of 0.1 s is no pause


def test_stressed_syllables_are_found():
    moments = (0.9, 1.8, 2.7)
    found = stresses(heard(np.concatenate([silence(0.4), phrase(3.5, moments), silence(0.5)])))
    strongest = found[np.argsort(-found[:, 1])[:3], 0]
    np.testing.assert_allclose(np.sort(strongest), np.array(moments) + 0.4, atol=0.12)    # half a syllable
    assert found[:, 1].max() == 1 and found[:, 1].min() >= 0 and (np.diff(found[:, 0]) >= 0.45).all()


def test_silence_has_neither():
    rhythm = heard(silence(2.0))
    assert not speaking(rhythm).any() and phrases(rhythm).shape == (0, 2) and stresses(rhythm).shape == (0, 2)


def test_no_frames_are_no_speech():
    nothing = Rhythm(np.zeros(0, np.float32), np.zeros(0, np.float32), FPS)
    assert not len(speaking(nothing)) and nothing.duration == 0


def test_pauses_weigh_more_than_speech():
    weight = pause_weight(speech(1.0, 1.0, 2), 4.0)
    assert set(np.unique(weight)) == {1.0, 4.0} and weight[20] == 1 and weight[90] == 4


@pytest.mark.parametrize("regularity", [1.0, 3.0])
def test_events_come_at_the_rate_and_where_they_should(regularity):
    intensity = np.tile(np.repeat([1.0, 4.0], 120), 150).astype(np.float32)     # ten minutes
    times = renewal(intensity, FPS, 20.0, regularity, np.random.default_rng(1))
    assert len(times) == pytest.approx(200, abs=45) and (np.diff(times) >= 0).all() and times[0] >= 0 and times[-1] <= 600
    dense = (times % 4 > 2).mean()
    assert dense == pytest.approx(0.8, abs=0.09)
