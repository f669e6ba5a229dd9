"""What a VRM file calls its expressions, as the VRM add-on keeps it with an imported figure; Blender's own importer drops it."""

from collections.abc import Iterator
from typing import Any

import bpy

Bind = tuple[str, str, float]
KEPT = "vrm_addon_extension"    # the add-on's properties of an armature
OPEN_PRESETS = ("aa", "ih", "ou", "ee", "oh", "blink", "blink_left", "blink_right", "look_up", "look_down", "look_left", "look_right",
                "happy", "angry", "sad", "relaxed", "surprised")        # VRM 1.0's, as the add-on spells them


def expressions_of(target: bpy.types.Object) -> dict[str, tuple[str, float]]:
    """Return the preset expression that each shape key of a mesh stands for by itself, and by how much of the key, by its name.

    An expression of several keys is none of them; without the add-on, or for another figure, there are none.
    """
    armature = target.find_armature() or target.parent
    kept = getattr(armature.data, KEPT, None) if armature is not None and armature.type == "ARMATURE" else None
    found: dict[str, tuple[str, float]] = {}
    for name, binds in presets(kept) if kept is not None else ():
        keys = [(key, weight) for mesh, key, weight in binds if mesh == target.name and weight > 0]
        if len(keys) == 1:
            found.setdefault(keys[0][0], (name, keys[0][1]))
    return found


def presets(kept: Any) -> Iterator[tuple[str, list[Bind]]]:
    """Yield the presets of VRM 1.0 and 0.x with what they move: mesh, key, weight; none where the add-on keeps them elsewhere."""
    opened = getattr(getattr(getattr(kept, "vrm1", None), "expressions", None), "preset", None)
    for name in OPEN_PRESETS:
        binds = getattr(getattr(opened, name, None), "morph_target_binds", ())
        yield name, [bound(bind, "node") for bind in binds]
    master = getattr(getattr(kept, "vrm0", None), "blend_shape_master", None)
    for group in getattr(master, "blend_shape_groups", ()):
        yield getattr(group, "preset_name", ""), [bound(bind, "mesh") for bind in getattr(group, "binds", ())]


def bound(bind: Any, holder: str) -> Bind:
    """Return the mesh, key and weight of one of an expression's binds."""
    return (str(getattr(getattr(bind, holder, None), "mesh_object_name", "")), str(getattr(bind, "index", "")),
            float(getattr(bind, "weight", 0.0)))
