"""Text of the panel fits the sidebar; rows, buttons and the avatar's likeness are drawn."""

from types import SimpleNamespace

import blf
import bpy
import pytest
from ecavatar.ecavatar_addon import jobs
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.panels import ECAVATAR_PT_generate, likeness, lines, shown_avatar

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


def draw():
    """Return what the panel draws."""
    drawn = []
    ECAVATAR_PT_generate.draw(SimpleNamespace(layout=Layout(drawn)), bpy.context)
    return drawn


def test_each_photo_has_a_row_with_a_remove_button(addon):
    assert draw()[:3] == ["Photo", "ecavatar.add_photos", "Speech"]
    for _ in range(2):
        bpy.context.scene.ecavatar.more_photos.add()
    remove = "ecavatar.remove_photo"
    assert draw()[:7] == ["Photo", "Photo 2", remove, "Photo 3", remove, "ecavatar.add_photos", "Speech"]


def test_the_emotion_is_heard_or_chosen(addon):
    settings = bpy.context.scene.ecavatar
    settings.voices.add()
    assert draw()[3:7] == ["Emotion", "Recording 2", "ecavatar.remove_voice", "ecavatar.add_voices"]
    settings.emotion = "sad"
    assert draw()[3:6] == ["Emotion", "Level", "Hair"]


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
