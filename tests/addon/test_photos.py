"""The list of further photos: adding, removing, and what Generate makes of them."""

import shutil

import bpy
import numpy as np
import pytest
from ecavatar.core.errors import InputError
from ecavatar.core.files import read_json
from ecavatar.core.job import Request
from ecavatar.ecavatar_addon import jobs, photos
from ecavatar.ecavatar_addon.operators import disabled_reason, job_folder, start
from PIL import Image, ImageOps

from .conftest import PHOTO, SPEECH


def settings():
    return bpy.context.scene.ecavatar


def further():
    return [one.path for one in settings().more_photos]


def add(folder, *names):
    return bpy.ops.ecavatar.add_photos(directory=str(folder), files=[{"name": name} for name in names])


def choose():
    settings().photo, settings().audio, settings().emotion = str(PHOTO), str(SPEECH), "happy"


def test_all_chosen_files_are_added(addon, tmp_path):
    choose()
    assert add(tmp_path, "left.jpg", "right.jpg") == {"FINISHED"} and add(tmp_path, "left.jpg") == {"FINISHED"}
    assert further() == [str(tmp_path / "left.jpg"), str(tmp_path / "right.jpg")]            # each once


def test_nothing_chosen_adds_nothing(addon, tmp_path):
    assert add(tmp_path, "") == {"CANCELLED"} and not further()


def test_the_first_becomes_the_main_photo_when_there_is_none(addon, tmp_path):
    add(tmp_path, "front.jpg", "left.jpg")
    assert settings().photo == str(tmp_path / "front.jpg") and further() == [str(tmp_path / "left.jpg")]


def test_five_are_the_most(addon, tmp_path):
    choose()
    names = [f"{number}.jpg" for number in range(6)]
    with pytest.raises(InputError, match=r"at most; 4\.jpg, 5\.jpg; they were not added"):
        photos.add(settings(), [tmp_path / name for name in names])
    assert further() == [str(tmp_path / name) for name in names[:4]]
    with pytest.raises(RuntimeError, match="5 photos at most: remove one first"):
        add(tmp_path, "one more.jpg")
    assert bpy.ops.ecavatar.remove_photo(index=1) == {"FINISHED"} and bpy.ops.ecavatar.add_photos.poll()
    assert further() == [str(tmp_path / name) for name in ("0.jpg", "2.jpg", "3.jpg")]


def test_too_many_at_once_is_told_and_the_others_are_added(addon, tmp_path, capfd):
    choose()
    assert add(tmp_path, *(f"{number}.jpg" for number in range(5))) == {"FINISHED"} and len(further()) == 4
    assert "4.jpg; it was not added" in "".join(capfd.readouterr())


@pytest.mark.parametrize("index", [-1, 0])
def test_a_photo_that_is_not_there_cannot_be_removed(addon, index):
    with pytest.raises(RuntimeError, match="no further photo"):
        bpy.ops.ecavatar.remove_photo(index=index)


def test_the_button_names_the_photo_that_is_gone(addon, tmp_path):
    choose()
    shutil.copy(PHOTO, tmp_path / "left.jpg")
    add(tmp_path, "left.jpg", "gone.jpg")
    assert disabled_reason(bpy.context).startswith(f"there is no such photo; {tmp_path / 'gone.jpg'};")
    with pytest.raises(RuntimeError, match=r"no such photo.*gone\.jpg"):
        bpy.ops.ecavatar.generate()
    settings().more_photos[1].path = ""
    assert disabled_reason(bpy.context) == "photo 3 is empty; choose a file or remove it"
    settings().more_photos[1].path = "x" * 900
    assert "no such photo" in disabled_reason(bpy.context)
    bpy.ops.ecavatar.remove_photo(index=1)
    assert disabled_reason(bpy.context) == "" and bpy.ops.ecavatar.generate.poll()


def test_paths_beside_the_file_are_found(addon, tmp_path):
    shutil.copy(PHOTO, tmp_path / "left.jpg")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    choose()
    add(tmp_path, "left.jpg")
    assert further() == ["//left.jpg"] and add(tmp_path, "left.jpg") == {"FINISHED"} and len(further()) == 1
    assert disabled_reason(bpy.context) == ""
    start(bpy.context.scene)
    jobs.stop()
    assert Request.read(job_folder(PHOTO)).more_photos == (str(tmp_path / "left.jpg"),)


def test_the_list_is_kept_in_the_file(addon, tmp_path):
    choose()
    add(tmp_path, "left.jpg")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert photos.paths(settings())[1:] == [tmp_path / "left.jpg"]


@pytest.mark.once
def test_another_photo_changes_the_head_of_the_same_avatar(ready, tmp_path):
    choose()
    with Image.open(PHOTO) as picture:
        ImageOps.mirror(picture.convert("RGB")).save(tmp_path / "mirrored.png")
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    head = job_folder(PHOTO) / "head.npz"
    first = np.load(head)["vertices"]
    add(tmp_path, "mirrored.png")
    assert bpy.ops.ecavatar.generate() == {"FINISHED"}
    assert np.abs(np.load(head)["vertices"] - first).max() > 1e-4                            # metres: another head
    assert read_json(job_folder(PHOTO) / "manifest.json", InputError)["more_photos"] == [str(tmp_path / "mirrored.png")]
    assert len([found for found in bpy.context.scene.objects if found.ecavatar.role == "avatar"]) == 1


def test_an_error_names_its_photo(addon, tmp_path):
    choose()
    Image.new("RGB", (300, 300), (90, 120, 150)).save(tmp_path / "wall.png")
    add(tmp_path, "wall.png")
    with pytest.raises(RuntimeError, match="no face"):
        bpy.ops.ecavatar.generate()
    assert jobs.current.error.startswith(f"no face was found; {tmp_path / 'wall.png'}; choose one")
    assert not bpy.context.scene.objects
