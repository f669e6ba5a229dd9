"""The panel of what becomes of an avatar: on an own character, in other programs, as pictures. Draws, decides nothing."""

import bpy

from .panels import HEIGHT, Tab


class ECAVATAR_PT_deliver(Tab, bpy.types.Panel):
    """The avatar's motion on your own character, in other programs, and as a film"""

    bl_label = "Deliver"
    bl_order = 5
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the buttons; those of the sub-panels, too, where they are not shown, grey with the reason."""
        layout, active = self.layout, context.active_object
        if active is None or active.type != "MESH" or active.ecavatar.role:
            layout.operator("ecavatar.apply_to_selected", icon="PLAY")
        row = layout.row(align=True)
        row.scale_y = HEIGHT
        row.operator("render.render", text="Picture", icon="RENDER_STILL")
        row.operator("ecavatar.film", text="Film...", icon="RENDER_ANIMATION")


CLASSES = (ECAVATAR_PT_deliver,)
