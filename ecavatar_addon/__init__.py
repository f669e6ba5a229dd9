"""The Blender half of ECAvatar: everything that imports bpy, and nothing that computes a face."""

import bpy

from . import (
    character_operators,
    emotion_operators,
    export_operators,
    jobs,
    lip_sync,
    look,
    operators,
    panels,
    panels_character,
    panels_emotion,
    panels_export,
    panels_look,
    panels_performance,
    photos,
    properties,
    takes,
    thumbnails,
    voices,
)

MODULES = (properties, photos, voices, lip_sync, operators, emotion_operators, takes, character_operators, export_operators, look,
           panels, panels_emotion, panels_performance, panels_look, panels_character, panels_export)


def register() -> None:
    """Load the pictures, register classes, then the two pointers."""
    thumbnails.load()
    for module in MODULES:
        for cls in module.CLASSES:
            bpy.utils.register_class(cls)
    properties.attach()


def unregister() -> None:
    """Stop the worker and leave nothing behind."""
    jobs.stop()
    properties.detach()
    for module in reversed(MODULES):
        for cls in reversed(module.CLASSES):
            bpy.utils.unregister_class(cls)
    thumbnails.free()
