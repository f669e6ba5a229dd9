"""The reference renderer beside Blender: the same head in the same frame, the same watts."""

import math

import bpy
import numpy as np
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.pack import Pack
from ecavatar.core.render.lights import Lamp
from ecavatar.core.render.model import Surface, pieces_of
from ecavatar.core.render.pose import Poser
from ecavatar.core.render.studio import STUDIO
from ecavatar.ecavatar_addon import scene as scenes
from ecavatar.ecavatar_addon.head import parts_of
from mathutils import Vector


def telling(motion):
    """The frame with the widest mouth in which the eyes rest: where they jump, keys lie between frames."""
    still = np.abs(np.diff(motion.eye_left, axis=0)).max(axis=1) < 0.01
    rest = np.array([still[max(frame - 3, 0):frame + 3].all() for frame in range(len(motion.weights))])
    return int((motion.column("jawOpen") * rest).argmax())


def test_the_head_stands_as_blender_shows_it(avatar, result):
    """Shapes, correctives, emotion, jaw, eyes, neck and subdivision, where keys are few Bezier ones in Blender."""
    scene, parts = bpy.context.scene, parts_of(avatar)
    for name in ("skin", "lashes"):
        parts[name].modifiers["Subdivision"].show_viewport, parts[name].modifiers["Subdivision"].levels = True, 2
    basis = HeadBasis.load(Pack.open().path("head"))
    surface, poser = Surface.of(pieces_of(basis)), Poser.of(result, basis)
    frame = telling(poser.motion)
    scene.frame_set(scene.frame_start + frame)
    points, _ = surface.posed(poser.at(frame))
    graph = bpy.context.evaluated_depsgraph_get()
    for number, piece in enumerate(surface.pieces):
        if piece.part == "teeth_upper" or piece.part == "teeth_lower":
            continue                                    # two pieces here, one object there
        shown = parts[piece.part].evaluated_get(graph)
        mesh = shown.to_mesh()
        there = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", there)
        world = np.array(shown.matrix_world)
        there = scenes.to_engine(there.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3] - np.array(avatar.location))
        here = points[surface.vertices(number)]
        count = len(piece.rows)                         # those of the head model come first in both
        assert len(here) == len(there)
        # 0.2 mm for few keys, the head's own among them, which move all of it; Blender keeps its own weights where borders meet
        assert np.linalg.norm(here[:count] - there[:count], axis=1).max() < 0.0006, piece.part
        assert np.median(np.linalg.norm(here[:count] - there[:count], axis=1)) < 0.0002, piece.part
        shown.to_mesh_clear()


def test_cycles_lights_a_white_plane_as_much(addon, tmp_path):
    """The studio's key light on a white diffuse plate: Cycles within 2 % of P / (pi A) L cos cos / r^2."""
    scene = bpy.context.scene
    bpy.ops.mesh.primitive_plane_add(size=0.1)
    bpy.context.object.data.materials.append(white())
    key = STUDIO.lights[0]
    data = bpy.data.lights.new("key", "AREA")
    data.energy, data.shape, data.size, data.size_y = key.power, "RECTANGLE", key.width, key.height
    lamp = bpy.data.objects.new("key", data)
    lamp.location = scenes.to_blender(np.array(key.place)).tolist()
    lamp.rotation_euler = (-Vector(lamp.location)).to_track_quat("-Z", "Y").to_euler()
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location, camera.data.type, camera.data.ortho_scale = (0, 0, 1), "ORTHO", 0.01
    for made in (lamp, camera):
        scene.collection.objects.link(made)
    scene.camera, scene.world = camera, None
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 64, False
    scene.render.resolution_x = scene.render.resolution_y = 8
    scene.view_settings.view_transform = "Raw"
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    scene.render.filepath = str(tmp_path / "plane.exr")
    bpy.ops.render.render(write_still=True)
    picture = bpy.data.images.load(scene.render.filepath)
    seen = np.array(picture.pixels).reshape(-1, 4)[:, :3].mean()
    ours = Lamp.of(key)
    direction, flux = ours.arriving(np.zeros((1, 3)), ours.samples(np.random.default_rng(0).random((1, 576, 2))))
    wanted = (flux * direction[..., 1]).sum() * ours.radiance[0] / math.pi
    assert abs(seen / wanted - 1) < 0.02


def white():
    """A white diffuse material."""
    material = bpy.data.materials.new("white")
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    nodes = material.node_tree.nodes
    nodes.clear()
    shader, output = nodes.new("ShaderNodeBsdfDiffuse"), nodes.new("ShaderNodeOutputMaterial")
    shader.inputs["Color"].default_value = (1, 1, 1, 1)
    material.node_tree.links.new(shader.outputs[0], output.inputs[0])
    return material
