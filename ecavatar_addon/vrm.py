"""What a VRM file calls its expressions, as the VRM add-on keeps it with an imported figure; Blender's own importer drops it."""

from collections.abc import Iterator
from typing import Any

import bpy

KEPT = "vrm_addon_extension"    # the add-on's properties of an armature
OPEN_PRESETS = ("aa", "ih", "ou", "ee", "oh", "blink", "blink_left", "blink_right", "look_up", "look_down", "look_left", "look_right",
                "happy", "angry", "sad", "relaxed", "surprised")        # VRM 1.0's, as the add-on spells them


def expressions_of(target: bpy.types.Object) -> dict[str, str]:
    """Return the preset expression that each shape key of a mesh stands for by itself, by the key's name.

    An expression of several keys is none of them; without the add-on, or for another figure, there are none.
    """
    armature = target.find_armature() or target.parent
    kept = getattr(armature.data, KEPT, None) if armature is not None and armature.type == "ARMATURE" else None
    found: dict[str, str] = {}
    for name, keys in presets(kept, target.name) if kept is not None else ():
        if len(keys) == 1:
            found.setdefault(keys[0], name)
    return found


def presets(kept: Any, mesh: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the presets of VRM 1.0 and 0.x with the keys of a mesh that they move."""
    opened = getattr(getattr(getattr(kept, "vrm1", None), "expressions", None), "preset", None)
    for name in OPEN_PRESETS:
        binds = getattr(getattr(opened, name, None), "morph_target_binds", ())
        yield name, [bind.index for bind in binds if bind.node.mesh_object_name == mesh and bind.weight > 0]
    master = getattr(getattr(kept, "vrm0", None), "blend_shape_master", None)
    for group in getattr(master, "blend_shape_groups", ()):
        yield group.preset_name, [bind.index for bind in group.binds if bind.mesh.mesh_object_name == mesh and bind.weight > 0]
