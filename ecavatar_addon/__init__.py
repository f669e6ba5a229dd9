"""The Blender half of ECAvatar: everything that imports bpy, and nothing that computes a face."""

import bpy

from . import (
    batch,
    character_operators,
    clip_operators,
    emotion_operators,
    export_operators,
    jobs,
    lip_sync,
    look,
    operators,
    pack_downloads,
    pack_operators,
    packs,
    panels,
    panels_character,
    panels_clips,
    panels_emotion,
    panels_export,
    panels_look,
    panels_performance,
    photos,
    preferences,
    properties,
    properties_object,
    takes,
    thumbnails,
    voices,
)

MODULES = (properties, properties_object, photos, voices, lip_sync, operators, clip_operators, emotion_operators, takes,
           character_operators, export_operators, look, panels, panels_clips, panels_emotion, panels_performance, panels_look,
           panels_character, panels_export, pack_operators, preferences)


def register() -> None:
    """Load the pictures, register classes, then the two pointers and the command line."""
    thumbnails.load()
    for module in MODULES:
        for cls in module.CLASSES:
            bpy.utils.register_class(cls)
    properties.attach()
    properties_object.attach()
    batch.Commands.attach()


def unregister() -> None:
    """Stop the worker and leave nothing behind."""
    jobs.stop()
    batch.Commands.detach()
    pack_downloads.stop()
    packs.forget()
    properties_object.detach()
    properties.detach()
    for module in reversed(MODULES):
        for cls in reversed(module.CLASSES):
            bpy.utils.unregister_class(cls)
    thumbnails.free()
