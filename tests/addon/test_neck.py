"""The neck turns the head and all that belongs to it; its border stays, and an artist's edits of bones, weights and modifiers do."""

import bpy
import numpy as np
import pytest
from ecavatar.core.arrays import to_person
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.head.neck import lower_border, rotation
from ecavatar.core.job import read_result
from ecavatar.core.pack import DEFAULT
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.scene import to_blender

from .test_animation import evaluated
from .test_hair import roots

TURN = np.radians([15.0, -20.0, 8.0]).astype(np.float32)                    # pitch, yaw, roll
RIGID = ("lashes", "teeth_upper", "teeth_lower", "tongue", "eye_left", "eye_right")


def turn(avatar, angles=TURN):
    """Hold the avatar still, its head turned."""
    parts = parts_of(avatar)
    for owner in (parts["skin"].data.shape_keys, parts["neck"]):
        owner.animation_data_clear()
    for block in parts["skin"].data.shape_keys.key_blocks[1:]:
        block.value = 0.0
    parts["neck"].pose.bones["head"].rotation_euler = angles
    bpy.context.view_layer.update()
    return parts


def blender_rotation(angles):
    axes = to_blender(np.eye(3)).T
    return axes @ rotation(angles) @ axes.T


def test_the_head_turns_as_the_engine_says_and_its_border_stays(root, folder):
    parts = turn(root, np.zeros(3))
    before = {role: evaluated(parts[role]) for role in ("skin", *RIGID)}
    turn(root)
    pivot = to_blender(read_result(folder).bake["neck_pivot"]) + np.array(root.location)
    weights = read_result(folder).bake["neck_weights"][:, None]
    moved = (before["skin"] - pivot) @ blender_rotation(TURN).T + pivot
    np.testing.assert_allclose(evaluated(parts["skin"]), (1 - weights) * before["skin"] + weights * moved, atol=2e-5)   # metres
    rim = lower_border(HeadBasis.load(DEFAULT / "head.npz"))
    assert np.abs(evaluated(parts["skin"]) - before["skin"])[rim].max() < 1e-4
    for role in RIGID:
        np.testing.assert_allclose(evaluated(parts[role]), (before[role] - pivot) @ blender_rotation(TURN).T + pivot, atol=2e-5)


def test_hair_and_brows_go_along(avatar, result):
    parts = turn(avatar, np.zeros(3))
    before = {role: roots(parts[role]) for role in ("hair", "brows")}
    turn(avatar)
    pivot = to_blender(result.bake["neck_pivot"])
    for role, places in before.items():
        above = places[:, 2] > 0.03                                        # the nape bends
        wanted = (places - pivot) @ blender_rotation(TURN).T + pivot
        np.testing.assert_allclose(roots(parts[role])[above], wanted[above], atol=5e-5)


def test_who_moves_turns_or_scales_the_skin_does_so_with_the_turned_head(root):
    parts = turn(root)
    before = {role: evaluated(parts[role]) for role in ("skin", *RIGID)}
    parts["skin"].rotation_euler, parts["skin"].scale = (0.0, 0.0, 0.7), (2.0, 2.0, 2.0)
    bpy.context.view_layer.update()
    sine, cosine = np.sin(0.7), np.cos(0.7)
    matrix, centre = 2 * np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]), np.array(root.location)
    for role, points in before.items():
        np.testing.assert_allclose(evaluated(parts[role]), (points - centre) @ matrix.T + centre, atol=1e-4)


def test_a_deleted_neck_is_made_anew_and_an_edited_one_kept(root, folder):
    parts = parts_of(root)
    skin = parts["skin"]
    skin.vertex_groups["head"].add([7], 0.25, "REPLACE")
    parts["neck"].name = "my rig"
    own = skin.modifiers.new("mine", "SMOOTH")
    import_avatar(read_result(folder), bpy.context.scene)
    assert parts_of(root)["neck"].name == "my rig" and skin.vertex_groups["head"].weight(7) == pytest.approx(0.25)
    assert [modifier.type for modifier in skin.modifiers] == ["ARMATURE", "SUBSURF", "SMOOTH"] and own.name == "mine"
    bpy.data.objects.remove(parts["neck"])
    import_avatar(read_result(folder), bpy.context.scene)
    again = parts_of(root)["neck"]
    assert set(again.data.bones.keys()) == {"neck", "head"} and again.animation_data.nla_tracks["Head Motion"].strips
    assert [modifier.object for modifier in skin.modifiers if modifier.type == "ARMATURE"] == [again]
    assert {part.parent for role, part in parts_of(root).items() if role in ("lashes", "eye_left", "jaw")} == {again}


def test_an_avatar_from_before_gets_one(root, folder):
    """As older files have it: everything hangs on the skin."""
    parts = parts_of(root)
    bpy.data.objects.remove(parts.pop("neck"))
    for role, part in parts.items():
        if role not in ("skin", "teeth_lower", "tongue"):
            part.parent, part.parent_type = parts["skin"], "OBJECT"
            part.matrix_parent_inverse.identity()
    parts["skin"].modifiers.remove(parts["skin"].modifiers["Neck"])
    for name in ("neck", "head"):
        parts["skin"].vertex_groups.remove(parts["skin"].vertex_groups[name])
    bpy.context.view_layer.update()
    import_avatar(read_result(folder), bpy.context.scene)
    vertices = to_blender(to_person(folder / "head.npz")[0]) + np.array(root.location)
    turn(root, np.zeros(3))
    basis = HeadBasis.load(DEFAULT / "head.npz")
    for role in ("skin", "teeth_upper", "eye_left"):
        np.testing.assert_allclose(evaluated(parts_of(root)[role]), vertices[basis.part(role).vertices], atol=1e-5)


def test_the_bones_follow_another_head(root, folder):
    skin = parts_of(root)["skin"]
    result = read_result(folder)
    result.bake["neck_pivot"] = result.bake["neck_pivot"] + np.float32([0, 0.01, 0])
    import_avatar(result, bpy.context.scene)
    armature = parts_of(root)["neck"]
    assert armature.location.z == pytest.approx(result.bake["neck_pivot"][1], abs=1e-6)
    ends = np.array(armature.data.bones["neck"].head_local) + np.array(armature.location)
    np.testing.assert_allclose(ends, to_blender(result.bake["neck_base"]), atol=1e-5)
    assert bpy.context.view_layer.objects.active == skin and len(bpy.data.scenes) == 1


def test_a_hidden_neck_follows_too(root, folder):
    armature, result = parts_of(root)["neck"], read_result(folder)
    armature.hide_viewport = True
    result.bake["neck_pivot"] = result.bake["neck_pivot"] + np.float32([0, 0.01, 0])
    import_avatar(result, bpy.context.scene)
    ends = np.array(armature.data.bones["neck"].head_local) + np.array(armature.location)
    np.testing.assert_allclose(ends, to_blender(result.bake["neck_base"]), atol=1e-5)
    assert armature.hide_viewport
