"""One to five photos of a person: the main one, and a list of further ones."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import bpy

from ..core.choices import MOST_PHOTOS
from ..core.errors import InputError
from .properties import ECAVATAR_PG_scene


class ECAVATAR_OT_add_photos(bpy.types.Operator):
    """Choose further photos of the same person, up to five in all: from the side, up to 45 degrees, they show the profile"""

    bl_idname = "ecavatar.add_photos"
    bl_label = "Add Photo"
    bl_options = {"UNDO"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Offer it while there is room."""
        if full := room(context.scene.ecavatar) == 0:
            cls.poll_message_set(f"A head is made from {MOST_PHOTOS} photos at most: remove one first")
        return not full

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose files."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add what was chosen, and say what was not added."""
        folder = Path(bpy.path.abspath(self.directory))
        chosen = [folder / file.name for file in self.files if file.name]
        try:
            add(context.scene.ecavatar, chosen)
        except InputError as error:
            self.report({"WARNING"}, str(error))
        return {"FINISHED"} if chosen else {"CANCELLED"}


class ECAVATAR_OT_remove_photo(bpy.types.Operator):
    """Take this photo off the list; the file stays"""

    bl_idname = "ecavatar.remove_photo"
    bl_label = "Remove Photo"
    bl_options = {"UNDO", "INTERNAL"}

    index: bpy.props.IntProperty(name="Index", description="Which of the further photos, from 0", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        further = context.scene.ecavatar.more_photos
        if not 0 <= self.index < len(further):
            self.report({"ERROR"}, f"there is no further photo {self.index}; the list has {len(further)}; count from 0")
            return {"CANCELLED"}
        further.remove(self.index)
        return {"FINISHED"}


def paths(settings: ECAVATAR_PG_scene) -> list[Path]:
    """Return the absolute paths of all photos, the main one first."""
    return [Path(bpy.path.abspath(path)) for path in (settings.photo, *(further.path for further in settings.more_photos))]


def room(settings: ECAVATAR_PG_scene) -> int:
    """Return how many further photos can be added."""
    return max(MOST_PHOTOS - 1 - len(settings.more_photos), 0)


def add(settings: ECAVATAR_PG_scene, chosen: Sequence[Path]) -> None:
    """Add photos that are not there yet; the first becomes the main photo when there is none.

    Raises InputError, after adding what there is room for, that names those which were too many.
    """
    known = set(paths(settings))
    new = [path for path in dict.fromkeys(chosen) if path not in known]
    if new and not settings.photo:
        settings.photo = noted(new.pop(0))
    fitting = room(settings)
    for path in new[:fitting]:
        settings.more_photos.add().path = noted(path)
    if left := new[fitting:]:
        raise InputError(f"a head is made from {MOST_PHOTOS} photos at most", ", ".join(path.name for path in left),
                         f"{'they were' if len(left) > 1 else 'it was'} not added")


def noted(path: Path) -> str:
    """Return `path` as Blender's own file fields note it: relative to the .blend where the preferences say so."""
    if bpy.data.filepath and bpy.context.preferences.filepaths.use_relative_paths:
        with suppress(ValueError):              # on another drive than the .blend
            return str(bpy.path.relpath(str(path)))
    return str(path)


CLASSES = (ECAVATAR_OT_add_photos, ECAVATAR_OT_remove_photo)
