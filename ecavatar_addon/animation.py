"""Keys: NLA tracks on the skin's shape keys, and drivers by which the other parts follow them. Only this file knows slots."""

import math
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.job import JobResult
from ..core.lip_gap import JAW_SHAPE
from ..core.types import Floats
from .head import EYES, JAW, Parts

REST, SPEECH, BLINKS = "Rest", "Speech", "Blinks"
LIDS = ("eyeBlinkLeft", "eyeBlinkRight")
GAZE_UP_DOWN, GAZE_ACROSS = (24.0, 20.0), 28.0        # degrees of eyeLookDown and Up, and of eyeLookIn and Out, at 1
STAMP = "ecavatar"              # custom property of our actions: digest of the keys we wrote, first frame, frames a second
LINEAR = 1                      # of enum Keyframe.interpolation, for foreach_set
Curves = Mapping[str, tuple[NDArray[np.float64], Floats]]


def apply(root: bpy.types.Object, parts: Parts, result: JobResult, *, start: int) -> None:
    """Key the speech and the blinks on the skin from frame `start`; let the jaw and the other parts follow the skin.

    The track at the bottom holds everything at rest, so that a muted track above it leaves nothing behind.
    """
    keys = parts["skin"].data.shape_keys
    bake = result.bake
    extent = float(start), float(start + len(bake["weights"]) - 1)
    speech = speech_curves(tuple(map(str, bake["names"])), bake["weights"], start=start)
    blinks = bake["blinks"]
    lids = (start + blinks[:, 0].astype(np.float64) * float(bake["fps"]), blinks[:, 1])
    fps = float(bake["fps"])
    set_track(keys, root.name, REST, rest_curves((*speech, *LIDS), start=start), extent, fps)
    set_track(keys, root.name, SPEECH, speech, extent, fps)
    set_track(keys, root.name, BLINKS, dict.fromkeys(LIDS, lids) if len(blinks) else {}, extent, fps)
    for role, part in parts.items():
        followers = part.data.shape_keys if role != "skin" and part.data is not None else None
        for block in followers.key_blocks[1:] if followers is not None else ():
            block.driver_remove("value")
            follow(block.driver_add("value"), keys, block.name)
    turn_with_jaw(parts[JAW], keys, bake["jaw_angles"])
    for name, pair, gain in zip(bake["corrective_names"], bake["corrective_pairs"], bake["corrective_gains"], strict=True):
        correct(keys, str(name), tuple(str(bake["names"][place]) for place in pair), float(gain))
    for role in EYES:
        look(parts[role], keys, role.removeprefix("eye_").capitalize())


def speech_curves(names: tuple[str, ...], weights: Floats, *, start: int) -> Curves:
    """Return a key on every frame from `start` for each of the shapes `names` that moves; weights: (N, K)."""
    frames = start + np.arange(len(weights), dtype=np.float64)
    return {name: (frames, column) for name, column in zip(names, weights.T, strict=True) if column.any()}


def rest_curves(names: tuple[str, ...], *, start: int) -> Curves:
    """Return one key at zero for each shape."""
    return dict.fromkeys(names, (np.array([start], np.float64), np.zeros(1, np.float32)))


def set_track(keys: bpy.types.Key, owner: str, name: str, curves: Curves, extent: tuple[float, float], fps: float) -> None:
    """Give the NLA track `name` an action with a curve for each shape key (frames and values) over frames first to last.

    A track that is there already keeps its place among the artist's own. Tracks combine: one replaces only the shapes it
    keys, so that each can be muted, moved and edited alone.
    """
    animation = keys.animation_data or keys.animation_data_create()
    track = animation.nla_tracks.get(name)
    action = track.strips[0].action if track is not None and track.strips else None
    if action is None:
        action = bpy.data.actions.new(f"{owner} {name}")
    write_action(action, keys, curves, start=extent[0], fps=fps)
    slot, _ = channels_of(action, keys)
    if track is None:
        track = animation.nla_tracks.new()
        track.name = name
    strip = track.strips[0] if track.strips else track.strips.new(name, int(extent[0]), action)
    if slot is not None:
        strip.action_slot = slot
    strip.scale, strip.repeat = 1.0, 1.0
    strip.action_frame_start, strip.action_frame_end = extent
    strip.frame_end, strip.frame_start = extent[1], extent[0]
    strip.extrapolation = "HOLD" if name == REST else "NOTHING"
    strip.blend_type = "REPLACE"


def write_action(action: bpy.types.Action, keys: bpy.types.Key, curves: Curves, *, start: float, fps: float) -> str:
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
    action[STAMP] = {"keys": digest_of(channels), "start": start, "fps": fps}
    return kept


def add_curves(channels: Any, curves: Curves) -> None:
    """Add a curve for each shape key (frames and values)."""
    for shape, (frames, values) in curves.items():
        write_curve(channels.new(f'key_blocks["{bpy.utils.escape_identifier(shape)}"].value'), frames, values)


def digest_of(channels: Any) -> str:
    """Return a digest of all that an artist can edit in these curves."""
    total = sha256()
    for curve in channels:
        points = curve.keyframe_points
        places, kinds = np.empty(2 * len(points), np.float32), np.empty(len(points), np.int32)
        points.foreach_get("co", places)
        points.foreach_get("interpolation", kinds)
        modifiers = [modifier.type for modifier in curve.modifiers]
        total.update(f"{curve.data_path} {curve.mute} {curve.extrapolation} {modifiers}".encode() + places.tobytes() + kinds.tobytes())
    return total.hexdigest()


def our_action(keys: bpy.types.Key, name: str) -> bpy.types.Action | None:
    """Return the action that we keyed in the NLA track `name`, if it is still there."""
    track = keys.animation_data.nla_tracks.get(name) if keys.animation_data is not None else None
    strips: Any = track.strips if track is not None else ()
    return next((strip.action for strip in strips if strip.action is not None and STAMP in strip.action), None)


def rekey_speech(keys: bpy.types.Key, action: bpy.types.Action, names: tuple[str, ...], weights: Floats) -> str:
    """Key our speech action anew where it lies, strips untouched; return the name of the copy that keeps an artist's edits, or "".

    Shapes that did not move before are also held at rest in the track at the bottom.
    """
    start = int(action[STAMP]["start"])
    curves = speech_curves(names, weights, start=start)
    kept = write_action(action, keys, curves, start=start, fps=action[STAMP]["fps"])
    if (rest := our_action(keys, REST)) is not None:
        _, channels = channels_of(rest, keys)
        untouched = rest[STAMP]["keys"] == digest_of(channels)
        held = {curve.data_path for curve in channels}
        new = tuple(name for name in curves if f'key_blocks["{bpy.utils.escape_identifier(name)}"].value' not in held)
        add_curves(channels, rest_curves(new, start=start))
        if untouched:
            rest[STAMP]["keys"] = digest_of(channels)
    return kept


def channels_of(action: bpy.types.Action, keys: bpy.types.Key) -> tuple["bpy.types.ActionSlot | None", Any]:
    """Return the slot and the curves of our action; before Blender 4.4 an action has no slots."""
    if not hasattr(action, "slots"):
        action.id_root = "KEY"
        return None, action.fcurves
    slot = action.slots[0] if action.slots else action.slots.new(id_type="KEY", name=keys.name)
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


def follow(driver_curve: bpy.types.FCurve, keys: bpy.types.Key, shape: str) -> None:
    """Make the driven value that of the skin's shape key `shape`; no Python expression, so it runs in every file."""
    driver = driver_curve.driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.name = "weight"
    target = variable.targets[0]
    target.id_type, target.id = "KEY", keys
    target.data_path = f'key_blocks["{bpy.utils.escape_identifier(shape)}"].value'


def correct(keys: bpy.types.Key, name: str, pair: tuple[str, ...], gain: float) -> None:
    """Drive the corrective shape `name` by the product of two others; Blender works such an expression out without Python."""
    block = keys.key_blocks[name]
    block.driver_remove("value")
    share = f"{gain:g} * second" if gain >= 0 else f"1 - {-gain:g} * second"                # a negative gain counts down
    expression(block.driver_add("value"), keys, {"first": pair[0], "second": pair[1]}, f"clamp(first) * clamp({share})")


def look(eye: bpy.types.Object, keys: bpy.types.Key, side: str) -> None:
    """Turn an eyeball by the skin's eyeLook shapes of its side, "Left" or "Right"."""
    eye.rotation_mode = "XYZ"
    outwards = 1 if side == "Left" else -1                      # +Z turns to the person's left
    for axis, (plus, minus, degrees) in {0: ("Down", "Up", GAZE_UP_DOWN), 2: ("Out", "In", (outwards * GAZE_ACROSS,) * 2)}.items():
        eye.driver_remove("rotation_euler", axis)
        curve = eye.driver_add("rotation_euler", axis)
        expression(curve, keys, {"plus": f"eyeLook{plus}{side}", "minus": f"eyeLook{minus}{side}"},
                   f"{math.radians(degrees[0]):.5f} * plus - {math.radians(degrees[1]):.5f} * minus")


def expression(curve: bpy.types.FCurve, keys: bpy.types.Key, variables: Mapping[str, str], text: str) -> None:
    """Make the driven value that of an arithmetic expression of the skin's shape keys, by the names of its variables."""
    driver = curve.driver
    driver.type = "SCRIPTED"
    for name, shape in variables.items():
        variable = driver.variables.new()
        variable.name = name
        target = variable.targets[0]
        target.id_type, target.id = "KEY", keys
        target.data_path = f'key_blocks["{bpy.utils.escape_identifier(shape)}"].value'
    driver.expression = text


def turn_with_jaw(jaw: bpy.types.Object, keys: bpy.types.Key, angles: Floats) -> None:
    """Turn the jaw's pivot by `angles` (N,), radians, when the skin's jawOpen is at N even steps from 0 to 1 (Sec. 3.4)."""
    jaw.driver_remove("rotation_euler", 0)
    curve = jaw.driver_add("rotation_euler", 0)
    follow(curve, keys, JAW_SHAPE)
    while curve.modifiers:
        curve.modifiers.remove(curve.modifiers[0])
    write_curve(curve, np.linspace(0, 1, len(angles)), angles)
    curve.extrapolation = "LINEAR"
