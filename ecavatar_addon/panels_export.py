"""The sub-panel that exports an avatar: draws, decides nothing."""

import bpy

from .panels import HEIGHT, OfAvatar
from .properties import OPTIONS


class ECAVATAR_PT_export(OfAvatar, bpy.types.Panel):
    """The selected avatar's talking head for other programs"""

    bl_label = "Export"
    bl_parent_id = "ECAVATAR_PT_deliver"
    bl_order = 1
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the options and the button, which asks for the file."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        for name in OPTIONS:
            layout.prop(context.scene.ecavatar.export, name)
        row = layout.row()
        row.scale_y = HEIGHT
        row.operator("ecavatar.export", text="Export...", icon="EXPORT")


CLASSES = (ECAVATAR_PT_export,)
