"""Long passages that pass slowly into each other."""
import bpy

avatar = bpy.context.active_object.ecavatar.avatar

avatar.emotion.strength = 1.0
avatar.emotion.transition = 1.0
avatar.emotion.window = 6.0
avatar.emotion.sensitivity = 0.4
