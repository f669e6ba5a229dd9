"""The sub-panel of how an avatar's lips follow its speech: draws, decides nothing."""

import bpy

from . import lip_sync, presets, roots
from .panels import HEIGHT, OfAvatar


class ECAVATAR_PT_lip_sync(OfAvatar, bpy.types.Panel):
    """How the selected avatar's lips follow its speech"""

    bl_label = "Lip Sync"
    bl_parent_id = "ECAVATAR_PT_performance"
    bl_order = 0
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """Draw the presets."""
        presets.LIP_SYNC_LIST.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the sliders, the shapes with a gain of their own, and the buttons."""
        root = roots.root_of(context.active_object)
        settings, layout = root.ecavatar.lip_sync, self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.enabled = not lip_sync.generating(root)
        for name in lip_sync.SLIDERS:
            column.prop(settings, name)
        for index, shape in enumerate(settings.shapes):
            row = column.row(align=True)
            row.label(text=shape.name, icon="SHAPEKEY_DATA")
            row.operator("ecavatar.remove_shape", text="", icon="X").index = index
            row = column.row(align=True)
            row.use_property_split = False
            row.prop(shape, "gain")
            row.prop(shape, "offset")
        column.operator("ecavatar.add_shape", icon="ADD")
        row = column.row(align=True)
        row.scale_y = HEIGHT
        row.operator("ecavatar.update_motion", icon="FILE_REFRESH")
        row.operator("ecavatar.reset_lip_sync", text="", icon="LOOP_BACK")


CLASSES = (ECAVATAR_PT_lip_sync,)
