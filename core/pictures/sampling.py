"""Sample images at places between their pixels."""

import numpy as np
from numpy.typing import NDArray

from ..types import Bytes, Floats


def halve(pixels: Bytes) -> Bytes:
    """Return the image at half its size (2 x 2 means); an odd last row or column is dropped."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    wide = pixels[:height, :width].astype(np.uint16)
    return ((wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2] + 2) // 4).astype(np.uint8)


def bilinear(pixels: Bytes | Floats, x: Floats, y: Floats) -> Floats:
    """Return the values (..., C) float32 of an image (H, W, C) at pixel positions x, y (...); outside is the border's."""
    height, width = pixels.shape[:2]
    column, row = np.clip(x - 0.5, 0, width - 1), np.clip(y - 0.5, 0, height - 1)
    left, top = column.astype(np.int64), row.astype(np.int64)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (column - left)[..., None].astype(np.float32), (row - top)[..., None].astype(np.float32)
    upper = pixels[top, left] * (1 - across) + pixels[top, right] * across
    lower = pixels[bottom, left] * (1 - across) + pixels[bottom, right] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def on_uv(image: NDArray[np.floating], uv: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the values (N, C) of an image (H, W, C), top row first, at uv (N, 2) from the bottom left."""
    height, width = image.shape[:2]
    column = np.clip(uv[:, 0] * width - 0.5, 0, width - 1)
    row = np.clip((1 - uv[:, 1]) * height - 0.5, 0, height - 1)
    left, top = np.minimum(column.astype(int), width - 2), np.minimum(row.astype(int), height - 2)
    right, down = (column - left)[:, None], (row - top)[:, None]
    return np.asarray((image[top, left] * (1 - right) + image[top, left + 1] * right) * (1 - down)
                      + (image[top + 1, left] * (1 - right) + image[top + 1, left + 1] * right) * down, np.float64)


def crop(levels: list[Bytes], x: float, y: float, side: float, angle: float, size: int) -> Floats:
    """Return a turned square (size, size, 3) float32 0..255 of the photo: centre x, y and side in pixels of levels[0].

    levels: the photo and its halves; the one with about the wanted resolution is read. Outside the photo is black.
    """
    level = min(max(int(np.log2(max(side / size, 1.0)) + 0.5), 0), len(levels) - 1)
    scale = 2.0**-level
    steps = ((np.arange(size) + 0.5) / size - 0.5) * side
    across, down = np.meshgrid(steps, steps)
    cosine, sine = np.cos(angle), np.sin(angle)
    column, row = (x + across * cosine - down * sine) * scale, (y + across * sine + down * cosine) * scale
    height, width = levels[level].shape[:2]
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return bilinear(levels[level], column, row) * inside[..., None].astype(np.float32)
