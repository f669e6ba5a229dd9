"""Pictures that the panel shows of files: the photos, upright, and what the worker draws of the head.

Blender loads each in the background when it is first drawn, and again when the file has changed.
"""

from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews
import numpy as np

from .late import image

MOST = 48                       # pictures kept, 0.3 MB each; the oldest go first
# by EXIF's number: quarter turns of Blender's rows, which begin at the bottom, once they are mirrored or not
UPRIGHT = {1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True), 6: (1, False), 7: (1, True), 8: (3, False)}
pictures: bpy.utils.previews.ImagePreviewCollection | None = None


def load() -> None:
    """Begin without any."""
    global pictures  # noqa: PLW0603 -- one collection a Blender, freed when the add-on is disabled
    pictures = bpy.utils.previews.new()


def free() -> None:
    """Free all."""
    global pictures  # noqa: PLW0603
    if pictures is not None:
        bpy.utils.previews.remove(pictures)
    pictures = None


def icon(path: Path) -> int:
    """Return the picture of an image file, as Blender numbers icons; 0 where there is no such file."""
    found = picture(path)
    return int(found.icon_id) if found is not None else 0


def picture(path: Path) -> bpy.types.ImagePreview | None:
    """Return the picture of an image file; None where there is no such file."""
    try:
        state = path.stat()
        name = f"{path}:{state.st_mtime_ns}:{state.st_size}"
        name.encode()                       # Blender takes no names that are no Unicode
    except (OSError, ValueError):
        return None
    if pictures is None or not state.st_size:
        return None
    if name not in pictures:
        while len(pictures) >= MOST:
            del pictures[next(iter(pictures))]
        orientation = image.orientation(path)
        if orientation:
            turn_upright(pictures.load(name, str(path), "IMAGE"), orientation)
        else:                               # too large: Blender would decode it whole
            pictures.new(name)
    return pictures[name]


def turn_upright(picture: bpy.types.ImagePreview, orientation: int) -> None:
    """Turn a picture as its file's EXIF says, which Blender does not look at."""
    turns, mirrored = UPRIGHT[orientation]
    if not turns and not mirrored:
        return
    size: Any = picture.image_size          # loads it now
    width, height = int(size[0]), int(size[1])
    if not width * height:                  # what follows its header is no picture
        return
    pixels = np.empty(width * height * 4, np.float32)
    picture.image_pixels_float.foreach_get(pixels)
    upright = np.rot90(pixels.reshape(height, width, 4)[:, ::-1 if mirrored else 1], turns)
    picture.image_size = upright.shape[1::-1]
    picture.image_pixels_float.foreach_set(np.ascontiguousarray(upright).ravel())
