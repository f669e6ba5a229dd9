"""The sub-panel of how an avatar looks: draws, decides nothing."""

import bpy

from . import roots
from .look import SKIN_ITEMS, STUDIO_ITEMS, skin_node
from .panels import OfAvatar, wrapped
from .skin_nodes import SLIDERS


class ECAVATAR_PT_look(OfAvatar, bpy.types.Panel):
    """Skin, light and camera of the selected avatar"""

    bl_label = "Look"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "ECAvatar"
    bl_parent_id = "ECAVATAR_PT_generate"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw presets and sliders of the skin, light presets, and the camera."""
        layout, node = self.layout, skin_node(roots.root_of(context.active_object))
        if node is None:
            wrapped(layout, context, "the skin has another material: empty its slot and generate again for the sliders", "INFO")
        else:
            row = layout.row(align=True)
            for name, label, _ in SKIN_ITEMS:
                row.operator("ecavatar.skin_preset", text=label).preset = name
            column = layout.column()
            column.use_property_split = True
            column.use_property_decorate = False
            for slider in SLIDERS:
                column.prop(node.inputs[slider.name], "default_value", text=slider.name, slider=True)
        layout.label(text="Light")
        row = layout.row(align=True)
        for name, label, _ in STUDIO_ITEMS:
            row.operator("ecavatar.light_preset", text=label).preset = name
        layout.operator("ecavatar.frame_head", icon="CAMERA_DATA")


CLASSES = (ECAVATAR_PT_look,)
