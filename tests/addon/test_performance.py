"""Blinks, gaze and head motion in the tab: tracks of their own, at once as strong as the sliders say; an artist's edits are kept."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from ecavatar.core.arrays import to_performance
from ecavatar.core.bake.curves import smooth_at
from ecavatar.core.job import Request, read_result
from ecavatar.ecavatar_addon import emotion, jobs, operators
from ecavatar.ecavatar_addon.actions import channels_of
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.operators import start
from ecavatar.ecavatar_addon.panels_performance import ECAVATAR_PT_performance

from .conftest import PHOTO, SPEECH
from .keyed import curves, keys, same, strip
from .layout import Layout


def neck(root):
    return parts_of(root)["neck"]


def head_curves(root):
    """Axis -> (frames and angles (N, 2)) of the head motion."""
    found = {}
    for curve in channels_of(neck(root).animation_data.nla_tracks["Head Motion"].strips[0].action, neck(root))[1]:
        points = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", points)
        found[curve.array_index] = points.reshape(-1, 2)
    return found


def angles(root, frames):
    """Angles (N, 3) that the scene shows, radians."""
    shown = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        shown.append(tuple(neck(root).pose.bones["head"].rotation_euler))
    return np.array(shown)


FRAMES = (1, 12, 40, 77, 130, 180, 222)


def moves(root, frames=FRAMES):
    return np.abs(angles(root, frames)).max(axis=0)


def test_the_scene_shows_the_performance_and_muting_leaves_rest(root, folder):
    performance = to_performance(read_result(folder).bake)
    wanted = smooth_at(performance.head_times, performance.head_angles, (np.array(FRAMES) - 1) / 24)
    np.testing.assert_allclose(angles(root, FRAMES), wanted, atol=np.radians(0.4))       # Blender's handles differ between keys
    assert moves(root).min() > np.radians(0.3)
    assert [track.name for track in neck(root).animation_data.nla_tracks] == ["Rest", "Head Motion"]
    assert neck(root).animation_data.action is None
    times = head_curves(root)[0][:, 0]
    assert sum(map(len, head_curves(root).values())) < 0.5 * len(read_result(folder).bake["weights"]) and (np.diff(times) > 1).all()
    for owner, names in ((keys(root), ("Gaze", "Blinks", "Emotion", "Emotion Lips")), (neck(root), ("Head Motion",))):
        for name in names:
            owner.animation_data.nla_tracks[name].mute = True
    assert not moves(root).any()
    assert not any(block.value for block in keys(root).key_blocks if block.name.startswith(("eyeLook", "eyeBlink")))


def test_sliders_scale_at_once(root):
    before, spoken, sliders = angles(root, FRAMES), curves(root), root.ecavatar.performance
    shut = int(curves(root, "Blinks")["eyeBlinkLeft"][1, 0]) + 1
    for name in ("Emotion", "Emotion Lips"):
        keys(root).animation_data.nla_tracks[name].mute = True
    for strength in (1.5, 0.5, 0.0):
        sliders.head_motion = sliders.blinks = strength
        np.testing.assert_allclose(angles(root, FRAMES), strength * before, atol=1e-4)
        bpy.context.scene.frame_set(shut)
        assert keys(root).key_blocks["eyeBlinkLeft"].value == pytest.approx(min(strength, 1.0), abs=0.15)
    sliders.gaze = 0.0
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        assert not any(block.value for block in keys(root).key_blocks if block.name.startswith("eyeLook"))
    assert not sliders.said and same(curves(root), spoken)


def test_eyes_make_up_for_the_head_as_strong_as_it_moves(root):
    def across():
        shown = []
        for frame in FRAMES:
            bpy.context.scene.frame_set(frame)
            values = {name: keys(root).key_blocks[f"eyeLook{name}Left"].value for name in ("Out", "In")}
            shown.append(np.radians(28) * (values["Out"] - values["In"]))
        return np.array(shown)

    with_head, yaw = across(), angles(root, FRAMES)[:, 1]
    root.ecavatar.performance.head_motion = 0.0
    np.testing.assert_allclose(with_head + yaw, across(), atol=np.radians(0.8))       # a key is left out up to 0.3 degrees
    assert np.abs(yaw).max() > np.radians(1.5)


def test_a_new_take_keys_another_performance_and_nothing_else(root):
    before = {name: curves(root, name) for name in ("Speech", "Emotion", "Blinks", "Gaze")}
    head = head_curves(root)
    assert bpy.ops.ecavatar.new_take() == {"FINISHED"} and root.ecavatar.performance.take == 1
    assert not same(curves(root, "Blinks"), before["Blinks"]) and not same(curves(root, "Gaze"), before["Gaze"])
    assert not same(head_curves(root), head)
    assert same(curves(root), before["Speech"]) and same(curves(root, "Emotion"), before["Emotion"])
    root.ecavatar.performance.take = 0
    for axis, points in head_curves(root).items():
        np.testing.assert_allclose(points, head[axis], atol=1e-3)         # the recording's end is rounded to 0.1 ms
    assert same(curves(root, "Blinks"), before["Blinks"])
    assert not any("edited" in action.name for action in bpy.data.actions)


def test_edited_keys_are_kept(root, folder):
    action = neck(root).animation_data.nla_tracks["Head Motion"].strips[0].action
    point = channels_of(action, neck(root))[1][0].keyframe_points[3]
    point.handle_right_type = "FREE"                                    # dragging a handle does this
    bpy.ops.ecavatar.new_take()
    assert [found.name for found in bpy.data.actions if "edited" in found.name] == [f"{action.name} edited"]
    kinds = ("objects", "armatures", "actions", "scenes", "meshes", "shape_keys")
    counts = {name: len(getattr(bpy.data, name)) for name in kinds}
    root.ecavatar.performance.head_motion = 0.5
    import_avatar(read_result(folder), bpy.context.scene)
    assert counts == {name: len(getattr(bpy.data, name)) for name in kinds}
    assert root.ecavatar.performance.head_motion == 0.5 and root.ecavatar.performance.take == 0


def test_a_sad_window_lowers_the_head(root):
    before = angles(root, FRAMES)[:, 0]
    for window in root.ecavatar.emotion.windows:
        window.category, window.level = "sad", 3.0
    lowered = angles(root, FRAMES)[2:, 0] - before[2:]
    assert lowered.min() > np.radians(2) and not root.ecavatar.emotion.said


def test_the_take_goes_into_the_request(root, folder, monkeypatch):
    root.ecavatar.performance.take = 5
    settings = bpy.context.scene.ecavatar
    settings.photo, settings.audio = str(PHOTO), str(SPEECH)
    monkeypatch.setattr(operators, "job_folder", lambda _: folder)
    start(bpy.context.scene)
    jobs.stop()
    assert Request.read(folder).take == 5


def test_without_its_job_folder_the_motion_stays(root, folder):
    head = head_curves(root)
    shutil.rmtree(folder)
    with pytest.raises(RuntimeError, match="job folder is gone"):
        bpy.ops.ecavatar.new_take()
    assert same(head_curves(root), head) and root.ecavatar.performance.take == 0
    root.ecavatar.performance.head_motion = 0.5                         # acts, and tells that the eyes do not know
    assert "job folder is gone" in root.ecavatar.performance.said and moves(root).max() > 0
    root.ecavatar.performance.take = 7
    assert root.ecavatar.performance.take == 0                          # what is keyed


def test_a_deleted_track_stays_away_and_the_others_go_on(root, folder):
    tracks = keys(root).animation_data.nla_tracks
    tracks.remove(tracks["Gaze"])
    root.ecavatar.performance.blinks = 0.25
    assert not root.ecavatar.performance.said
    assert bpy.ops.ecavatar.new_take() == {"FINISHED"} and "Gaze" not in tracks
    shut = max(shown_lid(root, frame) for frame in range(1, 242))
    assert 0.2 < shut <= 0.251


def shown_lid(root, frame):
    bpy.context.scene.frame_set(frame)
    return keys(root).key_blocks["eyeBlinkLeft"].value - sum(
        weight * strip(root, name).influence for name, weight in felt_lid(root, frame).items())


def felt_lid(root, frame):
    """What the emotion adds to the lid."""
    return {name: np.interp(frame, *found["eyeBlinkLeft"].T) if "eyeBlinkLeft" in (found := curves(root, name)) else 0.0
            for name in ("Emotion", "Emotion Lips")}


def test_the_panel_shows_it(root):
    def draw():
        drawn = []
        ECAVATAR_PT_performance.draw(SimpleNamespace(layout=Layout(drawn)), bpy.context)
        return drawn

    assert draw()[:6] == ["Emotion", "Blinks", "Gaze", "Head Motion", "Seed", "ecavatar.new_take"]
    assert set(draw()[6:]) == {"Layers", *(track.name for track in keys(root).animation_data.nla_tracks), "Head Motion"} - {"Rest"}
    bpy.data.objects.remove(neck(root))
    assert "generate" in " ".join(draw()).lower()
    assert emotion.track_of(root).windows and strip(root, "Gaze") and Path(root.ecavatar.job).is_dir()
