"""Time, sound, place, camera and light of the scene; generating again changes nothing twice."""

import dataclasses
from pathlib import Path

import bpy
import numpy as np
import pytest
from ecavatar.ecavatar_addon import scene as scenes
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of

SOUND = bool(bpy.app.build_options.audaspace)           # the module of Blender 4.2 has none


def strips(scene):
    editor = scene.sequence_editor
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def extent(strip):
    """First frame and length of a strip; the older names warn from Blender 5.2 on."""
    if hasattr(strip, "content_start"):
        return strip.content_start, strip.content_duration
    return strip.frame_start, strip.frame_final_duration


@pytest.mark.parametrize(("fps", "base", "expected"), [(24, 1.0, 24.0), (30, 1.001, 30 / 1.001), (25, 1.0, 25.0)])
def test_frame_rate(addon, fps, base, expected):
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = fps, base
    assert scenes.frames_per_second(bpy.context.scene) == pytest.approx(expected)


def test_frame_range_and_sound_start_together(avatar, result):
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end) == (1, len(result.bake["weights"]))
    assert scene.sync_mode == "AUDIO_SYNC" and scene.frame_current == 1
    if not SOUND:
        assert not strips(scene)
        return
    (strip,) = strips(scene)
    start, length = extent(strip)
    assert start == 1 and Path(bpy.path.abspath(strip.sound.filepath)).name == "beckett.wav"
    assert length == pytest.approx(len(result.bake["weights"]), abs=2)


def test_a_start_frame_is_kept(addon, result):
    scene = bpy.context.scene
    scene.frame_start = 101
    root = import_avatar(result, scene)
    assert not SOUND or extent(strips(scene)[0])[0] == 101
    strip = parts_of(root)["skin"].data.shape_keys.animation_data.nla_tracks["Speech"].strips[0]
    assert strip.frame_start == 101 and scene.frame_end == 100 + len(result.bake["weights"])


def test_generating_again_replaces_in_place(avatar, result):
    scene = bpy.context.scene
    avatar.location = (1.0, 2.0, 3.0)
    parts_of(avatar)["skin"].rotation_euler = (0.0, 0.0, 0.5)
    kinds = ("objects", "meshes", "shape_keys", "actions", "materials", "images", "sounds", "lights", "cameras")
    counts = {name: len(getattr(bpy.data, name)) for name in kinds}
    again = import_avatar(result, scene)
    assert again == avatar and tuple(avatar.location) == (1.0, 2.0, 3.0)
    assert parts_of(avatar)["skin"].rotation_euler.z == pytest.approx(0.5)
    assert counts == {name: len(getattr(bpy.data, name)) for name in counts}
    assert len(strips(scene)) == SOUND


def test_a_strip_of_the_artists_in_our_track_stays(avatar, result):
    keys = parts_of(avatar)["skin"].data.shape_keys
    track = keys.animation_data.nla_tracks["Speech"]
    ours = track.strips[0]
    ours.frame_end, ours.frame_start = 541, 301
    own = bpy.data.actions.new("own")
    track.strips.new("own", 1, own)
    told = []
    import_avatar(result, bpy.context.scene, told)
    tracks = keys.animation_data.nla_tracks
    assert [strip.action for strip in tracks["Speech own"].strips] == [own] and "ecavatar" not in own
    assert [(strip.frame_start, strip.frame_end) for strip in tracks["Speech"].strips] == [(1, 241)]
    assert [found.name for found in tracks][:3] == ["Rest", "Speech own", "Speech"] and not told


def test_generating_again_keeps_the_artists_work(avatar, result):
    parts = parts_of(avatar)
    skin, keys = parts["skin"], parts["skin"].data.shape_keys
    hat = bpy.data.objects.new("hat", None)
    bpy.context.scene.collection.objects.link(hat)
    hat.parent = skin
    own = bpy.data.materials.new("own teeth")
    parts["teeth_upper"].material_slots[0].material = own
    track = keys.animation_data.nla_tracks.new()
    track.name = "mine"
    avatar.name = "renamed"
    bpy.data.objects.remove(parts["eye_left"])
    head = dict(result.head) | {"vertices": result.head["vertices"] * np.float32(1.01)}
    import_avatar(dataclasses.replace(result, head=head), bpy.context.scene)
    again = parts_of(avatar)
    assert again["skin"] == skin and hat.parent == skin and again["teeth_upper"].material_slots[0].material == own
    named = [found.name for found in keys.animation_data.nla_tracks]
    assert named == ["Rest", "Speech", "Blinks", "Gaze", "Emotion", "Emotion Lips", "mine"]
    assert again["eye_left"].material_slots[0].material.name.startswith("ECAvatar eye")         # deleted: made anew
    co = np.array(skin.data.shape_keys.key_blocks["Basis"].data[0].co)
    np.testing.assert_allclose(co, scenes.to_blender(head["vertices"][:1])[0], atol=1e-6)
    assert len(strips(bpy.context.scene)) == SOUND


def test_what_stands_at_the_cursor_does_not_hide_the_head(addon, result):
    bpy.ops.mesh.primitive_cube_add(size=2.0)
    bpy.context.view_layer.update()
    root = import_avatar(result, bpy.context.scene)
    assert root.location.y < -1.1 and abs(root.location.x) < 1e-6


def test_an_empty_scene_gets_camera_and_lights(avatar):
    scene = bpy.context.scene
    assert scene.camera is not None and sum(other.type == "LIGHT" for other in scene.objects) == 3
    bpy.context.view_layer.update()
    forward = -np.array(scene.camera.matrix_world.col[2][:3])
    towards = np.array(avatar.location) - np.array(scene.camera.location)
    assert forward @ towards / np.linalg.norm(towards) > 0.999                    # it looks at the head
    assert forward[1] > 0.99                                                      # from the front


def test_the_artists_camera_and_lights_are_left_alone(addon, result):
    scene = bpy.context.scene
    bpy.ops.object.camera_add(location=(3, 3, 3))
    scene.camera = bpy.context.object
    bpy.ops.object.light_add(type="SUN")
    own = scene.camera
    import_avatar(result, scene)
    assert scene.camera == own and sum(other.type == "LIGHT" for other in scene.objects) == 1
