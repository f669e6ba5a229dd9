"""The panel of the recording and of what is felt in it: draws, decides nothing."""

import bpy

from ..core.choices import AUTO
from . import playback
from .panels import Tab, has_head
from .properties import ECAVATAR_PG_scene


class ECAVATAR_PT_voice(Tab, bpy.types.Panel):
    """What is said, and what is felt"""

    bl_label = "Voice"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the recording, where it goes on a head that is there, and the emotion."""
        layout, settings = self.layout, context.scene.ecavatar
        layout.use_property_split = True
        layout.use_property_decorate = False
        row = layout.row(align=True)
        row.prop(settings, "audio")
        row.operator("ecavatar.play_recording", text="", icon="PAUSE" if playback.playing() else "PLAY")
        if has_head(context.scene):
            layout.prop(settings, "placing")
        draw_emotion(layout, settings)


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


CLASSES = (ECAVATAR_PT_voice,)
