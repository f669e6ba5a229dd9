"""What buttons report in the status bar beside what they do: work that is kept elsewhere, files that are gone or not taken."""

import shutil

import bpy
import numpy as np
import pytest
from ecavatar.core.choices import MOST_RECORDINGS
from ecavatar.core.errors import JobError
from ecavatar.core.files import digest, read_json, write_arrays, write_json
from ecavatar.core.job import read_result
from ecavatar.ecavatar_addon.actions import channels_of
from ecavatar.ecavatar_addon.head import parts_of

from .conftest import copied
from .keyed import keys, strip


@pytest.fixture
def said(capfd):
    """What has been reported since it was asked last, as Blender prints it without a window."""
    capfd.readouterr()
    return lambda: "".join(capfd.readouterr())


def edit(root, track="Speech"):
    """Move a key as an artist does."""
    channels_of(strip(root, track).action, keys(root))[1][0].keyframe_points[0].co.y += 0.25


def changed(folder, **values):
    """Change what the manifest of a job folder says."""
    manifest = read_json(folder / "manifest.json", JobError)
    write_json(folder / "manifest.json", manifest | values)


def test_an_import_tells_that_the_recording_is_gone(addon, folder, said, tmp_path):
    assert bpy.ops.ecavatar.import_job(directory=str(folder)) == {"FINISHED"}
    assert "Warning" not in said()
    changed(folder, audio=str(tmp_path / "gone.wav"))
    assert bpy.ops.ecavatar.import_job(directory=str(folder)) == {"FINISHED"}
    assert f"Warning: the recording is gone, so there is no sound; {tmp_path / 'gone.wav'}" in said()


def test_an_import_tells_where_edited_keys_are_kept(root, folder, said):
    edit(root)
    assert bpy.ops.ecavatar.import_job(directory=str(folder)) == {"FINISHED"}
    name = f"{strip(root).action.name} edited"
    assert f"Warning: your edited keys are kept; action {name};" in said() and name in bpy.data.actions


def test_an_import_of_a_clip_tells_that_it_begins_later(root, folder, tmp_path, said):
    second = copied(folder, tmp_path / "second")
    bpy.context.scene.frame_set(100)
    bpy.context.view_layer.objects.active = parts_of(root)["skin"]
    assert bpy.ops.ecavatar.import_job(directory=str(second), placing="PLAYHEAD") == {"FINISHED"}
    start = round(root.ecavatar.clips[1].start)
    assert start > 200 and f"Warning: there is no room at frame 100, so the clip begins at frame {start}" in said()


def test_an_import_refuses_few_keys_of_the_worker_that_do_not_fit(addon, folder):
    from ecavatar.core import job
    bake = read_result(folder).bake | {"keys_by": np.array(job.sources_digest()), "keys": np.zeros((), np.float32),
                                       "key_counts": np.zeros((2, 57), np.int32)}
    write_arrays(folder / "bake.npz", bake)
    changed(folder, files=read_json(folder / "manifest.json", JobError)["files"] | {"bake.npz": digest(folder / "bake.npz")})
    with pytest.raises(RuntimeError, match="the few keys of the result do not fit its shapes.*generate it again"):
        bpy.ops.ecavatar.import_job(directory=str(folder))
    assert not bpy.context.scene.objects


def test_update_motion_tells_where_edited_keys_are_kept(root, said):
    edit(root)
    assert bpy.ops.ecavatar.update_motion() == {"FINISHED"}
    assert f"Warning: your edited keys are kept; action {strip(root).action.name} edited;" in said()
    assert bpy.ops.ecavatar.update_motion() == {"FINISHED"}
    assert "Warning" not in said()


def test_removing_a_clip_tells_where_its_edited_keys_are_kept(root, folder, tmp_path, said):
    bpy.ops.ecavatar.import_job(directory=str(shutil.copytree(folder, tmp_path / "second")), placing="AFTER")
    root.ecavatar.active_clip = 0
    edit(root)
    name = f"{strip(root).action.name} edited"
    assert bpy.ops.ecavatar.remove_clip() == {"FINISHED"}
    assert f"Warning: your edited keys are kept; action {name};" in said()
    assert bpy.data.actions[name].use_fake_user and len(root.ecavatar.clips) == 1


@pytest.mark.parametrize(("names", "told"), [
    (("a.wav", "b.wav", "c.wav"), "an avatar says one recording at a time; b.wav, c.wav; generate"),
    (("a.wav", "notes.txt"), "neither a photo nor a recording; notes.txt; not taken")])
def test_files_that_are_dropped_and_not_taken_are_told(addon, tmp_path, said, names, told):
    assert bpy.ops.ecavatar.drop(directory=str(tmp_path), files=[{"name": name} for name in names]) == {"FINISHED"}
    assert f"Warning: {told}" in said()


def test_voices_beyond_the_most_are_told(addon, tmp_path, said):
    files = [{"name": f"{number}.wav"} for number in range(MOST_RECORDINGS + 2)]
    assert bpy.ops.ecavatar.add_voices(directory=str(tmp_path), files=files) == {"FINISHED"}
    assert len(bpy.context.scene.ecavatar.voices) == MOST_RECORDINGS
    assert "recordings at most; 50.wav, 51.wav; not added" in said()


def test_a_world_of_the_artists_is_told_to_stay(root, said):
    world = bpy.context.scene.world = bpy.data.worlds.new("mine")
    if bpy.app.version < (5, 0):
        world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.2, 0.0, 0.0, 1.0)
    assert bpy.ops.ecavatar.light_preset(preset="window") == {"FINISHED"}
    assert "Warning: the scene's world stays as it is" in said() and bpy.context.scene.world == world
