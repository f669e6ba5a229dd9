"""Further recordings of the voice, from which its manner is known apart from what it feels."""

from pathlib import Path

import bpy

from ..core.choices import MOST_RECORDINGS
from .photos import noted
from .properties import ECAVATAR_PG_scene


class ECAVATAR_OT_add_voices(bpy.types.Operator):
    """Choose further recordings of the same voice: the more there are, the better its emotions are told from its manner"""

    bl_idname = "ecavatar.add_voices"
    bl_label = "Add Recordings of This Voice"
    bl_options = {"UNDO"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: bpy.props.CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    filter_sound: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose files."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add those that are not there yet, as many as there is room for."""
        settings, folder = context.scene.ecavatar, Path(bpy.path.abspath(self.directory))
        known = set(paths(settings))
        new = [path for path in dict.fromkeys(folder / file.name for file in self.files if file.name) if path not in known]
        fitting = max(MOST_RECORDINGS - len(settings.voices), 0)
        for path in new[:fitting]:
            settings.voices.add().path = noted(path)
        if left := new[fitting:]:
            self.report({"WARNING"}, f"a voice is known from {MOST_RECORDINGS} recordings at most; "
                                     f"{', '.join(path.name for path in left)}; not added")
        return {"FINISHED"} if new else {"CANCELLED"}


class ECAVATAR_OT_remove_voice(bpy.types.Operator):
    """Take this recording off the list; the file stays"""

    bl_idname = "ecavatar.remove_voice"
    bl_label = "Remove Recording"
    bl_options = {"UNDO", "INTERNAL"}

    index: bpy.props.IntProperty(name="Index", description="Which of the further recordings, from 0", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it; one that is not there changes nothing."""
        context.scene.ecavatar.voices.remove(self.index)
        return {"FINISHED"}


def paths(settings: ECAVATAR_PG_scene) -> list[Path]:
    """Return the absolute paths of the further recordings; empty rows are left out."""
    return [Path(bpy.path.abspath(voice.path)) for voice in settings.voices if voice.path]


CLASSES = (ECAVATAR_OT_add_voices, ECAVATAR_OT_remove_voice)
