"""The head as objects: a root, the skin with its lashes, teeth, tongue, eyes, and a pivot that turns the jaw."""

from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.bake import JAW_PARTS
from ..core.head_model import MATERIALS, REGIONS, HeadBasis
from ..core.job import JobResult
from ..core.types import Floats
from .scene import to_blender

# objects, and the parts of the head model each is made of
OBJECTS = {"skin": ("skin", "lashes"), "teeth_upper": ("teeth_upper",), "teeth_lower": ("teeth_lower",), "tongue": ("tongue",),
           "eye_left": ("eye_left",), "eye_right": ("eye_right",)}
JAW = "jaw"
AVATAR = "avatar"
LEAST_OFFSET = 2e-5             # metres: a shape that moves teeth, tongue or eyes less than this gets no key there
RENDER_LEVELS = 2
Parts = dict[str, bpy.types.Object]


def find_root(folder: Path, target: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the root of the avatar generated in `folder`, if the scene has it."""
    for candidate in target.objects:
        if candidate.ecavatar.role == AVATAR and candidate.ecavatar.job == str(folder):
            return candidate
    return None


def add_root(folder: Path, target: bpy.types.Scene) -> bpy.types.Object:
    """Add an avatar's collection and, in it, the empty that all its objects hang on."""
    name = folder.name.rpartition("-")[0] or folder.name
    collection = bpy.data.collections.new(name)
    target.collection.children.link(collection)
    root = bpy.data.objects.new(name, None)
    root.empty_display_type, root.empty_display_size = "PLAIN_AXES", 0.02
    root.ecavatar.role, root.ecavatar.job = AVATAR, str(folder)
    collection.objects.link(root)
    return root


def parts_of(root: bpy.types.Object) -> Parts:
    """Return the avatar's objects by role."""
    return {child.ecavatar.role: child for child in root.children_recursive if child.ecavatar.role}


def clear(root: bpy.types.Object) -> None:
    """Remove the avatar's objects with what only they use; the root stays where it is."""
    parts = parts_of(root).values()
    materials = {slot.material for part in parts for slot in part.material_slots if slot.material is not None}
    images = {node.image for material in materials for node in material.node_tree.nodes if node.type == "TEX_IMAGE" and node.image}
    for part in parts:
        used: list[bpy.types.ID] = [part]
        if isinstance(part.data, bpy.types.Mesh):
            keys = part.data.shape_keys
            animations = [keys.animation_data] if keys is not None and keys.animation_data is not None else []
            used += [strip.action for data in animations for track in data.nla_tracks for strip in track.strips if strip.action]
            used += [part.data, *(material for material in part.data.materials if material is not None)]
        bpy.data.batch_remove([item for item in dict.fromkeys(used) if item == part or item.users <= 1])
    bpy.data.batch_remove([image for image in images if image.users == 0])


def add_parts(root: bpy.types.Object, result: JobResult, basis: HeadBasis) -> Parts:
    """Add all objects of the avatar below `root`, named after it, and return them by role."""
    offsets = result.bake["offsets"]
    names = tuple(map(str, result.bake["names"]))
    parts = {role: add_part(role, members, root, result.head["vertices"], names, offsets, basis)
             for role, members in OBJECTS.items()}
    skin = parts["skin"]
    add_vertex_groups(skin, basis)
    jaw = bpy.data.objects.new(f"{root.name} {JAW}", None)
    jaw.empty_display_type, jaw.empty_display_size = "CIRCLE", 0.02
    jaw.location = to_blender(result.bake["jaw_pivot"])
    jaw.rotation_mode = "XYZ"
    attach(jaw, JAW, root)
    for role in JAW_PARTS:
        parts[role].location = -jaw.location
    for role, part in (parts | {JAW: jaw}).items():     # whoever moves the skin moves the head
        part.parent = root if role == "skin" else jaw if role in JAW_PARTS else skin
    return parts | {JAW: jaw}


def add_part(role: str, members: tuple[str, ...], root: bpy.types.Object, vertices: Floats, names: tuple[str, ...],
             offsets: Floats, basis: HeadBasis) -> bpy.types.Object:
    """Add the object `role` made of `members` of the head model, with a shape key for each shape that moves it."""
    slices = [basis.part(member) for member in members]
    rows = np.concatenate([np.arange(len(basis.vertices))[part.vertices] for part in slices])
    faces = np.concatenate([np.arange(len(basis.quads))[part.faces] for part in slices])
    points = to_blender(vertices[rows])
    origin = points.mean(axis=0) if role.startswith("eye") else np.zeros(3, np.float32)
    mesh = new_mesh(f"{root.name} {role}", points - origin, rows, faces, basis)
    made = bpy.data.objects.new(mesh.name, mesh)
    made.location = origin
    attach(made, role, root)
    # the skin has every shape: it is what artists key, and what the other parts follow
    moves = (np.abs(offsets[:, rows]).max(axis=(1, 2)) > LEAST_OFFSET) | (role == "skin")
    if moves.any():
        made.shape_key_add(name="Basis", from_mix=False)
        for shape in np.flatnonzero(moves):
            key = made.shape_key_add(name=names[shape], from_mix=False)
            key.data.foreach_set("co", (points - origin + to_blender(offsets[shape, rows])).ravel())
            key.value = 0.0
    return made


def new_mesh(name: str, points: Floats, rows: NDArray[np.int64], faces: NDArray[np.int64], basis: HeadBasis) -> bpy.types.Mesh:
    """Return a smooth mesh of these rows and faces of the head model, with its UVs and material slots."""
    place = np.full(len(basis.vertices), -1)
    place[rows] = np.arange(len(rows))
    quads, uv = place[basis.quads[faces]], basis.uv[basis.quad_uv[faces]]
    real = np.ones(quads.shape, bool)
    real[:, 3] = basis.quads[faces, 3] != basis.quads[faces, 2]             # a triangle repeats its last corner
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], [quad[used].tolist() for quad, used in zip(quads, real, strict=True)], shade_flat=False)
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", np.ascontiguousarray(uv[real], np.float32).ravel())
    kinds = basis.material[faces]
    present = [kind for kind in range(len(MATERIALS)) if (kinds == kind).any()]
    for _ in present:
        mesh.materials.append(None)
    mesh.polygons.foreach_set("material_index", np.searchsorted(present, kinds).astype(np.int32))
    mesh.update()
    return mesh


def attach(made: bpy.types.Object, role: str, root: bpy.types.Object) -> None:
    """Give the object its role, and put it into the avatar's collection."""
    made.ecavatar.role = role
    (root.users_collection or (bpy.context.scene.collection,))[0].objects.link(made)


def add_vertex_groups(skin: bpy.types.Object, basis: HeadBasis) -> None:
    """Add the regions of the face, and the lashes, as vertex groups."""
    for index, region in enumerate(REGIONS):
        skin.vertex_groups.new(name=region).add(np.flatnonzero(basis.regions == index).tolist(), 1.0, "REPLACE")
    count = len(basis.regions)
    skin.vertex_groups.new(name="lashes").add(list(range(count, len(skin.data.vertices))), 1.0, "REPLACE")
    smooth = skin.modifiers.new("Subdivision", "SUBSURF")
    smooth.levels, smooth.render_levels, smooth.show_viewport = 1, RENDER_LEVELS, False
