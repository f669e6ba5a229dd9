"""Presets of an avatar's settings, by Blender's own preset system: files in the user's scripts/presets/ecavatar, and a few of ours.

A preset is a Python file, as Blender writes them; here it is read, never run: all it may do is to set known settings to values.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from ..core.errors import ECAvatarError, InputError
from . import lip_sync, roots

FOLDER = Path(__file__).parent          # that holds presets/ecavatar/KIND/NAME.py
LARGEST = 4_000                         # bytes of a file
UNREADABLE = (OSError, ValueError, SyntaxError, TypeError, RecursionError, MemoryError)         # what Python's parser raises
DEFINES = ["avatar = bpy.context.active_object.ecavatar.avatar"]
VALUES = {
    "performance": ["avatar.emotion.strength", *(f"avatar.performance.{name}" for name in ("blinks", "gaze", "head_motion"))],
    "emotion": [f"avatar.emotion.{name}" for name in ("strength", "transition", "window", "sensitivity", "level_by", "fusion")],
    "lip_sync": [f"avatar.lip_sync.{name}" for name in lip_sync.SLIDERS]}


def assignments(text: str) -> Iterator[tuple[str, Any]]:
    """Yield what a preset sets, as ("avatar.performance.gaze", 0.5); raise one of UNREADABLE for what is none."""
    for line in ast.parse(text).body:
        if isinstance(line, ast.Import) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)):
            continue
        if not isinstance(line, ast.Assign) or len(line.targets) != 1:
            raise ValueError(f"line {line.lineno} sets nothing")
        if (target := ast.unparse(line.targets[0])) != "avatar":
            yield target, ast.literal_eval(line.value)


def use(root: bpy.types.Object, path: Path) -> None:
    """Set the avatar's settings as the preset at `path` has them; raise InputError, before anything is changed, when it has others."""
    known = {name for names in VALUES.values() for name in names}
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too long")
        found = dict(assignments(path.read_text(encoding="utf-8")))
        if unknown := sorted(set(found) - known):
            raise ValueError(f"it sets {unknown[0]}")
    except UNREADABLE as error:
        raise InputError(f"this is no preset of ECAvatar ({str(error) or 'it is nested too deeply'})", path,
                         "choose another one, or delete the file") from error
    before = {name: getattr(getattr(root.ecavatar, name.split(".")[1]), name.split(".")[2]) for name in found}
    try:
        put(root, found)
    except TypeError as error:
        put(root, before)
        raise InputError(f"a value of the preset is of the wrong kind ({error})", path, "correct or delete the file") from error


def put(root: bpy.types.Object, values: dict[str, Any]) -> None:
    """Set settings of an avatar by their names in presets; raise TypeError for a value that is none of theirs."""
    for name, value in values.items():
        _, group, setting = name.split(".")
        setattr(getattr(root.ecavatar, group), setting, value)


class ECAVATAR_OT_use_preset(lip_sync.ForAvatar, bpy.types.Operator):
    """Set the selected avatar's sliders as this preset has them"""

    bl_idname = "ecavatar.use_preset"
    bl_label = "Use Preset"
    bl_options = {"UNDO", "INTERNAL"}

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The preset")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set them."""
        try:
            use(roots.root_of(context.active_object), Path(self.filepath))
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class PresetAdding(lip_sync.ForAvatar, AddPresetBase):
    """What the operators that add and remove presets have in common."""

    preset_defines = DEFINES


class PresetList(PresetPanel):
    """What the lists of presets have in common."""

    bl_space_type: Any = "VIEW_3D"
    preset_operator = "ecavatar.use_preset"


class ECAVATAR_OT_performance_preset_add(PresetAdding, bpy.types.Operator):      # type: ignore[misc]        # as Blender means its base
    """Add or remove a preset of emotion, blinks, gaze and head motion"""

    bl_idname = "ecavatar.performance_preset_add"
    bl_label = "Add Performance Preset"
    preset_menu = "ECAVATAR_PT_performance_presets"
    preset_subdir = "ecavatar/performance"
    preset_values = VALUES["performance"]


class ECAVATAR_PT_performance_presets(PresetList, bpy.types.Panel):
    """Presets of emotion, blinks, gaze and head motion"""

    bl_label = "Performance Presets"
    preset_subdir = "ecavatar/performance"
    preset_add_operator = "ecavatar.performance_preset_add"


class ECAVATAR_OT_emotion_preset_add(PresetAdding, bpy.types.Operator):      # type: ignore[misc]        # as Blender means its base
    """Add or remove a preset of how emotions are heard and shown"""

    bl_idname = "ecavatar.emotion_preset_add"
    bl_label = "Add Emotion Preset"
    preset_menu = "ECAVATAR_PT_emotion_presets"
    preset_subdir = "ecavatar/emotion"
    preset_values = VALUES["emotion"]


class ECAVATAR_PT_emotion_presets(PresetList, bpy.types.Panel):
    """Presets of how emotions are heard and shown"""

    bl_label = "Emotion Presets"
    preset_subdir = "ecavatar/emotion"
    preset_add_operator = "ecavatar.emotion_preset_add"


class ECAVATAR_OT_lip_sync_preset_add(PresetAdding, bpy.types.Operator):      # type: ignore[misc]        # as Blender means its base
    """Add or remove a preset of the lip controls"""

    bl_idname = "ecavatar.lip_sync_preset_add"
    bl_label = "Add Lip Sync Preset"
    preset_menu = "ECAVATAR_PT_lip_sync_presets"
    preset_subdir = "ecavatar/lip_sync"
    preset_values = VALUES["lip_sync"]


class ECAVATAR_PT_lip_sync_presets(PresetList, bpy.types.Panel):
    """Presets of the lip controls"""

    bl_label = "Lip Sync Presets"
    preset_subdir = "ecavatar/lip_sync"
    preset_add_operator = "ecavatar.lip_sync_preset_add"


CLASSES = (ECAVATAR_OT_use_preset, ECAVATAR_OT_performance_preset_add, ECAVATAR_OT_emotion_preset_add, ECAVATAR_OT_lip_sync_preset_add,
           ECAVATAR_PT_performance_presets, ECAVATAR_PT_emotion_presets, ECAVATAR_PT_lip_sync_presets)


def attach() -> None:
    """Let Blender look for presets in the extension, too."""
    bpy.utils.register_preset_path(str(FOLDER))


def detach() -> None:
    """Take them away."""
    bpy.utils.unregister_preset_path(str(FOLDER))
