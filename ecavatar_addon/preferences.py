"""The add-on's preferences: which model packs there are, under which licences, and where further ones come from."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ..core.errors import ECAvatarError
from ..core.pack import DEFAULT
from . import folders, pack_downloads, packs
from .late import pack_catalogue

MOST_THREADS = 64
FOLDER, CATALOGUE = "In Blender's user folder", "None: nothing is offered for download"

if TYPE_CHECKING:
    from ..core.pack_catalogue import Offer


def make_full(preferences: "ECAVATAR_preferences", _context: bpy.types.Context) -> None:
    """Keep the full path of the job folder, which then is the same in every file; one that has none is told when it is needed."""
    path = folders.full(preferences.folder)
    if path.is_absolute() and str(path) != preferences.folder.rstrip("/\\"):
        preferences.folder = str(path)


class ECAVATAR_preferences(bpy.types.AddonPreferences):
    """Where avatars are generated, with how many threads, and model packs"""

    bl_idname = packs.PACKAGE

    folder: bpy.props.StringProperty(
        name="Job Folder", subtype="DIR_PATH", update=make_full,
        description="Where avatars are generated, some megabytes each; if empty, in Blender's user folder. Those that are there "
                    "stay where they are")
    threads: bpy.props.IntProperty(
        name="Threads", min=0, max=MOST_THREADS,
        description="How many processor cores generating may use; 0 leaves it to the engine. Fewer leave more for your work")

    catalogue: bpy.props.StringProperty(
        name="Catalogue", subtype="FILE_PATH",
        description="File that lists model packs to download, as your studio may give you; none comes with the extension")

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the folders and threads, then the packs and the ways to get others."""
        layout = self.layout
        column = layout.column()
        column.use_property_split = True
        column.prop(self, "folder", placeholder=FOLDER)
        column.prop(self, "threads")
        layout.label(text="Model Packs")
        draw_pack(layout, DEFAULT, removable=False)
        for folder in packs.found():
            draw_pack(layout, folder, removable=True)
        layout.operator("ecavatar.open_pack", icon="FILE_FOLDER")
        column = layout.column()
        column.use_property_split = True
        column.prop(self, "catalogue", placeholder=CATALOGUE)
        if self.catalogue:
            draw_offers(layout, self.catalogue)


def draw_pack(layout: bpy.types.UILayout, folder: Path, *, removable: bool) -> None:
    """Draw one pack with the licences of its files."""
    values = packs.index_at(folder)
    box = layout.box().column(align=True)
    row = box.row()
    whence = "" if removable else "(comes with the extension)"
    row.label(text=f"{str(values.get('name', folder.name)).capitalize()} {values.get('version', '')} {whence}", icon="PACKAGE")
    if removable:
        row.operator("ecavatar.remove_pack", text="", icon="TRASH").pack = folder.name
    for line in packs.licences(values):
        box.label(text=line, icon="BLANK1")


def draw_offers(layout: bpy.types.UILayout, catalogue: str) -> None:
    """Draw what the catalogue offers, and how a download gets on."""
    path = Path(bpy.path.abspath(catalogue))
    try:
        offers = offers_at(path, path.stat().st_mtime_ns)
    except (ECAvatarError, OSError) as error:
        layout.label(text=str(error), icon="ERROR")
        return
    run = pack_downloads.current
    for offer in offers:
        row = layout.row()
        row.label(text=f"{offer.name} {offer.version}, {offer.size / 1e6:.0f} MB, {offer.licence}")
        if run is not None and run.state == "running" and run.offer == offer:
            row.progress(factor=run.fraction, text=f"{100 * run.fraction:.0f} %")
            row.operator("ecavatar.cancel_download", text="", icon="CANCEL")
        else:
            button = row.operator("ecavatar.download_pack", text="Download", icon="IMPORT")
            button.catalogue, button.pack = catalogue, offer.name
    if run is not None and run.error:
        layout.label(text=run.error, icon="ERROR")


@lru_cache(maxsize=4)
def offers_at(path: Path, _changed: int) -> tuple["Offer", ...]:
    """Return the offers of one state of a catalogue."""
    return pack_catalogue.read_catalogue(path)


CLASSES = (ECAVATAR_preferences,)
