"""How an export ends: the scene as it was, a file that is whole or none, and one sentence; its dialog and panel."""

import errno
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import bpy
import pytest
from ecavatar.ecavatar_addon import export as module
from ecavatar.ecavatar_addon.export import by_exporter
from ecavatar.ecavatar_addon.export_operators import ECAVATAR_OT_export
from ecavatar.ecavatar_addon.head import parts_of
from ecavatar.ecavatar_addon.panels_export import ECAVATAR_PT_export

from .exported import FIRST, state
from .layout import Layout


class FailingExporter(bpy.types.Operator):
    """Writes half a file, makes a mesh and gives up, as an exporter on a full disk"""

    bl_idname = "ecavatar_test.fail"
    bl_label = "Fail"

    filepath: bpy.props.StringProperty()
    check_existing: bpy.props.BoolProperty()

    def execute(self, _context):
        Path(self.filepath).write_text("half")
        bpy.data.meshes.new("left over")
        self.report({"ERROR"}, "no room")
        return {"CANCELLED"}


@pytest.fixture
def failing(monkeypatch):
    bpy.utils.register_class(FailingExporter)
    monkeypatch.setitem(module.WRITERS, ".fbx", by_exporter("Test", "ecavatar_test.fail"))
    yield
    bpy.utils.unregister_class(FailingExporter)


def test_the_scene_is_as_before_however_it_ends(told, tmp_path, failing, monkeypatch):
    other = bpy.data.scenes.new("other")
    rig = parts_of(told)["neck"]
    bpy.context.view_layer.objects.active = rig
    rig.select_set(True)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.context.scene.frame_set(FIRST + 2)
    parts_of(told)["skin"].data.shape_keys.key_blocks["cheekPuff"].value = 0.4               # no track has it
    parts_of(told)["skin"].location.x = 0.03
    bpy.context.view_layer.update()
    before = state(tmp_path)
    for name in ("a.usdz", "b.json"):
        assert bpy.ops.ecavatar.export(filepath=str(tmp_path / name)) == {"FINISHED"}
        (tmp_path / name).unlink()
        assert state(tmp_path) == before
    (tmp_path / "c.fbx").write_text("the one from before")
    before = state(tmp_path)
    with pytest.raises(RuntimeError, match=r"Test exporter failed .*no room.*; .*c.fbx; choose"):
        bpy.ops.ecavatar.export(filepath=str(tmp_path / "c.fbx"))
    assert state(tmp_path) == before
    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(RuntimeError, match=r"cannot write \(No space left"):
        bpy.ops.ecavatar.export(filepath=str(tmp_path / "c.usdz"))
    assert state(tmp_path) == before and (tmp_path / "c.fbx").read_text() == "the one from before"
    assert bpy.data.scenes[:] == [found for found in bpy.data.scenes if found in (other, bpy.context.scene)]


def test_a_full_disk_is_told_before_the_work(told, tmp_path, monkeypatch):
    usage = SimpleNamespace(free=23_000_000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _folder: usage)
    with pytest.raises(RuntimeError, match=r"may need 24 MB, and 23 MB are free; .*a.csv"):
        bpy.ops.ecavatar.export(filepath=str(tmp_path / "a.csv"))
    usage.free = 25_000_000
    with pytest.raises(RuntimeError, match=r"may need 2\d MB, and 25 MB"):
        bpy.ops.ecavatar.export(filepath=str(tmp_path / "a.abc"))


def test_the_exporters_own_words_are_kept():
    assert module.reason("Error: no room\nLocation: ops.py:1\n") == "no room"
    python = "Error: Python: Traceback\n  File a\n    f()"
    assert module.reason(f"{python}\nOSError: [Errno 28] full\n\nLocation: x") == "OSError: [Errno 28] full"
    assert module.reason(f"{python}... truncated\nLocation: x") == "Blender's console says why"


def test_a_cut_archive_is_no_result(tmp_path):
    with ZipFile(tmp_path / "a.usdz", "w") as archive:
        archive.writestr("a.usdc", bytes(1000))
    content = (tmp_path / "a.usdz").read_bytes()
    assert not module.broken(tmp_path / "a.usdz")
    for harmed in (content[:900], content.replace(bytes(1000), bytes(999) + b"1")):
        (tmp_path / "a.usdz").write_bytes(harmed)
        assert module.broken(tmp_path / "a.usdz")


def full(_file):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_cannot_be_exported_is_one_sentence(root, tmp_path):
    skin = parts_of(root)["skin"]

    def refused(name, sentence):
        with pytest.raises(RuntimeError, match=sentence):
            bpy.ops.ecavatar.export(filepath=name and str(tmp_path / name))
    (tmp_path / "file").write_text("x")
    refused("", "no file is chosen")
    refused("head.obj", "no export as .obj; .*let its name end in one of .glb")
    refused("head", "no export as a file without an ending")
    refused("file/head.glb", "cannot write")
    refused("file/head.csv", "cannot write")
    bpy.ops.object.mode_set(mode="EDIT")
    refused("head.glb", "is being edited; .*skin; go back to Object Mode")
    bpy.ops.object.mode_set(mode="OBJECT")
    for owner in (skin.data.shape_keys, parts_of(root)["neck"]):
        tracks = owner.animation_data.nla_tracks
        for track in list(tracks):
            tracks.remove(track)
    refused("head.json", "no motion in its NLA tracks; .*generate it again")
    skin.shape_key_clear()
    refused("head.glb", "shape keys are gone")
    bpy.context.view_layer.objects.active = None
    refused("head.glb", "Select an avatar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize(("format_", "chosen", "name"), [
    (".glb", "//head", "//head.glb"), (".fbx", "/a b/head.v2.GLB", "/a b/head.v2.fbx"), (".usdz", "head.usdc", "head.usdc"),
    (".json", "take.1", "take.1.json"), (".csv", "/folder/", "/folder/")])
def test_the_name_ends_as_the_format_asks(addon, format_, chosen, name):
    bpy.context.scene.ecavatar.export.format = format_
    dialog = SimpleNamespace(filepath=chosen)
    assert ECAVATAR_OT_export.check(dialog, bpy.context) == (chosen != name) and dialog.filepath == name


def test_the_dialog_opens_with_a_name(root):
    bpy.context.scene.ecavatar.export.format = ".abc"
    root.name = "a/b"
    opened = []
    context = SimpleNamespace(active_object=bpy.context.active_object, scene=bpy.context.scene,
                              window_manager=SimpleNamespace(fileselect_add=opened.append))
    dialog = SimpleNamespace(filepath="", check=lambda context: ECAVATAR_OT_export.check(dialog, context))
    assert ECAVATAR_OT_export.invoke(dialog, context, None) == {"RUNNING_MODAL"}
    assert opened == [dialog] and dialog.filepath == "a_b.abc"


def test_every_format_of_the_panel_can_be_written(addon):
    drawn = []
    ECAVATAR_PT_export.draw(SimpleNamespace(layout=Layout(drawn)), bpy.context)
    assert drawn == ["Format", "Frames", "ARKit Shapes Only", "ecavatar.export"]
    kinds = bpy.context.scene.ecavatar.export.bl_rna.properties["format"].enum_items.keys()
    assert set(kinds) == set(module.WRITERS) - {".usdc"}
