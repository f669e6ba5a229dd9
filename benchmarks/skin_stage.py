"""Scenes for bm_skin.py: a slab under a beam, a sphere under the sun, both seen in Cycles. It needs bpy."""

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from benchmarks.addon_package import load_addon

load_addon()

from ecavatar.core.types import SkinParams  # noqa: E402
from ecavatar.ecavatar_addon import skin_nodes  # noqa: E402
from ecavatar.ecavatar_addon.shader_tree import ShaderTree  # noqa: E402

Array = NDArray[np.float64]
HEIGHT = 0.5                    # metres from the beam's lamp to the slab
HALF = 0.3                      # metres: half of the slab's width, and its thickness
SPECK = 1e-6                    # metres of the slab that the camera sees: a point
SPHERE = 0.1                    # metres, radius


def empty_scene(*, width: int, height: int, samples: int) -> bpy.types.Scene:
    """Return a dark scene of a new file that Cycles renders without any cleverness."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("dark")
    scene.world.color = (0.0, 0.0, 0.0)
    if scene.world.node_tree is not None:
        scene.world.node_tree.nodes.clear()
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising, cycles.use_adaptive_sampling, cycles.max_bounces = samples, False, False, 4
    cycles.sample_clamp_indirect, cycles.filter_width = 0.0, 0.01
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    camera = bpy.data.cameras.new("camera")
    camera.type, camera.clip_start = "ORTHO", 0.001
    scene.camera = bpy.data.objects.new("camera", camera)
    scene.collection.objects.link(scene.camera)
    return scene


def radiance(scene: bpy.types.Scene) -> Array:
    """Render and return the linear picture (H, W, 3), bottom row first."""
    return rendered(scene)[..., :3]


def rendered(scene: bpy.types.Scene) -> Array:
    """Render and return the linear picture (H, W, C) with as many channels as the scene writes, bottom row first."""
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "picture.exr")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        width, height = image.size
        pixels = np.empty(width * height * image.channels, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
    return pixels.reshape(height, width, -1).astype(np.float64)


def skin_material(params: SkinParams, **sliders: float) -> tuple[bpy.types.Material, Any]:
    """Return a material of the skin's group alone, at the preset's tone, and the group's node."""
    material = bpy.data.materials.new("skin")
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    tree = ShaderTree(material.node_tree)
    node = tree.node("Group", node_tree=skin_nodes.skin_group(params.eta))
    skin_nodes.set_params(node, params)
    node.inputs[skin_nodes.PHOTO].default_value = node.inputs["Albedo"].default_value
    node.inputs["Tone from Photo"].default_value = 0.0
    for name, value in sliders.items():
        node.inputs[name].default_value = value
    tree.node("OutputMaterial", {"Surface": node.outputs["Cycles"]})
    return material, node


def white_material() -> bpy.types.Material:
    """Return a white surface after Lambert."""
    material = bpy.data.materials.new("white")
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    tree = ShaderTree(material.node_tree)
    tree.node("OutputMaterial", {"Surface": tree.node("BsdfDiffuse", {"Color": (1.0,) * 4}).outputs[0]})
    return material


class Slab:
    """A thick slab, lit on a ring around the point that the camera sees.

    Light that enters at a point and leaves on a ring, and light that enters on the ring and leaves at the point, is the same (the
    profile depends on the distance alone), and the second takes far fewer samples.
    """

    def __init__(self, side: int, samples: int) -> None:
        """Build slab, lamp and camera."""
        self.scene = empty_scene(width=side, height=side, samples=samples)
        corners = [(x * HALF, y * HALF, z) for z in (0.0, -HALF) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        self.mesh = bpy.data.meshes.new("slab")
        self.mesh.from_pydata(corners, [], [(0, 1, 2, 3), (7, 6, 5, 4), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 4, 0)])
        self.mesh.materials.append(None)
        self.scene.collection.objects.link(bpy.data.objects.new("slab", self.mesh))
        self.scene.camera.data.ortho_scale, self.scene.camera.location = SPECK, (0.0, 0.0, 0.1)
        self.lamp = bpy.data.lights.new("beam", "SPOT")
        self.lamp.energy, self.lamp.shadow_soft_size, self.lamp.spot_size, self.lamp.spot_blend = 1.0, 0.0, 0.5, 0.0
        if bpy.app.version < (5, 0):
            self.lamp.use_nodes = True
        placed = bpy.data.objects.new("beam", self.lamp)
        placed.location = (0.0, 0.0, HEIGHT)
        self.scene.collection.objects.link(placed)

    def shine_on(self, inner: float, outer: float) -> None:
        """Let the lamp shine between two distances, mm, from the middle."""
        tree = ShaderTree(self.lamp.node_tree)
        x, y, z = tree.split(tree.node("NewGeometry").outputs["Incoming"])
        across = tree.math("SQRT", tree.math("ADD", tree.math("MULTIPLY", x, x), tree.math("MULTIPLY", y, y)))
        away = tree.math("MULTIPLY", tree.math("DIVIDE", across, tree.math("ABSOLUTE", z)), HEIGHT * 1000)
        inside = tree.math("MULTIPLY", tree.math("GREATER_THAN", away, inner), tree.math("LESS_THAN", away, outer))
        tree.node("OutputLight", {0: tree.node("Emission", {"Strength": inside}).outputs[0]})

    def seen(self, material: bpy.types.Material) -> Array:
        """Return the radiance (3,) of the middle."""
        self.mesh.materials[0] = material
        return radiance(self.scene).mean(axis=(0, 1))

    def seen_white(self) -> Array:
        """Return the radiance (3,) of a white slab."""
        return self.seen(white_material())

    def profile(self, material: bpy.types.Material, edges: Array) -> Array:
        """Return the share of light, per mm^2, that leaves on the rings between `edges` (N + 1,), mm: (N, 3)."""
        self.shine_on(0.0, 1e6)
        white = self.seen_white()
        rings = []
        for inner, outer in pairwise(edges):
            self.shine_on(float(inner), float(outer))
            rings.append(self.seen(material) / white / (np.pi * (outer**2 - inner**2)))
        return np.array(rings)


class Sphere:
    """A smooth sphere in the sun, seen from the front: the normals turn evenly from side to side."""

    def __init__(self, width: int, samples: int) -> None:
        """Build sphere, sun and camera."""
        self.scene = empty_scene(width=width, height=4, samples=samples)
        bpy.ops.mesh.primitive_uv_sphere_add(segments=256, ring_count=128, radius=SPHERE)
        ball = bpy.context.object
        ball.data.polygons.foreach_set("use_smooth", np.full(len(ball.data.polygons), True))
        ball.data.materials.append(None)
        self.mesh = ball.data
        self.scene.camera.location, self.scene.camera.rotation_euler = (0.0, -1.0, 0.0), (np.pi / 2, 0.0, 0.0)
        self.scene.camera.data.ortho_scale = 2 * SPHERE
        sun = bpy.data.lights.new("sun", "SUN")
        sun.energy, sun.angle = 1.0, 0.0
        self.sun = bpy.data.objects.new("sun", sun)
        self.scene.collection.objects.link(self.sun)
        self.normals = np.arcsin((np.arange(width) + 0.5) / width * 2 - 1)

    def wear(self, material: bpy.types.Material) -> None:
        """Give the sphere a material."""
        self.mesh.materials[0] = material

    def shine(self, angle: float) -> Array:
        """Return the radiance (W,) along the equator with the sun `angle` radians to the side of the view."""
        self.sun.rotation_euler = (np.pi / 2, 0.0, angle)
        return radiance(self.scene).mean(axis=(0, 2))
