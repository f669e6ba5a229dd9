"""A recording has one performance for each take."""

from dataclasses import fields

import numpy as np
import pytest

from core.bake.performance import STILL, perform
from core.types import EmotionTrack, EmotionWindow, Performance
from tests.core.voices import speech


def same(first, second):
    return [bool(np.array_equal(getattr(first, field.name), getattr(second, field.name))) for field in fields(Performance)]


def test_it_is_the_same_for_the_same_recording_and_take():
    talk = speech(2.0, 0.6, 8)
    assert all(same(perform(talk, take=3), perform(talk, take=3)))
    assert not any(same(perform(talk), perform(talk, take=1)))
    assert not any(same(perform(talk), perform(speech(2.0, 0.7, 8))))


def test_a_mood_changes_the_head_alone():
    talk = speech(2.0, 0.6, 8)
    sad = EmotionTrack((EmotionWindow(0.0, talk.duration, "sad", 3.0),), 0.4)
    changed = dict(zip((field.name for field in fields(Performance)), same(perform(talk), perform(talk, felt=sad)), strict=True))
    assert not changed["head_angles"] and all(changed[name] for name in ("blinks", "gaze_times", "gaze_angles"))


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_a_short_recording_has_hardly_any(seconds):
    made = perform(speech(seconds, 0.0))
    assert not len(made.blinks) and len(made.gaze_times) <= 3 and made.head_times[0] == 0


def test_nothing_is_still():
    assert all(not len(getattr(STILL, field.name)) for field in fields(Performance))
