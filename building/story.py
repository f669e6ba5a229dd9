"""The extension's story in a real Blender window: what tests/gui/session.py does there, and the pictures it takes."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from . import assets, extension, window
from .environment import ROOT
from .errors import BuildError

SCRIPTS = ROOT / "tests" / "gui"
LIMIT = 900.0                                       # seconds until a session that hangs is ended
START = """
export LIBGL_ALWAYS_SOFTWARE=1 BLENDER_USER_RESOURCES=/tmp/blender
mkdir -p /tmp/blender
xvfb-run -a -s '-screen 0 1280x800x24' blender --factory-startup --window-geometry 0 0 1280 800 --gpu-backend opengl -noaudio \
    --python /mnt/session.py
exit $?
"""


def play(python: Path, share: Path) -> dict[str, Any]:
    """Play the story in a window and return what it noted; its pictures NAME.png and blender.log are then in the folder `share`.

    Raises BuildError when the window cannot be made, or the story does not come to its end.
    """
    root = window.ensure()
    (share / "download").mkdir()
    with tempfile.TemporaryDirectory() as folder:
        target = extension.Target("linux-x64", window.PYTHON, ("4.2.0", ""))
        shutil.copyfile(extension.build(python, target, folder=Path(folder)), share / "download" / "ecavatar.zip")
    for name in ("face.jpg", "other.jpg"):
        shutil.copyfile(assets.PHOTO, share / name)
    shutil.copyfile(assets.SPEECH, share / "speech.wav")
    Image.linear_gradient("L").convert("RGB").save(share / "wall.jpg")
    for name in ("session.py", "hands.py"):
        shutil.copyfile(SCRIPTS / name, share / name)
    code = window.run(root, ["sh", "-c", START], share=share, log=share / "blender.log", timeout=LIMIT)
    if code or not (share / "result.json").is_file():
        raise BuildError(f"the story ended with code {code}; {share / 'blender.log'}; {said(share)}")
    notes: dict[str, Any] = json.loads((share / "result.json").read_text(encoding="utf-8"))
    if "exception" in notes:
        raise BuildError(f"the story broke off; {share}; {notes['exception']}\n{said(share)}")
    return notes


def said(share: Path) -> str:
    """Return what Blender wrote to the terminal."""
    return (share / "blender.log").read_text(encoding="utf-8", errors="replace")
