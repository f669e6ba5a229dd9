"""Pictures in the panel: photos upright, the head beside them, nothing where there is no file; and what the preferences say."""

import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from ecavatar.core.choices import PREVIEWS
from ecavatar.core.errors import JobError
from ecavatar.ecavatar_addon import folders, jobs, operators, panels_person, pictures, roots
from ecavatar.ecavatar_addon.preferences import ECAVATAR_preferences, make_full
from PIL import Image

from .conftest import PHOTO
from .layout import Layout

SIZE = (96, 64)


@pytest.fixture
def photo(tmp_path):
    """Write a photo that is red at the top, as somebody sees it who heeds EXIF, and green at the left below."""
    def write(name="photo.jpg", orientation=1):
        seen = Image.new("RGB", SIZE, (0, 0, 255))
        seen.paste((255, 0, 0), (0, 0, SIZE[0], 24))
        seen.paste((0, 255, 0), (0, 24, 32, SIZE[1]))
        inverse = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]         # Pillow's numbers of what undoes it
        stored, exif = seen if inverse is None else seen.transpose(Image.Transpose(inverse)), Image.Exif()
        exif[0x0112] = orientation
        stored.save(tmp_path / name, exif=exif, quality=95)
        return tmp_path / name
    return write


def pixels(path):
    """Return what is seen of a picture, top row first."""
    found = pictures.picture(path)
    width, height = found.image_size
    return np.array(found.image_pixels_float).reshape(height, width, 4)[::-1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright(addon, photo, orientation):
    seen = pixels(photo(orientation=orientation))
    height, width = seen.shape[:2]
    assert width / height == pytest.approx(SIZE[0] / SIZE[1], rel=0.05)
    for (row, column), colour in {(0.15, 0.5): 0, (0.15, 0.1): 0, (0.8, 0.1): 1, (0.8, 0.9): 2}.items():
        assert seen[int(row * height), int(column * width), :3].argmax() == colour


def test_each_is_loaded_once_for_each_state_of_its_file(addon, photo):
    path = photo()
    first = pictures.picture(path)
    assert pictures.picture(path) == first and len(pictures.pictures) == 1
    os.utime(path, ns=(1, 1))
    assert pictures.picture(path) != first and len(pictures.pictures) == 2


def test_the_oldest_go(addon, photo, monkeypatch):
    monkeypatch.setattr(pictures, "MOST", 2)
    paths = [photo(f"{number}.png") for number in range(4)]
    for path in paths:
        assert pictures.picture(path) is not None
    assert [name.rpartition("/")[2].split(":")[0] for name in pictures.pictures] == ["2.png", "3.png"]


def test_what_is_no_picture_is_none_and_no_error(addon, photo, tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no photo")
    for name in ("none.jpg", "empty.jpg", "x" * 999, "a\0b.jpg"):
        assert pictures.picture(tmp_path / name) is None and pictures.icon(tmp_path / name) == 0
    assert pictures.picture(tmp_path / "text.jpg") is not None                  # blank: Generate says why
    turned = photo("turned.jpg", orientation=6)
    turned.write_bytes(turned.read_bytes()[:200])           # its header alone
    assert tuple(pictures.picture(turned).image_size) == (0, 0)
    Image.new("1", (12_500, 12_500)).save(tmp_path / "large.png")
    assert tuple(pictures.picture(tmp_path / "large.png").image_size) == (0, 0)            # never decoded
    if sys.platform == "linux":
        strange = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
        shutil.copy(PHOTO, strange)
        assert pictures.picture(strange) is None


@pytest.fixture
def numbered(monkeypatch):
    """Number pictures as a window does; without one Blender numbers none."""
    monkeypatch.setattr(pictures, "icon", lambda path: 1000 + hash(path) % 1000 if pictures.picture(path) is not None else 0)


def drawn():
    found = []
    panels_person.ECAVATAR_PT_person.draw(SimpleNamespace(layout=Layout(found)), bpy.context)
    return [one for one in found if isinstance(one, int)], [one for one in found if isinstance(one, str)]


def test_the_head_stands_beside_its_photo(avatar, numbered, monkeypatch):
    home = Path(avatar.ecavatar.home)
    monkeypatch.setattr(panels_person, "job_path", lambda _photo: home)
    bpy.context.view_layer.objects.active = avatar
    bpy.context.scene.ecavatar.photo = str(PHOTO)
    icons, words = drawn()
    assert icons == [pictures.icon(path) for path in (PHOTO, *(home / name for name in PREVIEWS))] and all(icons)
    assert avatar.name not in words


def test_a_head_of_other_photos_has_its_name_above_it(avatar, photo, numbered):
    bpy.context.view_layer.objects.active = avatar
    bpy.context.scene.ecavatar.photo = str(photo())
    icons, words = drawn()
    assert len(icons) == 3 and avatar.name in words
    bpy.context.scene.ecavatar.more_photos.add().path = str(PHOTO)
    assert len(drawn()[0]) == 4


def test_the_head_is_shown_as_soon_as_it_is_drawn(addon, finished, monkeypatch, numbered):
    worker = SimpleNamespace(folder=finished, state="running", stage="head", cancel=lambda: None, fraction=0.5, warnings=[])
    monkeypatch.setattr(jobs, "current", worker)
    for worker.stage in ("head", "look"):
        assert drawn()[0] == []                             # those of the last time lie there still
    worker.stage = "speech"
    assert len(drawn()[0]) == len(PREVIEWS)


def test_a_head_that_is_being_made_has_its_own_name_and_not_another_s_likeness(avatar, photo, numbered, monkeypatch, tmp_path):
    home, berta = Path(avatar.ecavatar.home), tmp_path / "Berta-12345678"
    berta.mkdir()
    for name in PREVIEWS:
        shutil.copy(home / name, berta)
    bpy.context.view_layer.objects.active = avatar
    bpy.context.scene.ecavatar.photo = str(photo("Carl.jpg"))
    worker = SimpleNamespace(folder=berta, state="running", stage="speech", cancel=lambda: None, warnings=[])
    monkeypatch.setattr(jobs, "current", worker)
    icons, words = drawn()
    assert icons[1:] == [pictures.icon(berta / name) for name in PREVIEWS]
    assert "Berta" in words and avatar.name not in words and not any("Likeness" in text for text in words)
    worker.folder = shutil.copytree(berta, tmp_path / "home" / "clips" / "song-2")      # another recording for the avatar itself
    avatar.ecavatar.home = str(tmp_path / "home")
    icons, words = drawn()
    assert len(icons) == 1 + len(PREVIEWS) and avatar.name in words and any("Likeness" in text for text in words)


def test_a_deleted_job_folder_leaves_no_picture(avatar, numbered, tmp_path):
    avatar.ecavatar.home = str(tmp_path / "gone")
    bpy.context.view_layer.objects.active = avatar
    icons, words = drawn()
    assert icons == [] and avatar.name not in words and roots.root_of(avatar) == avatar


@pytest.fixture
def preferences(monkeypatch):
    """The add-on's preferences, as an installed extension has them."""
    values = SimpleNamespace(folder="", threads=0)
    addons = {folders.PACKAGE: SimpleNamespace(preferences=values)}
    monkeypatch.setattr(folders, "bpy", SimpleNamespace(
        context=SimpleNamespace(preferences=SimpleNamespace(addons=addons)), path=bpy.path, utils=bpy.utils, data=bpy.data))
    return values


def test_avatars_are_generated_where_the_preferences_say(addon, preferences, tmp_path):
    usual = folders.job_path(PHOTO)
    preferences.folder = str(tmp_path / "Größe" / "jobs")
    chosen = operators.job_folder(PHOTO)
    assert chosen.is_dir() and chosen.parent == tmp_path / "Größe" / "jobs" and chosen.name == usual.name
    (tmp_path / "file").touch()
    preferences.folder = str(tmp_path / "file")
    with pytest.raises(JobError, match="cannot make the job folder .*preferences"):
        operators.job_folder(PHOTO)


@pytest.mark.parametrize("typed", ["//jobs", "jobs", "~nobody-at-all/jobs"])
def test_a_job_folder_without_a_full_path_is_told(addon, preferences, typed):
    preferences.folder = typed                              # // in a file that is not saved
    with pytest.raises(JobError, match="the job folder is not a full path; .*jobs.*; choose it again"):
        operators.job_folder(PHOTO)
    make_full(preferences, bpy.context)
    assert preferences.folder == typed


def test_the_full_path_of_the_job_folder_is_kept(addon, preferences, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    for typed in ("~/jobs", "//jobs", f"{tmp_path}/jobs/"):
        preferences.folder = typed
        assert folders.job_path(PHOTO).parent == tmp_path / "jobs"
        make_full(preferences, bpy.context)
        assert Path(preferences.folder) == tmp_path / "jobs"
    assert ECAVATAR_preferences.__annotations__["folder"].keywords["update"] is make_full


def test_the_worker_gets_the_threads_of_the_preferences(addon, preferences, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "BOOTSTRAP", "import os, sys; print(os.environ.get('ECAVATAR_THREADS'), file=sys.stderr)")
    monkeypatch.delenv("ECAVATAR_THREADS", raising=False)
    for count, said in ((0, "None"), (3, "3")):
        preferences.threads = count
        worker = jobs.start(tmp_path)
        while worker.poll() == "running":
            worker.process.poll()
        assert (tmp_path / "worker.log").read_text().strip() == said
    jobs.stop()
