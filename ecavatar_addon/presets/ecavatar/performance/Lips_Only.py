"""The lips alone move."""
import bpy

avatar = bpy.context.active_object.ecavatar.avatar

avatar.emotion.strength = 0.0
avatar.performance.blinks = 0.0
avatar.performance.gaze = 0.0
avatar.performance.head_motion = 0.0
