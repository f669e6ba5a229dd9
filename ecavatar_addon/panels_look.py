"""The panel of how an avatar looks: draws, decides nothing."""

import bpy

from . import haircuts, roots
from .late import skin_nodes
from .look import SKIN_ITEMS, STUDIO_ITEMS, skin_node
from .panels import NO_AVATAR, Tab, wrapped

SHORTER = {"Tone from Photo": "Photo's Share"}             # of sliders whose names find no room


class ECAVATAR_PT_look(Tab, bpy.types.Panel):
    """Hair of the next avatar; skin, light and camera of the selected one"""

    bl_label = "Look"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the hair, presets and sliders of the skin, light presets, and the camera."""
        layout, root = self.layout, roots.root_of(context.active_object)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(context.scene.ecavatar, "hair")
        settings = context.scene.ecavatar
        for name in ("fringe", "parting", "waves", "hairline"):
            worn = column.column()
            worn.active = haircuts.counts(name, settings.hair, settings.fringe, settings.waves, settings.hairline)
            worn.prop(settings, name)
        if root is None:
            wrapped(layout, context, f"{NO_AVATAR}, for skin and light", "INFO")
            return
        layout.label(text="Skin")
        draw_skin(layout, context, root)
        layout.label(text="Light")
        row = layout.row(align=True)
        for name, label, _ in STUDIO_ITEMS:
            row.operator("ecavatar.light_preset", text=label).preset = name
        layout.operator("ecavatar.frame_head", icon="CAMERA_DATA")


def draw_skin(layout: bpy.types.UILayout, context: bpy.types.Context, root: bpy.types.Object) -> None:
    """Draw presets and sliders of an avatar's skin."""
    node = skin_node(root)
    if node is None:
        wrapped(layout, context, "the skin has another material: empty its slot and generate again for the sliders", "INFO")
        return
    row = layout.row(align=True)
    for name, label, _ in SKIN_ITEMS:
        row.operator("ecavatar.skin_preset", text=label).preset = name
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for slider in skin_nodes.sliders_of(node):
        column.prop(node.inputs[slider.name], "default_value", text=SHORTER.get(slider.name, slider.name), slider=True)


CLASSES = (ECAVATAR_PT_look,)
