"""The head as objects: a root, skin, a neck that turns the head, lashes, teeth, tongue, eyes, and a pivot that turns the jaw."""

import re
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.bake.shape_keys import JAW_PARTS
from ..core.errors import PackError
from ..core.head.model import MATERIALS, REGIONS, HeadBasis
from ..core.job import JobResult
from ..core.pack import DEFAULT, Pack
from ..core.types import Floats
from . import drivers, neck
from .actions import FIRST
from .roots import AVATAR as AVATAR
from .roots import JAW as JAW
from .roots import NECK, gather
from .roots import find_root as find_root
from .roots import parts_of as parts_of
from .roots import root_of as root_of
from .scene import to_blender

# the parts of the head model, each an object; were the lashes one with the skin, light below the lids would be caught in them
OBJECTS = ("skin", "lashes", "teeth_upper", "teeth_lower", "tongue", "eye_left", "eye_right")
EYES = "eye_left", "eye_right"
FUSED = "fusion_"               # first word of shapes that the fusion of emotion and speech on the mesh needs; each job has its own
FUSED_RANGE = 2.0               # of their sliders
LEAST_OFFSET = 2e-5             # metres: a shape that moves teeth, tongue or eyes less than this gets no key there
RENDER_LEVELS = 2
Parts = dict[str, bpy.types.Object]


def open_pack(folder: str, head_model: str, job: Path) -> Pack:
    """Open the model pack in `folder`, "" the default one; raise PackError unless its head model has the sha256 `head_model`."""
    pack = Pack.open(Path(folder) if folder else DEFAULT, only=("head", "emolib"))
    if pack.digests("head")[0] != head_model:
        raise PackError("the avatar was made with another head model", job, "generate it again")
    return pack


def add_root(folder: Path, target: bpy.types.Scene) -> bpy.types.Object:
    """Add an avatar's collection and, in it, the empty that all its objects hang on."""
    name = re.sub(r"-[0-9a-f]{8}$", "", folder.name)
    collection = bpy.data.collections.new(name)
    target.collection.children.link(collection)
    root = bpy.data.objects.new(name, None)
    root.empty_display_type, root.empty_display_size = "PLAIN_AXES", 0.02
    root.ecavatar.role, root.ecavatar.home = AVATAR, str(folder)
    collection.objects.link(root)
    return root


def furnish(root: bpy.types.Object, result: JobResult, basis: HeadBasis) -> Parts:
    """Give `root` all objects of the avatar and return them by role.

    Objects it has already take on the new shape and keep everything else: place, materials, modifiers, children, tracks.
    What the artist deleted, or changed the mesh of, is made anew.
    """
    names = (*map(str, result.bake["names"]), *map(str, result.bake["corrective_names"]),
             *fused_names(result, root.ecavatar.number))
    offsets = np.concatenate([result.bake[name] for name in ("offsets", "corrective_offsets", "fusion_offsets")])
    vertices = result.head["vertices"]
    gather(root)
    old, parts = parts_of(root), {}
    for role in OBJECTS:
        shape = part_shape(role, vertices, names, offsets, basis)
        part = old.get(role)
        if part is None or not reshape(part, shape, root.ecavatar.number):
            part = add_part(role, root, shape, basis)
        parts[role] = part
    pivot = to_blender(result.bake["jaw_pivot"])
    jaw = old.get(JAW) or add_jaw(root)
    jaw.location = pivot
    for role in JAW_PARTS:
        parts[role].location = -pivot
    armature = old.get(NECK) or add_neck(root)
    parts["skin"].parent = root                         # whoever moves the skin moves the neck, and with it the head
    neck.fit(armature, parts["skin"], result.bake)
    for role, part in (parts | {JAW: jaw}).items():
        if role in JAW_PARTS:
            part.parent = jaw
        elif role != "skin":
            neck.hang(part, armature)
    return parts | {JAW: jaw, NECK: armature}


def fused_names(result: JobResult, clip: int) -> tuple[str, ...]:
    """Return the names of the shapes that the fusion of a clip's emotion with its speech on the mesh needs."""
    first = FUSED if clip == FIRST else f"{FUSED}{clip}_"
    return tuple(f"{first}{number + 1:02d}" for number in range(len(result.bake["fusion_offsets"])))


def clip_of_fused(name: str) -> int | None:
    """Return the number of the clip whose fusion needs the shape `name`; None for any other shape."""
    found = re.fullmatch(rf"{FUSED}(?:(\d+)_)?\d+", name)
    return int(found[1] or FIRST) if found else None


def add_fused(parts: Parts, result: JobResult, basis: HeadBasis, clip: int) -> None:
    """Add the shapes that the fusion of a further clip needs to an avatar's parts as they are."""
    names, keys = fused_names(result, clip), parts["skin"].data.shape_keys
    for role in OBJECTS if names else ():
        part = parts.get(role)
        if part is None or (role not in EYES and part.data.shape_keys is None):
            continue                            # the artist has taken it away
        shape = part_shape(role, result.head["vertices"], names, result.bake["fusion_offsets"], basis)
        for name, points in shape.keys.items():
            rest = np.empty(shape.points.size, np.float32)
            part.data.shape_keys.reference_key.data.foreach_get("co", rest)
            block = part.data.shape_keys.key_blocks.get(name) or add_key(part, name)
            block.data.foreach_set("co", rest + (points - shape.points).ravel())
            if role != "skin":
                block.driver_remove("value")
                drivers.follow(block.driver_add("value"), keys, name)


def remove_fused(parts: Parts, clip: int) -> None:
    """Take away the shapes that the fusion of a clip needed."""
    for part in parts.values():
        blocks = getattr(part.data, "shape_keys", None)
        for block in [block for block in blocks.key_blocks if clip_of_fused(block.name) == clip] if blocks is not None else ():
            block.driver_remove("value")
            part.shape_key_remove(block)


@dataclass(frozen=True)
class Shape:
    """origin (3,); points (V, 3) relative to it; keys: shape key -> points (V, 3); rows, faces: of the head model. Blender's axes."""

    origin: Floats
    points: Floats
    keys: dict[str, Floats]
    rows: NDArray[np.int64]
    faces: NDArray[np.int64]


def part_shape(role: str, vertices: Floats, names: tuple[str, ...], offsets: Floats, basis: HeadBasis) -> Shape:
    """Return the shape of the object `role`, with a key for each of the head's shapes that moves it."""
    part = basis.part(role)
    rows, faces = np.arange(len(basis.vertices))[part.vertices], np.arange(len(basis.quads))[part.faces]
    points = to_blender(vertices[rows])
    origin = eye_middle(points) if role in EYES else np.zeros(3, np.float32)
    # the skin has every shape: it is what artists key, and what the other parts follow; eyeballs turn instead
    moves = (np.abs(offsets[:, rows]).max(axis=(1, 2)) > LEAST_OFFSET) | (role == "skin")
    if role in EYES:
        moves[:] = False
    keys = {names[shape]: points - origin + to_blender(offsets[shape, rows]) for shape in np.flatnonzero(moves)}
    return Shape(origin, points - origin, keys, rows, faces)


def eye_middle(points: Floats) -> Floats:
    """Return the middle (3,) of an eyeball (V, 3): of the sphere that fits it best."""
    design = np.column_stack([2 * points, np.ones(len(points))]).astype(np.float64)
    return np.linalg.lstsq(design, (points.astype(np.float64) ** 2).sum(axis=1), rcond=None)[0][:3].astype(np.float32)


def reshape(part: bpy.types.Object, shape: Shape, clip: int) -> bool:
    """Move the vertices and keys of an object to `shape`; False, and nothing is changed, when they are not the same ones.

    Shapes that a clip's fusion needs are brought up to date, those of other clips go along.
    """
    mesh = part.data
    blocks = {block.name: block for block in mesh.shape_keys.key_blocks} if mesh.shape_keys is not None else {}
    if len(mesh.vertices) != len(shape.points) or not {name for name in shape.keys if not name.startswith(FUSED)} <= set(blocks):
        return False
    for name in {name for name in blocks if clip_of_fused(name) == clip} - set(shape.keys):
        part.shape_key_remove(blocks.pop(name))
    move_along([block for name, block in blocks.items() if clip_of_fused(name) not in (None, clip)], mesh, shape.points)
    for name in sorted(set(shape.keys) - set(blocks)):
        blocks[name] = add_key(part, name)
    mesh.vertices.foreach_set("co", shape.points.ravel())
    if mesh.shape_keys is not None:
        mesh.shape_keys.reference_key.data.foreach_set("co", shape.points.ravel())
    for name, points in shape.keys.items():
        blocks[name].data.foreach_set("co", points.ravel())
    mesh.update()
    if part.ecavatar.role in EYES:
        part.location = shape.origin
    return True


def move_along(blocks: list[bpy.types.ShapeKey], mesh: bpy.types.Mesh, points: Floats) -> None:
    """Move shape keys by as much as the mesh will move that they lie on, to `points` (V, 3)."""
    before, moved = np.empty(points.size, np.float32), np.empty(points.size, np.float32)
    for block in blocks:
        mesh.shape_keys.reference_key.data.foreach_get("co", before)
        block.data.foreach_get("co", moved)
        block.data.foreach_set("co", moved + points.ravel() - before)


def add_jaw(root: bpy.types.Object) -> bpy.types.Object:
    """Add the pivot that lower teeth and tongue turn about."""
    jaw = bpy.data.objects.new(f"{root.name} {JAW}", None)
    jaw.empty_display_type, jaw.empty_display_size = "CIRCLE", 0.02
    jaw.rotation_mode = "XYZ"
    attach(jaw, JAW, root)
    return jaw


def add_neck(root: bpy.types.Object) -> bpy.types.Object:
    """Add the armature that turns the head."""
    armature = neck.add(root.name)
    attach(armature, NECK, root)
    return armature


def add_part(role: str, root: bpy.types.Object, shape: Shape, basis: HeadBasis) -> bpy.types.Object:
    """Add the object `role` with its shape keys."""
    mesh = new_mesh(f"{root.name} {role}", shape.points, shape.rows, shape.faces, basis)
    made = bpy.data.objects.new(mesh.name, mesh)
    made.location = shape.origin
    attach(made, role, root)
    if shape.keys:
        made.shape_key_add(name="Basis", from_mix=False)
    for name, points in shape.keys.items():
        add_key(made, name).data.foreach_set("co", points.ravel())
    if role == "skin":
        add_vertex_groups(made, basis)
    if role in ("skin", "lashes"):
        smooth = made.modifiers.new("Subdivision", "SUBSURF")
        smooth.levels, smooth.render_levels, smooth.show_viewport = 1, RENDER_LEVELS, False
    return made


def add_key(part: bpy.types.Object, name: str) -> bpy.types.ShapeKey:
    """Add a shape key at rest."""
    key = part.shape_key_add(name=name, from_mix=False)
    key.value = 0.0
    if name.startswith(FUSED):
        key.slider_min, key.slider_max = -FUSED_RANGE, FUSED_RANGE
    return key


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
    """Add the regions of the face as vertex groups."""
    for index, region in enumerate(REGIONS):
        skin.vertex_groups.new(name=region).add(np.flatnonzero(basis.regions == index).tolist(), 1.0, "REPLACE")
