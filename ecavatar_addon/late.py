"""Modules that nobody needs before an artist presses or changes something, loaded then: Blender starts without them.

What registers (properties, operators, panels) takes functions of these from here, as `emotion.edit(...)`. Everybody else imports them
as usual.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any


class Late:
    """A module that is imported when one of its names is first asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self.name, __package__), attribute)


def reader(module: Any, name: str) -> Callable[[Any], Any]:
    """Return a function of one argument that calls that function of a module: what a property reads its value with."""
    def call(settings: Any) -> Any:
        return getattr(module, name)(settings)
    return call


def writer(module: Any, name: str) -> Callable[[Any, Any], Any]:
    """Return a function of two arguments that calls that function of a module: what a property writes with, or tells of a change."""
    def call(settings: Any, value: Any) -> Any:
        return getattr(module, name)(settings, value)
    return call


if TYPE_CHECKING:
    from ..core import arrays, files, job, pack_archive, pack_catalogue
    from ..core.bake import shape_keys
    from ..core.emotion import edits as emotion_edits
    from ..core.head import model as head_model
    from ..core.pictures import image
    from ..core.render import skin_optics
    from ..core.speech import audio, lip_controls, mouth_rig
    from . import actions, animation, avatar, character, emotion, export, head, lights, motion_source, performance, skin, skin_nodes
else:
    actions, animation, avatar, character, emotion, export, head, lights, motion_source, performance, skin, skin_nodes = (
        Late(f".{name}") for name in ("actions", "animation", "avatar", "character", "emotion", "export", "head", "lights",
                                      "motion_source", "performance", "skin", "skin_nodes"))
    arrays, files, job, pack_archive, pack_catalogue = (
        Late(f"..core.{name}") for name in ("arrays", "files", "job", "pack_archive", "pack_catalogue"))
    audio, lip_controls, mouth_rig = (Late(f"..core.speech.{name}") for name in ("audio", "lip_controls", "mouth_rig"))
    emotion_edits, head_model, image, shape_keys, skin_optics = (
        Late(f"..core.{name}") for name in ("emotion.edits", "head.model", "pictures.image", "bake.shape_keys", "render.skin_optics"))
