"""Hair is an object of its own: coloured from the photo, easy to leave out, kept when the avatar is generated again."""

import dataclasses

import bpy
import numpy as np
from ecavatar.core.hair import POINTS, STRANDS
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.skin import linear


def test_the_avatar_has_hair_in_the_photos_colour(avatar, result):
    hair = parts_of(avatar)["hair"]
    assert hair.type == "CURVES" and len(hair.data.curves) == STRANDS and len(hair.data.points) == STRANDS * POINTS
    assert hair.parent.ecavatar.role == "skin"
    shader = next(node for node in hair.data.materials[0].node_tree.nodes if node.type == "BSDF_HAIR_PRINCIPLED")
    np.testing.assert_allclose(shader.inputs["Color"].default_value[:3], linear(result.head["hair_colour"]), atol=1e-6)


def test_it_can_be_left_out(addon, result):
    bpy.context.scene.ecavatar.hair = False
    assert "hair" not in parts_of(import_avatar(result, bpy.context.scene))


def test_a_photo_without_hair_gives_none(addon, result):
    head = dict(result.head) | {"hair_colour": np.zeros(0, np.uint8)}
    assert "hair" not in parts_of(import_avatar(dataclasses.replace(result, head=head), bpy.context.scene))


def test_groomed_hair_is_kept(avatar, result):
    hair = parts_of(avatar)["hair"]
    hair.data.curves[0].points[0].position = (1.0, 2.0, 3.0)
    again = parts_of(import_avatar(result, bpy.context.scene))["hair"]
    assert again == hair and tuple(again.data.curves[0].points[0].position) == (1.0, 2.0, 3.0)
