"""Whisper's first layers: spectra of the right place and band, recordings of any length without a seam, other networks refused."""

from typing import Any

import numpy as np
import pytest

from core.errors import PackError
from core.pack import DEFAULT, Pack
from core.speech.encoder import RATE
from core.speech.voice_encoder import VOICE_ENCODER
from core.speech.whisper_encoder import BANDS, HOP, OVERLAP, PER_FRAME, STEP, WIDTH, WINDOW, WhisperEncoder, mel_filters, spectra
from core.types import Floats


class Listener:
    """A stand-in for the network that gives the loudest band of each frame, and remembers how much it heard at once."""

    longest = 0

    def run(self, _outputs: None, inputs: dict[str, Floats]) -> list[Any]:
        mel = inputs["mel"][0]
        self.longest = max(self.longest, mel.shape[1])
        return [mel.reshape(BANDS, -1, PER_FRAME).max(axis=(0, 2))[None, :, None]]


def tone(hertz: float, seconds: float) -> Floats:
    return (0.1 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize(("hertz", "band"), [(200, 4), (1000, 26), (3000, 54), (7500, 78)])
def test_a_tone_is_in_the_band_of_its_pitch(hertz: float, band: int) -> None:
    found = spectra(tone(hertz, 0.5), 0, 50)
    assert found.shape == (BANDS, 50)
    assert abs(int(np.bincount(found[:, 5:-5].argmax(axis=0)).argmax()) - band) <= 1         # Slaney's scale, 80 bands to 8 kHz


def test_bands_have_one_area_and_leave_no_gap() -> None:
    filters = mel_filters()
    assert filters.shape == (201, BANDS) and (filters >= 0).all() and (filters.sum(axis=1)[1:-1] > 0).all()
    np.testing.assert_allclose(filters[:, 40:].sum(axis=0) * RATE / 400, 1, rtol=0.08)       # triangles in steps of 40 Hz


def test_a_click_is_heard_at_its_time() -> None:
    samples = np.zeros(3 * RATE, np.float32)
    samples[round(1.5 * RATE)] = 1
    features = WhisperEncoder(Listener()).encode(samples)
    loud = np.asarray(features.features)[:, 0]
    assert features.start + int(loud.argmax()) * features.step == pytest.approx(1.5, abs=STEP)


@pytest.mark.parametrize("samples", [0, 1, 300, 16000, RATE * 60])
def test_every_length_is_heard_whole_in_bounded_pieces(samples: int) -> None:
    listener = Listener()
    rng = np.random.default_rng(0)
    found = WhisperEncoder(listener).encode(rng.normal(0, 0.1, samples).astype(np.float32)).features
    assert len(found) == max(-(-samples // (PER_FRAME * HOP)), 1) and np.isfinite(np.asarray(found)).all()
    assert listener.longest <= PER_FRAME * WINDOW and OVERLAP < WINDOW


def test_windows_leave_no_seam() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 30 * RATE).astype(np.float32)
    found = np.asarray(WhisperEncoder(Listener()).encode(samples).features)[:, 0]
    whole = spectra(samples, 0, len(samples) // HOP).reshape(BANDS, -1, PER_FRAME).max(axis=(0, 2))
    # the stand-in hears no further than its frame, so only rounding of the crossfade may differ
    np.testing.assert_allclose(found, whole, atol=1e-5)


def test_another_network_is_refused() -> None:
    with pytest.raises(PackError, match="Whisper"):
        WhisperEncoder.load(DEFAULT / "lip_network.onnx")
    with pytest.raises(PackError, match="missing"):
        WhisperEncoder.load(DEFAULT / "nothing.onnx")


def test_the_packs_own_hears_more_where_somebody_speaks_up() -> None:
    encoder = WhisperEncoder.load(Pack.open(only=(VOICE_ENCODER,)).path(VOICE_ENCODER))
    rows = np.asarray(encoder.encode(np.concatenate([np.zeros(RATE, np.float32), tone(300, 1.0)])).features)
    assert rows.shape == (100, WIDTH) and np.isfinite(rows).all()
    assert np.abs(rows[60:90] - rows[60:90].mean(0)).mean() < np.abs(rows[60:90].mean(0) - rows[10:40].mean(0)).mean()
