"""What the buttons do, as scripts and artists press them."""

import json
import shutil

import bpy
import pytest
from ecavatar.ecavatar_addon import jobs
from ecavatar.ecavatar_addon.operators import disabled_reason, job_folder

from .conftest import PHOTO, SPEECH, shortened


def choose(photo=PHOTO, audio=SPEECH):
    settings = bpy.context.scene.ecavatar
    settings.photo, settings.audio, settings.emotion = str(photo), str(audio), "happy"


def test_the_button_says_what_is_missing(addon):
    assert "photo" in disabled_reason(bpy.context) and not bpy.ops.ecavatar.generate.poll()
    bpy.context.scene.ecavatar.photo = str(PHOTO)
    assert "recording" in disabled_reason(bpy.context)
    choose()
    assert disabled_reason(bpy.context) == "" and bpy.ops.ecavatar.generate.poll()


@pytest.mark.once
def test_generate_makes_an_avatar_and_finds_the_head_ready_the_second_time(addon, tmp_path):
    photo = tmp_path / "Grüße mit Leerzeichen.jpg"
    shutil.copy(PHOTO, photo)
    choose(photo, shortened(tmp_path / "three seconds.wav", seconds=3))
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    (root,) = [found for found in bpy.context.scene.objects if found.ecavatar.role == "avatar"]
    head = job_folder(photo) / "head.npz"
    before = head.stat().st_mtime_ns
    bpy.context.scene.render.fps = 30
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    assert head.stat().st_mtime_ns == before
    assert [found for found in bpy.context.scene.objects if found.ecavatar.role == "avatar"] == [root]
    assert 80 < bpy.context.scene.frame_end < 100                                 # three seconds, now at 30 frames each


@pytest.mark.parametrize("what", ["photo", "audio"])
def test_a_missing_file_is_one_sentence(addon, tmp_path, what):
    choose(**{what: tmp_path / "none.file"})
    with pytest.raises(RuntimeError, match="no such .*none.file"):
        bpy.ops.ecavatar.generate()
    assert not bpy.context.scene.objects


def test_a_photo_without_a_face_is_told_and_nothing_is_imported(addon, tmp_path):
    from PIL import Image
    Image.new("RGB", (300, 300), (90, 120, 150)).save(tmp_path / "wall.png")
    choose(photo=tmp_path / "wall.png")
    with pytest.raises(RuntimeError, match="no face"):
        bpy.ops.ecavatar.generate()
    assert not bpy.context.scene.objects and jobs.current.state == "failed"


def test_import_job(addon, finished):
    assert bpy.ops.ecavatar.import_job(directory=str(finished)) == {"FINISHED"}
    assert any(found.ecavatar.role == "skin" for found in bpy.context.scene.objects)


def test_import_of_a_job_of_another_head_model_is_refused(addon, finished, tmp_path):
    other = shutil.copytree(finished, tmp_path / "job")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(manifest | {"head_model": "0" * 64}))
    with pytest.raises(RuntimeError, match="another head model"):
        bpy.ops.ecavatar.import_job(directory=str(other))
    assert not bpy.context.scene.objects


def test_import_of_an_unfinished_job_is_refused(addon, finished, tmp_path):
    broken = tmp_path / "job"
    shutil.copytree(finished, broken)
    (broken / "manifest.json").unlink()
    with pytest.raises(RuntimeError, match="no finished result"):
        bpy.ops.ecavatar.import_job(directory=str(broken))
    shutil.copytree(finished, broken, dirs_exist_ok=True)
    (broken / "bake.npz").write_bytes(b"half")
    with pytest.raises(RuntimeError, match="damaged|differs"):
        bpy.ops.ecavatar.import_job(directory=str(broken))
    assert not bpy.context.scene.objects


def test_a_result_is_not_put_into_another_file(ready):
    from ecavatar.ecavatar_addon import operators
    uid = bpy.context.scene.session_uid
    choose()
    worker = operators.start(bpy.context.scene)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    while operators.watch(worker, uid) is not None:
        worker.process.poll()
    assert worker.state == "failed" and "Import Avatar Job" in worker.error
    assert not bpy.context.scene.objects


@pytest.mark.parametrize("dense", [False, True])
def test_the_worker_makes_few_keys_unless_there_are_to_be_dense_ones(addon, ready, monkeypatch, dense):
    from ecavatar.ecavatar_addon import jobs, operators
    asked = []
    monkeypatch.setattr(jobs, "submit", lambda folder, request: asked.append(request.few_keys))
    choose()
    bpy.context.scene.ecavatar.dense_keys = dense
    operators.start(bpy.context.scene)
    assert asked == [not dense]


def test_cancel_without_a_job_does_nothing(addon):
    assert bpy.ops.ecavatar.cancel() == {"FINISHED"}
