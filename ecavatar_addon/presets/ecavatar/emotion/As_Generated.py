"""Emotions as they are heard."""
import bpy

avatar = bpy.context.active_object.ecavatar.avatar

avatar.emotion.strength = 1.0
avatar.emotion.transition = 0.4
avatar.emotion.window = 3.0
avatar.emotion.sensitivity = 0.5
