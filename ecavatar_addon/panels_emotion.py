"""The sub-panel of an avatar's emotions: draws, decides nothing."""

from typing import Any

import bpy

from ..core.choices import HEARD
from ..core.errors import ECAvatarError
from . import lip_sync, presets, roots, thumbnails
from .late import emotion
from .panels import HEIGHT, OfAvatar, wrapped

FACE = 5.0                      # rows that a picture is high
TIME, NAME = 0.26, 0.58         # shares of a row's width: for its time, and for its emotion of what is left
ROWS = 4                        # of the list, at least


class ECAVATAR_UL_emotions(bpy.types.UIList):
    """Emotions of an avatar from first to last: from which second on, what, how strongly, how sure, and whether it is locked"""

    def draw_item(self, context: bpy.types.Context, layout: bpy.types.UILayout, _data: Any, item: Any, _icon: int, _active: Any,
                  _property: str) -> None:
        """Draw one row; the one at the current frame has a mark."""
        row = layout.split(factor=TIME)
        row.label(text=f"{item.start:.1f}", icon="PLAY" if shown_now(context, item) else "BLANK1")
        row = row.split(factor=NAME)
        row.label(text=f"{item.category.capitalize()} {item.level:.3g}")
        row = row.row(align=True)
        share = item.probabilities[HEARD.index(item.category)] if item.category in HEARD else 0.0
        if any(item.probabilities) and not (item.locked and share < max(item.probabilities)):
            row.progress(factor=share, text=f"{100 * share:.0f} %")
        else:
            row.label(icon="USER")                      # chosen, not heard
        row.prop(item, "locked", text="", icon="LOCKED" if item.locked else "UNLOCKED", emboss=False)


class ECAVATAR_PT_emotion(OfAvatar, bpy.types.Panel):
    """What the selected avatar feels, and when"""

    bl_label = "Emotion"
    bl_parent_id = "ECAVATAR_PT_voice"
    bl_order = 1
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """Draw the presets."""
        presets.EMOTION_LIST.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the strength, the list with its buttons, the selected emotion, and how emotions are heard."""
        root = roots.root_of(context.active_object)
        settings, layout = root.ecavatar.emotion, self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        if not settings.windows:
            wrapped(layout, context, "generate the avatar again to hear its emotions", "INFO")
            return
        column = layout.column()
        column.enabled = not lip_sync.generating(root)
        column.prop(settings, "strength")
        draw_list(column, settings)
        if 0 <= settings.active < len(settings.windows):
            draw_window(column, settings)
        if settings.said:
            wrapped(column, context, settings.said, "INFO")
        column.prop(settings, "transition")
        for name in ("window", "sensitivity", "level_by", "fusion"):
            column.prop(settings, name)
        row = column.row(align=True)
        row.scale_y = HEIGHT
        row.operator("ecavatar.hear_again", icon="SPEAKER")
        row.operator("ecavatar.update_emotion", text="", icon="FILE_REFRESH")


def draw_list(layout: bpy.types.UILayout, settings: Any) -> None:
    """Draw the windows and the buttons that change their number."""
    row = layout.row()
    row.template_list("ECAVATAR_UL_emotions", "", settings, "windows", settings, "active", rows=ROWS)
    buttons = row.column(align=True)
    buttons.operator("ecavatar.add_emotion", text="", icon="ADD")
    buttons.operator("ecavatar.remove_emotion", text="", icon="REMOVE")
    layout.operator("ecavatar.split_emotion", icon="MOD_EDGESPLIT")


def draw_window(layout: bpy.types.UILayout, settings: Any) -> None:
    """Draw the selected window: what is felt, from when to when, and what was heard."""
    window, last = settings.windows[settings.active], len(settings.windows) - 1
    column = layout.box().column()
    if thumbnails.complete():
        column.template_icon_view(window, "face", show_labels=True, scale=FACE, scale_popup=FACE)
    column.prop(window, "category")
    column.prop(window, "level", slider=True)
    for name, fixed in (("start", settings.active == 0), ("end", settings.active == last)):
        row = column.row()
        row.enabled = not fixed
        row.prop(window, name)
    column.prop(window, "locked")
    if any(window.probabilities):
        bars = column.column(align=True)
        for name, share in zip(HEARD, window.probabilities, strict=True):
            bars.progress(factor=share, text=f"{name.capitalize()} {100 * share:.0f} %")


def shown_now(context: bpy.types.Context, window: Any) -> bool:
    """Whether the current frame lies in this window of the avatar."""
    try:
        return bool(window.start <= emotion.time_at(window.id_data, context.scene.frame_current) < window.end)
    except ECAvatarError:
        return False


CLASSES = (ECAVATAR_UL_emotions, ECAVATAR_PT_emotion)
