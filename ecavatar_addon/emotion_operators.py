"""Operators on an avatar's emotions: read properties, call one function, report."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ..core.choices import AUTO, MOST_LEVEL
from ..core.errors import JobError
from . import clips, jobs, lip_sync, roots
from .late import actions, animation, emotion, emotion_edits, job
from .operators import attend, result_of
from .properties import CATEGORIES, LEVEL
from .reports import reported

if TYPE_CHECKING:
    from ..core.types import EmotionTrack

Edit = Callable[["EmotionTrack"], tuple["EmotionTrack", int]]


class OnEmotions(lip_sync.ForAvatar):
    """What the operators here have in common: they change the windows, key them, and report."""

    def edit(self, context: bpy.types.Context, change: Edit) -> set[str]:
        """Show and key what `change` makes of the windows, and select the one it names."""
        root = roots.root_of(context.active_object)
        done = reported(self, lambda: emotion.edit(root, *change(emotion.track_of(root))))     # type: ignore[arg-type]
        if done == {"FINISHED"}:
            root.ecavatar.emotion.said = ""
        return done


class ECAVATAR_OT_split_emotion(OnEmotions, bpy.types.Operator):
    """Cut the emotion at the current frame in two, to change one of the parts"""

    bl_idname = "ecavatar.split_emotion"
    bl_label = "Split at Current Frame"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Split it and select the later part."""
        def change(track: "EmotionTrack") -> tuple["EmotionTrack", int]:
            time = now(context)
            return emotion_edits.split(track, time), emotion_edits.index_at(track, time) + 1

        return self.edit(context, change)


class ECAVATAR_OT_add_emotion(OnEmotions, bpy.types.Operator):
    """Begin another emotion at the current frame; it lasts until the next one begins"""

    bl_idname = "ecavatar.add_emotion"
    bl_label = "Add Emotion at Current Frame"
    bl_options = {"REGISTER", "UNDO"}

    category: bpy.props.EnumProperty(name="Emotion", items=CATEGORIES, default="happy", description="What is felt from here")
    level: bpy.props.FloatProperty(name="Level", min=0.0, max=MOST_LEVEL, default=2.0, step=10, precision=1, description=LEVEL)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose it."""
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Split there and choose for the later part."""
        def change(track: "EmotionTrack") -> tuple["EmotionTrack", int]:
            time = now(context)
            index, windows = emotion_edits.index_at(track, time) + 1, list(emotion_edits.split(track, time).windows)
            windows[index] = replace(windows[index], category=self.category, level=emotion.rounded(self.level), locked=True)
            return replace(track, windows=tuple(windows)), index

        return self.edit(context, change)


class ECAVATAR_OT_remove_emotion(OnEmotions, bpy.types.Operator):
    """Delete the selected emotion; the one before goes on in its place"""

    bl_idname = "ecavatar.remove_emotion"
    bl_label = "Delete Emotion"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Delete it and select the one that goes on."""
        active = roots.root_of(context.active_object).ecavatar.emotion.active
        return self.edit(context, lambda track: (emotion_edits.remove(track, active), max(active - 1, 0)))


class ECAVATAR_OT_update_emotion(OnEmotions, bpy.types.Operator):
    """Key this avatar's emotions anew from the list; keys that you edited are first copied to an action of their own"""

    bl_idname = "ecavatar.update_emotion"
    bl_label = "Update Emotion"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Key them."""
        active = roots.root_of(context.active_object).ecavatar.emotion.active
        return self.edit(context, lambda track: (track, active))


class ECAVATAR_OT_hear_again(lip_sync.ForAvatar, bpy.types.Operator):
    """Listen to the recording again for its emotions, in the background; locked ones stay, speech and head are not touched"""

    bl_idname = "ecavatar.hear_again"
    bl_label = "Hear Again"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Offer it while nothing is being generated."""
        running = jobs.busy()
        if running:
            cls.poll_message_set("An avatar is being generated")
        return not running and super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the worker; without a window (background mode), also wait for it."""
        return reported(self, lambda: attend(self, listen(roots.root_of(context.active_object)), context.scene, hear))


def now(context: bpy.types.Context) -> float:
    """Return the second of the active avatar's recording that the current frame shows."""
    return emotion.time_at(roots.root_of(context.active_object), context.scene.frame_current_final)


def listen(root: bpy.types.Object) -> jobs.Worker:
    """Start the worker on the avatar's own recording, with its settings and locked windows.

    Raises ECAvatarError when the job folder is gone or holds another recording, or when it cannot be started.
    """
    jobs.stop()                                 # forgets the last run and what it said
    lip_sync.motion_of(root)
    folder, strip = Path(root.ecavatar.job), actions.strip_of(emotion.keys_of(root), animation.EMOTION, root.ecavatar.number)
    replace(job.Request.read(folder), fps=strip.action[actions.STAMP]["fps"], controls=lip_sync.controls_of(root), emotion=AUTO,
            emotions=emotion.settings_of(root)).write(folder)
    return jobs.start(folder)


def hear(worker: jobs.Worker, target: bpy.types.Scene) -> None:
    """Take over the emotions that a worker has heard, and nothing else; raise ECAvatarError when it failed."""
    result = result_of(worker)
    root = roots.find_root(worker.folder, target)
    index = clips.place_of(root, worker.folder) if root is not None else None
    if root is None or index is None:
        raise JobError("the avatar whose emotions were heard is gone", worker.folder, "import it with Import Avatar Job")
    with clips.chosen(root, index):
        told = emotion.edit(root, result.felt, root.ecavatar.emotion.active)
        root.ecavatar.emotion.said = " ".join(told)


CLASSES = (ECAVATAR_OT_split_emotion, ECAVATAR_OT_add_emotion, ECAVATAR_OT_remove_emotion, ECAVATAR_OT_update_emotion,
           ECAVATAR_OT_hear_again)
