"""Files dropped onto the 3D view: a picture becomes the photo, a recording the speech."""

from collections.abc import Sequence
from pathlib import Path

import bpy

from ..core.errors import InputError
from . import photos

PICTURES = ".jpg;.jpeg;.png;.webp;.tif;.tiff;.bmp"
RECORDINGS = ".wav;.flac;.ogg;.oga;.opus;.mp3;.aif;.aiff;.m4a;.aac;.mp4;.mov"
OTHER, SAME = "OTHER", "SAME"


class Dropped:
    """What both operators have in common: the files that Blender hands over."""

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})

    def paths(self) -> list[Path]:
        """Return the files."""
        folder = Path(bpy.path.abspath(self.directory))
        return [folder / file.name for file in self.files if file.name]


class ECAVATAR_OT_drop_photos(Dropped, bpy.types.Operator):
    """Make the next avatar from these photos; several must show the same person"""

    bl_idname = "ecavatar.drop_photos"
    bl_label = "ECAvatar: Photo of the Person"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    person: bpy.props.EnumProperty(
        name="Person", default=OTHER, options={"SKIP_SAVE"}, description="Whom the photos show",
        items=((OTHER, "Another Person", "They replace the photos that are chosen"),
               (SAME, "The Same Person", "They are added to the photos that are chosen, and make the head better")))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask whom they show, where photos are chosen already."""
        if not context.scene.ecavatar.photo:
            return self.execute(context)
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the question."""
        self.layout.label(text="The photos show")
        self.layout.prop(self, "person", expand=True)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose them, and say what was not taken."""
        chosen = self.paths()
        if not chosen:
            return {"CANCELLED"}
        try:
            take_photos(context.scene, chosen, same=self.person == SAME)
        except InputError as error:
            self.report({"WARNING"}, str(error))
        return {"FINISHED"}


class ECAVATAR_OT_drop_recording(Dropped, bpy.types.Operator):
    """Let the next avatar say this recording"""

    bl_idname = "ecavatar.drop_recording"
    bl_label = "ECAvatar: Speech Recording"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose it, and say what was not taken."""
        chosen = self.paths()
        if not chosen:
            return {"CANCELLED"}
        context.scene.ecavatar.audio = photos.noted(chosen[0])
        if len(chosen) > 1:
            self.report({"WARNING"}, f"an avatar says one recording at a time; {', '.join(path.name for path in chosen[1:])}; "
                                     "generate, then drop the next")
        return {"FINISHED"}


class ECAVATAR_FH_photo(bpy.types.FileHandler):
    """Photos"""

    bl_idname = "ECAVATAR_FH_photo"
    bl_label = "Photo of the Person"
    bl_import_operator = "ecavatar.drop_photos"
    bl_file_extensions = PICTURES

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Take them in the 3D view."""
        return in_view(context)


class ECAVATAR_FH_recording(bpy.types.FileHandler):
    """Recordings"""

    bl_idname = "ECAVATAR_FH_recording"
    bl_label = "Speech Recording"
    bl_import_operator = "ecavatar.drop_recording"
    bl_file_extensions = RECORDINGS

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Take them in the 3D view."""
        return in_view(context)


def in_view(context: bpy.types.Context) -> bool:
    """Whether the mouse is in a 3D view."""
    return context.area is not None and context.area.type == "VIEW_3D"


def take_photos(target: bpy.types.Scene, chosen: Sequence[Path], *, same: bool) -> None:
    """Make `chosen` the photos of the next avatar, beside those there are if they show the same person.

    Raises InputError, after taking what there is room for, that names those which were too many.
    """
    settings = target.ecavatar
    if not same:
        settings.photo = ""
        settings.more_photos.clear()
    photos.add(settings, chosen)


CLASSES = (ECAVATAR_OT_drop_photos, ECAVATAR_OT_drop_recording, ECAVATAR_FH_photo, ECAVATAR_FH_recording)
