"""Formats libsndfile cannot read go through Blender's decoder."""

import numpy as np
import pytest
import soundfile
from ecavatar.core.errors import InputError
from ecavatar.core.speech.audio import read_audio
from ecavatar.ecavatar_addon.sound import readable

aud = pytest.importorskip("aud", reason="this build of Blender has no audio library")


@pytest.fixture
def tone(tmp_path):
    """Half a second of 440 Hz, as WAV."""
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * np.arange(24000) / 48000), 48000)
    return path


def test_what_libsndfile_reads_is_left_alone(tone, tmp_path):
    assert readable(tone, tmp_path / "job") == tone


def test_aac_in_mp4_is_decoded(tone, tmp_path):
    movie = tmp_path / "a film.mp4"
    try:
        aud.Sound.file(str(tone)).write(str(movie), 48000, 1, aud.FORMAT_S16, aud.CONTAINER_MP4 if hasattr(aud, "CONTAINER_MP4")
                                        else aud.CONTAINER_MATROSKA, aud.CODEC_AAC, 128000, 16384)
    except aud.error as error:
        pytest.fail(f"Blender cannot write the test's file: {error}")
    out = readable(movie, tmp_path)
    assert out != movie
    clip = read_audio(out)
    spectrum = np.abs(np.fft.rfft(clip.samples[2000:6000] * np.hanning(4000)))
    assert np.argmax(spectrum) * clip.rate / 4000 == pytest.approx(440, abs=5)
    assert clip.duration == pytest.approx(0.5, abs=0.1)


def test_what_nobody_reads_is_one_sentence(tmp_path):
    (tmp_path / "text.mp4").write_text("a text, renamed" * 100)
    with pytest.raises(InputError, match="save it as WAV"):
        readable(tmp_path / "text.mp4", tmp_path)
