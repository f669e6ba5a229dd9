"""Where the motion for an artist's own character comes from: an avatar's tracks as they are now, or a finished job folder."""

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..core.errors import InputError
from ..core.job import JobResult, read_result
from ..core.retarget import Performance
from ..core.shape_sources import SHAPES
from ..core.types import Floats
from . import animation, head
from .actions import STAMP, our_action, sample


@dataclass(frozen=True)
class Source:
    """What to play: a performance, the frames it lies on, the strength of its emotion, and the avatar's keys or job it comes from."""

    performance: Performance
    start: float
    strength: float
    keys: bpy.types.Key | None
    result: JobResult | None

    @property
    def stamp(self) -> dict[str, float]:
        """Return what our actions note."""
        return {"start": self.start, "end": self.start + len(self.performance.speech) - 1, "fps": self.performance.fps}


def avatars(target: bpy.types.Scene) -> list[bpy.types.Object]:
    """Return the roots of the scene's avatars."""
    return [candidate for candidate in target.objects if candidate.ecavatar.role == head.AVATAR]


def source_of(target: bpy.types.Object, where: bpy.types.Scene) -> Source:
    """Return what the mesh is to play: the avatar or the job folder chosen for it, else the scene's only avatar.

    Raises ECAvatarError when there is none, there are several, or the job is unfinished.
    """
    character, roots = target.ecavatar.character, avatars(where)
    root = character.avatar if character.avatar in roots else None
    if root is None and character.job:
        return from_job(read_result(Path(bpy.path.abspath(character.job))), where, 1.0)
    if root is None and len(roots) != 1:
        raise InputError("there are several avatars" if roots else "there is no avatar to take the motion from", where.name,
                         "choose one in Own Character" if roots else "generate one, or choose a finished job folder in Own Character")
    root = root or roots[0]
    skin = head.parts_of(root).get("skin")
    keys = skin.data.shape_keys if skin is not None else None
    if keys is None or our_action(keys, animation.SPEECH) is None:
        return from_job(read_result(Path(root.ecavatar.job)), where, root.ecavatar.emotion.strength)
    return from_keys(keys, root.ecavatar.emotion.strength)


def from_keys(keys: bpy.types.Key, strength: float) -> Source:
    """Return what an avatar's tracks hold, an artist's edits among it."""
    stamp = our_action(keys, animation.SPEECH)[STAMP].to_dict()
    frames = np.arange(stamp["start"], stamp["end"] + 1, dtype=np.float64)

    def layer(name: str) -> Floats:
        action = our_action(keys, name)
        if action is None:
            return np.zeros((len(frames), len(SHAPES)), np.float32)
        return sample(action, keys, SHAPES, frames) / np.float32(action[STAMP].get("gain", 1.0))

    speech, emotion, lips, blinks = map(layer, (animation.SPEECH, animation.EMOTION, animation.LIPS, animation.BLINKS))
    return Source(Performance(SHAPES, stamp["fps"], speech, emotion, lips, blinks), stamp["start"], strength, keys, None)


def from_job(result: JobResult, where: bpy.types.Scene, strength: float) -> Source:
    """Return what a finished job holds, from the scene's first frame on."""
    bake, fps = result.bake, float(result.bake["fps"])
    columns = [list(map(str, bake["names"])).index(name) for name in SHAPES]
    times = np.arange(len(bake["weights"])) / fps
    felt = np.stack([np.interp(times, bake["emotion_times"], column) for column in bake["emotion_weights"][:, columns].T], axis=1)
    blinks = np.zeros(felt.shape, np.float32)
    if len(bake["blinks"]):
        blinks[:, [SHAPES.index(name) for name in animation.LIDS]] = np.interp(times, *bake["blinks"].T)[:, None]
    speech, lips = bake["weights"][:, columns], bake["emotion_lips"][:, columns]
    performance = Performance(SHAPES, fps, speech, felt.astype(np.float32), lips, blinks)
    return Source(performance, float(where.frame_start), strength, None, result)
