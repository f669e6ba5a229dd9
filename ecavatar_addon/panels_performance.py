"""The panel of what an avatar does, and how strongly: draws, decides nothing."""

import bpy

from . import lip_sync, presets, roots
from .panels import HEIGHT, NO_AVATAR, Tab, wrapped


class ECAVATAR_PT_performance(Tab, bpy.types.Panel):
    """Strength of emotion, blinks, gaze and head motion, and the layers they lie in"""

    bl_label = "Perform"
    bl_order = 3

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the presets."""
        if roots.root_of(context.active_object) is not None:
            presets.PERFORMANCE_LIST.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the strengths, the button for another take, and the layers."""
        root, layout = roots.root_of(context.active_object), self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        if root is None:
            wrapped(layout, context, NO_AVATAR, "INFO")
            return
        settings, column = root.ecavatar.performance, layout.column()
        column.enabled = not lip_sync.generating(root)
        if root.ecavatar.emotion.windows:
            column.prop(root.ecavatar.emotion, "strength", text="Emotion")
        if roots.NECK in roots.parts_of(root):
            for name in ("blinks", "gaze", "head_motion", "take"):
                column.prop(settings, name)
            row = column.row(align=True)
            row.scale_y = HEIGHT
            row.operator("ecavatar.new_take", icon="FILE_REFRESH")
        else:
            wrapped(layout, context, "generate the avatar again to let it move its head", "INFO")
        for said in dict.fromkeys((root.ecavatar.emotion.said, settings.said)):
            if said:
                wrapped(column, context, said, "INFO")
        header, body = layout.panel("ECAVATAR_layers", default_closed=True)
        header.label(text="Layers")
        if body is not None:
            draw_layers(body, root)


def draw_layers(layout: bpy.types.UILayout, root: bpy.types.Object) -> None:
    """Draw a tick for each track of the avatar's."""
    column = layout.column(align=True)
    column.use_property_split = False
    for track in roots.layers_of(root):
        column.prop(track, "mute", text=track.name, invert_checkbox=True)


CLASSES = (ECAVATAR_PT_performance,)
