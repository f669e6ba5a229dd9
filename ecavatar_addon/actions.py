"""Actions of shape keys and of bones: curves written at once, and a stamp that tells an artist's edits. Only this file knows slots."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.types import Floats

STAMP = "ecavatar"              # custom property of our actions: digest of the keys we wrote, and what the caller wants to find again
LINEAR = 1                      # of enum Keyframe.interpolation, for foreach_set
Channel = str | tuple[str, int]         # a shape key's name, or the path and place of another property
Curves = Mapping[Channel, tuple[NDArray[np.float64], Floats]]


def path_of(shape: str) -> str:
    """Return the path of a shape key's value."""
    return f'key_blocks["{bpy.utils.escape_identifier(shape)}"].value'


def address_of(channel: Channel) -> tuple[str, int]:
    """Return path and place of what a curve animates."""
    return (path_of(channel), 0) if isinstance(channel, str) else channel


def write_action(action: bpy.types.Action, keys: bpy.types.ID, curves: Curves, stamp: Mapping[str, float]) -> str:
    """Give the action these curves in place of those it has; return the name of the copy that keeps an artist's edits, or ""."""
    _, channels = channels_of(action, keys)
    kept = ""
    if len(channels) and action.get(STAMP, {}).get("keys") != digest_of(channels):
        copy: Any = action.copy()
        copy.name, copy.use_fake_user = f"{action.name} edited", True
        copy.pop(STAMP, None)
        kept = copy.name
    channels.clear()
    add_curves(channels, curves)
    action[STAMP] = {**stamp, "keys": digest_of(channels)}
    return kept


def add_curves(channels: Any, curves: Curves) -> None:
    """Add a curve for each channel (frames and values): straight for shape keys, smooth for others."""
    for channel, (frames, values) in curves.items():
        path, index = address_of(channel)
        curve = channels.new(path, index=index)
        write_curve(curve, frames, values)
        if not isinstance(channel, str):
            make_smooth(curve)


def extend_action(action: bpy.types.Action, keys: bpy.types.ID, curves: Curves) -> None:
    """Add curves for the channels that have none yet."""
    _, channels = channels_of(action, keys)
    untouched = action[STAMP]["keys"] == digest_of(channels)
    held = {(curve.data_path, curve.array_index) for curve in channels}
    add_curves(channels, {channel: curve for channel, curve in curves.items() if address_of(channel) not in held})
    if untouched:
        action[STAMP]["keys"] = digest_of(channels)


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
        curve.update()
    if untouched:
        action[STAMP]["keys"] = digest_of(channels)


def sample(action: bpy.types.Action, keys: bpy.types.Key, names: tuple[str, ...], frames: NDArray[np.float64]) -> Floats:
    """Return the weights (T, K) that an action gives the shapes `names` at `frames` (T,), as an artist may have edited them."""
    _, channels = channels_of(action, keys)
    places = {path_of(name): index for index, name in enumerate(names)}
    result = np.zeros((len(frames), len(names)), np.float32)
    for curve in channels:
        if curve.data_path not in places or curve.mute or not len(curve.keyframe_points):
            continue
        points = np.empty(2 * len(curve.keyframe_points), np.float32)
        kinds = np.empty(len(curve.keyframe_points), np.int32)
        curve.keyframe_points.foreach_get("co", points)
        curve.keyframe_points.foreach_get("interpolation", kinds)
        straight = (kinds == LINEAR).all() and not len(curve.modifiers) and curve.extrapolation == "CONSTANT"
        values = np.interp(frames, points[::2], points[1::2]) if straight else np.array([curve.evaluate(frame) for frame in frames])
        result[:, places[curve.data_path]] = values
    return result


def is_edited(action: bpy.types.Action, keys: bpy.types.ID) -> bool:
    """Whether an artist has edited the keys we wrote."""
    return bool(action[STAMP]["keys"] != digest_of(channels_of(action, keys)[1]))


def digest_of(channels: Any) -> str:
    """Return a digest of all that an artist can edit in these curves."""
    total = sha256()
    for curve in channels:
        points = curve.keyframe_points
        places, kinds = np.empty(2 * len(points), np.float32), np.empty(len(points), np.int32)
        points.foreach_get("co", places)
        points.foreach_get("interpolation", kinds)
        modifiers = [modifier.type for modifier in curve.modifiers]
        if (kinds != LINEAR).any():                     # who drags a handle changes its type
            handles = np.array([(point.handle_left_type, point.handle_right_type) for point in points])
            total.update(" ".join(handles.ravel()).encode())
        path = f"{curve.data_path}{curve.array_index or ''}"
        total.update(f"{path} {curve.mute} {curve.extrapolation} {modifiers}".encode() + places.tobytes() + kinds.tobytes())
    return total.hexdigest()


def strip_of(keys: bpy.types.ID, name: str) -> bpy.types.NlaStrip | None:
    """Return the strip of the action that we keyed in the NLA track `name`, if it is still there."""
    track = keys.animation_data.nla_tracks.get(name) if keys.animation_data is not None else None
    strips: Any = track.strips if track is not None else ()
    return next((strip for strip in strips if strip.action is not None and STAMP in strip.action), None)


def our_action(keys: bpy.types.ID, name: str) -> bpy.types.Action | None:
    """Return the action that we keyed in the NLA track `name`, if it is still there."""
    strip = strip_of(keys, name)
    return strip.action if strip is not None else None


def channels_of(action: bpy.types.Action, keys: bpy.types.ID) -> tuple["bpy.types.ActionSlot | None", Any]:
    """Return the slot and the curves of our action; before Blender 4.4 an action has no slots."""
    if not hasattr(action, "slots"):
        action.id_root = keys.id_type
        return None, action.fcurves
    slot = action.slots[0] if action.slots else action.slots.new(id_type=keys.id_type, name=keys.name)
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return slot, strip.channelbag(slot, ensure=True).fcurves


def write_curve(curve: bpy.types.FCurve, frames: NDArray[np.float64], values: Floats) -> None:
    """Write the keys of a curve at once, in place of those it has (a new driver comes with two from Blender 5.2 on)."""
    points = curve.keyframe_points
    points.clear()
    points.add(len(frames))
    points.foreach_set("co", np.column_stack([frames, values]).astype(np.float32).ravel())
    points.foreach_set("interpolation", np.full(len(frames), LINEAR, np.int32))
    curve.update()


def make_smooth(curve: bpy.types.FCurve) -> None:
    """Let a curve pass its keys smoothly and without overshooting, also when they are dragged."""
    for point in curve.keyframe_points:
        point.interpolation, point.handle_left_type, point.handle_right_type = "BEZIER", "AUTO_CLAMPED", "AUTO_CLAMPED"
    curve.update()
