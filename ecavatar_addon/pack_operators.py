"""Operators on model packs: explain and install one from a file, choose, remove, download."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import ECAvatarError, InputError
from . import pack_downloads, packs
from .late import pack_archive, pack_catalogue

if TYPE_CHECKING:
    from ..core.pack_archive import Description
    from ..core.pack_catalogue import Offer

WIDTH = 560                     # of a dialog, points
MEGABYTE = 1e6
POLL = 0.25                     # seconds between looks at a download
shown: list[tuple[str, str, str, int]] = []     # items of an enum; Blender wants them kept


class ECAVATAR_OT_install_pack(bpy.types.Operator):
    """Install a model pack from a zip; it is verified first, and what it holds is shown"""

    bl_idname = "ecavatar.install_pack"
    bl_label = "Install Pack"
    bl_options = {"INTERNAL"}

    filepath: bpy.props.StringProperty(name="Pack", subtype="FILE_PATH", options={"SKIP_SAVE"}, description="Zip of the pack")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Show what the zip holds, and ask."""
        try:
            explained(Path(self.filepath))
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return context.window_manager.invoke_props_dialog(self, width=WIDTH)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw what is about to be installed."""
        for line in explanation(explained(Path(self.filepath))):
            self.layout.label(text=line)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Install it; without a dialog, too."""
        try:
            folder = pack_archive.install(Path(bpy.path.abspath(self.filepath)), packs.folder())
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        packs.forget()
        self.report({"INFO"}, f"The model pack {folder.name} is installed; choose it in the ECAvatar tab")
        return {"FINISHED"}


class ECAVATAR_OT_open_pack(bpy.types.Operator):
    """Choose the zip of a model pack; it is explained before it is installed"""

    bl_idname = "ecavatar.open_pack"
    bl_label = "Install Pack from File"

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.zip", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Go on to the explanation."""
        how = "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"
        return bpy.ops.ecavatar.install_pack(how, filepath=self.filepath)


class ECAVATAR_OT_remove_pack(bpy.types.Operator):
    """Delete this installed model pack; avatars made with it stay as they are"""

    bl_idname = "ecavatar.remove_pack"
    bl_label = "Remove Pack"
    bl_options = {"INTERNAL"}

    pack: bpy.props.StringProperty(name="Pack", description="Name of its folder", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Delete it."""
        try:
            if self.pack not in [folder.name for folder in packs.found()]:
                raise InputError("there is no such pack", self.pack, "choose an installed one")
            pack_archive.remove(packs.folder() / self.pack)
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        packs.forget()
        return {"FINISHED"}


def choices(_self: Any, _context: Any) -> list[tuple[str, str, str, int]]:
    """Return the packs as items of an enum: the one that comes with the extension first."""
    shown[:] = [("DEFAULT", "Open", "The pack that comes with the extension", 0)]
    shown.extend((folder.name, folder.name, f"Installed in {folder}", number) for number, folder in enumerate(packs.found(), 1))
    return shown


class ECAVATAR_OT_choose_pack(bpy.types.Operator):
    """Choose the model pack that the next avatar is made with"""

    bl_idname = "ecavatar.choose_pack"
    bl_label = "Choose Model Pack"
    bl_options = {"REGISTER", "UNDO"}

    pack: bpy.props.EnumProperty(name="Pack", items=choices, description="An installed model pack")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Note it in the scene."""
        context.scene.ecavatar.pack = packs.WITH_EXTENSION if self.pack == "DEFAULT" else self.pack
        return {"FINISHED"}


class ECAVATAR_OT_download_pack(bpy.types.Operator):
    """Download a model pack of your catalogue; size, source and licence are shown first"""

    bl_idname = "ecavatar.download_pack"
    bl_label = "Download Pack"
    bl_options = {"INTERNAL"}

    catalogue: bpy.props.StringProperty(
        name="Catalogue", subtype="FILE_PATH", options={"SKIP_SAVE"}, description="File that lists packs")
    pack: bpy.props.StringProperty(name="Pack", options={"SKIP_SAVE"}, description="Name of the offered pack")

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Offer it where Blender may use the network."""
        if not bpy.app.online_access:
            cls.poll_message_set(f"{pack_downloads.OFFLINE[0]}: {pack_downloads.OFFLINE[2]}")
        elif pack_downloads.running():
            cls.poll_message_set("A pack is being downloaded")
        return bool(bpy.app.online_access) and not pack_downloads.running()

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Show what would be fetched and from where, and ask."""
        try:
            offered(self.catalogue, self.pack)
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return context.window_manager.invoke_props_dialog(self, width=WIDTH)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the offer."""
        for line in offer_lines(offered(self.catalogue, self.pack)):
            self.layout.label(text=line)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Start it; without a window (background mode), also wait for it."""
        try:
            run = pack_downloads.start(offered(self.catalogue, self.pack))
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if not bpy.app.background:
            bpy.app.timers.register(watch, first_interval=POLL, persistent=True)
            return {"FINISHED"}
        assert run.thread is not None
        run.thread.join()
        packs.forget()
        if run.state != "done":
            self.report({"ERROR"}, run.error or "the download was cancelled")
            return {"CANCELLED"}
        return {"FINISHED"}


class ECAVATAR_OT_cancel_download(bpy.types.Operator):
    """Stop the download; what has arrived is kept, and the next one goes on from there"""

    bl_idname = "ecavatar.cancel_download"
    bl_label = "Cancel Download"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ask it to stop."""
        if pack_downloads.current is not None:
            pack_downloads.current.cancel()
        return {"FINISHED"}


def watch() -> float | None:
    """Timer of a window: draw how the download gets on."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in ("PREFERENCES", "VIEW_3D"):
                area.tag_redraw()
    if pack_downloads.running():
        return POLL
    packs.forget()
    return None


def explained(path: Path) -> "Description":
    """Return what the zip at `path` says of itself, looked into once for each state of the file; raise ECAvatarError as `describe`."""
    try:
        return explained_at(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise InputError(f"there is no such pack ({error.strerror})", path, "choose an existing zip") from error


@lru_cache(maxsize=4)
def explained_at(path: Path, _changed: int) -> "Description":
    """Look into one state of a zip."""
    return pack_archive.describe(path)


def explanation(found: "Description") -> list[str]:
    """Return what an artist should know before he installs a pack."""
    lines = [f"{found.name} {found.version}, {found.size / MEGABYTE:.0f} MB", found.text,
             "All of it may be used for work that is sold." if found.commercial else
             "Parts of it may NOT be used for work that is sold:"]
    lines += [f"    {file.name}: {file.licence}{'' if file.commercial else ' (not for work that is sold)'}; {file.source}"
              for file in sorted(found.files, key=lambda file: (file.commercial, file.name))]
    return [line for line in lines if line]


def offer_lines(offer: "Offer") -> list[str]:
    """Return what an artist should know before he downloads a pack."""
    return [f"{offer.name} {offer.version}, {offer.size / MEGABYTE:.0f} MB from {offer.host}", offer.text, f"Licence: {offer.licence}",
            f"Source: {offer.source}", "The file is checked against the catalogue before it is installed."]


def offered(catalogue: str, name: str) -> "Offer":
    """Return the offer called `name` in a catalogue file; raise ECAvatarError when there is none."""
    path = Path(bpy.path.abspath(catalogue))
    for offer in pack_catalogue.read_catalogue(path):
        if offer.name == name:
            return offer
    raise InputError(f"the catalogue offers no pack {name!r}", path, "choose one that it lists")


CLASSES = (ECAVATAR_OT_install_pack, ECAVATAR_OT_open_pack, ECAVATAR_OT_remove_pack, ECAVATAR_OT_choose_pack,
           ECAVATAR_OT_download_pack, ECAVATAR_OT_cancel_download)
