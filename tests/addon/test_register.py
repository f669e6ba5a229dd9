"""Disabling the add-on leaves nothing behind."""

import bpy
import pytest


def ours():
    return {name for name in dir(bpy.types) if name.startswith("ECAVATAR_")}


def test_disable_leaves_nothing(addon):
    assert {"ECAVATAR_OT_generate", "ECAVATAR_OT_cancel", "ECAVATAR_PT_generate"} <= ours()
    assert bpy.context.scene.ecavatar.photo == ""
    addon.unregister()
    try:
        assert not ours() and not hasattr(bpy.types.Scene, "ecavatar") and not hasattr(bpy.types.Object, "ecavatar")
        with pytest.raises(AttributeError):
            bpy.ops.ecavatar.generate.poll()
    finally:
        addon.register()


def test_enabling_twice_works(addon):
    for _ in range(2):
        addon.unregister()
        addon.register()
    assert bpy.context.scene.ecavatar.audio == ""
