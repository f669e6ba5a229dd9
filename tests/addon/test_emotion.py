"""Emotion in the tab: windows reach the keys of the emotion at once, and nothing else; what an artist did is never lost."""

import shutil
from pathlib import Path

import bpy
import numpy as np
import pytest
from ecavatar.core.emotion.windows import EmotionSettings
from ecavatar.core.job import Request, read_result
from ecavatar.ecavatar_addon import emotion
from ecavatar.ecavatar_addon.actions import STAMP

from .conftest import PHOTO, SPEECH, shortened
from .keyed import curves, drawn_for, keys, reduced, same, sampled, strip, windows

EMOTION, LIPS = "Emotion", "Emotion Lips"


def values(root, frame, subframe=0.0):
    """Shape -> value that the scene shows."""
    bpy.context.scene.frame_set(frame, subframe=subframe)
    return {block.name: block.value for block in keys(root).key_blocks[1:]}


def felt(result, seconds):
    """What the emotion adds to the speech, between two frames too: (K,)."""
    return np.array([np.interp(seconds, result.bake["emotion_times"], column) for column in result.bake["emotion_weights"].T])


@pytest.mark.parametrize("strength", [1.0, 0.5, 0.0, 1.5])
def test_the_face_shows_speech_and_emotion_together(root, folder, strength):
    result = read_result(folder)
    root.ecavatar.emotion.strength = strength
    names = list(map(str, result.bake["names"]))
    speech, lips = reduced(root, result.bake), sampled(root, result.bake, LIPS) / max(strength, 1)
    blinks, lids = result.bake["blinks"], [names.index(f"eyeBlink{side}") for side in ("Left", "Right")]
    gaze = curves(root, "Gaze")
    assert keys(root).animation_data.action is None
    for frame in (0, 31, 68, 72, 75, 110, 144, 200, int(blinks[1, 0] * 24), len(result.bake["weights"]) - 1):
        wanted = speech[frame].astype(np.float64)
        wanted[lids] = np.interp(frame / 24, *blinks.T, left=0, right=0)
        for name, points in gaze.items():
            wanted[names.index(name)] = np.interp(1 + frame, *points.T)
        wanted = np.clip(wanted + strength * (felt(result, frame / 24) + lips[frame]), 0, 1)
        np.testing.assert_allclose(list(values(root, 1 + frame).values())[:len(names)], wanted, atol=1e-4)      # single precision


def test_both_tracks_muted_leave_the_speech(root, folder):
    result = read_result(folder)
    speech = reduced(root, result.bake)
    for name in (EMOTION, LIPS):
        keys(root).animation_data.nla_tracks[name].mute = True
    names = list(map(str, result.bake["names"]))
    spoken = [index for index, name in enumerate(names) if not name.startswith(("eyeBlink", "eyeLook"))]
    for frame in (5, 75, 110):
        shown = np.array(list(values(root, 1 + frame).values())[:len(names)])
        np.testing.assert_allclose(shown[spoken], speech[frame, spoken], atol=1e-5)         # single precision


def test_the_windows_of_the_job_are_listed(root):
    duration = root.ecavatar.emotion.duration
    assert windows(root) == [(0, 3, "happy", 2, False), (3, 6, "angry", 2.5, False), (6, round(duration, 3), "happy", 2, False)]
    assert emotion.settings_of(root) == EmotionSettings()


def test_a_change_reaches_the_keys_of_the_emotion_alone(root):
    others = {name: curves(root, name) for name in ("Speech", "Blinks")}
    before = values(root, 1 + 108)
    root.ecavatar.emotion.windows[1].level = 1.0
    assert before["browDownLeft"] > values(root, 1 + 108)["browDownLeft"] > 0
    root.ecavatar.emotion.windows[1].category = "surprise"
    after = values(root, 1 + 108)
    assert after["browInnerUp"] > 0.2 and after["browDownLeft"] == 0
    assert all(same(curves(root, name), other) for name, other in others.items())
    assert windows(root)[1] == (3, 6, "surprise", 1, True)
    keys(root).animation_data.nla_tracks[EMOTION].mute = True
    assert values(root, 1 + 108)["browInnerUp"] == 0              # held at rest, though nothing had moved it before


def test_there_and_back_gives_the_same_keys(root):
    before = {name: curves(root, name) for name in (EMOTION, LIPS)}
    window = root.ecavatar.emotion.windows[1]
    window.level = 0.5
    assert not same(curves(root, EMOTION), before[EMOTION])
    window.level = 2.5
    for name, wanted in before.items():
        found = curves(root, name)
        assert set(found) == set(wanted)
        for shape, points in found.items():
            np.testing.assert_allclose(points, wanted[shape], atol=2e-3)        # frames: a window's edge is kept to 0.1 ms


def test_an_edge_moves_its_neighbours(root):
    found = root.ecavatar.emotion.windows
    found[1].end = 7.0
    assert [window[:2] for window in windows(root)][:2] == [(0, 3), (3, 7)] and found[2].start == 7
    found[1].start = -4.0
    assert found[0].end == pytest.approx(0.1) == found[1].start
    found[1].end = 99.0
    assert found[1].end == pytest.approx(root.ecavatar.emotion.duration - 0.1) == found[2].start
    assert [window[4] for window in windows(root)] == [False, True, False]
    np.testing.assert_allclose(curves(root, EMOTION)["browDownLeft"][-1, 0], 1 + 24 * root.ecavatar.emotion.duration, atol=1e-3)


def test_split_add_and_delete(root):
    scene = bpy.context.scene
    scene.frame_set(1 + 108)
    before = values(root, 1 + 108)
    assert bpy.ops.ecavatar.split_emotion() == {"FINISHED"}
    assert [window[:3] for window in windows(root)][1:3] == [(3, 4.5, "angry"), (4.5, 6, "angry")]
    assert root.ecavatar.emotion.active == 2 and values(root, 1 + 108) == pytest.approx(before, abs=1e-5)
    scene.frame_set(1 + 24)
    assert bpy.ops.ecavatar.add_emotion(category="fear", level=3.0) == {"FINISHED"}
    assert windows(root)[:2] == [(0, 1, "happy", 2, False), (1, 3, "fear", 3, True)] and root.ecavatar.emotion.active == 1
    assert bpy.ops.ecavatar.remove_emotion() == {"FINISHED"}
    assert windows(root)[0] == (0, 3, "happy", 2, False) and root.ecavatar.emotion.active == 0
    for _ in range(3):
        bpy.ops.ecavatar.remove_emotion()
    with pytest.raises(RuntimeError, match="only emotion window cannot be deleted"):
        bpy.ops.ecavatar.remove_emotion()


def test_a_split_at_an_edge_is_told(root):
    bpy.context.scene.frame_set(1)
    before = windows(root)
    with pytest.raises(RuntimeError, match="cannot be split at 0.00 s.*go to a frame inside it"):
        bpy.ops.ecavatar.split_emotion()
    assert windows(root) == before


def test_selecting_one_goes_to_its_time(root):
    scene = bpy.context.scene
    scene.frame_set(1)
    root.ecavatar.emotion.active = 1
    assert scene.frame_current == 1 + np.ceil(3.4 * 24)
    strip(root, EMOTION).frame_start = 51.0                     # the artist has moved it
    scene.frame_set(200)
    root.ecavatar.emotion.active = 0
    assert scene.frame_current == 51


@pytest.mark.parametrize("track", [EMOTION, LIPS])
def test_edited_keys_are_kept(root, track):
    action = strip(root, track).action
    channels = action.layers[0].strips[0].channelbags[0].fcurves if hasattr(action, "layers") else action.fcurves
    channels[0].keyframe_points[0].co.y = 0.123
    edited = curves(root, track)
    root.ecavatar.emotion.windows[0].level = 1.0
    name = f"{action.name} edited"
    assert name in root.ecavatar.emotion.said
    strip(root, track).action = bpy.data.actions[name]
    assert same(curves(root, track), edited)
    assert len([found for found in bpy.data.actions if "edited" in found.name]) == 1


def test_the_lips_follow_edited_keys_of_the_emotion_with_the_speech(root):
    before = curves(root, LIPS)
    root.ecavatar.lip_sync.jaw_strength = 0.4
    assert bpy.ops.ecavatar.update_motion() == {"FINISHED"}
    assert not same(curves(root, LIPS), before) and not any("edited" in found.name for found in bpy.data.actions)


def test_strength_keeps_an_artists_animation(root):
    curve = strip(root, EMOTION).fcurves.find("influence")
    curve.keyframe_points.insert(100, 0.0)
    root.ecavatar.emotion.strength = 0.5
    assert "Emotion is animated" in root.ecavatar.emotion.said and len(curve.keyframe_points) == 2
    assert strip(root, LIPS).fcurves.find("influence").keyframe_points[0].co.y == 0.5


def test_strength_scales_edited_keys_too(root):
    action = strip(root, EMOTION).action
    before = curves(root, EMOTION)
    root.ecavatar.emotion.strength = 1.25
    shape = next(iter(before))
    np.testing.assert_allclose(curves(root, EMOTION)[shape][:, 1], 1.25 * before[shape][:, 1], rtol=1e-6)
    root.ecavatar.emotion.windows[1].level = 3.0                # keyed at the slider's strength
    assert action[STAMP]["gain"] == 1.25 and not any("edited" in found.name for found in bpy.data.actions)


def test_an_avatar_of_an_older_version_keeps_its_emotions_editable(root, folder):
    with np.load(folder / "head.npz") as stored:
        first = {name: stored[name] for name in ("vertices", "faces", "landmarks68", "identity")}
    np.savez(folder / "head.npz", **first)
    before = curves(root, EMOTION)
    assert bpy.ops.ecavatar.update_emotion() == {"FINISHED"}
    root.ecavatar.emotion.windows[0].level = 3.0
    assert root.ecavatar.emotion.said == "" and not same(curves(root, EMOTION), before)


@pytest.mark.parametrize(("harm", "said"), [
    (shutil.rmtree, "job folder is gone.*astronaut-11111111.*generate it again"),
    (lambda folder: (folder / "head.npz").write_bytes(b"half"), "damaged.*head.npz"),
    (lambda folder: (folder / "request.json").write_text('{"format": 0}'), "another version.*request.json")])
def test_a_job_folder_that_cannot_be_used_is_told(root, folder, harm, said):
    before, listed = curves(root, EMOTION), windows(root)
    harm(folder)
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.ecavatar.update_emotion()
    bpy.context.scene.frame_set(1 + 24)
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.ecavatar.split_emotion()
    assert same(curves(root, EMOTION), before) and windows(root) == listed
    root.ecavatar.emotion.windows[0].level = 3.0                # no operator could tell it: the panel does
    told = root.ecavatar.emotion.said
    assert "astronaut-11111111" in told and "".join(told.split())[1:] in "".join(drawn_for(root).split())


def test_a_track_that_is_gone_is_told(root):
    tracks = keys(root).animation_data.nla_tracks
    tracks.remove(tracks[EMOTION])
    with pytest.raises(RuntimeError, match="track Emotion is gone.*generate it again"):
        bpy.ops.ecavatar.update_emotion()
    assert bpy.ops.ecavatar.update_motion() == {"FINISHED"}     # the speech does not need it


def test_a_change_is_undone(root):
    name, before = root.name, curves(root, EMOTION)
    bpy.ops.ed.undo_push(message="Before")
    root.ecavatar.emotion.windows[1].category = "fear"
    assert not same(curves(root, EMOTION), before)
    bpy.ops.ed.undo_push(message="After")                       # a window does this when a property is changed
    assert bpy.ops.ed.undo() == {"FINISHED"}
    back = bpy.data.objects[name]
    assert same(curves(back, EMOTION), before) and windows(back)[1][2] == "angry"


def test_everything_is_saved(root, tmp_path):
    root.ecavatar.emotion.windows[1].category = "fear"
    root.ecavatar.emotion.strength = 0.5
    name, listed, keyed, shown = root.name, windows(root), curves(root, EMOTION), values(root, 100)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    back = bpy.data.objects[name]
    assert windows(back) == listed and same(curves(back, EMOTION), keyed) and values(back, 100) == pytest.approx(shown, abs=1e-6)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "saved.blend")) as (_, wanted):
        wanted.objects = [name]
    (appended,) = wanted.objects
    assert windows(appended) == listed


@pytest.mark.once
def test_generating_again_keeps_locked_windows_for_the_same_recording(ready, tmp_path):
    settings = bpy.context.scene.ecavatar
    settings.photo, settings.audio, settings.hair = str(PHOTO), str(SPEECH), "NONE"
    settings.emotion, settings.emotion_level = "sad", 1.5
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    (made,) = [found for found in bpy.context.scene.objects if found.ecavatar.role == "avatar"]
    assert [window[2:4] for window in windows(made)] == [("sad", 1.5)]
    bpy.context.view_layer.objects.active = made
    bpy.context.scene.frame_set(1 + 48)
    bpy.ops.ecavatar.add_emotion(category="happy", level=3.0)
    made.ecavatar.emotion.transition = 0.2
    keyed = curves(made, EMOTION)
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    assert [window[:4] for window in windows(made)] == [(0, 2, "sad", 1.5), (2, round(made.ecavatar.emotion.duration, 3), "happy", 3)]
    assert Request.read(Path(made.ecavatar.job)).emotions.transition == 0.2 and set(curves(made, EMOTION)) == set(keyed)
    for shape, points in curves(made, EMOTION).items():         # the worker and the panel agree
        np.testing.assert_allclose(points, keyed[shape], atol=2e-3)             # frames: a window's edge is kept to 0.1 ms
    other = tmp_path / "other.flac"
    shortened(other, seconds=1.5)
    settings.audio = str(other)
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    assert windows(made) == [(0, round(made.ecavatar.emotion.duration, 3), "sad", 1.5, False)]
    assert made.ecavatar.emotion.transition == pytest.approx(0.2)
