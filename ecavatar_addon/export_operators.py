"""The operator that exports an avatar: reads properties, calls one function, reports."""

import os
from pathlib import Path

import bpy

from ..core.errors import ECAvatarError, InputError
from . import lip_sync, roots
from .late import export
from .properties import FORMATS, OPTIONS

ALSO = {".usdz": (".usdz", ".usdc")}        # endings that a format leaves as they are
ENDINGS = tuple(ending for name, *_ in FORMATS for ending in ALSO.get(name, (name,)))


class ECAVATAR_OT_export(lip_sync.ForAvatar, bpy.types.Operator):
    """Export the selected avatar's talking head for other programs"""

    bl_idname = "ecavatar.export"
    bl_label = "Export Talking Head"

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH", description="Its ending says the format")
    filter_glob: bpy.props.StringProperty(default=";".join(f"*{ending}" for ending in ENDINGS), options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose the file, by default beside the .blend with the avatar's name."""
        if not self.filepath:
            self.filepath = bpy.path.abspath("//") + bpy.path.clean_name(roots.root_of(context.active_object).name)
        self.check(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        """Let the file's name end as the chosen format asks; whether that changed it."""
        before, ending = self.filepath, context.scene.ecavatar.export.format
        stem, present = os.path.splitext(before)                # noqa: PTH122 -- "//" at the start must stay
        if os.path.basename(before) and present.lower() not in ALSO.get(ending, (ending,)):     # noqa: PTH119
            self.filepath = f"{stem if present.lower() in ENDINGS else before}{ending}"
        return self.filepath != before

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the format and the options beside the files."""
        self.layout.use_property_split = True
        for name in OPTIONS:
            self.layout.prop(context.scene.ecavatar.export, name)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        settings = context.scene.ecavatar.export
        try:
            if not self.filepath:
                raise InputError("no file is chosen", "", "give a path whose ending says the format, such as head.glb")
            path = Path(bpy.path.abspath(self.filepath))
            root = roots.root_of(context.active_object)
            export.export(root, path, context.scene, frames=settings.frames, arkit_only=settings.arkit_only)
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"exported {path}")
        return {"FINISHED"}


CLASSES = (ECAVATAR_OT_export,)
