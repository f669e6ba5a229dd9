"""Where the motion for an artist's own character comes from: an avatar's tracks as they are now, or a finished job folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.arrays import to_performance
from ..core.bake.gaze import eye_angles, look_weights
from ..core.character.retarget import AvatarMotion
from ..core.character.shape_sources import SHAPES
from ..core.errors import ECAvatarError, InputError
from ..core.job import JobResult, read_result
from ..core.types import Floats, Performance
from . import animation, clips, emotion, head, performance
from .actions import FIRST, STAMP, is_edited, our_action, sample


@dataclass(frozen=True)
class Source:
    """What to play: a motion, the frames it lies on, how strong the tracks with sliders are, and whose keys or job it comes from.

    clip: its number; before, after: frames of the leads from and to rest.
    """

    motion: AvatarMotion
    start: float
    strengths: Mapping[str, float]
    keys: bpy.types.Key | None
    result: JobResult | None
    clip: int = FIRST
    before: float = 0.0
    after: float = 0.0

    @property
    def stamp(self) -> dict[str, float]:
        """Return what our actions note."""
        return {"start": self.start, "end": self.start + len(self.motion.speech) - 1, "fps": self.motion.fps, "clip": self.clip,
                "before": self.before, "after": self.after}


def avatars(target: bpy.types.Scene) -> list[bpy.types.Object]:
    """Return the roots of the scene's avatars."""
    return [candidate for candidate in target.objects if candidate.ecavatar.role == head.AVATAR]


def chosen_avatar(target: bpy.types.Object, where: bpy.types.Scene) -> bpy.types.Object | None:
    """Return the avatar chosen for the mesh, if it is in the scene: Blender keeps a deleted one as long as it is chosen."""
    root = target.ecavatar.character.avatar
    return root if root is not None and root.ecavatar.role == head.AVATAR and root in where.objects[:] else None


def strengths_of(root: bpy.types.Object | None) -> dict[str, float]:
    """Return how strong the sliders of an avatar's selected clip make the tracks that have one; as they are without an avatar."""
    felt = root.ecavatar.emotion.strength if root is not None else 1.0
    blinks, gaze = (root.ecavatar.performance.blinks, root.ecavatar.performance.gaze) if root is not None else (1.0, 1.0)
    return {performance.BLINKS: blinks, performance.GAZE: gaze, animation.EMOTION: felt, animation.LIPS: felt}


def sources_of(target: bpy.types.Object, where: bpy.types.Scene) -> list[Source]:
    """Return what the mesh is to play, clip by clip: the avatar or the job folder chosen for it, else the scene's only avatar.

    Raises ECAvatarError when there is none, there are several, the chosen one was deleted, or the job is unfinished.
    """
    character, roots, root = target.ecavatar.character, avatars(where), chosen_avatar(target, where)
    if root is None and character.job:
        return [from_job(read_result(Path(bpy.path.abspath(character.job))), where, strengths_of(None))]
    if root is None and character.avatar is not None:
        raise InputError("the chosen avatar is not in this scene", character.avatar.name, "choose another in Own Character")
    if root is None and len(roots) != 1:
        raise InputError("there are several avatars" if roots else "there is no avatar to take the motion from", where.name,
                         "choose one in Own Character" if roots else "generate one, or choose a finished job folder in Own Character")
    root = root or roots[0]
    skin = head.parts_of(root).get("skin")
    keys = skin.data.shape_keys if skin is not None else None
    found = []
    for index, clip in enumerate(root.ecavatar.clips):
        if keys is not None and our_action(keys, animation.SPEECH, clip.number) is not None:
            with clips.chosen(root, index):
                found.append(from_keys(keys, root))
    return found or [from_job(read_result(Path(root.ecavatar.job)), where, strengths_of(root))]


def from_keys(keys: bpy.types.Key, root: bpy.types.Object) -> Source:
    """Return what an avatar's tracks hold of its selected clip, an artist's edits among it; the eyes make up for no head motion unless
    he edited them."""
    number = root.ecavatar.number
    stamp = our_action(keys, animation.SPEECH, number)[STAMP].to_dict()
    frames = np.arange(stamp["start"], stamp["end"] + 1, dtype=np.float64)

    def layer(name: str) -> Floats:
        action = our_action(keys, name, number)
        if action is None:
            return np.zeros((len(frames), len(SHAPES)), np.float32)
        return sample(action, keys, SHAPES, frames) / np.float32(action[STAMP].get("gain", 1.0))

    gaze = gaze_of(root, keys, frames)
    gaze = layer(performance.GAZE) if gaze is None else gaze
    speech, felt, lips, blinks = map(layer, (animation.SPEECH, animation.EMOTION, animation.LIPS, performance.BLINKS))
    return Source(AvatarMotion(SHAPES, stamp["fps"], speech, felt, lips, blinks, gaze), stamp["start"], strengths_of(root), keys, None,
                  number, stamp.get("before", 0.0), stamp.get("after", 0.0))


def gaze_of(root: bpy.types.Object, keys: bpy.types.Key, frames: NDArray[np.float64]) -> Floats | None:
    """Return the gaze (T, K) of an avatar at `frames` (T,) in a head that does not turn.

    None where the artist has edited or deleted the track, or the job folder is gone: then what the track holds counts.
    """
    action = our_action(keys, performance.GAZE, root.ecavatar.number)
    if action is None or is_edited(action, keys):
        return None
    stamp = action[STAMP]
    try:
        return gaze_weights(performance.performance_of(root, emotion.track_of(root)), (frames - stamp["start"]) / stamp["fps"])
    except ECAvatarError:
        return None


def gaze_weights(found: Performance, times: NDArray[np.float64]) -> Floats:
    """Return the weights (T, K) of our shapes that turn the eyes at `times` (T,), seconds, in a head that does not turn."""
    result = np.zeros((len(times), len(SHAPES)), np.float32)
    moments, angles = eye_angles(found, head=0.0)
    for name, weights in look_weights(angles).items():
        result[:, SHAPES.index(name)] = np.interp(times, moments, weights)
    return result


def from_job(result: JobResult, where: bpy.types.Scene, strengths: Mapping[str, float]) -> Source:
    """Return what a finished job holds, from the scene's first frame on."""
    bake, fps = result.bake, float(result.bake["fps"])
    columns = [list(map(str, bake["names"])).index(name) for name in SHAPES]
    times = np.arange(len(bake["weights"])) / fps
    felt = np.stack([np.interp(times, bake["emotion_times"], column) for column in bake["emotion_weights"][:, columns].T], axis=1)
    blinks = np.zeros(felt.shape, np.float32)
    if len(bake["blinks"]):
        blinks[:, [SHAPES.index(name) for name in animation.LIDS]] = np.interp(times, *bake["blinks"].T)[:, None]
    gaze = gaze_weights(to_performance(bake), times)
    speech, lips = bake["weights"][:, columns], bake["emotion_lips"][:, columns]
    motion = AvatarMotion(SHAPES, fps, speech, felt.astype(np.float32), lips, blinks, gaze)
    return Source(motion, float(where.frame_start), strengths, None, result)
