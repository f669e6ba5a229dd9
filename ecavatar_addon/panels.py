"""The sidebar tab: draws, decides nothing."""

from pathlib import Path

import blf
import bpy

from ..core.job import AUTO
from . import jobs, lip_sync, packs, photos, roots
from .folders import job_path
from .operators import disabled_reason
from .properties import ECAVATAR_PG_scene
from .properties_object import ECAVATAR_PG_object

STAGES = {"starting": "Starting", "head": "Building the head", "speech": "Listening to the speech",
          "emotion": "Hearing the emotions", "bake": "Making keyframes"}
DEAF = "this model pack hears no emotion in a voice: the face stays neutral unless you choose one"
HEIGHT = 1.4                    # of the button and of the progress bar that takes its place
FONT_SIZE, MARGIN = 11, 92      # of the interface, at scale 1: points, and pixels that icon and borders take


class ECAVATAR_PT_generate(bpy.types.Panel):
    """Photo and speech in, talking head out"""

    bl_label = "ECAvatar"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "ECAvatar"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw inputs, then the button or the progress, then what the user should know."""
        layout, settings = self.layout, context.scene.ecavatar
        layout.use_property_split = True
        layout.use_property_decorate = False
        workers = list(jobs.batch) or [worker for worker in (jobs.current,) if worker is not None]
        draw_photos(layout, settings)
        layout.prop(settings, "audio")
        if has_head(context.scene):
            layout.prop(settings, "placing")
        draw_emotion(layout, settings)
        if not packs.hears(settings) and settings.emotion == AUTO:
            wrapped(layout, context, DEAF, "INFO")
        layout.prop(settings, "hair")
        layout.prop(settings, "dense_keys")
        if packs.found() or settings.pack:
            layout.operator_menu_enum("ecavatar.choose_pack", "pack", text=f"Model Pack: {settings.pack or 'Open'}", icon="PACKAGE")
        draw_progress(layout, workers)
        row = layout.row(align=True)
        row.scale_y = HEIGHT
        row.operator("ecavatar.generate", text="Generate Next" if jobs.busy() else "Generate", icon="USER")
        row.operator("ecavatar.import_job", text="", icon="IMPORT")
        if reason := disabled_reason(context):
            wrapped(layout, context, reason, "INFO")
        draw_messages(layout, context, workers)
        if (root := shown_avatar(context)) and (text := likeness(root.ecavatar)):
            wrapped(layout, context, text, "USER")


class OfAvatar:
    """What the sub-panels of the active object's avatar have in common."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Show it for an avatar."""
        return roots.root_of(context.active_object) is not None


class ECAVATAR_PT_lip_sync(OfAvatar, bpy.types.Panel):
    """How the selected avatar's lips follow its speech"""

    bl_label = "Lip Sync"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "ECAvatar"
    bl_parent_id = "ECAVATAR_PT_generate"
    bl_order = 1
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the sliders, the shapes with a gain of their own, and the buttons."""
        root = roots.root_of(context.active_object)
        settings, layout = root.ecavatar.lip_sync, self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.enabled = not lip_sync.generating(root)
        for name in lip_sync.SLIDERS:
            column.prop(settings, name)
        for index, shape in enumerate(settings.shapes):
            row = column.row(align=True)
            row.label(text=shape.name, icon="SHAPEKEY_DATA")
            row.operator("ecavatar.remove_shape", text="", icon="X").index = index
            row = column.row(align=True)
            row.use_property_split = False
            row.prop(shape, "gain")
            row.prop(shape, "offset")
        column.operator("ecavatar.add_shape", icon="ADD")
        row = column.row(align=True)
        row.scale_y = HEIGHT
        row.operator("ecavatar.update_motion", icon="FILE_REFRESH")
        row.operator("ecavatar.reset_lip_sync", text="", icon="LOOP_BACK")


def has_head(target: bpy.types.Scene) -> bool:
    """Whether the photo's head is in the scene, or will be."""
    if not target.ecavatar.photo:
        return False
    home = job_path(photos.paths(target.ecavatar)[0])
    return roots.find_root(home, target) is not None or str(home) in jobs.folders()


def draw_progress(layout: bpy.types.UILayout, workers: list[jobs.Worker]) -> None:
    """Draw the avatar that is generated with its stage, and below it those that wait, each with a button that cancels it."""
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


def draw_messages(layout: bpy.types.UILayout, context: bpy.types.Context, workers: list[jobs.Worker]) -> None:
    """Draw what went wrong, and what the artist should know, of each avatar by its name."""
    for worker in workers:
        about = f"{name_of(worker)}: " if len(workers) > 1 and (worker.state == "failed" or worker.warnings) else ""
        if worker.state == "failed":
            wrapped(layout, context, about + worker.error, "ERROR")
        for warning in worker.warnings:
            wrapped(layout, context, about + warning, "INFO")


def name_of(worker: jobs.Worker) -> str:
    """Return what the panel calls an avatar: its photo's name, as its folder bears it."""
    return Path(worker.folder).name.rpartition("-")[0] or Path(worker.folder).name


def draw_photos(layout: bpy.types.UILayout, settings: ECAVATAR_PG_scene) -> None:
    """Draw the photos, numbered as the engine's warnings number them, and a button for more."""
    layout.prop(settings, "photo")
    for index, further in enumerate(settings.more_photos):
        row = layout.row(align=True)
        row.prop(further, "path", text=f"Photo {index + 2}")
        row.operator("ecavatar.remove_photo", text="", icon="X").index = index
    layout.operator("ecavatar.add_photos", icon="ADD")


def draw_emotion(layout: bpy.types.UILayout, settings: ECAVATAR_PG_scene) -> None:
    """Draw what the next avatar feels: a level where it is chosen, further recordings of the voice where it is heard."""
    layout.prop(settings, "emotion")
    if settings.emotion != AUTO:
        layout.prop(settings, "emotion_level", slider=True)
        return
    for index, voice in enumerate(settings.voices):
        row = layout.row(align=True)
        row.prop(voice, "path", text=f"Recording {index + 2}")
        row.operator("ecavatar.remove_voice", text="", icon="X").index = index
    layout.operator("ecavatar.add_voices", icon="ADD")


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


CLASSES = (ECAVATAR_PT_generate, ECAVATAR_PT_lip_sync)
