"""Parts that an artist has deleted are made anew, and what hung on them is kept, where it was."""

import shutil

import bpy
import numpy as np
import pytest
from ecavatar.core.errors import JobError
from ecavatar.core.job import read_result
from ecavatar.ecavatar_addon.avatar import add_clip, import_avatar
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


def test_what_hung_on_a_deleted_skin_is_found_in_the_artists_collections(avatar, result):
    hair, own = parts_of(avatar)["hair"], bpy.data.collections.new("Hair")
    bpy.context.scene.collection.children.link(own)
    own.objects.link(hair)
    avatar.users_collection[0].objects.unlink(hair)
    delete(parts_of(avatar)["skin"])
    import_avatar(result, bpy.context.scene)
    assert parts_of(avatar)["hair"] == hair and [other.ecavatar.role for other in bpy.data.objects].count("hair") == 1


def test_a_new_avatar_takes_nothing_of_one_that_was_deleted(avatar, result):
    hair = parts_of(avatar)["hair"]
    bpy.data.objects.remove(parts_of(avatar)["skin"])
    bpy.data.objects.remove(avatar)
    assert hair.parent is None
    other = import_avatar(result, bpy.context.scene)
    assert hair.parent is None and parts_of(other)["hair"] != hair


def test_what_an_artist_took_off_stays_off(avatar, result):
    hair = parts_of(avatar)["hair"]
    hair.parent = None
    hair.location.x = 1.0
    import_avatar(result, bpy.context.scene)
    assert hair.parent is None and hair.location.x == 1.0 and parts_of(avatar)["hair"] != hair


def test_a_deleted_skin_that_an_artist_keeps_is_let_go(avatar, result):
    before = parts_of(avatar)
    before["skin"].use_fake_user = True
    delete(before["skin"])
    import_avatar(result, bpy.context.scene)
    after = parts_of(avatar)
    kept, new = before.pop("skin"), after.pop("skin")
    assert kept in list(bpy.data.objects) and kept.parent is None and kept != new and new.users_collection and after == before


@pytest.mark.parametrize("role", ["skin", "neck"])
def test_no_clip_is_put_on_a_deleted_part(avatar, finished, tmp_path, role):
    """Hair and modifiers name it, so that it is there still."""
    second = read_result(shutil.copytree(finished, tmp_path / "second"))
    delete(parts_of(avatar)[role])
    with pytest.raises(JobError, match=f"{role}.* is gone.*generate it again"):
        add_clip(avatar, second, bpy.context.scene)
    assert len(avatar.ecavatar.clips) == 1


def test_what_another_avatar_may_have_lost_is_left_alone(avatar, result):
    """Two in one collection: nobody knows whose it was."""
    other = avatar.copy()
    avatar.users_collection[0].objects.link(other)
    hair = parts_of(avatar)["hair"]
    delete(parts_of(avatar)["skin"])
    import_avatar(result, bpy.context.scene)
    assert hair.parent is None and parts_of(avatar)["hair"] != hair
