"""The panel of the person's photos and head: draws, decides nothing."""

import bpy

from .panels import Tab, likeness, shown_avatar, wrapped
from .properties import ECAVATAR_PG_scene

WELCOME = "drop a photo and a recording onto the 3D view, or choose them here"


class ECAVATAR_PT_person(Tab, bpy.types.Panel):
    """Who it is: photos in, the head they gave, and what would make it better"""

    bl_label = "Person"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the photos, then the head with its likeness."""
        layout, settings = self.layout, context.scene.ecavatar
        layout.use_property_split = True
        layout.use_property_decorate = False
        if not settings.photo and not settings.audio:
            wrapped(layout, context, WELCOME, "INFO")
        draw_photos(layout, settings)
        root = shown_avatar(context)
        if root is None:
            return
        if text := likeness(root.ecavatar):
            wrapped(layout, context, text, "USER")


def draw_photos(layout: bpy.types.UILayout, settings: ECAVATAR_PG_scene) -> None:
    """Draw the photos, numbered as the engine's warnings number them, and a button for more."""
    layout.prop(settings, "photo")
    for index, further in enumerate(settings.more_photos):
        row = layout.row(align=True)
        row.prop(further, "path", text=f"Photo {index + 2}")
        row.operator("ecavatar.remove_photo", text="", icon="X").index = index
    layout.operator("ecavatar.add_photos", icon="ADD")


CLASSES = (ECAVATAR_PT_person,)
