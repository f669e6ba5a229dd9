"""The speech encoder's windows, times and levels, with a stand-in for the network that hears only its own field."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import PackError
from core.pack import DEFAULT
from core.protobuf import signed
from core.speech.audio import read_audio
from core.speech.byte_products import are_cut_off
from core.speech.encoder import (
    ADVICE,
    FIELD,
    HOP,
    LEVEL,
    OVERLAP,
    RATE,
    WINDOW,
    SpeechEncoder,
    SpeechFeatures,
    ending_at,
    loudness,
    normalise,
)
from core.speech.voice import LAYERS
from core.types import AudioClip
from tests.core.mouth_stand_in import LocalNetwork


def clip_of(seconds: float, seed: int = 0) -> AudioClip:
    samples = np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)
    return AudioClip(samples, RATE)


@pytest.mark.parametrize("seconds", [0.05, 0.1, 1.0, 11.6, 30.0])
def test_features_cover_the_recording(seconds: float) -> None:
    features = SpeechEncoder(LocalNetwork()).encode(clip_of(seconds))
    assert features.start < 0
    assert features.start + (len(features.features) - 1) * features.step > seconds


def test_windows_leave_no_seam() -> None:
    clip = clip_of(40.0)
    features = SpeechEncoder(LocalNetwork()).encode(clip)
    silence = np.zeros(-int(round(features.start * RATE)) + FIELD // 2, np.float32)
    padded = np.concatenate([silence, normalise(clip), np.zeros(2 * RATE, np.float32)])
    whole = LocalNetwork().run(None, {"input_values": padded[None]})[0][0, :len(features.features)]
    # the stand-in hears no further than its field, so only rounding of the crossfade may differ
    np.testing.assert_allclose(features.features, whole, atol=1e-6)


def test_memory_is_bounded_by_the_window() -> None:
    network = LocalNetwork()
    SpeechEncoder(network).encode(clip_of(60.0))
    assert network.longest <= (WINDOW - 1) * HOP + FIELD
    assert OVERLAP < WINDOW


def test_an_impulse_is_found_at_its_time() -> None:
    samples = np.zeros(3 * RATE, np.float32)
    samples[int(1.5 * RATE)] = 1.0
    features = SpeechEncoder(LocalNetwork()).encode(AudioClip(samples, RATE))
    times = np.arange(180, dtype=np.float32) / 60
    heard = features.at(times)[:, 0]
    centre = float((times * heard).sum() / heard.sum())
    assert centre == pytest.approx(1.5, abs=0.012)      # half a step


def test_level_is_brought_to_the_same_height_but_silence_is_not_lifted() -> None:
    loud = clip_of(2.0)
    quiet = AudioClip(loud.samples * np.float32(0.05), RATE)
    assert loudness(normalise(loud)) == pytest.approx(LEVEL, rel=1e-3)
    np.testing.assert_allclose(normalise(loud), normalise(quiet), atol=1e-5)
    hiss = AudioClip(loud.samples * np.float32(1e-4), RATE)
    assert loudness(normalise(hiss)) < LEVEL / 50


def test_progress_ends_at_one() -> None:
    heard: list[float] = []
    SpeechEncoder(LocalNetwork()).encode(clip_of(25.0), heard.append)
    assert heard[-1] == 1.0 and heard == sorted(heard) and len(heard) > 1


def test_features_outside_their_times_stay_constant() -> None:
    features = SpeechFeatures(np.arange(6, dtype=np.float32).reshape(3, 2), 0.0, 0.5)
    np.testing.assert_allclose(features.at(np.array([-1.0, 0.25, 9.0], np.float32)), [[0, 1], [1, 2], [4, 5]])


def test_another_rate_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="16000"):
        normalise(AudioClip(np.zeros(100, np.float32), 8000))


def test_a_missing_or_damaged_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="missing"):
        SpeechEncoder.load(tmp_path / "none.ort")
    damaged = tmp_path / "damaged.ort"
    damaged.write_bytes(b"not a network")
    with pytest.raises(PackError, match="damaged.ort"):
        SpeechEncoder.load(damaged)


def test_weights_are_signed_unless_the_processor_cuts_their_products_off(monkeypatch: pytest.MonkeyPatch) -> None:
    path, asked, found = DEFAULT / "third_party" / "moonshine_tiny_encoder.ort", [], []
    clip = read_audio(DEFAULT / "third_party" / "beckett.wav")
    clip = AudioClip(clip.samples[RATE:2 * RATE], RATE)
    right_here = not are_cut_off()
    monkeypatch.setattr("core.speech.encoder.signed", lambda network: asked.append(network) or signed(network))
    for cut_off in (True, False):
        monkeypatch.setattr("core.speech.encoder.are_cut_off", lambda cut_off=cut_off: cut_off)
        found.append(SpeechEncoder.load(path, layers=LAYERS, threads=1).encode(clip).features)
        assert len(asked) == (not cut_off)
    assert signed(asked[0]) != asked[0]
    if right_here:              # elsewhere signed ones come out wrong, which is why they are not taken
        np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("layers", [(), LAYERS])
def test_numbers_that_are_not_finite_are_told_with_the_file_that_gave_them(layers: tuple[int, ...]) -> None:
    """Middle layers are cut out of it, and opened from memory."""
    path = DEFAULT / "third_party" / "moonshine_tiny_encoder.ort"
    encoder = SpeechEncoder.load(path, layers=layers, threads=1)
    with pytest.raises(PackError, match=path.name):
        next(encoder.parts(np.full(RATE, np.nan, np.float32), lambda fraction: None))


def test_an_encoder_without_middle_layers_and_a_runtime_that_fails_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "damaged.ort"
    damaged.write_bytes(b"not a network")
    with pytest.raises(PackError, match="cannot be opened"):
        ending_at(damaged, ["middle"])
    path = DEFAULT / "third_party" / "moonshine_tiny_encoder.ort"
    with pytest.raises(PackError, match="no such middle layers"):
        SpeechEncoder.load(path, layers=(99,))

    def fail() -> bool:
        raise PackError("ONNX Runtime cannot multiply", "", ADVICE)

    monkeypatch.setattr("core.speech.encoder.are_cut_off", fail)
    with pytest.raises(PackError, match="cannot multiply"):
        SpeechEncoder.load(path, layers=LAYERS)
