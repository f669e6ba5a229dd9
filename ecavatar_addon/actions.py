"""Actions of shape keys and of bones: curves written at once, and a stamp that tells an artist's edits. Only this file knows slots."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.bake.bezier import BezierKeys
from ..core.types import Floats
from .leads import Straight, led, unled

STAMP = "ecavatar"              # custom property of our actions: digest of the keys we wrote, and what the caller wants to find again
MEANT = "ecavatar_meant"        # custom property: shape -> weights on the stamp's frames, which few keys stand for
FIRST = 1                       # number of an avatar's first clip; what has no number belongs to it
LINEAR, BEZIER = 1, 2           # of enum Keyframe.interpolation, for foreach_set
FREE, ALIGNED, AUTOMATIC = 0, 3, 4       # of enum Keyframe.handle_left_type and its twin; the last is "AUTO_CLAMPED"
# of a strip; not use_animated_time, which has a curve of its own
SET_BY_ARTISTS = ("scale", "repeat", "blend_type", "extrapolation", "mute", "use_reverse", "blend_in", "blend_out", "use_auto_blend",
                  "use_animated_influence", "influence")
SETTLE = 60                     # updates at most: Blender aligns handles anew in each, mostly for the last time in the second
Channel = str | tuple[str, int]         # a shape key's name, or the path and place of another property
Curves = Mapping[Channel, Straight | BezierKeys]


def path_of(shape: str) -> str:
    """Return the path of a shape key's value."""
    return f'key_blocks["{bpy.utils.escape_identifier(shape)}"].value'


def address_of(channel: Channel) -> tuple[str, int]:
    """Return path and place of what a curve animates."""
    return (path_of(channel), 0) if isinstance(channel, str) else channel


def write_action(action: bpy.types.Action, keys: bpy.types.ID, curves: Curves, stamp: Mapping[str, Any], *, part: bool = False) -> str:
    """Give the action these curves in place of those it has; return the name of the copy that keeps an artist's edits, or "".

    part: keys of his may be among the curves; the stamp then names their copy, so that they are not taken for ours.
    """
    (_, channels), had = channels_of(action, keys), action.get(STAMP, {})
    kept = str(had.get("edited", ""))
    if len(channels) and (had.get("keys") != digest_of(channels) or (kept and not (part and kept in bpy.data.actions))):
        copy: Any = action.copy()
        copy.name, copy.use_fake_user = f"{action.name} edited", True
        copy.pop(STAMP, None)
        copy.pop(MEANT, None)
        kept = copy.name
    channels.clear()
    add_curves(channels, {channel: led(keyed, stamp) for channel, keyed in curves.items()})
    digest = digest_of(channels)            # of "keys" it changes when they are led or scaled, of "written" only when they are written
    action[STAMP] = {**stamp, "keys": digest, "written": digest, "edited": kept if part else ""}
    return kept


def add_curves(channels: Any, curves: Curves) -> None:
    """Add a curve for each channel: one of frames and values is straight for a shape key, smooth for anything else."""
    for channel, keyed in curves.items():
        path, index = address_of(channel)
        curve = channels.new(path, index=index)
        write_curve(curve, keyed)
        if not isinstance(channel, str):
            make_smooth(curve)


def extend_action(action: bpy.types.Action, keys: bpy.types.ID, curves: Curves) -> None:
    """Add curves for the channels that have none yet."""
    _, channels = channels_of(action, keys)
    untouched, held = action[STAMP]["keys"] == digest_of(channels), {(curve.data_path, curve.array_index) for curve in channels}
    add_curves(channels, {channel: curve for channel, curve in curves.items() if address_of(channel) not in held})
    if untouched:
        action[STAMP]["keys"] = digest_of(channels)


def lead_action(action: bpy.types.Action, keys: bpy.types.ID, *, before: float, after: float) -> None:
    """Let the curves of our action lead in from rest over `before` frames and out to rest over `after`; edited ones stay."""
    stamp = action[STAMP].to_dict()
    wanted = {**stamp, "before": before, "after": after}
    if wanted == stamp or is_edited(action, keys):
        return
    _, channels = channels_of(action, keys)
    for curve in channels:
        points, shape = read(curve, "co"), curve.data_path.startswith("key_blocks")
        keyed: Straight | BezierKeys = points[::2].astype(np.float64), points[1::2]
        if shape and (read(curve, "interpolation", np.int32) == BEZIER).all():
            keyed = bezier_of(curve)
        write_curve(curve, led(unled(keyed, stamp), wanted))
        if not shape:
            make_smooth(curve)
    action[STAMP] = {**wanted, "keys": digest_of(channels)}


def scale_action(action: bpy.types.Action, keys: bpy.types.ID, factor: float) -> None:
    """Multiply all keys of our action, an artist's among them."""
    _, channels = channels_of(action, keys)
    untouched = action[STAMP]["keys"] == digest_of(channels)
    for curve in channels:
        for name in ("co", "handle_left", "handle_right"):
            places = np.empty(2 * len(curve.keyframe_points), np.float32)
            curve.keyframe_points.foreach_get(name, places)
            places[1::2] *= np.float32(factor)
            curve.keyframe_points.foreach_set(name, places)
        settle(curve)
    if untouched:
        action[STAMP]["keys"] = digest_of(channels)


def sample(action: bpy.types.Action, keys: bpy.types.Key, names: tuple[str, ...], frames: NDArray[np.float64]) -> Floats:
    """Return the weights (T, K) that an action gives the shapes `names` at `frames` (T,), as an artist may have edited them."""
    places = {path_of(name): index for index, name in enumerate(names)}
    result = np.zeros((len(frames), len(names)), np.float32)
    for curve in channels_of(action, keys)[1]:
        if curve.data_path not in places or curve.mute or not len(curve.keyframe_points):
            continue
        points, kinds = read(curve, "co"), read(curve, "interpolation", np.int32)
        plain = not len(curve.modifiers) and curve.extrapolation == "CONSTANT"
        if plain and (kinds == LINEAR).all():
            values = np.interp(frames, points[::2], points[1::2])
        elif plain and (kinds == BEZIER).all():
            values = bezier_of(curve).at(frames)
        else:
            values = np.array([curve.evaluate(frame) for frame in frames])
        result[:, places[curve.data_path]] = values
    return result


def read(curve: bpy.types.FCurve, name: str, dtype: type[np.generic] = np.float32) -> NDArray[Any]:
    """Return what all keys of a curve have under `name`: a place has two numbers, anything else one."""
    values = np.empty(len(curve.keyframe_points) * (2 if dtype is np.float32 else 1), dtype)
    curve.keyframe_points.foreach_get(name, values)
    return values


def bezier_of(curve: bpy.types.FCurve) -> BezierKeys:
    """Return the keys of a curve whose keys are all Bezier."""
    return BezierKeys(*(read(curve, name).reshape(-1, 2) for name in ("co", "handle_left", "handle_right")))


def is_edited(action: bpy.types.Action, keys: bpy.types.ID) -> bool:
    """Whether an artist has edited the keys we wrote, or some of his have stayed when we wrote those beside them."""
    return bool(action[STAMP].get("edited") or action[STAMP]["keys"] != digest_of(channels_of(action, keys)[1]))


def digest_of(channels: Any) -> str:
    """Return a digest of all that an artist can edit in these curves."""
    total = sha256()
    for curve in channels:
        kinds = read(curve, "interpolation", np.int32)
        types = np.concatenate([read(curve, f"handle_{side}_type", np.int32) for side in ("left", "right")])
        # Blender places automatic handles, and those of keys without any; who drags one changes its type
        placed = (kinds == BEZIER).any() and (types != AUTOMATIC).any()
        handles = ("handle_left", "handle_right") if placed else ()
        modifiers = [modifier.type for modifier in curve.modifiers]
        path = f"{curve.data_path}{curve.array_index or ''}"
        total.update(f"{path} {curve.mute} {curve.extrapolation} {modifiers} {placed}".encode() + kinds.tobytes())
        for name in ("co", *handles):
            total.update(read(curve, name).tobytes())
    return total.hexdigest()


def strips_of(keys: bpy.types.ID, name: str) -> dict[int, bpy.types.NlaStrip]:
    """Return the strips of the actions that we keyed in the NLA track `name`, by the number of the clip they belong to."""
    track = keys.animation_data.nla_tracks.get(name) if keys.animation_data is not None else None
    found: dict[int, bpy.types.NlaStrip] = {}
    strips: Any = track.strips if track is not None else ()
    for strip in strips:
        if strip.action is not None and STAMP in strip.action:
            found.setdefault(int(strip.action[STAMP].get("clip", FIRST)), strip)
    return found


def strip_of(keys: bpy.types.ID, name: str, clip: int = FIRST) -> bpy.types.NlaStrip | None:
    """Return the strip of the action that we keyed for a clip in the NLA track `name`, if it is still there."""
    return strips_of(keys, name).get(clip)


def our_action(keys: bpy.types.ID, name: str, clip: int = FIRST) -> bpy.types.Action | None:
    """Return the action that we keyed for a clip in the NLA track `name`, if it is still there."""
    strip = strip_of(keys, name, clip)
    return strip.action if strip is not None else None


def new_strip(track: bpy.types.NlaTrack, name: str, action: bpy.types.Action, keys: bpy.types.ID, *, at: float) -> Any:
    """Add a strip of our action to a track, one frame long at frame `at`, so that it finds room between others."""
    short = bpy.data.actions.new(name)
    strip: Any = track.strips.new(name, int(at), short)
    strip.action = action
    bpy.data.actions.remove(short)
    slot, _ = channels_of(action, keys)
    if slot is not None:
        strip.action_slot = slot
    return strip


def lay(strip: bpy.types.NlaStrip, *, begin: float, end: float, at: float) -> None:
    """Let a strip show its action from frame `begin` to `end`, from the scene's frame `at` on."""
    show(strip, begin, end)
    last = at + (end - begin) * strip.scale * strip.repeat
    if last > strip.frame_start:
        strip.frame_end, strip.frame_start = last, at
    else:
        strip.frame_start, strip.frame_end = at, last


def show(strip: bpy.types.NlaStrip, begin: float, end: float) -> None:
    """Let a strip show its action from frame `begin` to `end`; Blender holds each below or above the other, so the order counts.

    Keys need not reach as far: an artist's edits in the strip must not fit its length to theirs.
    """
    strip.use_sync_length = False
    if end > strip.action_frame_start:
        strip.action_frame_end, strip.action_frame_start = end, begin
    else:
        strip.action_frame_start, strip.action_frame_end = begin, end


def place_strip(track: Any, strip: Any, old: Any, keys: bpy.types.ID, *, at: float | None = None) -> Any:
    """Move one of our strips from the track `old` to `track`, which may be the same, and to the scene's frame `at`; return it.

    What the artist has set of it stays. A strip cannot pass another one, or leave its track: it is made anew.
    """
    where = strip.frame_start if at is None else at
    values = {name: getattr(strip, name) for name in SET_BY_ARTISTS}
    shown, length = (strip.action_frame_start, strip.action_frame_end), strip.frame_end - strip.frame_start
    name, action = strip.name, strip.action
    curve = strip.fcurves.find("influence")
    influence = (read(curve, "co"), read(curve, "interpolation", np.int32)) if curve is not None else None
    late = where - strip.frame_start
    old.strips.remove(strip)
    placed = new_strip(track, name, action, keys, at=where)
    for setting, value in values.items():
        setattr(placed, setting, value)
    show(placed, *shown)
    placed.frame_end, placed.frame_start = where + length, where
    if influence is not None:
        places, kinds = influence
        places[::2] += late
        points = placed.fcurves.find("influence").keyframe_points
        points.clear()
        points.add(len(kinds))
        points.foreach_set("co", places)
        points.foreach_set("interpolation", kinds)
        placed.fcurves.find("influence").update()
    return placed


def channels_of(action: bpy.types.Action, keys: bpy.types.ID) -> tuple["bpy.types.ActionSlot | None", Any]:
    """Return the slot and the curves of our action; before Blender 4.4 an action has no slots."""
    if not hasattr(action, "slots"):
        action.id_root = keys.id_type
        return None, action.fcurves
    slot = action.slots[0] if action.slots else action.slots.new(id_type=keys.id_type, name=keys.name)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return slot, strip.channelbag(slot, ensure=True).fcurves


def write_curve(curve: bpy.types.FCurve, keyed: Straight | BezierKeys) -> None:
    """Write the keys of a curve at once, in place of those it has (a new driver comes with two from Blender 5.2 on)."""
    bezier = isinstance(keyed, BezierKeys)
    places = keyed.points if isinstance(keyed, BezierKeys) else np.column_stack(keyed).astype(np.float32)
    points = curve.keyframe_points
    points.clear()
    points.add(len(places))
    points.foreach_set("co", places.ravel())
    points.foreach_set("interpolation", np.full(len(places), BEZIER if bezier else LINEAR, np.int32))
    if isinstance(keyed, BezierKeys):
        for name, handles in (("handle_left", keyed.left), ("handle_right", keyed.right)):
            points.foreach_set(f"{name}_type", np.full(len(places), ALIGNED, np.int32))
            points.foreach_set(name, handles.ravel())
    settle(curve)


def settle(curve: bpy.types.FCurve) -> None:
    """Let Blender take note of changed keys until it changes none itself: later changes are an artist's. Handles that go to and fro
    between two roundings are freed."""
    for turn in range(2 * SETTLE):
        before = handles_of(curve)
        curve.update()
        moved = (before != handles_of(curve)).any(axis=1)
        if not moved.any():
            break
        if turn >= SETTLE:
            for side in ("left", "right"):
                types = read(curve, f"handle_{side}_type", np.int32)
                curve.keyframe_points.foreach_set(f"handle_{side}_type", np.where(moved, FREE, types).astype(np.int32))


def handles_of(curve: bpy.types.FCurve) -> NDArray[Any]:
    """Return both handles of all keys (N, 4)."""
    return np.column_stack([read(curve, f"handle_{side}").reshape(-1, 2) for side in ("left", "right")])


def make_smooth(curve: bpy.types.FCurve) -> None:
    """Let a curve pass its keys smoothly and without overshooting, also when they are dragged."""
    for point in curve.keyframe_points:
        point.interpolation, point.handle_left_type, point.handle_right_type = "BEZIER", "AUTO_CLAMPED", "AUTO_CLAMPED"
    curve.update()
