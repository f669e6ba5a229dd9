"""Keys in the scene are the bake's; parts follow the skin; tracks can be muted."""

import bpy
import numpy as np
import pytest
from ecavatar.ecavatar_addon.actions import channels_of
from ecavatar.ecavatar_addon.head import parts_of

from .keyed import curves, reduced, strip


def evaluated(part):
    """Vertices of an object in the world as the depsgraph shows them."""
    shown = part.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = shown.to_mesh()
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    matrix = np.array(shown.matrix_world)
    shown.to_mesh_clear()
    return points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def keys(avatar):
    return parts_of(avatar)["skin"].data.shape_keys


def speech_alone(avatar):
    parts_of(avatar)["neck"].animation_data.nla_tracks["Head Motion"].mute = True
    for name in ("Emotion", "Emotion Lips"):
        keys(avatar).animation_data.nla_tracks[name].mute = True


def column(result, name):
    return result.bake["weights"][:, list(result.bake["names"]).index(name)]


def test_frames_show_the_baked_weights(avatar, result):
    """As their few keys have them; how far that is from the weights is tests/core/bake/test_key_reduction.py's."""
    scene, names, weights = bpy.context.scene, list(map(str, result.bake["names"])), reduced(avatar, result.bake)
    blocks = keys(avatar).key_blocks
    speech_alone(avatar)
    for frame in (0, 17, 60, len(result.bake["weights"]) - 1):
        scene.frame_set(scene.frame_start + frame)
        for name in ("jawOpen", "mouthFunnel", "mouthClose", "tongueTipUp"):
            assert blocks[name].value == pytest.approx(weights[frame, names.index(name)], abs=1e-5)


def test_every_moving_shape_is_keyed_and_editable(avatar, result):
    tracks = keys(avatar).animation_data.nla_tracks
    assert [track.name for track in tracks] == ["Rest", "Speech", "Blinks", "Gaze", "Emotion", "Emotion Lips"]
    moving = {str(name) for name, weights in zip(result.bake["names"], result.bake["weights"].T, strict=True) if weights.any()}
    found = curves(avatar)
    assert set(found) == moving
    frames = np.concatenate([points[:, 0] for points in found.values()])        # a shape at rest needs no key where the clip ends
    assert (frames >= 1).all() and (frames <= len(result.bake["weights"])).all() and (frames == np.round(frames)).all()


@pytest.mark.parametrize("name", ["Rest", "Speech", "Emotion Lips"])
def test_a_strip_keeps_its_length_when_an_artist_has_edited_its_keys(avatar, name):
    """Its curves may have keys in a part of it only: one, here."""
    data, laid = keys(avatar).animation_data, strip(avatar, name)
    for curve in channels_of(laid.action, keys(avatar))[1]:
        while len(curve.keyframe_points) > 1:
            curve.keyframe_points.remove(curve.keyframe_points[-1])
    extent = laid.frame_start, laid.frame_end, laid.action_frame_start, laid.action_frame_end
    data.nla_tracks.active, laid.select = data.nla_tracks[name], True
    data.use_tweak_mode = True
    assert data.use_tweak_mode and data.action == laid.action
    data.use_tweak_mode = False
    assert (laid.frame_start, laid.frame_end, laid.action_frame_start, laid.action_frame_end) == extent


def test_muting_the_speech_closes_the_mouth(avatar, result):
    scene = bpy.context.scene
    speech_alone(avatar)
    widest = int(np.argmax(column(result, "jawOpen")))
    scene.frame_set(scene.frame_start + widest)
    skin = parts_of(avatar)["skin"]
    spoken = evaluated(skin)
    keys(avatar).animation_data.nla_tracks["Speech"].mute = True
    scene.frame_set(scene.frame_start + widest)
    assert keys(avatar).key_blocks["jawOpen"].value == 0.0
    assert np.abs(evaluated(skin) - spoken).max() > 0.005


def test_blinks_close_the_lids(avatar, result):
    speech_alone(avatar)
    blinks = result.bake["blinks"]
    scene = bpy.context.scene
    shut = blinks[1, 0] * 24
    scene.frame_set(scene.frame_start + int(shut), subframe=float(shut % 1))
    assert keys(avatar).key_blocks["eyeBlinkLeft"].value == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("blink", "lifted"), [(0.0, 0.0), (0.25, 0.1875), (0.5, 0.25), (1.0, 0.0)])
def test_half_shut_lids_are_lifted_over_the_eyeball(avatar, blink, lifted):
    skin, lashes = (parts_of(avatar)[role].data.shape_keys for role in ("skin", "lashes"))
    for track in skin.animation_data.nla_tracks:
        track.mute = True
    skin.key_blocks["eyeBlinkLeft"].value = blink
    skin.update_tag()
    bpy.context.view_layer.update()
    for keyed in (skin, lashes):
        assert keyed.key_blocks["eyeBlinkLeft_halfway"].value == pytest.approx(lifted, abs=1e-5)
    assert all(curve.driver.is_simple_expression for curve in skin.animation_data.drivers if "halfway" in curve.data_path)


def test_lower_teeth_and_tongue_turn_with_the_jaw(avatar, result):
    scene = bpy.context.scene
    speech_alone(avatar)
    jaw_open = column(result, "jawOpen")
    widest = int(np.argmax(jaw_open))
    parts = parts_of(avatar)
    scene.frame_set(scene.frame_start)
    teeth, upper = evaluated(parts["teeth_lower"]), evaluated(parts["teeth_upper"])
    first = np.interp(jaw_open[0], np.linspace(0, 1, len(result.bake["jaw_angles"])), result.bake["jaw_angles"])
    scene.frame_set(scene.frame_start + widest)
    turned = evaluated(parts["teeth_lower"])
    angle = np.interp(jaw_open[widest], np.linspace(0, 1, len(result.bake["jaw_angles"])), result.bake["jaw_angles"]) - first
    pivot = np.array(parts["jaw"].matrix_world.translation)
    rotation = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    assert not any(column(result, name).any() for name in ("jawForward", "jawLeft", "jawRight"))      # they would move it too
    np.testing.assert_allclose(turned, (teeth - pivot) @ rotation.T + pivot, atol=2e-5)     # float32 drivers
    assert angle > 0.05 and (turned[:, 2] - teeth[:, 2]).min() < -0.003
    np.testing.assert_allclose(evaluated(parts["teeth_upper"]), upper, atol=1e-6)


def test_editing_the_jaw_key_moves_the_teeth(avatar):
    parts = parts_of(avatar)
    for track in keys(avatar).animation_data.nla_tracks:
        track.mute = True
    scene = bpy.context.scene
    scene.frame_set(scene.frame_start)
    before = evaluated(parts["teeth_lower"])
    keys(avatar).key_blocks["jawOpen"].value = 1.0
    bpy.context.view_layer.update()
    assert (before[:, 2] - evaluated(parts["teeth_lower"])[:, 2]).max() > 0.02


def test_other_parts_follow_the_skins_shapes(avatar):
    for track in keys(avatar).animation_data.nla_tracks:
        track.mute = True
    tongue = parts_of(avatar)["tongue"]
    before = evaluated(tongue)
    keys(avatar).key_blocks["tongueOut"].value = 1.0
    bpy.context.view_layer.update()
    assert (before - evaluated(tongue))[:, 1].max() > 0.01                        # out is towards -Y
