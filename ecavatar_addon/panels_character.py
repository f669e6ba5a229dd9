"""The sub-panel of an artist's own character: draws, decides nothing."""

from typing import Any

import bpy

from ..core.character.shape_sources import GROUPS
from .late import character, motion_source
from .panels import HEIGHT, Tab, wrapped

NAME = 0.55                     # share of a row's width for the key's name
ROWS = 6                        # of the list, at least


class ECAVATAR_UL_keys(bpy.types.UIList):
    """Shape keys of a character: whether each is driven, its name, and what it shows"""

    def draw_item(self, _context: bpy.types.Context, layout: bpy.types.UILayout, _data: Any, item: Any, _icon: int, _active: Any,
                  _property: str) -> None:
        """Draw one row."""
        layout.use_property_split = False
        row = layout.split(factor=NAME)
        name = row.row(align=True)
        name.prop(item, "enabled", text="")
        name.label(text=item.name)
        row.label(text=item.source)


class ECAVATAR_PT_character(Tab, bpy.types.Panel):
    """The avatar's motion on a mesh of your own"""

    bl_label = "Own Character"
    bl_parent_id = "ECAVATAR_PT_deliver"
    bl_order = 0
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Show it for a mesh that is no part of an avatar."""
        active = context.active_object
        return active is not None and active.type == "MESH" and not active.ecavatar.role

    def draw(self, context: bpy.types.Context) -> None:
        """Draw where the motion comes from, the list, presets, strengths, what is missing, and the button."""
        target, layout = context.active_object, self.layout
        settings = target.ecavatar.character
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(settings, "avatar")
        if motion_source.chosen_avatar(target, context.scene) is None:
            layout.prop(settings, "job")
        layout.operator("ecavatar.find_shape_keys", icon="SHAPEKEY_DATA")
        if len(settings.keys):
            if settings.convention:
                layout.label(text=f"Names: {settings.convention}")
            layout.template_list("ECAVATAR_UL_keys", "", settings, "keys", settings, "active", rows=ROWS)
            if 0 <= settings.active < len(settings.keys):
                box = layout.box().column()
                box.prop(settings.keys[settings.active], "source")
                box.prop(settings.keys[settings.active], "strength", slider=True)
            row = layout.row(align=True)
            row.operator("ecavatar.load_mapping", icon="IMPORT")
            row.operator("ecavatar.save_mapping", icon="EXPORT")
            column = layout.column(align=True)
            for group in GROUPS:
                column.prop(settings, group)
        row = layout.row()
        row.scale_y = HEIGHT
        row.operator("ecavatar.apply_to_selected", icon="PLAY")
        if len(settings.keys) and (text := character.missing(target)):
            wrapped(layout, context, text, "INFO")


CLASSES = (ECAVATAR_UL_keys, ECAVATAR_PT_character)
