"""The operator that films the scene: an MP4 with the recording's sound, by Blender's own renderer."""

from pathlib import Path

import bpy

from ..core.errors import ECAvatarError, InputError

ENDING = ".mp4"


class ECAVATAR_OT_film(bpy.types.Operator):
    """Render the scene's frames with its engine and camera into a film with sound; the scene's output settings are set for that"""

    bl_idname = "ecavatar.film"
    bl_label = "Render Film with Sound"

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"}, description="A name that ends in .mp4")
    filter_glob: bpy.props.StringProperty(default=f"*{ENDING}", options={"HIDDEN"})
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Offer it where there is a camera, while nothing is rendered."""
        if context.scene.camera is None:
            cls.poll_message_set("The scene has no camera: press Frame Head in Look")
            return False
        rendering = bpy.app.is_job_running("RENDER")
        if rendering:
            cls.poll_message_set("Blender is rendering: wait for it, or cancel it")
        return not rendering

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose the file, by default beside the .blend."""
        if not self.filepath:
            self.filepath = bpy.path.abspath("//") + (Path(bpy.data.filepath).stem or "film") + ENDING
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context: bpy.types.Context) -> bool:
        """Let the file's name end as it must; whether that changed it."""
        before = self.filepath
        self.filepath = str(bpy.path.ensure_ext(before, ENDING))
        return self.filepath != before

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the output and render, in a window of its own where there are windows."""
        try:
            path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ENDING))
            set_output(context.scene, path)
            done = bpy.ops.render.render("EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT", animation=True)
            if "CANCELLED" in done:
                raise ECAvatarError("Blender has not rendered the film", path, "see what it reports, and render again")
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except RuntimeError as error:                       # what Blender's renderer reports
            self.report({"ERROR"}, str(error).strip())
            return {"CANCELLED"}
        return {"FINISHED"}


def set_output(target: bpy.types.Scene, path: Path) -> None:
    """Let the scene render into an MP4 file with sound; raise InputError when this Blender or the folder does not allow it."""
    if path.name in ("", ENDING):
        raise InputError("no file is chosen for the film", path.parent, f"choose a name that ends in {ENDING}")
    if not path.parent.is_dir():
        raise InputError("there is no such folder", path.parent, "choose an existing folder")
    render, settings = target.render, target.render.image_settings
    try:
        if hasattr(settings, "media_type"):                 # from Blender 5.0 on
            settings.media_type = "VIDEO"
        settings.file_format = "FFMPEG"
        render.ffmpeg.format, render.ffmpeg.codec, render.ffmpeg.audio_codec = "MPEG4", "H264", "AAC"
    except TypeError as error:
        raise InputError("this build of Blender writes no films", path, "render images, or use Blender from blender.org") from error
    render.ffmpeg.constant_rate_factor = "HIGH"
    render.filepath = str(path)


CLASSES = (ECAVATAR_OT_film,)
