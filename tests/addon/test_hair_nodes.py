"""Strands follow the skin: in the viewport by the triangles of their roots, in renders by Blender's own node, to the same places."""

import shutil

import bpy
import numpy as np
import pytest
from ecavatar.core.job import read_result
from ecavatar.ecavatar_addon import hair_nodes
from ecavatar.ecavatar_addon.avatar import import_avatar
from ecavatar.ecavatar_addon.hair_nodes import EARLIER, MODIFIER, SURFACE
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.skin import group_node

ROLES = ("hair", "brows")
TURNED = 75                         # a frame at which the head is turned
POLY, CATMULL_ROM = 1, 0
EXACT = 1e-5                        # metres between both ways: they are worked out in single precision
ANGRY = {"browDown": 1.0, "noseSneer": 0.29}        # at level 3; the skin between the brows folds
POSES = ({"browInner": 1.0}, ANGRY, {"browDown": 1.0, "noseSneer": 1.0})
SMOOTH = 2e-3                       # metres between most roots on the skin and on the subdivided skin


@pytest.fixture
def parts(avatar):
    """The avatar's parts, with the head turned and the brows raised."""
    parts = parts_of(avatar)
    bpy.context.scene.frame_set(TURNED)
    bone = parts["neck"].pose.bones["head"]
    for animated in (parts["neck"], parts["skin"].data.shape_keys):
        animated.animation_data_clear()
    bone.rotation_euler = (0.2, -0.3, 0.1)
    parts["skin"].data.shape_keys.key_blocks["browInnerUp"].value = 1.0
    parts["hair"].location.x += 0.01                                # an artist has moved it
    bpy.context.view_layer.update()
    return parts


def shown(curves, depsgraph=None):
    """Return the evaluated points (N, 3) and the curves' types."""
    evaluated = curves.evaluated_get(depsgraph or bpy.context.evaluated_depsgraph_get()).data
    points = np.empty(3 * len(evaluated.points), np.float32)
    evaluated.attributes["position"].data.foreach_get("vector", points)
    stored = evaluated.attributes.get("curve_type")
    kinds = np.zeros(len(evaluated.curves), np.int8)
    if stored is not None:
        kinds = np.array([item.value for item in stored.data])
    return points.reshape(-1, 3), set(kinds.tolist())


def by_blender(curves):
    """Return the points (N, 3) as Blender's own node moves them."""
    modifier, skin = curves.modifiers[MODIFIER], curves.data.surface
    hair_nodes.tie(modifier, None, count=len(skin.data.vertices))
    bpy.context.view_layer.update()
    points = shown(curves)[0]
    hair_nodes.tie(modifier, skin, count=len(skin.data.vertices))
    bpy.context.view_layer.update()
    return points


def pose(skin, shapes):
    """Show these shapes alone, on both sides."""
    for block in skin.data.shape_keys.key_blocks[1:]:
        block.value = next((value for name, value in shapes.items() if block.name.startswith(name) and "_" not in block.name), 0.0)
    bpy.context.view_layer.update()


def off_roots(curves, first, second):
    """Return by how much roots are apart (C,), metres."""
    shape = len(curves.data.curves), -1, 3
    return np.linalg.norm(first.reshape(shape)[:, 0] - second.reshape(shape)[:, 0], axis=1)


@pytest.mark.parametrize("shapes", POSES)
@pytest.mark.parametrize("role", ROLES)
def test_both_ways_lead_to_the_same_place(parts, role, shapes):
    pose(parts["skin"], shapes)
    quick, kinds = shown(parts[role])
    assert kinds == {POLY}                                          # or Blender works out a dozen points between two
    slow = by_blender(parts[role])
    assert 0 < np.abs(quick - slow).max() < EXACT
    rest = np.empty(quick.size, np.float32)
    parts[role].data.attributes["position"].data.foreach_get("vector", rest)
    assert np.abs(slow - rest.reshape(-1, 3)).max() > 0.01          # metres


def test_strands_that_an_artist_has_added_follow_too(parts):
    brows = parts["brows"]
    points = brows.data.curves[0].points_length
    rest = np.empty(3 * len(brows.data.points), np.float32)
    brows.data.attributes["position"].data.foreach_get("vector", rest)
    brows.data.add_curves([points])
    for place in range(points):
        brows.data.points[len(brows.data.points) - points + place].position = rest[3 * place:3 * place + 3]
    roots = brows.data.attributes["surface_uv_coordinate"].data
    roots[-1].vector = roots[0].vector
    brows.data.update_tag()
    bpy.context.view_layer.update()
    moved = shown(brows)[0]
    np.testing.assert_allclose(moved[-points:], moved[:points], atol=1e-6)


def test_a_strand_that_was_slid_follows_its_new_root(parts):
    brows = parts["brows"]
    points = brows.data.curves[0].points_length
    before = shown(brows)[0]
    roots = brows.data.attributes["surface_uv_coordinate"].data
    roots[0].vector = roots[-1].vector                              # from one brow to the other, as the brush does it
    brows.data.update_tag()
    bpy.context.view_layer.update()
    moved = shown(brows)[0]
    assert np.abs(moved[:points] - before[:points]).max() > 0.005   # metres
    np.testing.assert_allclose(moved[points:], before[points:], atol=EXACT)
    np.testing.assert_array_equal(moved, by_blender(brows))


def test_a_sculpted_skin_is_left_to_blenders_node(parts):
    skin, brows = parts["skin"], parts["brows"]
    root = [round(index) for index in brows.data.attributes[hair_nodes.CORNERS].data[0].vector]
    for mesh in (skin.data.vertices, skin.data.shape_keys.key_blocks[0].data):
        for corner in root:
            mesh[corner].co.z += 0.002
    skin.data.update()
    bpy.context.view_layer.update()
    np.testing.assert_array_equal(shown(brows)[0], by_blender(brows))


def test_renders_leave_it_to_blenders_node(parts):
    found = {}

    class Watch(bpy.types.RenderEngine):
        bl_idname, bl_label = "WATCH", "Watch"

        def render(self, depsgraph):
            found.update({role: shown(parts[role], depsgraph) for role in ROLES})

    bpy.utils.register_class(Watch)
    try:
        bpy.context.scene.render.engine = "WATCH"
        bpy.ops.render.render()
    finally:
        bpy.utils.unregister_class(Watch)
    for role in ROLES:
        points, kinds = found[role]
        assert kinds == {CATMULL_ROM}, role
        assert EXACT < np.quantile(off_roots(parts[role], points, shown(parts[role])[0]), 0.9) < SMOOTH, role


def test_hair_of_an_earlier_version_is_brought_up_to_date(avatar, result):
    parts = parts_of(avatar)
    tree = bpy.data.node_groups.new(EARLIER, "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    for role in ROLES:
        parts[role].modifiers[MODIFIER].node_group = tree
        parts[role].data.attributes.remove(parts[role].data.attributes[hair_nodes.CORNERS])
    again = parts_of(import_avatar(result, bpy.context.scene))
    bpy.context.scene.frame_set(TURNED)
    for role in ROLES:
        assert again[role] == parts[role] and len(again[role].modifiers) == 1
        quick, kinds = shown(again[role])
        assert kinds == {POLY} and 0 < np.abs(quick - by_blender(again[role])).max() < EXACT


def test_a_modifier_that_an_artist_took_away_stays_away(avatar, result):
    hair = parts_of(avatar)["hair"]
    hair.modifiers.clear()
    import_avatar(result, bpy.context.scene)
    assert not hair.modifiers


def test_what_an_artist_made_of_the_tree_stays(avatar, result):
    modifier = parts_of(avatar)["hair"].modifiers[MODIFIER]
    tree = modifier.node_group
    tree.nodes.new("GeometryNodeSetCurveRadius").name = "mine"
    import_avatar(result, bpy.context.scene)
    assert modifier.node_group == tree and "mine" in tree.nodes
    tree.interface.remove(next(item for item in tree.interface.items_tree if item.name == hair_nodes.COUNT))
    bpy.data.objects.remove(parts_of(avatar)["brows"])
    brows = parts_of(import_avatar(result, bpy.context.scene))["brows"]
    assert modifier.node_group == tree != brows.modifiers[MODIFIER].node_group and shown(brows)[1] == {POLY}


def test_an_earlier_tree_that_an_artist_changed_stays(avatar, result):
    tree, modifier = bpy.data.node_groups.new(EARLIER, "GeometryNodeTree"), parts_of(avatar)["hair"].modifiers[MODIFIER]
    for kind in ("NodeGroupInput", "GeometryNodeDeformCurvesOnSurface", "GeometryNodeSetCurveRadius", "NodeGroupOutput"):
        tree.nodes.new(kind)
    modifier.node_group = tree
    import_avatar(result, bpy.context.scene)
    assert modifier.node_group == tree and len(tree.nodes) == 4


def test_beside_a_linked_avatar_a_new_one_has_trees_of_its_own(avatar, finished, tmp_path):
    name = avatar.users_collection[0].name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "saved.blend"), link=True) as (_, loaded):
        loaded.collections = [name]
    bpy.context.scene.collection.children.link(loaded.collections[0])
    bpy.context.scene.ecavatar.hair = "SHORT"
    parts = parts_of(import_avatar(read_result(shutil.copytree(finished, tmp_path / "other")), bpy.context.scene))
    assert parts["skin"].library is None
    group = group_node(parts["skin"].material_slots[0].material).node_tree
    inner = [node.node_tree for node in group.nodes if node.type == "GROUP"]
    hairs = [parts[role].modifiers[MODIFIER].node_group for role in ROLES]
    assert inner and not any(tree.library for tree in (group, *inner, *hairs))


@pytest.mark.parametrize("how", ["appended", "linked", "overridden"])
def test_brows_follow_in_another_file(parts, tmp_path, how):
    bpy.data.objects.remove(parts["hair"])
    wanted, name = shown(parts["brows"])[0], parts["skin"].users_collection[0].name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "saved.blend"), link=how != "appended") as (_, loaded):
        loaded.collections = [name]
    bpy.context.scene.collection.children.link(loaded.collections[0])
    if how == "overridden":
        loaded.collections[0].override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    bpy.context.scene.frame_set(TURNED)
    avatars = [one for one in bpy.data.objects if one.ecavatar.role == "avatar"]
    (found,) = [one for one in avatars if bool(one.override_library) == (how == "overridden")]
    brows = parts_of(found)["brows"]
    points, kinds = shown(brows)
    assert kinds == {POLY} and given(brows.modifiers[MODIFIER]) == parts_of(found)["skin"]
    np.testing.assert_allclose(points, wanted, atol=1e-6)


def given(modifier):
    """Return the skin that a modifier was given."""
    socket = next(item.identifier for item in modifier.node_group.interface.items_tree if item.name == SURFACE)
    return getattr(modifier.properties.inputs, socket).value if hasattr(modifier, "properties") else modifier[socket]
