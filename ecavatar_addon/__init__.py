"""The Blender half of ECAvatar: everything that imports bpy, and nothing that computes a face."""

import bpy

from . import emotion_operators, jobs, lip_sync, operators, panels, panels_emotion, photos, properties, voices

MODULES = (properties, photos, voices, lip_sync, operators, emotion_operators, panels, panels_emotion)


def register() -> None:
    """Register classes, then the two pointers."""
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
