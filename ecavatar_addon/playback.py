"""Listening to the recording that is chosen, before anything is made of it, by Blender's own audio library."""

from pathlib import Path
from typing import Any

import bpy

from ..core.errors import ECAvatarError, InputError

device: Any = None              # silent once nobody holds it
handle: Any = None              # of what plays, or has played last


def play(recording: Path) -> None:
    """Play a recording from its start; raise InputError when there is none, or when Blender cannot play it here."""
    global device, handle  # noqa: PLW0603 -- one loudspeaker a Blender, silent when the add-on is disabled
    stop()
    try:
        import aud  # Blender's audio library; some builds have none
    except ImportError as error:
        raise InputError("this build of Blender plays no sound", recording, "listen to the file in another program") from error
    try:
        sound = aud.Sound.file(str(recording))
        _ = sound.specs             # reads the file: what is missing or broken would be played as silence
        device = aud.Device()
        handle = device.play(sound)
    except (aud.error, OSError, RuntimeError) as error:  # type: ignore[misc]      # its stub knows no base class
        raise InputError(f"Blender cannot play the recording ({error})", recording,
                         "choose another file, or check the sound device in the preferences") from error


def playing() -> bool:
    """Whether something is heard."""
    return handle is not None and bool(handle.status)


def stop() -> None:
    """Be silent."""
    global device, handle  # noqa: PLW0603
    if handle is not None:
        handle.stop()
    device = handle = None


class ECAVATAR_OT_play_recording(bpy.types.Operator):
    """Listen to the recording; press it again to stop"""

    bl_idname = "ecavatar.play_recording"
    bl_label = "Play Recording"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Offer it when a recording is chosen."""
        chosen = bool(context.scene.ecavatar.audio)
        if not chosen:
            cls.poll_message_set("Choose a speech recording")
        return chosen

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Play it from its start, or stop it."""
        try:
            if playing():
                stop()
            else:
                play(Path(bpy.path.abspath(context.scene.ecavatar.audio)))
        except ECAvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (ECAVATAR_OT_play_recording,)
