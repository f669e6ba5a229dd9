"""Pitch, periodicity, level and tilt are what they are of sounds whose truth is known."""

import numpy as np
import pytest

from core.speech.prosody import CEPSTRUM, HOP, RATE, prosody

SECONDS = 2.0
TIMES = np.arange(round(SECONDS * RATE)) / RATE
COUNT = len(TIMES) // HOP
MIDDLES = (np.arange(COUNT) + 0.5) * HOP / RATE
INSIDE = slice(2, COUNT - 2)            # the first and last windows reach over the sound's ends


def buzz(pitch):
    """A sawtooth-like voice of the given pitch (N,), Hz."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(pitch, TIMES.shape)) / RATE
    return (0.1 * sum(np.sin(order * phase) / order for order in range(1, 12))).astype(np.float32)


@pytest.mark.parametrize("pitch", [80.0, 120.0, 220.0, 400.0])
def test_the_pitch_of_a_steady_voice(pitch):
    found = prosody(buzz(pitch), COUNT)[INSIDE]
    np.testing.assert_allclose(2 ** found[:, 0], pitch, rtol=0.01)
    assert found[:, 1].min() > 0.9


def test_a_gliding_pitch_is_followed():
    pitch = 150 * 2 ** (0.5 * np.sin(2 * np.pi * TIMES / SECONDS))
    found = prosody(buzz(pitch), COUNT)[INSIDE]
    np.testing.assert_allclose(found[:, 0], np.interp(MIDDLES[INSIDE], TIMES, np.log2(pitch)), atol=0.03)


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(0).normal(0, 0.1, len(TIMES)).astype(np.float32)
    assert (prosody(noise, COUNT)[:, 0] == 0).mean() > 0.97
    silence = prosody(np.zeros_like(noise), COUNT)
    assert not silence[:, :2].any() and np.isfinite(silence).all()


def test_level_is_in_decibels_and_tilt_falls_when_high_tones_are_taken_away():
    loud, quiet = prosody(buzz(120.0), COUNT)[INSIDE], prosody(0.1 * buzz(120.0), COUNT)[INSIDE]
    np.testing.assert_allclose(loud[:, 2] - quiet[:, 2], 20, atol=0.1)
    noise = np.random.default_rng(1).normal(0, 0.1, len(TIMES)).astype(np.float32)
    dull = np.convolve(noise, np.hanning(12) / 5.5, "same").astype(np.float32)
    assert (prosody(dull, COUNT)[INSIDE, 3] < prosody(noise, COUNT)[INSIDE, 3] - 10).all()


def test_a_recording_in_blocks_is_the_whole_and_an_empty_one_is_nothing(monkeypatch):
    whole = prosody(buzz(120.0), COUNT)
    monkeypatch.setattr("core.speech.prosody.BLOCK", 7)
    # by how many rows a product of matrices has, some processors round it differently
    np.testing.assert_allclose(prosody(buzz(120.0), COUNT), whole, rtol=2e-6, atol=2e-5)
    assert prosody(np.zeros(0, np.float32), 0).shape == (0, 4 + CEPSTRUM)
