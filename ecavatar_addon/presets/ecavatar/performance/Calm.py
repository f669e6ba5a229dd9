"""A quiet speaker."""
import bpy

avatar = bpy.context.active_object.ecavatar.avatar

avatar.emotion.strength = 0.6
avatar.performance.blinks = 1.0
avatar.performance.gaze = 0.6
avatar.performance.head_motion = 0.5
