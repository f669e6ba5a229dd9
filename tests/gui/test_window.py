"""The extension in a real Blender window: session.py does what a user does; here is what must have happened, and be seen."""

import json
import math
import shutil
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from building import assets, extension, window

pytestmark = pytest.mark.gui
LIMIT = 600.0                                       # seconds until a session that hangs is ended
VIEW = (slice(90, 715), slice(60, 720))             # rows and columns of the screen: the 3D view without its sidebar
PANEL = (slice(82, 345), slice(775, 1028))          # the add-on's panel
LOWER = (slice(300, 715), slice(775, 1028))         # the panel of the emotions below it
MOUTH = (slice(400, 600), slice(380, 680))          # the lower half of the head, seen from the front
ROLES = ["avatar", "brows", "eye_left", "eye_right", "hair", "jaw", "lashes", "neck", "skin", "teeth_lower", "teeth_upper", "tongue"]
START = """
export LIBGL_ALWAYS_SOFTWARE=1 BLENDER_USER_RESOURCES=/tmp/blender
mkdir -p /tmp/blender
xvfb-run -a -s '-screen 0 1280x800x24' blender --factory-startup --window-geometry 0 0 1280 800 --gpu-backend opengl -noaudio \
    --python /mnt/session.py
exit $?
"""
Picture = NDArray[np.int64]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the session once; return the folder with its pictures, result.json and blender.log."""
    share = tmp_path_factory.mktemp("window")
    root = window.ensure()
    target = extension.Target("linux-x64", window.PYTHON, ("4.2.0", ""))
    archive = extension.build(Path(sys.executable), target, folder=tmp_path_factory.mktemp("zip"))
    shutil.copyfile(archive, share / "ecavatar.zip")
    for name in ("face.jpg", "other.jpg"):
        shutil.copyfile(assets.PHOTO, share / name)
    shutil.copyfile(assets.SPEECH, share / "speech.wav")
    Image.linear_gradient("L").convert("RGB").save(share / "wall.jpg")
    for name in ("session.py", "hands.py"):
        shutil.copyfile(Path(__file__).with_name(name), share / name)
    code = window.run(root, ["sh", "-c", START], share=share, log=share / "blender.log", timeout=LIMIT)
    assert code == 0 and (share / "result.json").is_file(), f"exit code {code}\n{said(share)}"
    return share


@pytest.fixture(scope="module")
def notes(folder: Path) -> dict[str, Any]:
    """Return what the session noted; fail when it did not come to its end."""
    found: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert "exception" not in found, f"{found['exception']}\n{said(folder)}"
    return found


def said(folder: Path) -> str:
    """Return what Blender wrote to the terminal."""
    return (folder / "blender.log").read_text(encoding="utf-8", errors="replace")


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
    """The panel differs when empty, filled in, running (with a blue bar), done and failed."""
    assert notes["state"] == "done"
    panels = {name: picture(folder, name, PANEL) for name in ("empty", "panel", "progress", "done", "failed", "cancelled")}
    for first, second in pairwise(panels):
        assert share_changed(panels[first], panels[second]) > 0.01, (first, second)
    bar = {name: int(((image[..., 2] > 150) & (image[..., 0] < 100)).sum()) for name, image in panels.items()}
    assert bar["progress"] > 300 and all(count < 200 for name, count in bar.items() if name != "progress"), bar   # a tick is blue


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
    panels = [picture(folder, name, LOWER) for name in ("front", "surprise", "angry")]
    assert all(share_changed(first, second) > 0.05 for first, second in pairwise(panels))


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


def test_nothing_is_left_behind(folder: Path, notes: dict[str, Any]) -> None:
    """Disabling while it generates stops everything; uninstalling removes the files; Blender had nothing to complain about."""
    assert notes["running when disabled"] == "running"
    assert notes["left"] == {"process": False, "processes": [], "handlers": [], "timer": False, "classes": [], "pointers": []}
    assert notes["files left"] == []
    assert "Traceback" not in said(folder) and "Error" not in said(folder), said(folder)
