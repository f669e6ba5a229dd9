"""The spectrum beside the speech encoder."""

import numpy as np
import pytest

from core.speech.log_mel import BANDS, FRAME_RATE, ONE_THREAD, RATE, WIDTH, in_bands, level, log_mel, mel_filters


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.1 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def test_every_filter_sums_to_one() -> None:
    np.testing.assert_allclose(mel_filters().sum(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("count", [0, 5, 12, 40])
def test_a_product_in_pieces_is_the_product(count: int) -> None:
    power = np.random.default_rng(0).random((count, 257)).astype(np.float32)
    np.testing.assert_allclose(in_bands(power, mel_filters()), power @ mel_filters(), rtol=1e-5)        # single precision
    assert in_bands(power, mel_filters()).shape == (count, BANDS) and 5 < ONE_THREAD // mel_filters().size < 40


@pytest.mark.parametrize("pair", [(200.0, 1000.0), (1000.0, 4000.0)])
def test_higher_tones_lie_in_higher_bands(pair: tuple[float, float]) -> None:
    low, high = (int(log_mel(tone(hertz), 60)[30, :BANDS].argmax()) for hertz in pair)
    assert low < high


def test_blocks_equal_the_whole() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    whole = log_mel(samples, 120)
    # matrix products of other sizes add in another order
    np.testing.assert_allclose(log_mel(samples, 50, first=40), whole[40:90], atol=1e-5)


def test_an_onset_is_seen_in_its_half_frame() -> None:
    samples = np.concatenate([np.zeros(RATE, np.float32), tone(1000)])
    level = log_mel(samples, 121).reshape(-1, BANDS).max(axis=1)
    onset = int((level > 0).argmax()) / (2 * FRAME_RATE)
    assert onset == pytest.approx(1.0, abs=0.0125)      # half the window


def test_level_of_a_tone() -> None:
    levels = level(tone(1000), 90)
    # a sine of amplitude 0.1: 20 log10(0.1 / sqrt(2)); 25 ms are 25 whole periods
    np.testing.assert_allclose(levels[1:59], -23.01, atol=0.01)
    assert levels[60] == pytest.approx(-26.02, abs=0.05)        # half the window
    assert (levels[62:] == -120).all()


def test_beyond_the_recording_is_silence() -> None:
    spectrum = log_mel(tone(500, 0.1), 30)
    assert spectrum.shape == (30, WIDTH)
    assert spectrum[20:].max() == pytest.approx(-1.0, abs=1e-5)
