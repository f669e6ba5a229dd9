"""The extension in a real Blender window: session.py does what a user does; here is what must have happened, and be seen."""

import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from building import screenshots, story

pytestmark = pytest.mark.gui
VIEW = (slice(90, 715), slice(60, 720))             # rows and columns of the screen: the 3D view without its sidebar
PANEL = (slice(82, 715), slice(775, 1028))          # the add-on's tab
PERSON = (slice(168, 236), slice(782, 1020))        # pictures in its first panel
MOUTH = (slice(400, 600), slice(380, 680))          # the lower half of the head, seen from the front
ROLES = ["avatar", "brows", "eye_left", "eye_right", "hair", "jaw", "lashes", "neck", "skin", "teeth_lower", "teeth_upper", "tongue"]
INSTALL = (slice(745, 768), slice(1150, 1266))      # the button Install from Disk of the file browser
NAME = (slice(228, 288), slice(1036, 1053))         # the tab's name
BACK, NEAR = 61, 10                                 # grey of a panel's back in Blender's default theme
PICTURES = ("empty", "panel", "progress", "later", "done", "front", "open", "surprise", "angry", "no emotion", "perform", "look",
            "failed", "cancelled", "clips")
Picture = NDArray[np.int64]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the story, played once."""
    return tmp_path_factory.mktemp("window")


@pytest.fixture(scope="module")
def notes(folder: Path) -> dict[str, Any]:
    """Play the story; return what it noted. Its pictures and blender.log are in the folder."""
    return story.play(Path(sys.executable), folder)


def picture(folder: Path, name: str, part: tuple[slice, slice]) -> Picture:
    """Return a part of a picture the session took, (height, width, 3), 0..255."""
    with Image.open(folder / f"{name}.png") as image:
        return np.asarray(image.convert("RGB"), np.int64)[part]


def share_of_skin(image: Picture) -> float:
    """Return which share of the pixels has the colour of skin: reddish, neither dark nor Blender's orange outlines."""
    red, green, blue = (image[..., channel] for channel in range(3))
    return float(((red > green + 6) & (green > blue + 3) & (red > 60) & (red < blue + 110)).mean())


def share_changed(before: Picture, after: Picture) -> float:
    """Return which share of the pixels differs by more than what dithering does."""
    return float((np.abs(before - after).max(axis=-1) > 24).mean())


def test_it_is_installed_from_disk(folder: Path, notes: dict[str, Any]) -> None:
    """The zip is chosen in Blender's file browser, which is seen; afterwards the extension is there."""
    assert "ecavatar" in notes["repository"]
    browser, view = (picture(folder, name, VIEW) for name in ("install", "empty"))
    assert share_changed(browser, view) > 0.1
    blue = picture(folder, "install", INSTALL)
    assert ((blue[..., 2] > 150) & (blue[..., 0] < 100)).mean() > 0.5


def test_a_photo_and_a_recording_are_dropped_together(notes: dict[str, Any]) -> None:
    """Blender hands files that are dropped onto the 3D view to the extension, all of them at once."""
    assert notes["dropped"] == ["face.jpg", "speech.wav"]


def test_every_picture_shows_the_tab(folder: Path, notes: dict[str, Any]) -> None:
    """No picture is black, each has the panels' grey and their text in the sidebar; after disabling nothing of it is left."""
    for name in PICTURES:
        image = picture(folder, name, PANEL)
        assert picture(folder, name, (slice(None), slice(None))).std() > 20, name
        assert (np.abs(image - BACK) < NEAR).all(axis=-1).mean() > 0.2 and (image > 180).all(axis=-1).mean() > 0.002, name
    assert (picture(folder, "clips", NAME) > 150).any() and not (picture(folder, "disabled", NAME) > 150).any()


def test_the_guides_pictures_are_taken_from_these(folder: Path, notes: dict[str, Any], tmp_path: Path) -> None:
    """The command that makes them needs nothing else."""
    for path in screenshots.take(folder, tmp_path):
        with Image.open(path) as image:
            assert min(image.size) > 200
    assert {path.name for path in tmp_path.iterdir()} <= {path.name for path in screenshots.IMAGES.iterdir()}


def test_click_starts_the_worker_and_blender_stays_usable(notes: dict[str, Any]) -> None:
    """A click on the button, the mouse wheel in the view, and timers all work while the avatar is made."""
    assert notes["objects at start"] == ["Camera", "Cube", "Light"]
    assert notes["running at the picture"]
    assert notes["zoomed while running"]
    assert notes["ticks while running"] >= 5


def test_the_avatar_arrives(notes: dict[str, Any]) -> None:
    """The avatar is imported once, whole, and the recording sets the frames."""
    assert (notes["state"], notes["error"]) == ("done", "")
    assert notes["avatars"] == 1
    assert notes["avatar objects"] == ROLES
    assert notes["frames"] == [1, 241]


def test_the_head_is_seen(folder: Path, notes: dict[str, Any]) -> None:
    """The view shows no skin before, and a head that fills a good part of it after."""
    assert notes["state"] == "done"
    assert share_of_skin(picture(folder, "panel", VIEW)) < 0.01
    for name in ("done", "front"):
        assert share_of_skin(picture(folder, name, VIEW)) > 0.15, name


def test_the_panel_shows_what_goes_on(folder: Path, notes: dict[str, Any]) -> None:
    """The tab differs when empty, filled in, running (with a blue bar that grows), done and failed."""
    assert notes["state"] == "done"
    panels = {name: picture(folder, name, PANEL) for name in ("empty", "panel", "progress", "later", "done", "failed", "cancelled")}
    for first, second in pairwise(panels):
        assert share_changed(panels[first], panels[second]) > 0.01, (first, second)
    bar = {name: int(((image[..., 2] > 150) & (image[..., 0] < 100)).sum()) for name, image in panels.items()}
    assert bar.pop("later") > 1.3 * bar["progress"] and bar.pop("progress") > 300, bar
    assert all(count < 200 for name, count in bar.items() if name in ("empty", "panel")), bar


def test_it_plays(folder: Path, notes: dict[str, Any]) -> None:
    """The animation runs, opens the jaw, and the picture shows it."""
    assert notes["played to"] > 1
    key, value = notes["widest jaw"]
    assert key > 0.1 and value == pytest.approx(key, abs=1e-4)          # single precision, read back through the NLA
    assert share_changed(picture(folder, "front", MOUTH), picture(folder, "open", MOUTH)) > 0.01


def test_emotions_are_listed_and_seen(folder: Path, notes: dict[str, Any]) -> None:
    """The recording was heard; two emotions the artist put in show on the face, each at its time, and the slider takes them back."""
    assert notes["heard"] and all(total == pytest.approx(1, abs=0.01) for _, total in notes["heard"])
    assert notes["went to"] == 1 + math.ceil(2.4 * 24) and notes["brows"] > 0.3             # after a transition of 0.4 s
    faces = [picture(folder, name, VIEW) for name in ("front", "surprise", "angry", "no emotion")]
    assert all(share_changed(first, second) > 0.005 for first, second in pairwise(faces))
    panels = [picture(folder, name, PANEL) for name in ("front", "surprise", "angry", "perform", "look")]
    assert all(share_changed(first, second) > 0.01 for first, second in pairwise(panels))
    assert notes["slider"] == 0


def test_photo_and_head_are_shown_in_the_panel(folder: Path, notes: dict[str, Any]) -> None:
    """The photo is seen once it is chosen, the head beside it as soon as it is built, while the worker goes on."""
    seen = {name: picture(folder, name, PERSON) for name in ("empty", "panel", "progress", "later", "front")}
    assert share_changed(seen["empty"], seen["panel"]) > 0.1
    assert share_changed(seen["panel"], seen["progress"]) < 0.02 < 0.1 < share_changed(seen["progress"], seen["later"])
    heads = {name: share_of_skin(image[:, 2 * image.shape[1] // 3:]) for name, image in seen.items()}
    assert heads["progress"] < 0.02 < 0.2 < min(heads["later"], heads["front"]), heads


def test_the_preferences_are_drawn(folder: Path, notes: dict[str, Any]) -> None:
    """They stand where the 3D view was."""
    assert share_changed(picture(folder, "done", VIEW), picture(folder, "preferences", VIEW)) > 0.3


def test_undo_takes_the_avatar_away_and_redo_brings_it_back(notes: dict[str, Any]) -> None:
    """The import is one undo step; what was there before stays."""
    assert notes["undone"] == {"avatars": 0, "cube": True, "photo": notes["redone"]["photo"]}
    assert notes["redone"]["avatars"] == 1 and notes["redone"]["cube"]


def test_a_photo_without_a_face_is_explained(notes: dict[str, Any]) -> None:
    """The panel says what is wrong; the avatar that is there stays."""
    assert notes["failure"]["state"] == "failed"
    assert "face" in notes["failure"]["error"]
    assert notes["failure"]["avatars"] == 1


def test_cancel_ends_the_worker(notes: dict[str, Any]) -> None:
    """A click on Cancel half-way leaves no process and no avatar."""
    assert notes["cancel"] == {"state": "cancelled", "process left": False, "avatars": 1}


def test_a_further_clip_after_cancelling(folder: Path, notes: dict[str, Any]) -> None:
    """Generating again works after a cancelled run; the avatar says the recording a second time, and both clips are listed."""
    assert notes["again"] == {"state": "done", "avatars": 1, "clips": 2, "frames": [1, 501]}
    assert share_changed(picture(folder, "cancelled", PANEL), picture(folder, "clips", PANEL)) > 0.02


def test_nothing_is_left_behind(folder: Path, notes: dict[str, Any]) -> None:
    """Disabling while it generates stops everything; uninstalling removes the files; Blender had nothing to complain about."""
    assert notes["running when disabled"] == "running"
    assert notes["left"] == {"process": False, "processes": [], "handlers": [], "timer": False, "classes": [], "pointers": []}
    assert notes["files left"] == []
    said = story.said(folder)
    assert "Traceback" not in said and "Error" not in said, said
