"""A scene beside the artist's: there an avatar is watched frame by frame, and copied with plain keys. Nothing of it stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Quaternion
from numpy.typing import NDArray

from ..core.types import Floats
from .actions import LINEAR
from .export_samples import Matrices, Pose, Samples, Weights, armatures_of
from .head import Parts
from .skin_nodes import ETA

STILL = 1e-7                    # metres, and of a matrix, below which nothing moves
SEEN = ("Base Color", "Alpha", "Roughness")             # inputs of the shader that exporters read
PLACES = {"location": 3, "rotation_quaternion": 4, "scale": 3}


@contextmanager
def temporary_scene(name: str, target: bpy.types.Scene, first: int, last: int) -> Iterator[bpy.types.Scene]:
    """Give a scene with the frame rate of `target` and these frames; afterwards remove it and every datablock made meanwhile."""
    before = {pointer for pointer, _ in datablocks()}
    made = bpy.data.scenes.new(name)
    try:
        made.render.fps, made.render.fps_base = target.render.fps, target.render.fps_base
        made.frame_start, made.frame_end = first, last
        yield made
    finally:
        bpy.data.scenes.remove(made)
        bpy.data.batch_remove([datablock for pointer, datablock in datablocks() if pointer not in before])


def datablocks() -> list[tuple[int, bpy.types.ID]]:
    """Return the address of each datablock of the file, and the datablock."""
    kinds = [kind.identifier for kind in bpy.data.bl_rna.properties if kind.type == "COLLECTION"]
    return [(found.as_pointer(), found) for kind in kinds for found in getattr(bpy.data, kind)]


@contextmanager
def in_window(scene: bpy.types.Scene) -> Iterator[None]:
    """Let the window show the first frame of `scene` while an exporter works, since exporters take what is shown."""
    window = bpy.context.window or bpy.context.window_manager.windows[0]
    before = window.scene, window.view_layer
    window.scene = scene
    try:
        scene.frame_set(scene.frame_start)
        with bpy.context.temp_override(window=window):
            yield
    finally:
        window.scene, window.view_layer = before


def enter(scene: bpy.types.Scene, root: bpy.types.Object, parts: Parts) -> None:
    """Link the avatar's root, meshes and armatures into `scene`, where they are seen without the artist's other objects."""
    for held in (root, *parts.values(), *armatures_of(parts)):
        scene.collection.objects.link(held)


def copy(scene: bpy.types.Scene, root: bpy.types.Object, parts: Parts, samples: Samples, *, modifiers: bool) -> None:
    """Put copies of the avatar into `scene` in its place: they move by keys of their own; modifiers: keep those besides armatures."""
    for held in list(scene.collection.objects):
        scene.collection.objects.unlink(held)
    top = add(scene, f"{root.name}_head", None, None)
    move(top, samples.roots, samples.frames)
    armatures = {original: copy_armature(scene, original, top, pose, samples) for original, pose in samples.poses.items()}
    materials: dict[str, bpy.types.Material] = {}
    for role, part in parts.items():
        made = copy_mesh(scene, f"{root.name}_{role}", part, samples.weights.get(role), samples.frames)
        made.parent = top
        matrices = samples.matrices[role]
        for modifier in list(made.modifiers):
            original = modifier.object if modifier.type == "ARMATURE" else None
            if original in armatures:
                modifier.object = made.parent = armatures[original]
                matrices = np.linalg.inv(samples.poses[original].matrices) @ samples.matrices[role]
            elif not modifiers:
                made.modifiers.remove(modifier)
        move(made, matrices, samples.frames)
        for slot, material in enumerate(part.material_slots):
            if material.material is not None:
                name = material.material.name
                materials[name] = materials.get(name) or plain(material.material, root)
                made.material_slots[slot].material = materials[name]


def add(scene: bpy.types.Scene, name: str, data: bpy.types.ID | None, parent: bpy.types.Object | None) -> bpy.types.Object:
    """Add an object to `scene`."""
    made = bpy.data.objects.new(name, data)
    made.parent = parent
    scene.collection.objects.link(made)
    return made


def copy_mesh(scene: bpy.types.Scene, name: str, part: bpy.types.Object, keyed: Weights | None,
              frames: NDArray[np.int64]) -> bpy.types.Object:
    """Add a copy of a mesh with these shapes and their keys, and no others; it hangs on nothing."""
    made = part.copy()
    made.data = mesh = part.data.copy()
    made.name = mesh.name = name
    made.animation_data_clear()
    made.constraints.clear()
    made.parent, made.matrix_parent_inverse = None, Matrix()
    made.hide_viewport = made.hide_render = made.show_only_shape_key = False
    scene.collection.objects.link(made)
    keys = mesh.shape_keys
    if keys is None or keyed is None:
        made.shape_key_clear()
        return made
    keys.name = name
    keys.animation_data_clear()
    for block in list(keys.key_blocks[1:]):
        if block.name not in keyed.names:
            made.shape_key_remove(block)
    for block, values in zip(keys.key_blocks[1:], keyed.values.T, strict=True):
        block.mute = False
        key(keys, block.path_from_id("value"), 0, frames, values)
    return made


def copy_armature(scene: bpy.types.Scene, original: bpy.types.Object, top: bpy.types.Object, pose: Pose,
                  samples: Samples) -> bpy.types.Object:
    """Add a copy of an armature whose bones have keys and nothing else."""
    data = original.data.copy()
    data.animation_data_clear()
    made = add(scene, f"{top.name}_armature", data, top)
    move(made, pose.matrices, samples.frames)
    scene.view_layers[0].update()                               # makes the pose
    for bone in made.pose.bones:
        bone.rotation_mode = "QUATERNION"
        for name, values in places(pose.bones[bone.name]).items():
            for index in range(PLACES[name]):
                key(made, bone.path_from_id(name), index, samples.frames, values[:, index])
    return made


def move(made: bpy.types.Object, matrices: Matrices, frames: NDArray[np.int64]) -> None:
    """Place an object by matrices (T, 4, 4) relative to its parent; it gets keys if they differ."""
    made.rotation_mode = "QUATERNION"
    first = Matrix(matrices[0].tolist())
    made.matrix_world = first if made.parent is None else made.parent.matrix_world @ first
    if np.ptp(matrices, axis=0).max() > STILL:
        for name, values in places(matrices).items():
            for index in range(PLACES[name]):
                key(made, name, index, frames, values[:, index])


def places(matrices: Matrices) -> dict[str, Floats]:
    """Return location, rotation and scale (T, 3 or 4) of matrices (T, 4, 4); quaternions take no turn between two frames."""
    parts = [Matrix(matrix.tolist()).decompose() for matrix in matrices]
    last = Quaternion()
    for _, rotation, _ in parts:
        rotation.make_compatible(last)
        last = rotation
    return {name: np.array([part[place] for part in parts], np.float32) for place, name in enumerate(PLACES)}


def key(owner: Any, path: str, index: int, frames: NDArray[np.int64], values: Floats) -> None:
    """Write a key per frame, straight lines between them."""
    animation = owner.animation_data or owner.animation_data_create()
    if animation.action is None:
        animation.action = bpy.data.actions.new(owner.name)
    action: Any = animation.action
    if hasattr(action, "fcurve_ensure_for_datablock"):          # from Blender 4.4 on
        curve = action.fcurve_ensure_for_datablock(owner, path, index=index)
    else:
        curve = action.fcurves.new(path, index=index)
    points = curve.keyframe_points
    points.add(len(frames))
    points.foreach_set("co", np.column_stack([frames, values]).astype(np.float32).ravel())
    points.foreach_set("interpolation", np.full(len(frames), LINEAR, np.int32))
    curve.update()


def plain(material: bpy.types.Material, root: bpy.types.Object) -> bpy.types.Material:
    """Return a material that exporters can carry: colour, roughness and opacity of the first Principled shader, images included."""
    made = bpy.data.materials.new(f"{root.name}_{material.name}")
    made.diffuse_color = material.diffuse_color
    if bpy.app.version < (5, 0):
        made.use_nodes = True
    target = shader_of(made)
    source = shader_of(material)
    if source is None or target is None:
        if target is not None:
            target.inputs["Base Color"].default_value = material.diffuse_color
        return made
    for name in SEEN:
        target.inputs[name].default_value = source.inputs[name].default_value
        link = drawn_by(source.inputs[name])
        if link is not None and link.from_node.type == "TEX_IMAGE" and link.from_node.image is not None:
            image = next((node for node in made.node_tree.nodes if node.type == "TEX_IMAGE"
                          and node.image == link.from_node.image), None) or made.node_tree.nodes.new("ShaderNodeTexImage")
            image.image = link.from_node.image
            made.node_tree.links.new(image.outputs[link.from_socket.name], target.inputs[name])
    return made


def drawn_by(socket: bpy.types.NodeSocket) -> bpy.types.NodeLink | None:
    """Return the link that an input takes its values from; of colours that the skin's group changes, the one into the group."""
    link = next(iter(socket.links), None)
    if link is not None and link.from_node.type == "GROUP" and ETA in link.from_node.node_tree:
        return next(iter(link.from_node.inputs["Albedo"].links), None) if link.from_socket.name == "Color" else None
    return link


def shader_of(material: bpy.types.Material) -> Any:
    """Return the first Principled shader of a material, None where it has none."""
    nodes = material.node_tree.nodes if material.node_tree is not None else ()
    return next((node for node in nodes if node.type == "BSDF_PRINCIPLED"), None)
