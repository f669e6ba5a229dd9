"""The mouth hardly opens."""
import bpy

avatar = bpy.context.active_object.ecavatar.avatar

avatar.lip_sync.lip_strength = 0.7
avatar.lip_sync.jaw_strength = 0.6
avatar.lip_sync.tongue_strength = 0.8
avatar.lip_sync.lip_open = -0.02
avatar.lip_sync.lower_smoothing = 0.03
avatar.lip_sync.upper_smoothing = 0.03
avatar.lip_sync.sync_offset = 0.0
