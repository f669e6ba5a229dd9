"""Parts that an artist has deleted are made anew, and what hung on them is kept, where it was."""

import bpy
import numpy as np
import pytest
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.head import parts_of


def delete(part):
    """Delete it as the artist does."""
    with bpy.context.temp_override(selected_objects=[part]):
        assert bpy.ops.object.delete() == {"FINISHED"}
    bpy.context.view_layer.update()


def places(root):
    bpy.context.view_layer.update()
    return {role: np.array(part.matrix_world) for role, part in parts_of(root).items()}


@pytest.mark.parametrize("role", ["skin", "neck", "jaw"])
def test_what_hung_on_a_deleted_part_is_kept_where_it_was(avatar, result, role):
    avatar.location, avatar.rotation_euler = (0.3, 0.2, 0.1), (0.0, 0.0, 0.5)
    before, parts = places(avatar), parts_of(avatar)
    others, count = {name: part for name, part in parts.items() if name != role}, len(bpy.context.scene.objects)
    delete(parts[role])
    import_avatar(result, bpy.context.scene)
    again = parts_of(avatar)
    assert {name: again[name] for name in others} == others and len(bpy.context.scene.objects) == count
    for name, matrix in places(avatar).items():
        np.testing.assert_allclose(matrix, before[name], atol=1e-6, err_msg=name)


def test_what_another_avatar_may_have_lost_is_left_alone(avatar, result):
    """Two in one collection: nobody knows whose it was."""
    other = avatar.copy()
    avatar.users_collection[0].objects.link(other)
    hair = parts_of(avatar)["hair"]
    hair.parent = None
    import_avatar(result, bpy.context.scene)
    assert hair.parent is None and parts_of(avatar)["hair"] != hair
