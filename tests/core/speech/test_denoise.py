"""Noise reduction: what is steady goes, what is spoken stays, whatever the length."""

import numpy as np
import pytest

from core.speech import denoise
from core.speech.denoise import reduce_noise

RATE = 16000


def syllables(seconds: float) -> np.ndarray:
    """A harmonic voice that sounds a third of a second and rests as long."""
    times = np.arange(int(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * 140 * order * times) / order for order in range(1, 20))
    return (0.05 * voice * (np.sin(2 * np.pi * 1.5 * times) > 0)).astype(np.float32)


def noise(count: int, amplitude: float = 0.02) -> np.ndarray:
    return np.random.default_rng(0).normal(0, amplitude, count).astype(np.float32)


def signal_to_noise(clean: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(np.var(clean) / np.var(other - clean)))


def test_clean_speech_stays() -> None:
    clean = syllables(6.0)
    np.testing.assert_allclose(reduce_noise(clean), clean, atol=1e-6)


def test_steady_noise_goes() -> None:
    clean = syllables(12.0)
    noisy = clean + noise(len(clean))
    assert signal_to_noise(clean, reduce_noise(noisy)) > signal_to_noise(clean, noisy) + 3


def test_noise_that_sets_in_later_goes_too() -> None:
    clean = syllables(60.0)
    noisy = clean + noise(len(clean)) * (np.arange(len(clean)) > 30 * RATE)
    later = slice(40 * RATE, 55 * RATE)
    assert signal_to_noise(clean[later], reduce_noise(noisy)[later]) > signal_to_noise(clean[later], noisy[later]) + 3
    np.testing.assert_allclose(reduce_noise(noisy)[:15 * RATE], clean[:15 * RATE], atol=1e-3)


@pytest.mark.parametrize("count", [0, 1, 127, 128, 511, 16000, 25 * RATE + 77])
def test_any_length_is_kept(count: int) -> None:
    result = reduce_noise(noise(count))
    assert len(result) == count and result.dtype == np.float32 and np.isfinite(result).all()


def test_pieces_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the noise does not change, cutting the recording into pieces changes little, at the joints as elsewhere."""
    clean = syllables(20.0)
    noisy = clean + noise(len(clean))
    whole = reduce_noise(noisy)
    monkeypatch.setattr(denoise, "PIECE", 300)
    pieces = reduce_noise(noisy)
    assert np.sqrt(np.mean((pieces - whole) ** 2)) < 0.1 * whole.std()
    jumps = np.abs(np.diff(pieces - whole))
    assert jumps.max() < 6 * np.abs(np.diff(noise(len(clean)))).mean()
