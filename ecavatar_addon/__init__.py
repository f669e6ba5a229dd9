"""The Blender half of ECAvatar: everything that imports bpy, and nothing that computes a face."""

import bpy

from . import (
    batch,
    character_operators,
    clip_operators,
    drops,
    emotion_operators,
    export_operators,
    film,
    jobs,
    lip_sync,
    look,
    menus,
    operators,
    pack_downloads,
    pack_operators,
    packs,
    panels,
    panels_character,
    panels_clips,
    panels_deliver,
    panels_emotion,
    panels_export,
    panels_lip_sync,
    panels_look,
    panels_performance,
    panels_person,
    panels_voice,
    photos,
    pictures,
    playback,
    preferences,
    presets,
    properties,
    properties_object,
    takes,
    thumbnails,
    voices,
)

MODULES = (properties, properties_object, photos, voices, playback, drops, lip_sync, operators, clip_operators, emotion_operators,
           takes, character_operators, export_operators, film, look, presets, panels_person, panels_voice, panels, panels_clips,
           panels_emotion, panels_performance, panels_lip_sync, panels_look, panels_deliver, panels_character, panels_export,
           pack_operators, menus, preferences)


def register() -> None:
    """Load the pictures, register classes, then the two pointers and the command line."""
    thumbnails.load()
    pictures.load()
    for module in MODULES:
        for cls in module.CLASSES:
            bpy.utils.register_class(cls)
    properties.attach()
    properties_object.attach()
    batch.Commands.attach()
    presets.attach()
    menus.attach()


def unregister() -> None:
    """Stop the worker and leave nothing behind."""
    jobs.stop()
    playback.stop()
    menus.detach()
    presets.detach()
    batch.Commands.detach()
    pack_downloads.stop()
    packs.forget()
    properties_object.detach()
    properties.detach()
    for module in reversed(MODULES):
        for cls in reversed(module.CLASSES):
            bpy.utils.unregister_class(cls)
    pictures.free()
    thumbnails.free()
