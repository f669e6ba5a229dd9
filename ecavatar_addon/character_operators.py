"""Operators on an artist's own character: read properties, call one function, report."""

import re
from collections.abc import Callable
from pathlib import Path

import bpy

from ..core.errors import InputError
from .folders import PACKAGE
from .late import character
from .reports import reported

Change = Callable[[bpy.types.Object], list[str]]


def presets() -> dict[str, Path]:
    """Return the saved presets by name."""
    folder = Path(bpy.utils.extension_path_user(PACKAGE, path="characters", create=True))
    return {path.stem: path for path in sorted(folder.glob("*.json"))}


class OnCharacter:
    """What the operators here have in common: they work on the active mesh, which is no part of an avatar, and report."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Offer it for a mesh of the artist's own."""
        active = context.active_object
        own = active is not None and active.type == "MESH" and not active.ecavatar.role
        if not own:
            cls.poll_message_set("Select the mesh of your character's face")
        return own

    def change(self, context: bpy.types.Context, change: Change) -> set[str]:
        """Do it and report what the artist should know."""
        return reported(self, lambda: change(context.active_object))       # type: ignore[arg-type]      # operators inherit this


class ECAVATAR_OT_find_shape_keys(OnCharacter, bpy.types.Operator):
    """List this mesh's shape keys and what each shows, by its name: ARKit, VRM, visemes, MakeHuman, Reallusion"""

    bl_idname = "ecavatar.find_shape_keys"
    bl_label = "Find Shape Keys"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """List them."""
        def change(target: bpy.types.Object) -> list[str]:
            character.read(target)
            return []

        return self.change(context, change)


class ECAVATAR_OT_apply_to_selected(OnCharacter, bpy.types.Operator):
    """Play the avatar's motion on this mesh, in NLA tracks like the avatar's; other selected meshes and its children follow it"""

    bl_idname = "ecavatar.apply_to_selected"
    bl_label = "Apply to Selected"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Key it, and show the current frame."""
        others = [chosen for chosen in context.selected_objects if chosen != context.active_object]
        done = self.change(context, lambda target: character.apply(target, others, context.scene))
        context.scene.frame_set(context.scene.frame_current, subframe=context.scene.frame_subframe)
        return done


class ECAVATAR_OT_save_mapping(OnCharacter, bpy.types.Operator):
    """Keep this list, its sources and strengths, as a preset for other characters with the same names"""

    bl_idname = "ecavatar.save_mapping"
    bl_label = "Save Mapping"

    name: bpy.props.StringProperty(name="Name", description="Of the preset; one with the same name is replaced", maxlen=60)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user name it."""
        self.name = self.name or context.active_object.name
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write it."""
        def change(target: bpy.types.Object) -> list[str]:
            stem = re.sub(r"[^\w -]+", "_", self.name).strip()
            mapping = character.mapping_of(target)
            if not stem or not mapping.rows:
                raise InputError("there is nothing to save, or no name for it", target.name, "press Find Shape Keys and type a name")
            folder = Path(bpy.utils.extension_path_user(PACKAGE, path="characters", create=True))
            mapping.write(folder / f"{stem}.json")
            return []

        return self.change(context, change)


class ECAVATAR_OT_load_mapping(OnCharacter, bpy.types.Operator):
    """Take sources and strengths from a saved preset"""

    bl_idname = "ecavatar.load_mapping"
    bl_label = "Load Mapping"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(name="Name", description="Of the preset", search_options=set(),
                                   search=lambda _self, _context, _text: list(presets()))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose one."""
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read and show it."""
        def change(target: bpy.types.Object) -> list[str]:
            found = presets()
            if self.name not in found:
                raise InputError(f"there is no preset {self.name!r}", "", f"choose of {', '.join(found) or 'those you save'}")
            return character.load(target, found[self.name])

        return self.change(context, change)


CLASSES = (ECAVATAR_OT_find_shape_keys, ECAVATAR_OT_apply_to_selected, ECAVATAR_OT_save_mapping, ECAVATAR_OT_load_mapping)
