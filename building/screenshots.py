"""Pictures of the tab for the guide, out of the story that the window test plays: python3 build.py screenshots."""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from . import story
from .environment import ROOT
from .errors import BuildError

IMAGES = ROOT / "docs" / "images"
SIDEBAR = (774, 83, 1028, 718)              # left, top, right, bottom of the tab in the screen's picture
# name of the guide's picture -> the story's, and the part of it that is shown; None: the whole screen
PICTURES: dict[str, tuple[str, tuple[int, int, int, int] | None]] = {
    "panel": ("front", None), "emotion_panel": ("surprise", None), "progress": ("progress", None), "clips": ("clips", SIDEBAR),
    "perform": ("perform", SIDEBAR), "look": ("look", SIDEBAR), "install": ("install", None)}
QUALITY = 88


def main() -> int:
    """Play the story and put its pictures into docs/images; return 0, or 2 when it could not be played."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            story.play(Path(sys.executable), Path(folder))
            for path in take(Path(folder)):
                sys.stdout.write(f"{path}\n")
    except BuildError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def take(share: Path, images: Path = IMAGES) -> list[Path]:
    """Write the guide's pictures from those of a story in the folder `share`, and return where they are."""
    written = []
    for name, (source, part) in PICTURES.items():
        with Image.open(share / f"{source}.png") as picture:
            shown = picture.convert("RGB").crop(part) if part is not None else picture.convert("RGB")
        written.append(images / f"{name}.jpg")
        shown.save(written[-1], quality=QUALITY)
    return written


if __name__ == "__main__":
    sys.exit(main())
