"""Windows over time: what is heard becomes a track, flickers go, and the user's windows stay."""

import json

import numpy as np
import pytest

from core.emotion.hearing import Heard, cut_at_pauses
from core.emotion.network import Judgement
from core.emotion.windows import EmotionSettings, chosen, constant, overlay, read_track, report, smoothed, track_of, whole_of
from core.errors import InputError, JobError
from core.types import HEARD, EmotionTrack, EmotionWindow


def heard(*emotions, sure=0.8, strength=0.5, spoken=None):
    """What would be heard in passages of 2 s with these emotions."""
    probabilities = np.full((len(emotions), len(HEARD)), (1 - sure) / (len(HEARD) - 1), np.float32)
    probabilities[np.arange(len(emotions)), [HEARD.index(emotion) for emotion in emotions]] = sure
    strengths = np.full(len(emotions), strength, np.float32)
    return Heard(np.arange(len(emotions) + 1, dtype=np.float32) * 2, np.ones(len(emotions), bool) if spoken is None else spoken,
                 Judgement(probabilities, strengths), Judgement(probabilities[:1], strengths[:1]))


def categories(track):
    return [window.category for window in track.windows]


def test_each_passage_is_a_window_with_its_emotion_and_its_probabilities():
    track = track_of(heard("sad", "sad", "angry", "angry"), EmotionSettings())
    assert categories(track) == ["sad", "sad", "angry", "angry"]
    assert [window.start for window in track.windows] == [0, 2, 4, 6] and track.windows[-1].end == 8
    assert all(len(window.probabilities) == 7 and sum(window.probabilities) == pytest.approx(1, abs=1e-3) for window in track.windows)


def test_a_short_unsure_flicker_is_taken_out_and_a_sure_one_stays():
    assert categories(track_of(heard("sad", "angry", "sad", sure=0.45), EmotionSettings(sensitivity=1.0))) == ["sad"] * 3
    assert categories(track_of(heard("sad", "angry", "sad", sure=0.97), EmotionSettings())) == ["sad", "angry", "sad"]


def test_one_passage_is_not_changed_by_smoothing():
    alone = heard("fear").passages.probabilities
    np.testing.assert_allclose(smoothed(alone), alone, atol=1e-6)


def test_unsure_is_neutral_at_the_lowest_level_and_sensitivity_decides_what_is_sure():
    unsure = heard("angry", sure=0.35, strength=1.0)
    assert track_of(unsure, EmotionSettings(sensitivity=0.0)).windows[0].category == "neutral"
    assert track_of(unsure, EmotionSettings(sensitivity=0.0)).windows[0].level == 1
    assert track_of(unsure, EmotionSettings(sensitivity=1.0)).windows[0].category == "angry"


@pytest.mark.parametrize(("strength", "level"), [(0.0, 1), (0.5, 2), (1.0, 3)])
def test_the_level_grows_with_the_strength(strength, level):
    assert track_of(heard("happy", strength=strength), EmotionSettings()).windows[0].level == level


def test_the_papers_level_grows_with_the_winning_probability():
    levels = [track_of(heard("happy", sure=sure, strength=0.0), EmotionSettings(level_by="probability")).windows[0].level
              for sure in (0.7, 0.99)]
    assert levels == [2, 3]


def test_the_whole_recordings_emotion_does_not_depend_on_its_windows():
    listened = heard("sad", "angry", "angry")
    assert whole_of(listened, EmotionSettings()).category == "sad"          # its own row


def test_users_windows_replace_what_is_heard_where_they_lie():
    own = EmotionWindow(1.0, 5.0, "contempt", 1.5, locked=True)
    track = track_of(heard("sad", "angry", "angry", sure=0.97), EmotionSettings(windows=(own,)))
    assert [(window.start, window.end, window.category) for window in track.windows] == [
        (0, 1, "sad"), (1, 5, "contempt"), (5, 6, "angry")]
    assert track.windows[1].locked and track.windows[1].level == 1.5


def test_a_users_window_past_the_end_is_told_and_one_that_reaches_past_it_is_cut():
    track = EmotionTrack((EmotionWindow(0.0, 4.0, "sad", 2.0),), 0.3)
    with pytest.raises(InputError, match=r"after the recording's end at 4.00 s"):
        overlay(track, (EmotionWindow(4.0, 5.0, "happy", 2.0),))
    assert overlay(track, (EmotionWindow(3.0, 9.0, "happy", 2.0),)).windows[-1].end == 4


def test_a_chosen_emotion_lasts_and_leaves_room_for_the_users_windows():
    track = constant("fear", 2.5, 6.0, EmotionSettings(windows=(EmotionWindow(2.0, 3.0, "happy", 1.0),)))
    assert categories(track) == ["fear", "happy", "fear"] and track.windows[0].level == 2.5


@pytest.mark.parametrize("text", ["glad:2", "happy:4", "happy:x", "happy:-1", "", ":2", "happy:nan"])
def test_an_emotion_that_is_not_there_is_told_in_one_sentence(text):
    with pytest.raises(InputError) as told:
        chosen(text)
    assert "\n" not in str(told.value) and "choose" in str(told.value)
    assert chosen("surprise:1.5") == ("surprise", 1.5) and chosen("sad") == ("sad", 2.0)


@pytest.mark.parametrize(("values", "match"), [
    ({"window": 0.1}, "choose a number from 1 to 30"), ({"sensitivity": True}, "sensitivity"), ({"transition": "x"}, "transition"),
    ({"level_by": "loudness"}, "choose strength or probability"), ({"colour": 1}, "no emotion setting colour"), ([], "no JSON object"),
    ({"windows": 3}, "no list"), ({"windows": [{"start": 0}]}, "give start, end, category and level"),
    ({"windows": [{"start": 2, "end": 1, "category": "sad", "level": 1}]}, "end after its start"),
    ({"windows": [{"start": 0, "end": 1, "category": "glad", "level": 1}]}, "no emotion 'glad'"),
    ({"windows": [{"start": 0, "end": 1, "category": "sad", "level": 9}]}, "from 0 to 3"),
    ({"windows": [{"start": 0, "end": 2, "category": "sad", "level": 1}, {"start": 1, "end": 3, "category": "sad", "level": 1}]},
     "overlap at 1 s"),
    ({"windows": [{"start": 0, "end": 1, "category": "sad", "level": 1, "probabilities": {"sad": 1}}]}, "give a number for each"),
])
def test_bad_settings_are_told_in_one_sentence(values, match):
    with pytest.raises(InputError, match=match):
        EmotionSettings.from_json(values)


def test_settings_survive_a_json_file():
    settings = EmotionSettings(window=2.0, sensitivity=0.7, windows=(EmotionWindow(0.5, 1.0, "contempt", 1.5, (), True),))
    stored = json.loads(json.dumps({"window": 2.0, "sensitivity": 0.7, "windows": [
        {"start": 0.5, "end": 1.0, "category": "contempt", "level": 1.5, "probabilities": [], "locked": True}]}))
    assert EmotionSettings.from_json(stored) == settings


def test_emotion_json_holds_the_windows_and_the_whole_and_is_read_again(tmp_path):
    listened = heard("sad", "angry")
    track = track_of(listened, EmotionSettings())
    values = report(track, whole_of(listened, EmotionSettings()))
    path = tmp_path / "emotion.json"
    path.write_text(json.dumps(values))
    assert read_track(path) == track
    assert set(values["clip"]) == {"category", "level", "probabilities"} and set(values["clip"]["probabilities"]) == set(HEARD)
    for damaged in ("{}", "[]", '{"windows": [], "transition": 0.4}', path.read_text().replace("sad", "glad", 1)):
        path.write_text(damaged)
        with pytest.raises(JobError, match=r"emotion\.json"):
            read_track(path)


def test_passages_end_in_pauses():
    level = np.full(250, -20.0, np.float32)
    level[120:130] = -60.0                                                  # a pause at 3 s
    cuts = cut_at_pauses(level, 6.0, 3.0)
    assert len(cuts) == 3 and cuts[0] == 0 and cuts[-1] == pytest.approx(6.0) and 2.9 < cuts[1] < 3.15
    assert len(cut_at_pauses(level, 1.0, 3.0)) == 2


def test_a_track_leaves_no_gap():
    with pytest.raises(ValueError, match="out of order"):
        EmotionTrack((EmotionWindow(0.0, 1.0, "sad", 1.0), EmotionWindow(1.5, 2.0, "sad", 1.0)), 0.2)
    with pytest.raises(ValueError, match="from 0 s on"):
        EmotionTrack((EmotionWindow(0.5, 1.0, "sad", 1.0),), 0.2)


def test_an_emotion_that_hardly_wins_is_weak():
    assert track_of(heard("fear", sure=0.45, strength=1.0), EmotionSettings()).windows[0].level == 1
    assert track_of(heard("fear", sure=0.55, strength=1.0), EmotionSettings()).windows[0].level == 3
