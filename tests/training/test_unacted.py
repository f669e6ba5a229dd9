"""Unacted speech to measure on: which recordings are taken of which voices, and long ones in pieces."""

import numpy as np
import pytest
import soundfile

from training.emotion.features import RATE, recorded
from training.emotion.unacted import LONGEST, MOST, OTHERS, PIECE, UNACTED, evenly, unacted


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Sounds that count up, by name."""
    folder = tmp_path_factory.mktemp("voices") / "reader"
    folder.mkdir()
    for name, seconds in (*((f"espeak_de_4_{index:04d}", 2.5) for index in range(7)), ("flite_kal16_1_0000", 1.0),
                          ("hibari_7_2_0000", 3.0), ("2_01", 2 * PIECE + 1)):
        soundfile.write(folder / f"{name}.flac", np.arange(round(seconds * RATE)) / (10 * RATE), RATE)
    return unacted([folder])


def test_voices_give_so_many_recordings_each_and_whispers_and_snippets_none(found):
    speakers = [recording.speaker for recording in found]
    assert speakers.count(f"{UNACTED}-espeak_de") == MOST["espeak"] < 7 and speakers.count(f"{UNACTED}-reader") == 2
    assert len(set(speakers)) == 2 and {recording.emotion for recording in found} == {"neutral"}


def test_a_long_recording_is_cut_in_pieces(found):
    pieces = [recorded(recording) for recording in found if recording.speaker == f"{UNACTED}-reader"]
    assert 2 * PIECE + 1 > LONGEST and [len(piece) for piece in pieces] == [round(PIECE * RATE)] * 2
    assert pieces[1][0] == pytest.approx(PIECE / 10, abs=1e-4)          # sixteen bits


def test_places_are_evenly_spaced():
    assert evenly(7, 4) == [0, 1, 3, 5] and evenly(2, OTHERS) == [0, 1]
