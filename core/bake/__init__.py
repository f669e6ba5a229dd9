"""From motion to keys: shapes and weights for Blender, few keys, blinks, gaze and head motion."""
