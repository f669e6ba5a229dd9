"""The neck: an armature that turns the head about the atlas, bones `neck` and `head`, while the neck's lower border stays.

The skin bends by vertex groups of the bones' names; all else that belongs to the head hangs on the bone `head`, hair on the skin.
"""

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..core.types import Floats
from .roots import NECK
from .scene import to_blender

HEAD = "head"                           # a bone; the other is named as the armature's role
ORDER = "ZXY"                           # of the bone's angles: rolled, then nodded, turned about the upright neck: core/head/neck.py
LENGTH = 0.06                           # metres from the pivot to the tip of the bone `head`, to which Blender draws dashed lines
RING = (0.08, -0.075, 0.012)             # metres: radius of the ring that turns the head, its height, how far its nose is out
RINGED = "ecavatar_ringed"              # custom property of an armature whose bone was given its ring
SPOKES = 48                             # corners of the ring
MODIFIER = "Neck"
STILL = 1e-5                            # metres: a bone that lies this near is left alone


def add(name: str) -> bpy.types.Object:
    """Return a new armature for the avatar `name`, without bones yet."""
    made = bpy.data.objects.new(f"{name} {NECK}", bpy.data.armatures.new(f"{name} {NECK}"))
    made.data.display_type = "STICK"
    return made


def fit(armature: bpy.types.Object, skin: bpy.types.Object, bake: Mapping[str, Any]) -> None:
    """Put the armature's bones where the head turns and let the skin follow them; weights that are there already stay."""
    pivot, base = (Vector(to_blender(bake[name]).tolist()) for name in ("neck_pivot", "neck_base"))
    armature.parent, armature.parent_type, armature.location = skin, "OBJECT", pivot
    wanted = {NECK: (base - pivot, Vector()), HEAD: (Vector(), Vector((0.0, 0.0, LENGTH)))}
    missing = not all(name in armature.data.bones for name in wanted)
    if missing or any(
            (place - there).length > STILL for name, ends in wanted.items()
            for place, there in zip(ends, (armature.data.bones[name].head_local, armature.data.bones[name].tail_local), strict=True)):
        place_bones(armature, wanted)
    bone = armature.pose.bones[HEAD]
    bone.rotation_mode = ORDER
    if not armature.get(RINGED):                 # once: an artist may want it otherwise
        armature[RINGED] = True
        if bone.custom_shape is None:
            show_as_ring(armature)
    if not all(name in skin.vertex_groups for name in wanted):
        weigh(skin, bake["neck_weights"])
    bend = next((found for found in skin.modifiers if found.type == "ARMATURE" and found.object in (armature, None)), None)
    if bend is None:
        bend = skin.modifiers.new(MODIFIER, "ARMATURE")
        skin.modifiers.move(len(skin.modifiers) - 1, 0)                 # before Subdivision
    bend.object = armature


def show_as_ring(armature: bpy.types.Object) -> None:
    """Draw the bone `head` as a ring around the neck, with a nose to the front, in place of a stick: an object in no scene."""
    radius, height, nose = RING
    turns = np.linspace(0, 2 * np.pi, SPOKES, endpoint=False)
    out = radius + nose * (np.arange(SPOKES) == 0)
    places = np.stack([out * np.sin(turns), np.full(SPOKES, height), out * np.cos(turns)], axis=1)             # Y is up the bone
    mesh = bpy.data.meshes.new(f"{armature.name} ring")
    mesh.from_pydata(places.tolist(), [(place, (place + 1) % SPOKES) for place in range(SPOKES)], [])
    bone = armature.pose.bones[HEAD]
    bone.custom_shape = bpy.data.objects.new(mesh.name, mesh)
    bone.use_custom_shape_bone_size = False


def place_bones(armature: bpy.types.Object, places: Mapping[str, tuple[Vector, Vector]]) -> None:
    """Give the armature these bones, from head to tail, each the child of the one before; others are left alone.

    Bones can be changed in edit mode only, so the armature is edited in a scene of its own: the artist's mode and selection stay.
    """
    mode, hidden, armature.hide_viewport = armature.mode, armature.hide_viewport, False
    room = bpy.data.scenes.new("ECAvatar")
    room.collection.objects.link(armature)
    layer = room.view_layers[0]
    layer.objects.active = armature
    try:
        with bpy.context.temp_override(scene=room, view_layer=layer, active_object=armature, object=armature):
            bpy.ops.object.mode_set(mode="EDIT")
            bones, parent = armature.data.edit_bones, None
            for name, ends in places.items():
                bone = bones.get(name) or bones.new(name)
                bone.head, bone.tail = ends
                bone.roll, bone.parent, parent = 0.0, parent, bone
            bpy.ops.object.mode_set(mode=mode)
    finally:
        armature.hide_viewport = hidden
        bpy.data.scenes.remove(room)


def weigh(skin: bpy.types.Object, head: Floats) -> None:
    """Give the skin the vertex groups of the bones; head: (V,), how far each vertex goes along with the head."""
    for name, weights in ((HEAD, head), (NECK, 1 - head)):
        group = skin.vertex_groups.get(name) or skin.vertex_groups.new(name=name)
        for weight in np.unique(weights[weights > 0]):
            group.add(np.flatnonzero(weights == weight).tolist(), float(weight), "REPLACE")


def hang(part: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Let a part follow the bone `head`; its own location stays relative to the skin."""
    bone = armature.data.bones[HEAD]
    part.parent, part.parent_type, part.parent_bone = armature, "BONE", HEAD
    rest = Matrix.Translation(armature.location) @ bone.matrix_local @ Matrix.Translation((0.0, bone.length, 0.0))
    part.matrix_parent_inverse = rest.inverted()
