"""What an avatar does besides speaking: NLA tracks of blinks and gaze on the skin's shape keys, and of head motion on the neck."""

import bpy
import numpy as np

from ..core.arrays import to_rhythm
from ..core.bake.curves import linear_at, thinned
from ..core.bake.gaze import eye_angles, look_weights
from ..core.bake.performance import perform
from ..core.errors import JobError
from ..core.types import EmotionTrack, Performance
from .actions import STAMP, Curves, is_edited, our_action
from .animation import LIDS, REST, SPEECH, edits_kept, rekey, set_rest, set_strength, set_track
from .head import Parts, parts_of
from .lip_sync import motion_path
from .neck import HEAD
from .roots import NECK

BLINKS, GAZE, HEAD_MOTION = TRACKS = "Blinks", "Gaze", "Head Motion"
PATH = f'pose.bones["{HEAD}"].rotation_euler'
LEAST_TURN, LEAST_LOOK = np.radians(0.03), 0.01         # radians of the head, and weight of eyeLook: what a key must be worth


def apply(root: bpy.types.Object, parts: Parts, performance: Performance, *, start: int) -> list[str]:
    """Key blinks, gaze and head motion of the selected clip from frame `start`, as long as its speech and as strong as its sliders
    say, and return what the artist should know.
    """
    keys, armature, settings = parts["skin"].data.shape_keys, parts[NECK], root.ecavatar.performance
    clip = root.ecavatar.number
    spoken = our_action(keys, SPEECH, clip)[STAMP]
    stamp = {name: spoken[name] for name in ("start", "end", "fps", "clip")}
    fps, gains = stamp["fps"], {name: max(strength, 1.0) for name, (_, strength) in tracks_of(root, parts).items()}
    blinks = blink_curves(performance, start=start, fps=fps, gain=gains[BLINKS])
    gaze = gaze_curves(performance, start=start, fps=fps, gain=gains[GAZE], head=settings.head_motion)
    head = head_curves(performance, start=start, fps=fps, gain=gains[HEAD_MOTION])
    set_rest(armature, armature.name, tuple((PATH, axis) for axis in range(3)), stamp)
    kept = (set_track(keys, root.name, BLINKS, blinks, stamp | {"gain": gains[BLINKS]}, above=SPEECH),
            set_track(keys, root.name, GAZE, gaze, stamp | {"gain": gains[GAZE]}, above=BLINKS),
            set_track(armature, armature.name, HEAD_MOTION, head, stamp | {"gain": gains[HEAD_MOTION]}, above=REST))
    for name, (owner, strength) in tracks_of(root, parts).items():
        set_strength(owner, strength, (name,), clip=clip)
    settings.keyed = settings.take
    return edits_kept(kept)


def tracks_of(root: bpy.types.Object, parts: Parts) -> dict[str, tuple[bpy.types.ID, float]]:
    """Return what holds each track, and how strong the avatar's sliders say it is."""
    keys: bpy.types.ID = parts["skin"].data.shape_keys
    settings = root.ecavatar.performance
    return {BLINKS: (keys, settings.blinks), GAZE: (keys, settings.gaze), HEAD_MOTION: (parts[NECK], settings.head_motion)}


def blink_curves(performance: Performance, *, start: float, fps: float, gain: float) -> Curves:
    """Return the keys of both lids."""
    times, weights = performance.blinks.T
    return dict.fromkeys(LIDS, (start + times.astype(np.float64) * fps, gain * weights)) if len(times) else {}


def gaze_curves(performance: Performance, *, start: float, fps: float, gain: float, head: float) -> Curves:
    """Return the keys of the eyeLook shapes that are used; head: how strong the head motion is that the eyes make up for."""
    times, angles = eye_angles(performance, head=head)
    needed = {name: thinned(times, weights, LEAST_LOOK, linear_at) for name, weights in look_weights(gain * angles).items()
              if weights.any()}
    return {name: (start + moments.astype(np.float64) * fps, values) for name, (moments, values) in needed.items()}


def head_curves(performance: Performance, *, start: float, fps: float, gain: float) -> Curves:
    """Return the keys of the head's pitch, yaw and roll, each with those it needs."""
    if not len(performance.head_times):
        return {}
    needed = [thinned(performance.head_times, angles, LEAST_TURN) for angles in performance.head_angles.T]
    return {(PATH, axis): (start + times.astype(np.float64) * fps, gain * values) for axis, (times, values) in enumerate(needed)}


def performance_of(root: bpy.types.Object, felt: EmotionTrack) -> Performance:
    """Return what the avatar's recording, seed and emotions make it do; raise JobError when the job folder has the recording's rhythm
    no longer."""
    return perform(to_rhythm(motion_path(root)), take=root.ecavatar.performance.take, felt=felt)


def update(root: bpy.types.Object, performance: Performance, names: tuple[str, ...] = TRACKS) -> list[str]:
    """Key the tracks `names` anew and return what the artist should know.

    A track that the artist has deleted stays away. Raises JobError, before anything is changed, when the skin or the neck is gone.
    """
    parts = checked(root)
    made = {BLINKS: blink_curves, GAZE: lambda *given, **options: gaze_curves(*given, **options,
                                                                             head=root.ecavatar.performance.head_motion),
            HEAD_MOTION: head_curves}
    kept, clip = [], root.ecavatar.number
    for name in names:
        owner, _ = tracks_of(root, parts)[name]
        if (action := our_action(owner, name, clip)) is None:
            continue
        stamp = action[STAMP]
        curves = made[name](performance, start=stamp["start"], fps=stamp["fps"], gain=stamp["gain"])
        kept.append(rekey(owner, name, curves, clip))
    if names == TRACKS:
        root.ecavatar.performance.keyed = root.ecavatar.performance.take
    return edits_kept(kept)


def feel(root: bpy.types.Object, felt: EmotionTrack) -> list[str]:
    """Let head and eyes follow changed emotions, unless the artist has edited or deleted their tracks; return what he should know."""
    parts = parts_of(root)
    if NECK not in parts or "skin" not in parts or any(edited(root, parts, name) for name in (GAZE, HEAD_MOTION)):
        return []
    try:
        return update(root, performance_of(root, felt), (GAZE, HEAD_MOTION))
    except JobError as error:
        return [f"the head keeps its motion: {error}"]


def edited(root: bpy.types.Object, parts: Parts, name: str) -> bool:
    """Whether the artist has edited or deleted what we keyed in the track `name`."""
    owner, _ = tracks_of(root, parts)[name]
    action = our_action(owner, name, root.ecavatar.number)
    return action is None or is_edited(action, owner)


def strengthen(root: bpy.types.Object, felt: EmotionTrack) -> list[str]:
    """Show all tracks as strong as the sliders say, and let the eyes make up for the head; return what the artist should know."""
    parts, told = checked(root), []
    for name, (owner, strength) in tracks_of(root, parts).items():
        told += set_strength(owner, strength, (name,), clip=root.ecavatar.number)
    return told if edited(root, parts, GAZE) else [*told, *update(root, performance_of(root, felt), (GAZE,))]


def checked(root: bpy.types.Object) -> Parts:
    """Return the avatar's parts; raise JobError when it has no skin with keys or no neck.

    What was deleted may be there still, in no collection, because hair or modifiers name it.
    """
    parts = parts_of(root)
    if not all(role in parts and parts[role].users_collection for role in ("skin", NECK)) or parts["skin"].data.shape_keys is None:
        raise JobError("the avatar's skin, its shape keys or its neck is gone", root.name, "generate it again")
    return parts


def show(root: bpy.types.Object, take: int) -> None:
    """Let the avatar show a take; keys stay as they are."""
    settings = root.ecavatar.performance
    settings.showing, settings.said = True, ""
    settings.take, settings.showing = take, False
