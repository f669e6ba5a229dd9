"""Every sound is formed clearly."""
import bpy

avatar = bpy.context.active_object.ecavatar.avatar

avatar.lip_sync.lip_strength = 1.2
avatar.lip_sync.jaw_strength = 1.15
avatar.lip_sync.tongue_strength = 1.2
avatar.lip_sync.lip_open = 0.02
avatar.lip_sync.lower_smoothing = 0.0
avatar.lip_sync.upper_smoothing = 0.0
avatar.lip_sync.sync_offset = 0.0
