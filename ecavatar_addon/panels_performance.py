"""The sub-panel of what an avatar does besides speaking: draws, decides nothing."""

import bpy

from . import lip_sync, roots
from .neck import NECK
from .panels import HEIGHT, OfAvatar, wrapped


class ECAVATAR_PT_performance(OfAvatar, bpy.types.Panel):
    """Blinks, gaze and head motion of the selected avatar"""

    bl_label = "Performance"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "ECAvatar"
    bl_parent_id = "ECAVATAR_PT_generate"
    bl_order = 3
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the strengths, and the button for another take."""
        root, layout = roots.root_of(context.active_object), self.layout
        settings = root.ecavatar.performance
        layout.use_property_split = True
        layout.use_property_decorate = False
        if NECK not in roots.parts_of(root):
            wrapped(layout, context, "generate the avatar again to let it move its head", "INFO")
            return
        column = layout.column()
        column.enabled = not lip_sync.generating(root)
        for name in ("blinks", "gaze", "head_motion", "take"):
            column.prop(settings, name)
        row = column.row(align=True)
        row.scale_y = HEIGHT
        row.operator("ecavatar.new_take", icon="FILE_REFRESH")
        if settings.said:
            wrapped(column, context, settings.said, "INFO")


CLASSES = (ECAVATAR_PT_performance,)
