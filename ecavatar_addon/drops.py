"""Files dropped onto the 3D view: a picture becomes the photo, a recording the speech."""

from collections.abc import Sequence
from pathlib import Path

import bpy

from ..core.errors import InputError
from . import photos
from .operators import redraw

PICTURES = ".jpg;.jpeg;.png;.webp;.tif;.tiff;.bmp"
RECORDINGS = ".wav;.flac;.ogg;.oga;.opus;.mp3;.aif;.aiff;.m4a;.aac;.mp4;.mov"
OTHER, SAME = "OTHER", "SAME"


class ECAVATAR_OT_drop(bpy.types.Operator):
    """Make the next avatar from these photos, which must show the same person, and let it say this recording"""

    bl_idname = "ecavatar.drop"
    bl_label = "ECAvatar: Photo or Recording"
    bl_options = {"UNDO", "INTERNAL"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    person: bpy.props.EnumProperty(
        name="Person", default=OTHER, options={"SKIP_SAVE"}, description="Whom the photos show",
        items=((OTHER, "Another Person", "They replace the photos that are chosen"),
               (SAME, "The Same Person", "They are added to the photos that are chosen, and make the head better")))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask whom photos show, where some are chosen already."""
        if not (context.scene.ecavatar.photo and self.paths(PICTURES)):
            return self.execute(context)
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the question."""
        self.layout.label(text="The photos show")
        self.layout.prop(self, "person", expand=True)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose them, and say what was not taken."""
        pictures, recordings = self.paths(PICTURES), self.paths(RECORDINGS)
        try:
            if pictures:
                take_photos(context.scene, pictures, same=self.person == SAME)
        except InputError as error:
            self.report({"WARNING"}, str(error))
        if recordings:
            context.scene.ecavatar.audio = photos.noted(recordings[0])
        if len(recordings) > 1:
            self.report({"WARNING"}, f"an avatar says one recording at a time; {', '.join(path.name for path in recordings[1:])}; "
                                     "generate, then drop the next")
        if other := [file.name for file in self.files if file.name and not of_kind(file.name, PICTURES + ";" + RECORDINGS)]:
            self.report({"WARNING"}, f"neither a photo nor a recording; {', '.join(other)}; not taken")
        redraw(context)                         # the mouse is elsewhere: Blender would go on showing the empty fields
        return {"FINISHED"} if pictures or recordings else {"CANCELLED"}

    def paths(self, endings: str) -> list[Path]:
        """Return those of the files that Blender hands over which have one of these endings."""
        folder = Path(bpy.path.abspath(self.directory))
        return [folder / file.name for file in self.files if of_kind(file.name, endings)]


class ECAVATAR_FH_files(bpy.types.FileHandler):
    """Photos and recordings: one handler takes both, as Blender hands files that are dropped together to one"""

    bl_idname = "ECAVATAR_FH_files"
    bl_label = "ECAvatar: Photo or Recording"
    bl_import_operator = "ecavatar.drop"
    bl_file_extensions = f"{PICTURES};{RECORDINGS}"

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Take them in the 3D view."""
        return context.area is not None and context.area.type == "VIEW_3D"


def of_kind(name: str, endings: str) -> bool:
    """Whether a file's name has one of these endings, which are as in ".jpg;.png"."""
    return Path(name).suffix.lower() in endings.split(";")


def take_photos(target: bpy.types.Scene, chosen: Sequence[Path], *, same: bool) -> None:
    """Make `chosen` the photos of the next avatar, beside those there are if they show the same person.

    Raises InputError, after taking what there is room for, that names those which were too many.
    """
    settings = target.ecavatar
    if not same:
        settings.photo = ""
        settings.more_photos.clear()
    photos.add(settings, chosen)


CLASSES = (ECAVATAR_OT_drop, ECAVATAR_FH_files)
