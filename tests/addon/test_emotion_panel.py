"""The emotion panel: what it draws and when, hearing again, pictures, and further recordings of the voice."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from ecavatar.core.job import Request, read_result
from ecavatar.core.pack import Pack
from ecavatar.ecavatar_addon import jobs
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.panels_emotion import ECAVATAR_PT_emotion, shown_now

from .conftest import PHOTO, SPEECH
from .keyed import curves, drawn_for, same, windows

EMOTION = "Emotion"


def test_only_an_avatar_that_is_not_being_generated_can_be_changed(root, folder, monkeypatch):
    assert bpy.ops.ecavatar.split_emotion.poll() and bpy.ops.ecavatar.hear_again.poll() and ECAVATAR_PT_emotion.poll(bpy.context)
    monkeypatch.setattr(jobs, "current", SimpleNamespace(folder=folder, state="running", cancel=lambda: None))
    assert not bpy.ops.ecavatar.split_emotion.poll() and ECAVATAR_PT_emotion.poll(bpy.context)
    jobs.current.folder = folder.parent                         # another avatar is: hearing has to wait, the rest not
    assert bpy.ops.ecavatar.split_emotion.poll() and not bpy.ops.ecavatar.hear_again.poll()
    bpy.context.view_layer.objects.active = None
    assert not bpy.ops.ecavatar.split_emotion.poll() and not ECAVATAR_PT_emotion.poll(bpy.context)


def test_the_panel_draws_windows_probabilities_and_buttons(root):
    root.ecavatar.emotion.windows[0].probabilities = (0.1, 0.6, 0.05, 0.05, 0.1, 0.05, 0.05)
    text = drawn_for(root)
    for part in ("Strength", "ECAVATAR_UL_emotions", "ecavatar.add_emotion", "ecavatar.remove_emotion", "ecavatar.split_emotion",
                 "Happy 60 %", "Fear 10 %", "Transition", "Window", "Sensitivity", "ecavatar.hear_again", "Angry 2.5",
                 "USER", " 60 %"):
        assert part in text, part
    root.ecavatar.emotion.windows.clear()
    assert "Strength" not in drawn_for(root)


def test_the_one_at_the_current_frame_is_marked(root):
    bpy.context.scene.frame_set(1 + 100)
    assert [shown_now(bpy.context, window) for window in root.ecavatar.emotion.windows] == [False, True, False]


def test_hearing_again_keeps_locked_windows_and_touches_only_the_emotion(root, folder, tmp_path, monkeypatch):
    """The worker is stood in for: whatever it hears, its emotion.json is what counts."""
    root.ecavatar.emotion.windows[1].category = "fear"
    root.ecavatar.emotion.sensitivity = 0.9
    others = {name: curves(root, name) for name in ("Speech", "Blinks")}
    asked = []

    def start(place):
        asked.append(Request.read(place))
        shutil.rmtree(place)
        shutil.copytree(tmp_path / "before", place)
        return SimpleNamespace(folder=place, state="done", warnings=["hardly any speech"], poll=lambda: "done", cancel=lambda: None)

    shutil.copytree(folder, tmp_path / "before")
    monkeypatch.setattr(jobs, "start", start)
    assert bpy.ops.ecavatar.hear_again() == {"FINISHED"}
    (request,) = asked
    assert request.emotion == "auto" and request.emotions.sensitivity == 0.9
    assert [(window.start, window.category) for window in request.emotions.windows] == [(3, "fear")]
    assert [window[2] for window in windows(root)] == ["happy", "angry", "happy"]      # as its emotion.json says
    assert all(same(curves(root, name), other) for name, other in others.items())


@pytest.mark.skipif("emotion_network" not in Pack.open().entries, reason="the pack has no emotion network")
def test_the_recording_is_heard(root, folder):
    root.ecavatar.emotion.windows[1].category = "contempt"
    assert bpy.ops.ecavatar.hear_again() == {"FINISHED"}
    heard = root.ecavatar.emotion.windows
    (kept,) = [window for window in heard if window.locked]
    assert kept.category == "contempt" and (kept.start, kept.end) == pytest.approx((3, 6), abs=1e-4)
    assert all(sum(window.probabilities) == pytest.approx(1, abs=1e-3) for window in heard if not window.locked)
    assert (folder / "heard.npz").is_file()


def test_a_failed_hearing_is_told_and_nothing_changes(root, folder, monkeypatch):
    ended = SimpleNamespace(folder=folder, state="failed", error="no such recording; x.wav; choose", warnings=[],
                            poll=lambda: "failed", cancel=lambda: None)
    monkeypatch.setattr(jobs, "start", lambda _folder: ended)
    before = windows(root)
    with pytest.raises(RuntimeError, match="no such recording"):
        bpy.ops.ecavatar.hear_again()
    assert windows(root) == before
    (folder / "motion.npz").write_bytes(b"other")
    with pytest.raises(RuntimeError, match="another recording"):
        bpy.ops.ecavatar.hear_again()


def test_pictures_are_shown_where_there_are_some(root, tmp_path):
    from ecavatar.ecavatar_addon import thumbnails
    from PIL import Image
    assert thumbnails.complete()                                # the repository's own
    for category, level in thumbnails.CELLS:
        Image.new("RGB", (32, 32), (200, 10 * level, 90)).save(tmp_path / f"{category}_{level}.png")
    thumbnails.free()
    thumbnails.load(tmp_path)
    assert thumbnails.complete() and len(thumbnails.faces) == 24
    window = root.ecavatar.emotion.windows[1]
    assert window.face == "angry:2"
    window.face = "disgust:3"
    assert (window.category, window.level, window.locked) == ("disgust", 3, True) and "noseSneerLeft" in curves(root, EMOTION)
    assert "face" in drawn_for(root)


def test_recordings_of_the_voice_are_added_once(addon, tmp_path):
    files = [{"name": name} for name in ("a.wav", "b.wav", "a.wav")]
    for _ in range(2):
        bpy.ops.ecavatar.add_voices(directory=str(tmp_path), files=files)
    settings = bpy.context.scene.ecavatar
    assert [Path(voice.path).name for voice in settings.voices] == ["a.wav", "b.wav"]
    bpy.ops.ecavatar.remove_voice(index=0)
    settings.photo, settings.audio = str(PHOTO), str(SPEECH)
    with pytest.raises(RuntimeError, match="no such recording.*b.wav"):
        bpy.ops.ecavatar.generate()


def test_an_imported_job_says_what_was_chosen(root, folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["emotions"]["sensitivity"] = 0.8
    (folder / "manifest.json").write_text(json.dumps(manifest))
    import_avatar(read_result(folder), bpy.context.scene)
    assert root.ecavatar.emotion.sensitivity == pytest.approx(0.8)
