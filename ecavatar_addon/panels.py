"""What the panels of the sidebar's tab share, and the one that generates: they draw and decide nothing.

The tab follows the order of work: Person, Voice, Generate, Perform, Look, Deliver.
"""

import math
import time
from pathlib import Path
from typing import Any

import blf
import bpy

from ..core.choices import AUTO
from . import jobs, packs, photos, roots
from .folders import job_path
from .operators import disabled_reason
from .properties_object import ECAVATAR_PG_object

STAGES = {"starting": "Starting", "head": "Building the head", "look": "Growing hair", "speech": "Listening to the speech",
          "emotion": "Hearing the emotions", "bake": "Making keyframes"}
DEAF = "this model pack hears no emotion in a voice: the face stays neutral unless you choose one"
NO_AVATAR = "generate an avatar, or select one"
HEIGHT = 1.4                    # of the button and of the progress bar that takes its place
FONT_SIZE, MARGIN = 11, 92      # of the interface, at scale 1: points, and pixels that icon and borders take


class Tab:
    """Where all panels are."""

    bl_space_type: Any = "VIEW_3D"
    bl_region_type: Any = "UI"
    bl_category = "ECAvatar"


class OfAvatar(Tab):
    """What the sub-panels of the active object's avatar have in common."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Show it for an avatar."""
        return roots.root_of(context.active_object) is not None


class ECAVATAR_PT_generate(Tab, bpy.types.Panel):
    """Photo and speech in, talking head out"""

    bl_label = "Generate"
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the progress, the button, what the user should know, and the options."""
        layout, settings = self.layout, context.scene.ecavatar
        workers = list(jobs.batch) or [worker for worker in (jobs.current,) if worker is not None]
        draw_progress(layout, workers)
        row = layout.row()
        row.scale_y = HEIGHT
        row.operator("ecavatar.generate", text="Generate Next" if jobs.busy() else "Generate", icon="USER")
        if reason := disabled_reason(context):
            wrapped(layout, context, reason, "INFO")
        if not packs.hears(settings) and settings.emotion == AUTO:
            wrapped(layout, context, DEAF, "INFO")
        draw_messages(layout, context, workers)
        header, body = layout.panel("ECAVATAR_generate_options", default_closed=True)
        header.label(text="Options")
        if body is not None:
            draw_options(body, context, workers)


def draw_options(layout: bpy.types.UILayout, context: bpy.types.Context, workers: list[jobs.Worker]) -> None:
    """Draw what few artists need: the model pack, dense keys, job folders from elsewhere, the log."""
    settings = context.scene.ecavatar
    layout.use_property_split = True
    layout.use_property_decorate = False
    if packs.found() or settings.pack:
        layout.operator_menu_enum("ecavatar.choose_pack", "pack", text=f"Model Pack: {settings.pack or 'Open'}", icon="PACKAGE")
    layout.prop(settings, "dense_keys")
    layout.operator("ecavatar.import_job", icon="IMPORT")
    if workers:
        draw_log(layout, workers[-1])


def draw_log(layout: bpy.types.UILayout, worker: jobs.Worker) -> None:
    """Draw a button that opens what a worker has logged, where it has."""
    if (log := Path(worker.folder) / jobs.LOG).is_file():
        layout.operator("wm.path_open", text="Show Log", icon="TEXT").filepath = str(log)


def has_head(target: bpy.types.Scene) -> bool:
    """Whether the photo's head is in the scene, or will be."""
    if not target.ecavatar.photo:
        return False
    home = job_path(photos.paths(target.ecavatar)[0])
    return roots.find_root(home, target) is not None or str(home) in jobs.folders()


def draw_progress(layout: bpy.types.UILayout, workers: list[jobs.Worker]) -> None:
    """Draw the avatar that is generated with its stage and the time left, and below it those that wait, each with a button that
    cancels it."""
    several = len(workers) > 1
    for worker in workers:
        if worker.state not in ("running", "waiting"):
            continue
        row = layout.row(align=True)
        if worker.state == "running":
            row.scale_y = HEIGHT
            stage = STAGES.get(worker.stage, worker.stage)
            row.progress(factor=worker.fraction, text=f"{name_of(worker)}: {stage}" if several else stage)
        else:
            row.label(text=f"{name_of(worker)} waits", icon="TIME")
        row.operator("ecavatar.cancel", text="", icon="CANCEL").number = worker.number
        if worker.state == "running" and (text := time_left(worker.seconds_left(time.monotonic()))):
            layout.label(text=text, icon="TIME")


def time_left(seconds: float | None) -> str:
    """Return how long it still takes, in words; "" while that cannot be said."""
    if seconds is None:
        return ""
    return f"About {math.ceil(seconds / 60)} min left" if seconds > 90 else f"About {math.ceil(seconds)} s left"


def draw_messages(layout: bpy.types.UILayout, context: bpy.types.Context, workers: list[jobs.Worker]) -> None:
    """Draw what went wrong, and what the artist should know, of each avatar by its name."""
    for worker in workers:
        about = f"{name_of(worker)}: " if len(workers) > 1 and (worker.state == "failed" or worker.warnings) else ""
        if worker.state == "failed":
            wrapped(layout, context, about + worker.error, "ERROR")
            if jobs.LOG in worker.error:        # it says that more stands there
                draw_log(layout, worker)
        for warning in worker.warnings:
            wrapped(layout, context, about + warning, "INFO")


def name_of(worker: jobs.Worker) -> str:
    """Return what the panel calls an avatar: its photo's name, as its folder bears it."""
    return Path(worker.folder).name.rpartition("-")[0] or Path(worker.folder).name


def shown_avatar(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the root of the active object's avatar, else that of the one generated last in this scene."""
    root = roots.root_of(context.active_object)
    if root is None and jobs.current is not None and jobs.current.state == "done":
        root = roots.find_root(jobs.current.folder, context.scene)
    return root


def likeness(avatar: ECAVATAR_PG_object) -> str:
    """Return how far an avatar's root can be trusted and what would help; "" where nobody has judged it."""
    if not avatar.confidence and not avatar.advice:
        return ""
    return f"Likeness {100 * avatar.confidence:.0f} %" + (f": {avatar.advice}" if avatar.advice else "")


def wrapped(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str) -> None:
    """Draw `text` in as many lines as the sidebar's width needs."""
    scale = context.preferences.system.ui_scale
    width = (context.region.width if context.region else 300) - MARGIN * scale
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in lines(text[:1].upper() + text[1:], width, FONT_SIZE * scale):
        column.label(text=line, icon=icon)
        icon = "BLANK1"


def lines(text: str, width: float, size: float) -> list[str]:
    """Return `text` broken into lines at most `width` pixels wide in the interface's font; a long path is broken anywhere."""
    blf.size(0, size)
    result = [""]
    for word in text.split():
        joined = f"{result[-1]} {word}".strip()
        if blf.dimensions(0, joined)[0] <= width:
            result[-1] = joined
            continue
        result.append("")
        for letter in word:
            if result[-1] and blf.dimensions(0, result[-1] + letter)[0] > width:
                result.append("")
            result[-1] += letter
    return [line for line in result if line]


CLASSES = (ECAVATAR_PT_generate,)
