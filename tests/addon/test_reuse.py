"""An avatar in another file: appended, linked or overridden, it moves as it did."""

import bpy
import numpy as np
import pytest
from ecavatar.ecavatar_addon.head import parts_of

FRAMES = (1, 75, 110)


def seen(part):
    """Vertices (V, 3) of a mesh in the world as the scene shows them now."""
    evaluated = part.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(evaluated.data.vertices), np.float32)
    evaluated.data.vertices.foreach_get("co", points)
    world = np.array(evaluated.matrix_world)
    return points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]


def watched(parts):
    shown = []
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        shown.append(np.concatenate([seen(parts[role]) for role in ("skin", "teeth_lower", "eye_left")]))
    return np.stack(shown)


@pytest.mark.parametrize("how", ["appended", "linked", "overridden"])
def test_it_moves_as_before(root, tmp_path, how):
    path, name = tmp_path / "saved.blend", root.users_collection[0].name
    wanted = watched(parts_of(root))
    assert np.abs(np.diff(wanted, axis=0)).max() > 0.005                # metres: the jaw and the head move
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(path), link=how != "appended") as (_, loaded):
        loaded.collections = [name]
    collection = loaded.collections[0]
    bpy.context.scene.collection.children.link(collection)
    if how == "overridden":
        collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    avatars = [one for one in bpy.data.objects if one.ecavatar.role == "avatar"]
    (found,) = [one for one in avatars if bool(one.override_library) == (how == "overridden")]
    np.testing.assert_allclose(watched(parts_of(found)), wanted, atol=1e-6)
