"""The ECAvatar engine: photo and speech in, animated head out. Imports neither bpy nor torch."""
