"""Short passages with fast changes."""
import bpy

avatar = bpy.context.active_object.ecavatar.avatar

avatar.emotion.strength = 1.0
avatar.emotion.transition = 0.2
avatar.emotion.window = 2.0
avatar.emotion.sensitivity = 0.6
