"""The sub-panel of an avatar's clips: draws, decides nothing."""

import bpy

from . import clips, lip_sync, roots
from .panels import OfAvatar

ROWS = 3
NAMES = 0.55                    # share of a row's width


class ECAVATAR_UL_clips(bpy.types.UIList):
    """Clips of an avatar: name, first frame, seconds"""

    def draw_item(self, _context: bpy.types.Context, layout: bpy.types.UILayout, _data: object, item: object, _icon: int,
                  _active: object, _property: str) -> None:
        """Draw one row."""
        row = layout.split(factor=NAMES, align=True)
        row.prop(item, "name", text="", emboss=False, icon="SOUND")
        places = row.row(align=True)
        places.prop(item, "start", text="", emboss=False)
        places.label(text=f"{clips.length_of(item):.1f} s")


class ECAVATAR_PT_clips(OfAvatar, bpy.types.Panel):
    """Recordings that the selected avatar speaks one after another"""

    bl_label = "Clips"
    bl_parent_id = "ECAVATAR_PT_voice"
    bl_order = 0
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list, and what can be done with the selected clip."""
        root, layout = roots.root_of(context.active_object), self.layout
        avatar = root.ecavatar
        row = layout.row()
        row.template_list("ECAVATAR_UL_clips", "", avatar, "clips", avatar, "active_clip", rows=ROWS)
        row.column(align=True).operator("ecavatar.remove_clip", text="", icon="REMOVE")
        column = layout.column()
        column.use_property_split, column.use_property_decorate = True, False
        column.enabled = not lip_sync.generating(root)
        column.prop(avatar.clip, "start")
        column.operator("ecavatar.generate_clip", icon="FILE_REFRESH")


CLASSES = (ECAVATAR_UL_clips, ECAVATAR_PT_clips)
