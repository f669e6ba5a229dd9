"""The sidebar tab: draws, decides nothing."""

import textwrap

import bpy

from . import jobs
from .operators import disabled_reason

STAGES = {"starting": "Starting", "head": "Building the head", "speech": "Listening to the speech", "bake": "Making keyframes"}
CHARACTERS_A_PIXEL = 0.145      # of the interface font at scale 1


class ECAVATAR_PT_generate(bpy.types.Panel):
    """Photo and speech in, talking head out"""

    bl_label = "ECAvatar"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "ECAvatar"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw inputs, then the button or the progress, then what the user should know."""
        layout, settings = self.layout, context.scene.ecavatar
        layout.use_property_split = True
        layout.use_property_decorate = False
        worker = jobs.current
        running = worker is not None and worker.state == "running"
        inputs = layout.column()
        inputs.enabled = not running
        inputs.prop(settings, "photo")
        inputs.prop(settings, "audio")
        if worker is not None and running:
            row = layout.row(align=True)
            row.progress(factor=worker.fraction, text=STAGES.get(worker.stage, worker.stage))
            row.operator("ecavatar.cancel", text="", icon="CANCEL")
        else:
            row = layout.row()
            row.scale_y = 1.4
            row.operator("ecavatar.generate", icon="USER")
            if reason := disabled_reason(context):
                wrapped(layout, context, reason, "INFO")
        if worker is not None:
            if worker.state == "failed":
                wrapped(layout, context, worker.error, "ERROR")
            for warning in worker.warnings:
                wrapped(layout, context, warning, "INFO")


def wrapped(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str) -> None:
    """Draw `text` in as many lines as the sidebar's width needs."""
    width = context.region.width if context.region else 300
    column = layout.column(align=True)
    column.scale_y = 0.8
    columns = max(int(width * CHARACTERS_A_PIXEL / context.preferences.system.ui_scale) - 4, 16)
    for line in textwrap.wrap(text[:1].upper() + text[1:], columns) or [""]:
        column.label(text=line, icon=icon)
        icon = "BLANK1"


CLASSES = (ECAVATAR_PT_generate,)
