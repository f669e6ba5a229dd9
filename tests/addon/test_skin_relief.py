"""The skin's fine relief: it lies on the skin at rest, breaks up the shine, and leaves the tone alone."""

import bpy
import numpy as np
import pytest
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.head.pores import pores
from ecavatar.core.pack import DEFAULT, Pack
from ecavatar.core.types import SkinParams
from ecavatar.ecavatar_addon import skin_nodes, skin_relief
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.look import choose_skin
from ecavatar.ecavatar_addon.shader_tree import ShaderTree

SIDE, WIDTH = 48, 0.012                 # pixels and metres of a patch of skin
PATCH = [(x * WIDTH, y * WIDTH, 0.0) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def attribute(mesh, name):
    kind, width = ("vector", 3) if mesh.attributes[name].data_type == "FLOAT_VECTOR" else ("value", 1)
    values = np.empty(len(mesh.vertices) * width, np.float32)
    mesh.attributes[name].data.foreach_get(kind, values)
    return values.reshape(-1, width)


def rested(part):
    """The rest of an object's points, and where they are."""
    posed = part.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    return attribute(posed, skin_relief.REST), np.array([vertex.co for vertex in posed.vertices])


def laid_out():
    """A new file's scene with a flat piece of skin under a slanting sun; its mesh, and the node of the skin's group."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 16, False
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    scene.render.image_settings.file_format, scene.render.filepath = "OPEN_EXR", bpy.app.tempdir + "patch.exr"
    camera, sun = bpy.data.cameras.new("camera"), bpy.data.lights.new("sun", "SUN")
    camera.type, camera.ortho_scale, camera.clip_start = "ORTHO", WIDTH, 0.001
    sun.energy, sun.angle = 3.0, 0.0
    scene.camera, lamp = bpy.data.objects.new("camera", camera), bpy.data.objects.new("sun", sun)
    scene.camera.location, lamp.rotation_euler = (0.0, 0.0, 0.1), (0.0, 0.5, 0.0)
    mesh = bpy.data.meshes.new("patch")
    mesh.from_pydata(PATCH, [], [(0, 1, 2, 3)])
    skin = bpy.data.objects.new("patch", mesh)
    for made in (scene.camera, lamp, skin):
        scene.collection.objects.link(made)
    material = bpy.data.materials.new("skin")
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    tree = ShaderTree(material.node_tree)
    node = tree.node("Group", node_tree=skin_nodes.skin_group(SkinParams().eta))
    tree.node("OutputMaterial", {"Surface": node.outputs["Cycles"]})
    mesh.materials.append(material)
    return scene, mesh, node


@pytest.fixture
def patch(addon):
    """What one sees of a flat piece of skin: red (SIDE, SIDE), linear, of these attributes and sliders."""
    scene, mesh, node = laid_out()

    def seen(*, moved=0.0, known=True, albedo=0.0, attributes=(), **sliders):
        mesh.vertices.foreach_set("co", np.ravel(np.array(PATCH) + (moved, 0, 0)))      # as a shape key does
        mesh.update()
        scene.camera.location.x = moved
        for name in [name for name in (skin_relief.PORES, skin_nodes.LIPS, skin_nodes.LIDS, skin_relief.REST)
                     if name in mesh.attributes]:
            mesh.attributes.remove(mesh.attributes[name])
        if known:
            mesh.attributes.new(skin_relief.REST, "FLOAT_VECTOR", "POINT").data.foreach_set("vector", np.ravel(PATCH))
        for name in attributes:
            mesh.attributes.new(name, "FLOAT", "POINT").data.foreach_set("value", np.ones(4))
        node.inputs["Albedo"].default_value = (albedo,) * 3 + (1.0,)
        for name, value in sliders.items():
            node.inputs[name].default_value = value
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        pixels = np.empty(SIDE * SIDE * 4, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
        return pixels.reshape(SIDE, SIDE, 4)[..., 0]
    return seen


def uneven(picture):
    return float(picture.std() / picture.mean())


def test_pores_break_up_the_shine_and_none_leave_it_smooth(patch):
    usual, most, none = (patch(attributes=(skin_relief.PORES,), Pores=amount) for amount in (0.5, 1.0, 0.0))
    lines = patch(Pores=0.5)
    assert uneven(none) < 0.02 < 0.05 < uneven(lines) < uneven(usual) < uneven(most)        # what is left is Cycles' own noise
    assert usual.mean() == pytest.approx(none.mean(), rel=0.1)


def test_the_relief_stays_on_the_skin_when_the_face_moves(patch):
    here, there = (patch(attributes=(skin_relief.PORES,), moved=moved, Pores=1.0) for moved in (0.0, 0.0031))
    assert np.corrcoef(here.ravel(), there.ravel())[0, 1] > 0.9             # other numbers of Cycles, the same pores


def test_skin_whose_rest_is_not_known_is_smooth(patch):
    unknown, none = patch(known=False, attributes=(skin_relief.PORES,), Pores=1.0), patch(Pores=0.0)
    np.testing.assert_allclose(unknown, none, rtol=0.02)


def test_lips_have_lines_down_and_lids_are_smooth(patch):
    lips, lids = (patch(attributes=(skin_relief.PORES, name), Pores=1.0) for name in (skin_nodes.LIPS, skin_nodes.LIDS))
    assert uneven(lips) > 0.05
    across, along = (np.abs(np.diff(lips, axis=axis)).mean() for axis in (1, 0))
    assert across > 2 * along
    assert np.abs(np.diff(lids)).mean() < 0.3 * np.abs(np.diff(lips)).mean()


def test_the_tone_stays(patch):
    smooth, porous = (patch(attributes=(skin_relief.PORES,), albedo=0.8, Oiliness=0.0, Pores=amount) for amount in (0.0, 0.5))
    assert porous.mean() == pytest.approx(smooth.mean(), rel=0.02)


def test_skin_tongue_and_gums_tell_the_shader_their_rest_whatever_moves(root):
    parts = parts_of(root)
    keys = parts["skin"].data.shape_keys
    for name in ("jawOpen", "tongueOut"):
        keys.key_blocks[name].value = 1.0
    for track in keys.animation_data.nla_tracks:
        track.mute = True
    bpy.context.view_layer.update()
    for role, moves in (("skin", True), ("tongue", True), ("teeth_upper", False)):
        rest, now = rested(parts[role])
        before = np.array([vertex.co for vertex in parts[role].data.vertices])
        np.testing.assert_allclose(rest, before, atol=1e-6)
        assert (np.abs(now - before).max() > 0.005) == moves
        for slot in parts[role].material_slots:
            bumps = [node for node in slot.material.node_tree.nodes if node.type == "BUMP"]
            assert not [node for node in slot.material.node_tree.nodes if node.type == "TEX_COORD"]
            assert bool(bumps) == (slot.material.name.split(".")[0] in ("ECAvatar tongue", "ECAvatar gums"))
    basis = HeadBasis.load(Pack.open(DEFAULT, only=("head",)).path("head"))
    np.testing.assert_allclose(attribute(parts["skin"].data, skin_relief.PORES)[:, 0], pores(basis), atol=1e-6)


def test_skin_of_a_file_from_before_has_the_other_sliders(addon):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    eta = SkinParams().eta
    old = skin_nodes.skin_group(eta)
    old.interface.remove(old.interface.items_tree[skin_relief.SLIDER])
    node = bpy.data.materials.new("old")
    if bpy.app.version < (5, 0):
        node.use_nodes = True
    node = node.node_tree.nodes.new("ShaderNodeGroup")
    node.node_tree = old
    node.inputs["Blood"].default_value = 0.7
    choose_skin(node, "photo")
    assert node.inputs["Blood"].default_value == 0
    new = skin_nodes.skin_group(eta)
    assert new != old and skin_relief.SLIDER in new.interface.items_tree and skin_nodes.skin_group(eta) == new
