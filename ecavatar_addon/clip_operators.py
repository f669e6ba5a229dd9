"""Operators on an avatar's clips: read properties, call one function, report."""

from dataclasses import replace
from pathlib import Path

import bpy

from ..core.errors import InputError
from . import clips, jobs, lip_sync, roots, scene
from .late import emotion, job
from .operators import attend, finish
from .reports import reported


class ECAVATAR_OT_generate_clip(lip_sync.ForAvatar, bpy.types.Operator):
    """Generate the selected clip again from its photos and recording, in the background; it stays in its place, others as they are"""

    bl_idname = "ecavatar.generate_clip"
    bl_label = "Generate Again"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Offer it while nothing is being generated."""
        running = jobs.busy()
        if running:
            cls.poll_message_set("An avatar is being generated")
        return not running and super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the worker; without a window (background mode), also wait for it and import its result."""
        root = roots.root_of(context.active_object)
        return reported(self, lambda: attend(self, generate(root, context.scene), context.scene, finish))


class ECAVATAR_OT_remove_clip(lip_sync.ForAvatar, bpy.types.Operator):
    """Take the selected clip off the head, with its strips and its sound; keys that you edited are kept as actions of their own"""

    bl_idname = "ecavatar.remove_clip"
    bl_label = "Remove Clip"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Offer it where another clip is left."""
        if not super().poll(context):
            return False
        several = len(roots.root_of(context.active_object).ecavatar.clips) > 1
        if not several:
            cls.poll_message_set("The only clip stays: delete the avatar's collection instead")
        return several

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it and show the current frame."""
        root = roots.root_of(context.active_object)
        for text in clips.remove(root, min(root.ecavatar.active_clip, len(root.ecavatar.clips) - 1)):
            self.report({"WARNING"}, text)
        context.scene.frame_set(context.scene.frame_current, subframe=context.scene.frame_subframe)
        return {"FINISHED"}


def generate(root: bpy.types.Object, target: bpy.types.Scene) -> jobs.Worker:
    """Start the worker on the selected clip's own photos and recording, with its settings, the scene's hair and frame rate.

    Raises ECAvatarError when the job folder or the recording is gone, or when it cannot be started.
    """
    jobs.stop()                                 # forgets the last run and what it said
    settings = target.ecavatar
    folder = Path(root.ecavatar.job)
    request = job.Request.read(folder)
    recording = Path(request.audio)
    if not recording.is_file():
        raise InputError("the clip's recording is gone", recording, "put it back, or choose another one and press Generate")
    replace(request, fps=scene.frames_per_second(target), controls=lip_sync.controls_of(root),
            emotions=emotion.settings_for(root, recording), take=root.ecavatar.performance.take,
            hair=settings.hair, fringe=settings.fringe, parting=settings.parting, waves=settings.waves,
            hairline=settings.hairline).write(folder)
    return jobs.start(folder)


CLASSES = (ECAVATAR_OT_generate_clip, ECAVATAR_OT_remove_clip)
