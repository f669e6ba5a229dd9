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
    from ..core import (
        arrays,
        audio,
        bake,
        emotion_edits,
        files,
        head_model,
        image,
        job,
        lip_controls,
        mouth_rig,
        pack_archive,
        pack_catalogue,
        skin_optics,
    )
    from . import actions, animation, avatar, character, emotion, export, head, lights, motion_source, performance, skin, skin_nodes
else:
    actions, animation, avatar, character, emotion, export, head, lights, motion_source, performance, skin, skin_nodes = (
        Late(f".{name}") for name in ("actions", "animation", "avatar", "character", "emotion", "export", "head", "lights",
                                      "motion_source", "performance", "skin", "skin_nodes"))
    (arrays, audio, bake, emotion_edits, files, head_model, image, job, lip_controls, mouth_rig, pack_archive, pack_catalogue,
     skin_optics) = (
        Late(f"..core.{name}") for name in ("arrays", "audio", "bake", "emotion_edits", "files", "head_model", "image", "job",
                                            "lip_controls", "mouth_rig", "pack_archive", "pack_catalogue", "skin_optics"))
