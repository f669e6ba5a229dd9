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


def preset_classes(kind: str, shown: str) -> tuple[Any, Any]:
    """Return the operator that adds and removes presets of a `kind` of VALUES, and their list; shown: what they are presets of."""
    folder, label = f"ecavatar/{kind}", kind.replace("_", " ").title()
    adding = type(f"ECAVATAR_OT_{kind}_preset_add", (PresetAdding, bpy.types.Operator), {
        "__doc__": f"Add or remove a preset of {shown}", "bl_idname": f"ecavatar.{kind}_preset_add", "bl_label": f"Add {label} Preset",
        "preset_menu": f"ECAVATAR_PT_{kind}_presets", "preset_subdir": folder, "preset_values": VALUES[kind]})
    listed = type(f"ECAVATAR_PT_{kind}_presets", (PresetList, bpy.types.Panel), {
        "__doc__": f"Presets of {shown}", "bl_label": f"{label} Presets", "preset_subdir": folder,
        "preset_add_operator": f"ecavatar.{kind}_preset_add"})
    return adding, listed


PERFORMANCE_ADDING, PERFORMANCE_LIST = preset_classes("performance", "emotion, blinks, gaze and head motion")
EMOTION_ADDING, EMOTION_LIST = preset_classes("emotion", "how emotions are heard and shown")
LIP_SYNC_ADDING, LIP_SYNC_LIST = preset_classes("lip_sync", "the lip controls")
CLASSES = (ECAVATAR_OT_use_preset, PERFORMANCE_ADDING, EMOTION_ADDING, LIP_SYNC_ADDING, PERFORMANCE_LIST, EMOTION_LIST, LIP_SYNC_LIST)


def attach() -> None:
    """Let Blender look for presets in the extension, too."""
    bpy.utils.register_preset_path(str(FOLDER))


def detach() -> None:
    """Take them away."""
    bpy.utils.unregister_preset_path(str(FOLDER))
