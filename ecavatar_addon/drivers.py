"""Drivers by which the other parts follow the skin's shape keys; none is a Python script, so they run in every file."""

import math
from collections.abc import Mapping

import bpy
import numpy as np

from ..core.bake.gaze import ACROSS, DOWN, UP
from ..core.speech.lip_gap import JAW_SHAPE
from ..core.types import Floats
from .actions import path_of, write_curve


def follow(driver_curve: bpy.types.FCurve, keys: bpy.types.Key, shape: str) -> None:
    """Make the driven value that of the skin's shape key `shape`; no Python expression, so it runs in every file."""
    driver = driver_curve.driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.name = "weight"
    target = variable.targets[0]
    target.id_type, target.id = "KEY", keys
    target.data_path = path_of(shape)


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
    for axis, (plus, minus, degrees) in {0: ("Down", "Up", (DOWN, UP)), 2: ("Out", "In", (outwards * ACROSS,) * 2)}.items():
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
        target.data_path = path_of(shape)
    driver.expression = text


def turn_with_jaw(jaw: bpy.types.Object, keys: bpy.types.Key, angles: Floats) -> None:
    """Turn the jaw's pivot by `angles` (N,), radians, when the skin's jawOpen is at N even steps from 0 to 1 (Sec. 3.4)."""
    jaw.driver_remove("rotation_euler", 0)
    curve = jaw.driver_add("rotation_euler", 0)
    follow(curve, keys, JAW_SHAPE)
    while curve.modifiers:
        curve.modifiers.remove(curve.modifiers[0])
    write_curve(curve, (np.linspace(0, 1, len(angles)), angles))
    curve.extrapolation = "LINEAR"
