"""Recordings of every kind are decoded to one mono clip, or refused with one sentence."""

import numpy as np
import pytest
import soundfile

from core.errors import InputError
from core.speech.audio import read_audio


def tone(rate, seconds=1.0, channels=1, level=0.5):
    time = np.arange(round(rate * seconds)) / rate
    return np.repeat((level * np.sin(2 * np.pi * 440 * time)).astype(np.float32)[:, None], channels, axis=1)


def pitch(clip):
    spectrum = np.abs(np.fft.rfft(clip.samples * np.hanning(len(clip.samples))))
    return np.argmax(spectrum) * clip.rate / len(clip.samples)


@pytest.mark.parametrize(("rate", "channels", "suffix"), [
    (8000, 1, "wav"), (16000, 2, "flac"), (44100, 2, "ogg"), (48000, 1, "mp3"), (96000, 6, "wav"), (192000, 1, "wav")])
def test_rate_channels_and_format_do_not_change_what_is_heard(tmp_path, rate, channels, suffix):
    path = tmp_path / f"Aufnahme mit Ümläuten.{suffix}"
    soundfile.write(path, tone(rate, channels=channels), rate)
    clip = read_audio(path)
    assert clip.rate == 16000 and clip.samples.dtype == np.float32
    assert clip.duration == pytest.approx(1.0, abs=0.1)          # MP3 pads with up to two of its frames
    assert pitch(clip) == pytest.approx(440, abs=2)
    assert np.abs(clip.samples[4000:12000]).max() == pytest.approx(0.5, abs=0.03)     # lossy formats
    assert clip.warnings == ()


def test_opposite_channels_cancel_and_are_called_silent(tmp_path):
    left = tone(16000)
    soundfile.write(tmp_path / "a.wav", np.hstack([left, -left]), 16000)
    assert "silent" in read_audio(tmp_path / "a.wav").warnings[0]


def test_a_clipped_recording_is_told(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.clip(3 * tone(16000), -1, 1), 16000)
    clip = read_audio(tmp_path / "a.wav")
    assert "clipped" in clip.warnings[0] and np.abs(clip.samples).max() <= 1.0


def test_a_tenth_of_a_second_is_enough(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(48000, 0.1), 48000)
    assert read_audio(tmp_path / "a.wav").duration == pytest.approx(0.1, abs=0.002)


def test_too_short(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(16000, 0.02), 16000)
    with pytest.raises(InputError, match="too short"):
        read_audio(tmp_path / "a.wav")


def test_samples_that_are_not_numbers(tmp_path):
    samples = tone(16000)
    samples[100] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(InputError, match="not numbers"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("content", [b"", b"this is a text", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"ID3" + bytes(200)])
def test_what_is_no_recording_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_audio(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_missing(tmp_path):
    with pytest.raises(InputError, match="no such recording"):
        read_audio(tmp_path / "a.wav")


def test_a_truncated_file_gives_what_is_there_or_one_sentence(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, 48000), 16000)
    path.write_bytes(path.read_bytes()[:40000])
    try:
        assert 0 < read_audio(path).duration < 3
    except InputError as error:
        assert "decoded" in str(error)


def test_raw_samples_are_refused_in_one_sentence(tmp_path):
    (tmp_path / "voice.raw").write_bytes(bytes(64_000))
    with pytest.raises(InputError, match="cannot be decoded"):
        read_audio(tmp_path / "voice.raw")
