"""Everything as it was generated."""
import bpy

avatar = bpy.context.active_object.ecavatar.avatar

avatar.emotion.strength = 1.0
avatar.performance.blinks = 1.0
avatar.performance.gaze = 1.0
avatar.performance.head_motion = 1.0
