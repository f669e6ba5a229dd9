"""Hair is an object of its own: coloured from the photo, easy to leave out, kept when the avatar is generated again."""

import dataclasses

import bpy
import numpy as np
import pytest
from ecavatar.core.hair import POINTS, STRANDS
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.hair import TONE
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.skin import linear


def test_the_avatar_has_hair_in_the_photos_colour(avatar, result):
    hair = parts_of(avatar)["hair"]
    assert hair.type == "CURVES" and 0.9 * STRANDS < len(hair.data.curves) <= STRANDS
    assert len(hair.data.points) == POINTS * len(hair.data.curves)
    assert hair.parent.ecavatar.role == "skin"
    np.testing.assert_allclose(tone(hair), TONE * linear(result.head["hair_colour"]), atol=1e-6)


def tone(hair):
    """Return the linear colour (3,) that a hair material scales."""
    scaled = next(node for node in hair.data.materials[0].node_tree.nodes if node.type == "VECT_MATH")
    return np.array(scaled.inputs[0].default_value)


def test_the_avatar_has_brows_in_the_photos_colour(avatar, result):
    brows = parts_of(avatar)["brows"]
    assert brows.type == "CURVES" and len(brows.data.curves) > 80
    np.testing.assert_allclose(tone(brows), TONE * linear(result.head["brow_colour"]), atol=1e-6)


def roots(curves):
    """Return the first point (N, 3) of each curve as the modifiers leave it."""
    evaluated = curves.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    points = np.empty(3 * len(evaluated.points), np.float32)
    evaluated.attributes["position"].data.foreach_get("vector", points)
    return points.reshape(len(evaluated.curves), -1, 3)[:, 0]


def test_brows_follow_the_skin(avatar):
    parts = parts_of(avatar)
    keys = parts["skin"].data.shape_keys
    keys.animation_data_clear()
    before = roots(parts["brows"])
    rest = np.empty(3 * len(parts["brows"].data.points), np.float32)
    parts["brows"].data.attributes["position"].data.foreach_get("vector", rest)
    np.testing.assert_allclose(before, rest.reshape(len(before), -1, 3)[:, 0], atol=2e-4)       # nothing moves at rest
    keys.key_blocks["browInnerUp"].value = 1.0
    bpy.context.view_layer.update()
    moved = roots(parts["brows"]) - before
    inner = np.argsort(np.abs(before[:, 0]))[:20]
    assert moved[inner, 2].mean() > 0.003                                                       # metres upwards


def test_it_can_be_left_out(addon, result):
    bpy.context.scene.ecavatar.hair = False
    assert not {"hair", "brows"} & set(parts_of(import_avatar(result, bpy.context.scene)))


def test_a_photo_without_hair_gives_none(addon, result):
    head = dict(result.head) | {"hair_colour": np.zeros(0, np.uint8)}
    parts = parts_of(import_avatar(dataclasses.replace(result, head=head), bpy.context.scene))
    assert "hair" not in parts and "brows" in parts


@pytest.mark.parametrize("role", ["hair", "brows"])
def test_groomed_hair_is_kept(avatar, result, role):
    hair = parts_of(avatar)[role]
    hair.data.curves[0].points[0].position = (1.0, 2.0, 3.0)
    again = parts_of(import_avatar(result, bpy.context.scene))[role]
    assert again == hair and tuple(again.data.curves[0].points[0].position) == (1.0, 2.0, 3.0)
