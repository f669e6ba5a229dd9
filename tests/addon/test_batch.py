"""Blender's share of a batch: files of finished jobs, made in a Blender of its own that waits for the next one."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import bpy
import pytest
from ecavatar.core.errors import JobError
from ecavatar.core.files import digest, read_json, write_arrays, write_json
from ecavatar.core.hair.haircut import Haircut
from ecavatar.core.hair.look import Look
from ecavatar.core.hair.strands import Strands
from ecavatar.core.head.model import HeadBasis
from ecavatar.core.pack import DEFAULT
from ecavatar.ecavatar_addon.head import parts_of

FEW = 10                        # strands: whoever grows the hair anew has thousands


def shave(job):
    """Give a finished job other hair, of few strands, as if it had been asked for."""
    look = Look.read(job / "look.npz", HeadBasis.load(DEFAULT / "head.npz"))
    few = Strands(*(getattr(look.hair, name)[:FEW] for name in ("points", "radius", "triangle", "weights")))
    write_arrays(job / "look.npz", replace(look, cut=Haircut("SHORT", "NONE", "MIDDLE", "COILY"), hair=few).arrays())
    manifest = read_json(job / "manifest.json", JobError)
    manifest["files"]["look.npz"] = digest(job / "look.npz")
    write_json(job / "manifest.json", manifest)


@pytest.fixture(scope="module")
def saved(finished, tmp_path_factory):
    """A .blend, with other hair, and the numbers of the finished job, by one child process; what it says of a job that is none."""
    from ecavatar.core.batch.blender import MODULE, Blender
    folder, shorn = tmp_path_factory.mktemp("saved files"), tmp_path_factory.mktemp("a job with other hair") / "ann"
    shave(shutil.copytree(finished, shorn))
    with Blender(MODULE) as blender:
        blender.save(shorn, folder / "ann.blend")
        process = blender.process
        with pytest.raises(JobError, match="no finished result") as error:
            blender.save(folder, folder / "none.blend")
        blender.save(finished, folder / "ann.csv")          # what is exported otherwise is test_export's to look at
        assert blender.process is process, "one Blender makes all files"
    assert process.poll() == 0
    return folder, str(error.value)


def test_the_blend_file_holds_the_whole_avatar(saved, addon):
    bpy.ops.wm.open_mainfile(filepath=str(saved[0] / "ann.blend"))
    scene = bpy.context.scene
    root = next(found for found in scene.objects if found.ecavatar.role == "avatar")
    skin = next(found for found in root.children if found.ecavatar.role == "skin")
    assert scene.render.fps == 24 and scene.frame_end > 200
    assert {track.name for track in skin.data.shape_keys.animation_data.nla_tracks} >= {"Speech", "Emotion", "Blinks"}
    albedos = [image for image in bpy.data.images if image.source == "FILE"]
    assert albedos and all(image.packed_file for image in albedos)


def test_hair_is_worn_as_the_row_asks(saved, addon):
    bpy.ops.wm.open_mainfile(filepath=str(saved[0] / "ann.blend"))
    root = next(found for found in bpy.context.scene.objects if found.ecavatar.role == "avatar")
    assert len(parts_of(root)["hair"].data.curves) == FEW


def test_other_endings_are_exported(saved):
    lines = (saved[0] / "ann.csv").read_text().splitlines()
    assert lines[0].startswith("Timecode") and len(lines) > 200


def test_nothing_is_left_of_what_failed(saved):
    assert {path.name for path in saved[0].iterdir()} == {"ann.blend", "ann.csv"} and "generate it again" in saved[1]


def test_the_command_of_blender_is_the_engine_s(addon, tmp_path, capsys):
    from ecavatar.ecavatar_addon import batch
    assert batch.Commands.handle is not None
    assert batch.command(["batch", str(tmp_path / "none.csv"), "--out", str(tmp_path / "out")]) == 2
    assert "none.csv" in capsys.readouterr().err


def test_a_blender_that_dies_fails_its_file_only(finished, tmp_path):
    from ecavatar.core.batch.blender import Blender
    with Blender(sys.executable) as blender, pytest.raises(JobError, match="ended with code"):       # no Blender at all
        blender.save(finished, tmp_path / "a.blend")


def test_a_blender_that_is_dead_before_it_is_asked_says_its_code_too(tmp_path):
    from ecavatar.core.batch.blender import Blender

    class Dead(Blender):
        def start(self):
            process = super().start()
            process.wait()
            return process

    with Dead(sys.executable) as blender, pytest.raises(JobError, match="Blender ended with code [1-9].*a.blend"):
        blender.save(tmp_path, tmp_path / "a.blend")


def test_a_blender_is_found_or_told(monkeypatch):
    from ecavatar.core.batch import blender
    from ecavatar.core.errors import InputError
    assert blender.find() == blender.MODULE and Path(blender.find(sys.executable)) == Path(sys.executable)
    with pytest.raises(InputError, match="no such Blender"):
        blender.find("no such program")
    monkeypatch.setattr(blender.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="--blender"):
        blender.find()
