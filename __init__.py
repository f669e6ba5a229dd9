"""ECAvatar: Blender loads the add-on from here."""
from .ecavatar_addon import register, unregister  # noqa: F401
