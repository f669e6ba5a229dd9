"""Lip Sync in the tab: sliders reach the keys of the speech and nothing else, and an artist's edits are never lost."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from ecavatar.core.job import Request, read_result
from ecavatar.core.speech.lip_controls import NEUTRAL, RANGES, LipControls
from ecavatar.ecavatar_addon import jobs, lip_sync
from ecavatar.ecavatar_addon.actions import channels_of
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.panels_lip_sync import ECAVATAR_PT_lip_sync

from .conftest import PHOTO, SPEECH
from .keyed import curves, keys, same, strip
from .layout import Layout


def update():
    return bpy.ops.ecavatar.update_motion()


def test_neutral_sliders_key_what_is_there(root):
    before = curves(root)
    assert update() == {"FINISHED"}
    assert same(curves(root), before)


def test_sliders_reach_the_keys_of_the_speech_alone(root):
    bpy.context.scene.ecavatar.dense_keys = True                # so that keys can be compared one by one
    update()
    before, others = curves(root), {name: curves(root, name) for name in ("Rest", "Blinks", "Emotion")}
    lips = curves(root, "Emotion Lips")
    track = keys(root).animation_data.nla_tracks.new()
    track.name = "Mine"
    strip(root).frame_start, strip(root).influence = 31.0, 0.5
    placed = strip(root).frame_start, strip(root).frame_end
    materials = [slot.material for slot in parts_of(root)["skin"].material_slots]
    root.ecavatar.lip_sync.jaw_strength = 0.5
    assert update() == {"FINISHED"}
    after = curves(root)
    np.testing.assert_array_equal(after["jawOpen"][:, 0], before["jawOpen"][:, 0])
    np.testing.assert_allclose(after["jawOpen"][:, 1].max(), 0.5 * before["jawOpen"][:, 1].max(), rtol=1e-3)
    np.testing.assert_array_equal(after["mouthPucker"], before["mouthPucker"])
    assert all(same(curves(root, name), other) for name, other in others.items())
    assert not same(curves(root, "Emotion Lips"), lips)         # they depend on how far the lips are apart
    assert (strip(root).frame_start, strip(root).frame_end, strip(root).influence) == (*placed, 0.5)
    assert [track.name for track in keys(root).animation_data.nla_tracks] == [
        "Rest", "Speech", "Blinks", "Gaze", "Emotion", "Emotion Lips", "Mine"]
    assert [slot.material for slot in parts_of(root)["skin"].material_slots] == materials
    assert not any("edited" in action.name for action in bpy.data.actions)


def test_the_viewport_follows(root):
    widest = curves(root)["jawOpen"][curves(root)["jawOpen"][:, 1].argmax()]
    bpy.context.scene.frame_set(int(widest[0]))
    root.ecavatar.lip_sync.jaw_strength = 0.0
    update()
    assert keys(root).key_blocks["jawOpen"].value == 0.0


def test_there_and_back_gives_the_same_keys(root):
    before = curves(root)
    root.ecavatar.lip_sync.lip_strength = 1.7
    root.ecavatar.lip_sync.sync_offset = 0.1
    update()
    assert not same(curves(root), before)
    assert bpy.ops.ecavatar.reset_lip_sync() == {"FINISHED"} and lip_sync.controls_of(root) == NEUTRAL
    update()
    assert same(curves(root), before)


def test_a_shape_of_its_own(root):
    bpy.context.scene.ecavatar.dense_keys = True
    update()
    before = curves(root)["mouthPucker"]
    for _ in range(2):
        assert bpy.ops.ecavatar.add_shape(shape="mouthPucker") == {"FINISHED"}
    (shape,) = root.ecavatar.lip_sync.shapes
    shape.gain = 0.5
    update()
    np.testing.assert_allclose(curves(root)["mouthPucker"][:, 1], 0.5 * before[:, 1], atol=1e-5)
    assert bpy.ops.ecavatar.remove_shape(index=0) == {"FINISHED"} and not root.ecavatar.lip_sync.shapes


def test_a_shape_that_begins_to_move_is_held_at_rest_too(root):
    shape = root.ecavatar.lip_sync.shapes.add()
    shape.name, shape.offset = "browInnerUp", 0.4
    assert "browInnerUp" not in curves(root, "Rest")
    update()
    assert curves(root)["browInnerUp"][:, 1] == pytest.approx(0.4)
    strip(root).mute = keys(root).animation_data.nla_tracks["Speech"].mute = True
    bpy.context.scene.frame_set(20)
    assert keys(root).key_blocks["browInnerUp"].value == 0.0


@pytest.mark.parametrize("edit", ["value", "interpolation", "deleted"])
def test_edited_keys_are_kept_under_another_name(root, edit):
    _, channels = channels_of(strip(root).action, keys(root))
    curve = next(curve for curve in channels if "jawOpen" in curve.data_path)
    if edit == "deleted":
        channels.remove(curve)
    elif edit == "value":
        curve.keyframe_points[7].co.y = 0.9
    else:
        curve.keyframe_points[7].interpolation = "CONSTANT"
    edited, name = curves(root), strip(root).action.name
    assert update() == {"FINISHED"}
    kept = bpy.data.actions[f"{name} edited"]
    assert kept.use_fake_user and strip(root).action.name == name
    fresh = curves(root)
    strip(root).action = kept
    assert same(curves(root), edited) and (edit == "interpolation" or not same(edited, fresh))


def test_generating_again_keeps_edited_keys_too(root, folder):
    _, channels = channels_of(strip(root).action, keys(root))
    channels[0].keyframe_points[3].co.y = 0.77
    import_avatar(read_result(folder), bpy.context.scene)
    assert [action.name for action in bpy.data.actions if "edited" in action.name] == [f"{root.name} Speech edited"]


@pytest.mark.parametrize(("harm", "said"), [
    (shutil.rmtree, "job folder is gone.*astronaut-11111111.*generate it again"),
    (lambda folder: (folder / "motion.npz").write_bytes(b"other"), "another recording.*astronaut-11111111.*generate"),
    (lambda folder: (folder / "request.json").write_text('{"format": 0}'), "another version.*request.json")])
def test_a_job_folder_that_cannot_be_used_is_told_and_nothing_changes(root, folder, harm, said):
    before = curves(root)
    root.ecavatar.lip_sync.jaw_strength = 0.2
    harm(folder)
    with pytest.raises(RuntimeError, match=said):
        update()
    assert same(curves(root), before)


def test_an_avatar_of_an_earlier_version_is_told(root):
    root.ecavatar.motion = ""
    with pytest.raises(RuntimeError, match="another version.*generate it again"):
        update()


def test_an_avatar_of_another_head_model_is_told(root):
    root.ecavatar.head_model = "0" * 64
    with pytest.raises(RuntimeError, match="another head model.*generate it again"):
        update()


def test_a_speech_track_or_skin_that_is_gone_is_told(root):
    tracks = keys(root).animation_data.nla_tracks
    tracks.remove(tracks["Speech"])
    with pytest.raises(RuntimeError, match="track Speech is gone"):
        update()
    bpy.data.objects.remove(parts_of(root)["skin"])
    bpy.context.view_layer.objects.active = root
    with pytest.raises(RuntimeError, match="skin .* is gone"):
        update()


def test_update_is_undone(root):
    name, before = root.name, curves(root)
    bpy.ops.ed.undo_push(message="Before")
    root.ecavatar.lip_sync.jaw_strength = 0.2
    update()
    assert not same(curves(root), before)
    bpy.ops.ed.undo_push(message="After")                       # a window does this by the operator's UNDO
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert same(curves(bpy.data.objects[name]), before)


def test_keys_are_replaced_while_the_strip_is_being_edited(root):
    animation = keys(root).animation_data
    track = animation.nla_tracks["Speech"]
    animation.nla_tracks.active, track.strips[0].select = track, True
    animation.use_tweak_mode = True
    assert animation.use_tweak_mode
    before = curves(root)["jawOpen"]
    root.ecavatar.lip_sync.jaw_strength = 0.5
    update()
    assert curves(root)["jawOpen"][:, 1].max() == pytest.approx(0.5 * before[:, 1].max(), rel=1e-3)


def test_opened_closures_are_told(root):
    shape = root.ecavatar.lip_sync.shapes.add()
    shape.name, shape.gain = "mouthClose", 0.0
    (warning,) = lip_sync.update(root)
    assert "stay apart" in warning


def test_only_an_avatar_that_is_not_being_generated_can_be_updated(root, folder, monkeypatch):
    assert bpy.ops.ecavatar.update_motion.poll() and ECAVATAR_PT_lip_sync.poll(bpy.context)
    monkeypatch.setattr(jobs, "current", SimpleNamespace(folder=folder, state="running", cancel=lambda: None))
    assert not bpy.ops.ecavatar.update_motion.poll() and ECAVATAR_PT_lip_sync.poll(bpy.context)
    bpy.context.view_layer.objects.active = None
    assert not bpy.ops.ecavatar.reset_lip_sync.poll() and not ECAVATAR_PT_lip_sync.poll(bpy.context)


def test_sliders_have_the_engines_ranges_and_are_neutral(root):
    settings = root.ecavatar.lip_sync
    for name in lip_sync.SLIDERS:
        prop = settings.bl_rna.properties[name]
        assert (prop.hard_min, prop.hard_max) == pytest.approx(RANGES[name]) and prop.default == getattr(NEUTRAL, name)
        assert not prop.is_animatable
    assert set(lip_sync.SLIDERS) == set(LipControls.__dataclass_fields__) - {"gains", "offsets"}


@pytest.mark.once
def test_generating_again_keeps_the_controls(ready):
    settings = bpy.context.scene.ecavatar
    settings.photo, settings.audio, settings.hair, settings.emotion = str(PHOTO), str(SPEECH), "NONE", "sad"
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    (root,) = [found for found in bpy.context.scene.objects if found.ecavatar.role == "avatar"]
    before = curves(root)
    root.ecavatar.lip_sync.jaw_strength = 0.5
    shape = root.ecavatar.lip_sync.shapes.add()
    shape.name, shape.gain = "mouthPucker", 1.2
    wanted = lip_sync.controls_of(root)
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    assert lip_sync.controls_of(root) == wanted == Request.read(Path(root.ecavatar.job)).controls
    generated = curves(root)
    assert generated["jawOpen"][:, 1].max() == pytest.approx(0.5 * before["jawOpen"][:, 1].max(), rel=1e-3)
    bpy.context.view_layer.objects.active = root
    update()
    assert same(curves(root), generated)                        # the worker and Update Motion agree to the bit


class Named(Layout):
    """Notes the properties' own names."""

    def prop(self, data, name):
        assert name in data.bl_rna.properties
        self.drawn.append(name)


def test_the_panel_draws_sliders_shapes_and_buttons(root):
    root.ecavatar.lip_sync.shapes.add().name = "jawOpen"
    drawn = []
    ECAVATAR_PT_lip_sync.draw(SimpleNamespace(layout=Named(drawn)), bpy.context)
    assert drawn == [*lip_sync.SLIDERS, "jawOpen", "ecavatar.remove_shape", "gain", "offset", "ecavatar.add_shape",
                     "ecavatar.update_motion", "ecavatar.reset_lip_sync"]
