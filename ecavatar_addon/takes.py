"""Takes: another performance of the same recording, and how strong its parts are, as the artist sets them."""

from collections.abc import Callable
from typing import Any

import bpy

from ..core.choices import MOST_TAKES
from ..core.errors import ECAvatarError
from . import clips, lip_sync, roots
from .late import emotion, performance
from .reports import reported


class ECAVATAR_OT_new_take(lip_sync.ForAvatar, bpy.types.Operator):
    """Make other blinks, glances and head motions for the same speech; keys that you edited are first copied to another action"""

    bl_idname = "ecavatar.new_take"
    bl_label = "New Take"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Key them."""
        root = roots.root_of(context.active_object)
        return reported(self, lambda: retake(root, (root.ecavatar.performance.take + 1) % MOST_TAKES), level="INFO")


def retake(root: bpy.types.Object, take: int) -> list[str]:
    """Key another performance and return what the artist should know; raise ECAvatarError, and change nothing, when that cannot be."""
    performance.show(root, take)
    try:
        return performance.update(root, performance.performance_of(root, emotion.track_of(root)))
    except ECAvatarError:
        performance.show(root, root.ecavatar.performance.keyed)
        raise


def take_changed(settings: Any, _context: bpy.types.Context) -> None:
    """The artist chose another seed."""
    follow(settings, lambda root: retake(root, settings.take))


def strength_changed(settings: Any, _context: bpy.types.Context) -> None:
    """The artist moved one of the sliders."""
    follow(settings, lambda root: performance.strengthen(root, emotion.track_of(root)))


def follow(settings: Any, change: Callable[[bpy.types.Object], list[str]]) -> None:
    """Do what follows from a property the artist has changed; the panel says what he should know, as no operator can."""
    if settings.showing:
        return
    with clips.of(settings) as root:
        try:
            settings.said = " ".join(change(root))
        except ECAvatarError as error:
            settings.said = str(error)


CLASSES = (ECAVATAR_OT_new_take,)
