"""Keys: NLA tracks on the skin's shape keys. Speech replaces, the emotion and what it asks of the lips are added.

Blinks, gaze and head motion: performance.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import bpy
import numpy as np

from ..core.bake.bezier import BezierKeys
from ..core.bake.few_keys import FewKeys, few_keys, lips_keys, speech_keys
from ..core.bake.gaze import LOOKS
from ..core.bake.key_error import LIMIT
from ..core.bake.key_reduction import Keyed
from ..core.bake.shape_keys import AROUND, lips_under
from ..core.emotion.motion import EmotionCurves
from ..core.head.model import HeadBasis
from ..core.job import JobResult
from ..core.types import Floats
from . import drivers
from .actions import (
    FIRST,
    MEANT,
    STAMP,
    Channel,
    Curves,
    extend_action,
    is_edited,
    lay,
    new_strip,
    our_action,
    place_strip,
    sample,
    scale_action,
    strip_of,
    strips_of,
    write_action,
    write_curve,
)
from .head import EYES, JAW, Parts, fused_names
from .roots import REST as REST
from .stretches import stretch_of

SPEECH, EMOTION, LIPS = "Speech", "Emotion", "Emotion Lips"
FUSE_AGAIN = "emotion and speech of this avatar are fused on the mesh; Emotion panel; press Generate to fuse them with this change"
LIDS = ("eyeBlinkLeft", "eyeBlinkRight")
UNCHANGED = 1e-6                # of a weight, by which single precision may change it
EDITS_KEPT = "your edited keys of the emotion are kept; action {}; put it on an NLA track to use it"
EDITS_BESIDE = "your keys beside the change stay; a copy of all is {}"
LIPS_LIMIT = 0.0001             # metres that keys of what keeps the lips in sync may move a vertex, beside an artist's


def apply(root: bpy.types.Object, parts: Parts, result: JobResult, basis: HeadBasis, *, start: int, dense: bool,
          few: FewKeys | None = None) -> list[str]:
    """Key speech and emotion of the avatar's selected clip on the skin from frame `start`, and return what the artist should know.

    dense: a key on every frame for speech and lips, instead of few Bezier keys; few: these, where the worker made them.
    The track at the bottom holds everything at rest, so that a muted track above it leaves nothing behind.
    """
    keys, bake, clip = parts["skin"].data.shape_keys, result.bake, root.ecavatar.number
    names, fps, strength = tuple(map(str, bake["names"])), float(bake["fps"]), root.ecavatar.emotion.strength
    gain = max(strength, 1.0)
    stamp = {"start": float(start), "end": float(start + len(bake["weights"]) - 1), "fps": fps, "dense": dense, "clip": clip}
    felt = EmotionCurves(bake["emotion_times"], bake["emotion_weights"])
    emotion = emotion_keys(names, felt, start=start, fps=fps, gain=gain)
    fused = result.emotions.fusion != "shapes"          # else what keeps the lips in sync is worked out for the speech as keyed
    few = None if dense else few or few_keys(bake["weights"], None if fused else felt, basis, fps=fps)
    speech = placed(names, few.speech, start=start) if few else dense_curves(names, bake["weights"], start=start)
    if fused:
        found = np.hstack([bake["emotion_lips"], bake["fusion_weights"]])
        lips = dense_curves((*names, *fused_names(result, clip)), gain * found, start=start)
    elif few:
        lips = placed(names, few.lips, start=start, gain=gain)
    else:
        lips = dense_curves(names, gain * lips_under(felt, bake["weights"], basis=basis, fps=fps), start=start)
    set_rest(keys, root.name, (*speech, *LIDS, *LOOKS, *emotion, *lips), stamp)
    kept = (set_track(keys, root.name, SPEECH, speech, stamp),
            set_track(keys, root.name, EMOTION, emotion, stamp | {"gain": gain}, blend_type="ADD"),
            set_track(keys, root.name, LIPS, lips, stamp | {"gain": gain, "fused": float(fused), "of": written(keys, clip)},
                      blend_type="ADD"))
    remember(our_action(keys, SPEECH, clip), names, bake["weights"])
    set_strength(keys, strength, clip=clip)
    return edits_kept(kept)


def follow_skin(parts: Parts, result: JobResult) -> None:
    """Let the jaw, the eyes, the correctives and the other parts follow the skin's shapes."""
    keys, bake = parts["skin"].data.shape_keys, result.bake
    names = tuple(map(str, bake["names"]))
    for role, part in parts.items():
        followers = getattr(part.data, "shape_keys", None) if role != "skin" else None
        for block in followers.key_blocks[1:] if followers is not None else ():
            block.driver_remove("value")
            drivers.follow(block.driver_add("value"), keys, block.name)
    drivers.turn_with_jaw(parts[JAW], keys, bake["jaw_angles"])
    for name, pair, factor in zip(bake["corrective_names"], bake["corrective_pairs"], bake["corrective_gains"], strict=True):
        drivers.correct(keys, str(name), tuple(names[place] for place in pair), float(factor))
    for role in EYES:
        drivers.look(parts[role], keys, role.removeprefix("eye_").capitalize())


def edits_kept(names: Iterable[str]) -> list[str]:
    """Return what the artist should know of edited keys that went to actions of these names, "" where there were none."""
    return [f"your edited keys are kept; action {name}; put it on an NLA track to use it" for name in names if name]


def placed(names: tuple[str, ...], keyed: Keyed, *, start: float, gain: float = 1.0) -> dict[Channel, BezierKeys]:
    """Return few keys of the shapes `names` as they lie from frame `start` on, with values times `gain`."""
    return {names[place]: keys.scaled(gain).moved(start) for place, keys in keyed.items()}


def dense_curves(names: tuple[str, ...], weights: Floats, *, start: float) -> Curves:
    """Return a key on every frame from `start` for each of the shapes `names` that moves; weights: (N, K)."""
    frames = start + np.arange(len(weights), dtype=np.float64)
    return {name: (frames, column) for name, column in zip(names, weights.T, strict=True) if column.any()}


def emotion_keys(names: tuple[str, ...], felt: EmotionCurves, *, start: float, fps: float, gain: float) -> Curves:
    """Return a key at each knot of the emotion, between frames too, for each of the shapes `names` that it uses."""
    frames = start + felt.times.astype(np.float64) * fps
    return {name: (frames, gain * column) for name, column in zip(names, felt.weights.T, strict=True) if column.any()}


def rest_curves(names: tuple[Channel, ...], *, start: float) -> Curves:
    """Return one key at zero for each channel."""
    return dict.fromkeys(names, (np.array([start], np.float64), np.zeros(1, np.float32)))


def set_rest(keys: bpy.types.ID, owner: str, channels: tuple[Channel, ...], stamp: Mapping[str, Any]) -> None:
    """Hold these channels at rest in the track at the bottom, beside those that other clips need there."""
    curves, rest = rest_curves(channels, start=stamp["start"]), our_action(keys, REST)
    if rest is not None and set(strips_of(keys, SPEECH)) - {int(stamp["clip"])}:
        extend_action(rest, keys, curves)
    else:
        set_track(keys, owner, REST, curves, dict(stamp, clip=FIRST))


def set_track(keys: bpy.types.ID, owner: str, name: str, curves: Curves, stamp: Mapping[str, Any], *,
              blend_type: str = "REPLACE", above: str = "") -> str:
    """Give the NLA track `name` an action with a curve for each channel (frames and values), from start to end of the stamp, for
    the clip that it names.

    Returns the name of the copy that keeps an artist's edits, or "". A track that is there already keeps its place among the artist's
    own; a new one comes on top, or above the track `above`. One that holds strips of the artist's is left to them, under another name.
    Tracks combine: one replaces, or adds to, only what it keys, so that each can be muted, moved and edited alone.
    """
    animation, clip = keys.animation_data or keys.animation_data_create(), int(stamp.get("clip", FIRST))
    track, ours = animation.nla_tracks.get(name), strips_of(keys, name)
    strip, numbered = ours.get(clip), name if clip == FIRST else f"{name} {clip}"
    action = strip.action if strip is not None else bpy.data.actions.new(f"{owner} {numbered}")
    kept = write_action(action, keys, curves, stamp)
    left = track
    if track is None or any(other not in ours.values() for other in track.strips):
        if left is not None:
            left.name = above = f"{name} own"
        track = animation.nla_tracks.new(prev=animation.nla_tracks.get(above))
        track.name = name
        for number, other in ours.items():
            if number != clip:
                place_strip(track, other, left, keys)
    if strip is None:
        placed = new_strip(track, numbered, action, keys, at=stamp["start"])
    else:
        alone = track == left and len(track.strips) == 1
        placed = strip if alone else place_strip(track, strip, left, keys, at=stamp["start"])
    placed.scale, placed.repeat = 1.0, 1.0
    lay(placed, begin=stamp["start"] - stamp.get("before", 0), end=stamp["end"] + stamp.get("after", 0),
        at=stamp["start"] - stamp.get("before", 0))
    placed.extrapolation = "HOLD" if name == REST else "NOTHING"
    placed.blend_type = blend_type
    return kept


def rekey(keys: bpy.types.ID, track: str, curves: Curves, clip: int, *, part: bool = False, **notes: str) -> str:
    """Key our action of a clip in a track anew where it lies, strips untouched; return the name of the copy that keeps edits, or "".

    part: keys of an artist's may be among the curves; notes: for the stamp. Shapes that did not move before are also held at rest in
    the track at the bottom.
    """
    action = our_action(keys, track, clip)
    stamp = {**action[STAMP].to_dict(), **notes}
    kept = write_action(action, keys, curves, stamp, part=part)
    if (rest := our_action(keys, REST)) is not None:
        extend_action(rest, keys, rest_curves(tuple(curves), start=stamp["start"]))
    return kept


def rekey_speech(keys: bpy.types.Key, weights: Floats, basis: HeadBasis, clip: int, *, dense: bool) -> tuple[str, ...]:
    """Key the speech of a clip anew, (N, K) on its frames, and what the lips need; return the names of copies that keep edits."""
    action = our_action(keys, SPEECH, clip)
    for found in filter(None, (action, our_action(keys, LIPS, clip))):
        found[STAMP]["dense"] = dense
    names, start = tuple(basis.expression_names), action[STAMP]["start"]
    curves = (dense_curves(names, weights, start=start) if dense else
              placed(names, speech_keys(weights, basis, fps=action[STAMP]["fps"]), start=start))
    kept = rekey(keys, SPEECH, curves, clip)
    remember(action, names, weights)
    return tuple(filter(None, (kept, rekey_lips(keys, basis, clip))))


def remember(action: bpy.types.Action, names: tuple[str, ...], weights: Floats) -> None:
    """Keep with the keys of the speech the weights (N, K) that they stand for, so that later layers can keep to these."""
    action[MEANT] = {name: column.copy() for name, column in zip(names, weights.T, strict=True) if column.any()}


def meant_by(action: bpy.types.Action, keys: bpy.types.Key, names: tuple[str, ...], count: int) -> Floats | None:
    """Return the weights (N, K) that the keys of the speech stand for; None where an artist has edited them, or none are known."""
    columns = {name: np.array(column, np.float32) for name, column in action.get(MEANT, {}).items()}
    if not columns or is_edited(action, keys) or any(len(column) != count for column in columns.values()):
        return None
    return np.stack([columns.get(name, np.zeros(count, np.float32)) for name in names], axis=1)


def rekey_emotion(keys: bpy.types.Key, felt: EmotionCurves, basis: HeadBasis, clip: int = FIRST) -> list[str]:
    """Key the emotion of a clip anew, and what it asks of the lips; return what the artist should know of keys that he edited."""
    action, names, lips = our_action(keys, EMOTION, clip), tuple(basis.expression_names), our_action(keys, LIPS, clip)
    stamp, of = action[STAMP], written(keys, clip)
    before = felt_by(action, keys, names) if of and lips is not None and lips[STAMP].get("of") == of else None
    curves = emotion_keys(names, felt, start=stamp["start"], fps=stamp["fps"], gain=stamp["gain"])
    kept = rekey(keys, EMOTION, curves, clip), rekey_lips(keys, basis, clip, before)
    if kept[1] and lips[STAMP]["edited"]:
        return [*(EDITS_KEPT.format(name) for name in kept[:1] if name), EDITS_BESIDE.format(kept[1])]
    return [EDITS_KEPT.format(name) for name in kept if name]


def written(keys: bpy.types.Key, clip: int) -> str:
    """Return which keys we wrote for speech and emotion of a clip; "" where one is gone, or where an artist has edited them."""
    both = [our_action(keys, name, clip) for name in (SPEECH, EMOTION)]
    if any(action is None or is_edited(action, keys) for action in both):
        return ""
    return " ".join(str(action[STAMP].get("written", "")) for action in both)


def felt_by(action: bpy.types.Action, keys: bpy.types.Key, names: tuple[str, ...]) -> Floats:
    """Return the weights (N, K) that the keys of an emotion amount to, strength left out."""
    stamp = action[STAMP]
    return sample(action, keys, names, np.arange(stamp["start"], stamp["end"] + 1)) / np.float32(stamp["gain"])


def rekey_lips(keys: bpy.types.Key, basis: HeadBasis, clip: int, before: Floats | None = None) -> str:
    """Key anew what keeps the lips in sync under the emotion; return the name of the kept copy, or "".

    All layers together keep to what the speech's few keys stand for as closely as these alone do; where an artist has edited them,
    to them. Nothing is done where he has deleted one of the tracks, and where both were fused on the mesh, which the engine does.
    before: (N, K) what was felt when they were keyed last, if nothing but the emotion has changed: keys before and after that stay,
    and all of them where it has not changed and no artist has edited them.
    """
    spoken, emotion, lips = (our_action(keys, name, clip) for name in (SPEECH, EMOTION, LIPS))
    if spoken is None or emotion is None or lips is None or fused_on_mesh(keys, clip):
        return ""
    stamp, names = lips[STAMP].to_dict(), tuple(basis.expression_names)
    frames, felt = np.arange(stamp["start"], stamp["end"] + 1), felt_by(emotion, keys, names)
    changed = np.zeros(len(felt), bool) if before is None else (np.abs(felt - before) > UNCHANGED).any(axis=1)
    if before is not None and not changed.any() and not is_edited(lips, keys):
        lips[STAMP]["of"] = written(keys, clip)
        return ""
    keyed, speech = sample(spoken, keys, names, frames), meant_by(spoken, keys, names, len(frames))
    said, limit = (keyed, LIPS_LIMIT) if speech is None else (speech, LIMIT)
    times = ((frames - stamp["start"]) / stamp["fps"]).astype(np.float32)
    added = lips_under(EmotionCurves(times, felt), said, basis=basis, fps=stamp["fps"])
    if stamp.get("dense"):
        dense = dense_curves(names, np.float32(stamp["gain"]) * added, start=stamp["start"])
        return rekey(keys, LIPS, dense, clip, of=written(keys, clip))
    part = stretch_of(lips, keys, names, changed, round(AROUND * stamp["fps"])) if changed.any() else None
    where = slice(None) if part is None else part.frames
    few = lips_keys(added[where], basis, meant=(said + felt + added)[where], shown=(keyed + felt)[where], felt=felt[where],
                    fps=stamp["fps"], limit=limit, held={} if part is None else part.held)
    new = placed(names, few, start=stamp["start"] + (where.start or 0), gain=stamp["gain"])
    return rekey(keys, LIPS, new if part is None else part.joined(new), clip, of=written(keys, clip),
                 part=part is not None and is_edited(lips, keys))


def fused_on_mesh(keys: bpy.types.Key, clip: int) -> bool:
    """Whether what keeps the lips in sync under the emotion of a clip was found on the mesh."""
    action = our_action(keys, LIPS, clip)
    return action is not None and bool(action[STAMP].to_dict().get("fused"))


def set_strength(keys: bpy.types.ID, strength: float, tracks: tuple[str, ...] = (EMOTION, LIPS), *, clip: int) -> list[str]:
    """Show these tracks of a clip, else its emotion and its lips, at `strength`, and return what the artist should know.

    Up to 1 it is the strips' influence, which ends there; beyond, the keys are larger. Where the artist has animated the influence,
    it is left alone.
    """
    gain, told = max(strength, 1.0), []
    for strip in filter(None, (strip_of(keys, name, clip) for name in tracks)):
        if (factor := gain / strip.action[STAMP]["gain"]) != 1:
            scale_action(strip.action, keys, factor)
            strip.action[STAMP]["gain"] = gain
        strip.use_animated_influence = True             # else Blender takes it for 1
        curve = strip.fcurves.find("influence")
        if len(curve.keyframe_points) > 1:
            told.append(f"the influence of the strip {strip.name} is animated; Nonlinear Animation editor; change it there")
        else:
            write_curve(curve, (np.zeros(1), np.array([min(strength, 1.0)], np.float32)))
    return told
