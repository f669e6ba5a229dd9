"""The panel of the person's photos and head: draws, decides nothing."""

from pathlib import Path

import bpy

from ..core.choices import PREVIEWS
from . import jobs, photos, pictures, roots
from .folders import job_path
from .panels import MARGIN, Tab, likeness, name_of, shown_avatar, wrapped
from .properties import ECAVATAR_PG_scene

WELCOME = "drop a photo and a recording onto the 3D view, or choose them here"
ACROSS, UNIT = 3, 20            # pictures in a row; pixels of a row of the interface, at scale 1
LARGEST = 7.0                   # rows that a picture is high in a wide sidebar
SEEN_FROM = ("speech", "emotion", "bake")       # stages in which the head is drawn already, with its hair


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
        folder, name = shown_head(context, root)
        draw_pictures(layout, context, folder, name)
        own = root is not None and (folder is None or Path(root.ecavatar.home) in (folder, *folder.parents))
        if own and (text := likeness(root.ecavatar)):
            wrapped(layout, context, text, "USER")


def draw_photos(layout: bpy.types.UILayout, settings: ECAVATAR_PG_scene) -> None:
    """Draw the photos, numbered as the engine's warnings number them, and a button for more."""
    layout.prop(settings, "photo")
    for index, further in enumerate(settings.more_photos):
        row = layout.row(align=True)
        row.prop(further, "path", text=f"Photo {index + 2}")
        row.operator("ecavatar.remove_photo", text="", icon="X").index = index
    layout.operator("ecavatar.add_photos", icon="ADD")


def draw_pictures(layout: bpy.types.UILayout, context: bpy.types.Context, folder: Path | None, name: str) -> None:
    """Draw what the photos show and, beside a single one of them or below, the head in `folder`; one of other photos has its `name`
    above it."""
    settings = context.scene.ecavatar
    chosen = [path for path in photos.paths(settings) if path.is_absolute()] if settings.photo else []
    shown = [found for path in chosen if (found := pictures.icon(path))]
    head = [found for view in PREVIEWS if folder is not None and (found := pictures.icon(folder / view))]
    theirs = folder is not None and bool(chosen) and job_path(chosen[0]) in (folder, *folder.parents)
    if len(shown) == 1 and theirs:
        draw_row(layout, context, [*shown, *head])
        return
    for start in range(0, len(shown), ACROSS):
        draw_row(layout, context, shown[start:start + ACROSS])
    if head and not theirs:
        layout.label(text=name, icon="OUTLINER_OB_EMPTY")
    if head:
        draw_row(layout, context, head)


def draw_row(layout: bpy.types.UILayout, context: bpy.types.Context, icons: list[int]) -> None:
    """Draw pictures beside each other, as large as three of them find room."""
    scale = context.preferences.system.ui_scale or 1.0          # 0 without a window
    width = (context.region.width if context.region else 300) / scale - MARGIN / 2
    row = layout.row(align=True)
    row.alignment = "CENTER"
    for icon in icons:
        row.template_icon(icon_value=icon, scale=min(max(width / UNIT / ACROSS, 1.0), LARGEST))


def shown_head(context: bpy.types.Context, root: bpy.types.Object | None) -> tuple[Path | None, str]:
    """Return the folder of the head to be shown, and whose it is: that which is being made, once it is drawn, else that of the avatar
    `root`; None where there is neither."""
    worker = jobs.current
    if worker is not None and worker.state == "running" and worker.stage in SEEN_FROM:
        folder = Path(worker.folder)
        made = next((found for place in (folder, *folder.parents) if (found := roots.find_root(place, context.scene))), None)
        return folder, made.name if made is not None else name_of(worker)
    return (Path(root.ecavatar.home), root.name) if root is not None and root.ecavatar.home else (None, "")


CLASSES = (ECAVATAR_PT_person,)
