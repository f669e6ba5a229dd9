"""Text of the panel fits the sidebar; rows, buttons and the avatar's likeness are drawn."""

from types import SimpleNamespace

import blf
import bpy
import pytest
from ecavatar.core.messages import Message
from ecavatar.ecavatar_addon import jobs
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.panels import ECAVATAR_PT_generate, likeness, lines, shown_avatar, time_left
from ecavatar.ecavatar_addon.panels_person import ECAVATAR_PT_person
from ecavatar.ecavatar_addon.panels_voice import ECAVATAR_PT_voice

from .layout import Layout

TEXT = "no face was found; /home/artist/pictures/a very long folder name/" + "x" * 120 + ".jpg; choose a photo that shows one face"


@pytest.mark.parametrize("width", [90, 180, 400])
def test_no_line_is_wider_than_the_sidebar(addon, width):
    found = lines(TEXT, width, 11)
    blf.size(0, 11)
    assert all(blf.dimensions(0, line)[0] <= width for line in found)
    assert "".join(found).replace(" ", "") == TEXT.replace(" ", "")


def test_a_short_text_is_one_line(addon):
    assert lines("choose a photo", 400, 11) == ["choose a photo"]


def draw(panel=ECAVATAR_PT_person):
    """Return what the panel draws."""
    drawn = []
    panel.draw(SimpleNamespace(layout=Layout(drawn)), bpy.context)
    return drawn


def test_each_photo_has_a_row_with_a_remove_button(addon):
    assert "onto the 3D view" in " ".join(draw())               # nothing is chosen yet
    bpy.context.scene.ecavatar.photo = "a.jpg"
    assert draw() == ["Photo", "ecavatar.add_photos"]
    for _ in range(2):
        bpy.context.scene.ecavatar.more_photos.add()
    remove = "ecavatar.remove_photo"
    assert draw() == ["Photo", "Photo 2", remove, "Photo 3", remove, "ecavatar.add_photos"]


def test_the_emotion_is_heard_or_chosen(addon):
    settings = bpy.context.scene.ecavatar
    settings.voices.add()
    begin = ["Speech", "ecavatar.play_recording", "Emotion"]
    assert draw(ECAVATAR_PT_voice) == [*begin, "Recording 2", "ecavatar.remove_voice", "ecavatar.add_voices"]
    settings.emotion = "sad"
    assert draw(ECAVATAR_PT_voice) == [*begin, "Level"]


def test_the_likeness_of_the_active_avatar_is_told(avatar):
    bpy.context.view_layer.objects.active = parts_of(avatar)["tongue"]
    text = likeness(avatar.ecavatar)
    assert text.startswith("Likeness 6") and text.endswith("%: use a photo with a larger face")
    assert text in " ".join(draw())


def test_else_that_of_the_avatar_generated_last(avatar, monkeypatch):
    bpy.context.view_layer.objects.active = None
    assert shown_avatar(bpy.context) is None and not any("Likeness" in text for text in draw())
    monkeypatch.setattr(jobs, "current", SimpleNamespace(folder=avatar.ecavatar.job, state="done", warnings=[], cancel=lambda: None))
    assert shown_avatar(bpy.context) == avatar and any("Likeness" in text for text in draw())


def test_a_good_head_has_no_advice_and_an_unjudged_one_no_line():
    assert likeness(SimpleNamespace(confidence=0.973, advice="")) == "Likeness 97 %"
    assert likeness(SimpleNamespace(confidence=0.0, advice="")) == ""


def test_what_is_missing_is_told_and_few_options_follow_the_button(addon):
    drawn = draw(ECAVATAR_PT_generate)
    assert drawn == ["ecavatar.generate", "Choose a photo of a face", "Options", "Dense Keys", "ecavatar.import_job"]


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (0.2, "About 1 s left"), (12.1, "About 13 s left"),
                                               (600, "About 10 min left")])
def test_time_left_is_told_in_words(seconds, text):
    assert time_left(seconds) == text


def test_time_left_goes_by_what_is_done_so_far():
    worker = jobs.Worker(None, started=100.0)
    assert worker.seconds_left(103.0) is None
    worker.fraction = 0.25
    assert worker.seconds_left(103.0) == pytest.approx(9.0)
    worker.fraction = 1.0
    assert worker.seconds_left(103.0) is None               # done: nothing is left to say


def test_time_left_leaves_out_what_was_there_already():
    worker = jobs.Worker(None, started=100.0)
    for stage, fraction in (("head", 1.0), ("speech", 0.0), ("speech", 0.2)):
        worker.take(Message("progress", stage=stage, fraction=fraction))
        assert worker.seconds_left(103.0) is None           # of the work there is, too little is done
    worker.take(Message("progress", stage="speech", fraction=0.8))
    assert worker.seconds_left(103.0) == pytest.approx(3.0 * 0.2 / 0.2)
    worker.take(Message("progress", stage="speech", fraction=1.0))
    assert worker.skipped == pytest.approx(0.6)             # the head alone: the speech took its time
