"""Images packed into the .blend: drawn here, or PNG files that the worker has made, which Blender decodes when it first shows them."""

import bpy
import numpy as np
from numpy.typing import NDArray

from ..core.pictures.colours import encoded
from ..core.types import Bytes


def new_image(name: str, pixels: NDArray[np.float32]) -> bpy.types.Image:
    """Return an image of linear pixels (H, W, 4), bottom row first, packed into the .blend."""
    shown = pixels.copy()                                       # the image's bytes are sRGB
    shown[..., :3] = encoded(pixels[..., :3])
    return packed(name, shown)


def drawn_image(name: str, pixels: Bytes) -> bpy.types.Image:
    """Return an image of sRGB pixels (H, W, 3), top row first, packed into the .blend."""
    shown = np.ones((*pixels.shape[:2], 4), np.float32)
    shown[..., :3] = pixels[::-1] / np.float32(255)
    return packed(name, shown)


def packed(name: str, shown: NDArray[np.float32]) -> bpy.types.Image:
    """Return an image of pixels (H, W, 4), as its bytes are, packed into the .blend."""
    height, width = shown.shape[:2]
    image = bpy.data.images.new(name, width, height, alpha=True)
    image.pixels.foreach_set(shown.ravel())
    image.pack()
    return image


def packed_image(name: str, file: bytes) -> bpy.types.Image:
    """Return the image of a PNG file, packed into the .blend."""
    image = bpy.data.images.new(name, 1, 1)
    image.pack(data=file, data_len=len(file))
    image.source = "FILE"
    return image
