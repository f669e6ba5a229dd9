"""The lips as the network moves them."""
import bpy

avatar = bpy.context.active_object.ecavatar.avatar

avatar.lip_sync.lip_strength = 1.0
avatar.lip_sync.jaw_strength = 1.0
avatar.lip_sync.tongue_strength = 1.0
avatar.lip_sync.lip_open = 0.0
avatar.lip_sync.lower_smoothing = 0.0
avatar.lip_sync.upper_smoothing = 0.0
avatar.lip_sync.sync_offset = 0.0
