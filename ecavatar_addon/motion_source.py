"""Where the motion for an artist's own character comes from: an avatar's tracks as they are now, or a finished job folder."""

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..core.arrays import to_performance
from ..core.errors import InputError
from ..core.gaze import eye_angles, look_weights
from ..core.job import JobResult, read_result
from ..core.retarget import AvatarMotion
from ..core.shape_sources import SHAPES
from ..core.types import Floats
from . import animation, head, performance
from .actions import STAMP, our_action, sample


@dataclass(frozen=True)
class Source:
    """What to play: a motion, the frames it lies on, the strength of its emotion, and the avatar's keys or job it comes from."""

    motion: AvatarMotion
    start: float
    strength: float
    keys: bpy.types.Key | None
    result: JobResult | None

    @property
    def stamp(self) -> dict[str, float]:
        """Return what our actions note."""
        return {"start": self.start, "end": self.start + len(self.motion.speech) - 1, "fps": self.motion.fps}


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

    layers = map(layer, (animation.SPEECH, animation.EMOTION, animation.LIPS, performance.BLINKS, performance.GAZE))
    return Source(AvatarMotion(SHAPES, stamp["fps"], *layers), stamp["start"], strength, keys, None)


def from_job(result: JobResult, where: bpy.types.Scene, strength: float) -> Source:
    """Return what a finished job holds, from the scene's first frame on."""
    bake, fps = result.bake, float(result.bake["fps"])
    columns = [list(map(str, bake["names"])).index(name) for name in SHAPES]
    times = np.arange(len(bake["weights"])) / fps
    felt = np.stack([np.interp(times, bake["emotion_times"], column) for column in bake["emotion_weights"][:, columns].T], axis=1)
    blinks = np.zeros(felt.shape, np.float32)
    if len(bake["blinks"]):
        blinks[:, [SHAPES.index(name) for name in animation.LIDS]] = np.interp(times, *bake["blinks"].T)[:, None]
    gaze = np.zeros(felt.shape, np.float32)
    moments, angles = eye_angles(to_performance(bake), head=0.0)                # this head does not turn
    for name, weights in look_weights(angles).items():
        gaze[:, SHAPES.index(name)] = np.interp(times, moments, weights)
    speech, lips = bake["weights"][:, columns], bake["emotion_lips"][:, columns]
    motion = AvatarMotion(SHAPES, fps, speech, felt.astype(np.float32), lips, blinks, gaze)
    return Source(motion, float(where.frame_start), strength, None, result)
