"""Operators: read properties, call one function, report."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import bpy

from ..core.choices import AUTO
from ..core.errors import ECAvatarError, InputError, JobError
from . import clips, jobs, lip_sync, packs, photos, roots, scene, sound, voices
from .folders import further_folder, job_folder, job_path
from .late import avatar, emotion, job, lip_controls
from .properties import PLACINGS, ECAVATAR_PG_scene
from .reports import reported

POLL = 0.25                     # seconds between looks at the worker
# takes the result of a worker in; returns the avatar whose picture has to be drawn, if there is one
Take = Callable[[jobs.Worker, bpy.types.Scene], bpy.types.Object | None]


def disabled_reason(context: bpy.types.Context) -> str:
    """Return why nothing can be generated now, "" when it can."""
    settings = context.scene.ecavatar
    if not settings.photo:
        return "choose a photo of a face"
    if not settings.audio:
        return "choose a speech recording"
    problem = missing(settings)
    return str(problem) if problem else ""


def missing(settings: ECAVATAR_PG_scene) -> ECAvatarError | None:
    """Return what is wrong with the first photo or recording, or the model pack, that is not there."""
    recording = Path(bpy.path.abspath(settings.audio))
    for number, path in enumerate((settings.photo, *(further.path for further in settings.more_photos)), 1):
        if not path:
            return InputError(f"photo {number} is empty", "", "choose a file or remove it")
    recordings = (recording, *(voices.paths(settings) if settings.emotion == AUTO else ()))
    for path, what in (*((photo, "photo") for photo in photos.paths(settings)), *((path, "recording") for path in recordings)):
        if not os.path.isfile(path):            # noqa: PTH113 -- Path.is_file raises for names that are too long
            return InputError(f"there is no such {what}", path, "choose an existing file")
    try:
        packs.chosen(settings)
    except ECAvatarError as error:
        return error
    return None


class ECAVATAR_OT_generate(bpy.types.Operator):
    """Make a talking head from the photos and the recording, in the background; several are made one after the other"""

    bl_idname = "ecavatar.generate"
    bl_label = "Generate Talking Head"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Offer it when the inputs are chosen."""
        if reason := disabled_reason(context):
            cls.poll_message_set(reason[:1].upper() + reason[1:])
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start or queue the worker; without a window (background mode), also wait for it and import its result."""
        def generate() -> None:
            take = take_of(context.scene)
            worker = start(context.scene)
            if worker.state == "waiting":
                self.report({"INFO"}, "The avatar is generated after those before it")
            attend(self, worker, context.scene, take)

        return reported(self, generate)


class ECAVATAR_OT_cancel(bpy.types.Operator):
    """Stop generating; what is finished is kept for the next time"""

    bl_idname = "ecavatar.cancel"
    bl_label = "Cancel Generating"

    number: bpy.props.IntProperty(
        name="Number", default=-1, options={"SKIP_SAVE"}, description="Of the avatar in the queue; -1 is the one that is generated")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """End the worker."""
        chosen = [worker for worker in jobs.batch if worker.number == self.number]
        worker = chosen[0] if chosen else jobs.current if self.number == -1 else None
        if worker is not None:
            worker.cancel()
        redraw(context)
        return {"FINISHED"}


class ECAVATAR_OT_import_job(bpy.types.Operator):
    """Import a finished job folder, for example one made on the command line"""

    bl_idname = "ecavatar.import_job"
    bl_label = "Import Avatar Job"
    bl_options = {"REGISTER", "UNDO"}

    directory: bpy.props.StringProperty(name="Job", subtype="DIR_PATH", description="Folder with a manifest.json")
    placing: bpy.props.EnumProperty(
        name="As", description="An avatar of its own, or a further clip of the active object's avatar",
        items=((clips.REPLACE, "Avatar", "An avatar; one of this job is brought up to date"), *PLACINGS[1:]))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Import it into the scene."""
        try:
            result = job.read_result(Path(bpy.path.abspath(self.directory)))
            told = take_in(result, context, self.placing)
            if not Path(result.audio).is_file():
                told.append(f"the recording is gone, so there is no sound; {result.audio}; put it back and import again")
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for text in told:
            self.report({"WARNING"}, text)
        return {"FINISHED"}


def take_in(result: "job.JobResult", context: bpy.types.Context, placing: str) -> list[str]:
    """Import a result as an avatar, or as a further clip of the active object's one, and return what the artist should know; raise
    ECAvatarError when it cannot be."""
    told: list[str] = []
    if placing == clips.REPLACE:
        avatar.import_avatar(result, context.scene, told)
        return told
    root = roots.root_of(context.active_object)
    if root is None:
        raise InputError("no avatar is selected that the clip could go to", result.folder, "select one, or import it as an avatar")
    avatar.add_clip(root, result, context.scene, told, frame=context.scene.frame_current if placing == clips.PLAYHEAD else None)
    return told


def take_of(target: bpy.types.Scene) -> Take:
    """Return what is to take in the result of the scene's inputs: as a further clip of the photo's avatar, or as an avatar."""
    settings = target.ecavatar
    home = job_path(photos.paths(settings)[0])
    if settings.placing == clips.REPLACE or (roots.find_root(home, target) is None and str(home) not in jobs.folders()):
        return finish
    return partial(finish_clip, home=home, frame=target.frame_current if settings.placing == clips.PLAYHEAD else None)


def start(target: bpy.types.Scene) -> jobs.Worker:
    """Ask for an avatar of the scene's inputs, or a further clip of one, and return its worker; raise ECAvatarError if that fails.

    A further recording for an avatar is generated in a folder of its own.
    """
    settings = target.ecavatar
    if problem := missing(settings):
        raise problem
    photo, *more = photos.paths(settings)
    home = job_folder(photo)
    root = roots.find_root(home, target)
    further = settings.placing != clips.REPLACE and (root is not None or str(home) in jobs.folders())
    folder = home
    recording = Path(bpy.path.abspath(settings.audio))
    if further:
        folder = further_folder(home, recording, taken=jobs.folders())
    elif root is not None:
        folder = Path(root.ecavatar.job)
    readable = sound.readable(recording, folder)
    controls = lip_sync.controls_of(root) if root is not None else lip_controls.LipControls()
    chosen = AUTO if settings.emotion == AUTO else f"{settings.emotion}:{emotion.rounded(settings.emotion_level):g}"
    request = job.Request(
        str(photo), str(readable), packs.chosen(settings), scene.frames_per_second(target), tuple(map(str, more)), controls, chosen,
        emotion.settings_for(root, readable, further=further), tuple(map(str, voices.paths(settings) if chosen == AUTO else ())),
        root.ecavatar.performance.take if root is not None and not further else 0, hair=settings.hair,
        fringe=settings.fringe, parting=settings.parting, waves=settings.waves, hairline=settings.hairline,
        few_keys=not settings.dense_keys)
    return jobs.submit(folder, request)


def finish(worker: jobs.Worker, target: bpy.types.Scene) -> bpy.types.Object:
    """Import the result of a worker that has ended, show the avatar and return its root; raise ECAvatarError when it failed."""
    root = avatar.import_avatar(result_of(worker), target, worker.warnings, as_asked=True)
    if not bpy.app.background:
        scene.show(bpy.context, target, root)
    return root


def finish_clip(worker: jobs.Worker, target: bpy.types.Scene, *, home: Path, frame: int | None) -> None:
    """Let the avatar of the folder `home` speak the result of a worker that has ended too; raise ECAvatarError when it failed."""
    result, root = result_of(worker), roots.find_root(home, target)
    if root is None:
        raise JobError("the avatar that the clip was generated for is gone", worker.folder, "import it with Import Avatar Job")
    avatar.add_clip(root, result, target, worker.warnings, frame=frame)


def result_of(worker: jobs.Worker) -> "job.JobResult":
    """Return the result of a worker that has ended; raise ECAvatarError when it failed."""
    if worker.state != "done":
        raise JobError(worker.error)
    return job.read_result(worker.folder)


def attend(operator: bpy.types.Operator, worker: jobs.Worker, target: bpy.types.Scene, take: Take) -> None:
    """Let `take` have the worker when it has ended; without a window (background mode) wait for it, and report what it warned of.

    Raises what `take` raises, if it is waited for.
    """
    if bpy.app.background:
        while worker.poll() in ("running", "waiting"):
            time.sleep(POLL)
        take(worker, target)
        for warning in worker.warnings:
            operator.report({"WARNING"}, warning)
    else:
        worker.awaited = True
        uid, label = target.session_uid, operator.bl_label
        bpy.app.timers.register(lambda: watch(worker, uid, take, label), first_interval=POLL, persistent=True)


def watch(worker: jobs.Worker, scene_uid: int, take: Take = finish, label: str = "Generate Avatar") -> float | None:
    """Timer of a window: look at the worker; at its end take its result in as one undo step."""
    state = worker.poll()
    if state == "done":
        if bpy.app.is_job_running("RENDER"):                    # nothing is changed under a render's feet
            return POLL
        target = scene.find(scene_uid)
        try:
            if target is None:
                raise JobError("the scene it was generated for is closed", worker.folder, "import it with Import Avatar Job")
            take(worker, target)
            bpy.ops.ed.undo_push(message=label)
        except ECAvatarError as error:
            worker.state, worker.error = "failed", str(error)
        except Exception:
            worker.state, worker.error = "failed", "an internal error; Blender's console; please report it with what stands there"
            raise
        finally:
            worker.awaited = False
            redraw(bpy.context)
    redraw(bpy.context)
    return POLL if worker.state in ("running", "waiting") else None


def redraw(context: bpy.types.Context) -> None:
    """Draw every 3D view's sidebar again."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


CLASSES = (ECAVATAR_OT_generate, ECAVATAR_OT_cancel, ECAVATAR_OT_import_job)
