"""A scan for bm_head.py, and pictures of it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.face.camera import Camera, turn
from core.pictures.image import read_photo
from core.pictures.raster import rasterise
from core.pictures.sampling import bilinear
from core.types import Photo

Array = NDArray[np.float64]


class Scan:
    """A textured Wavefront scan in millimetres."""

    def __init__(self, folder: Path) -> None:
        """Read james.obj and james.jpg."""
        rows: dict[str, list[Any]] = {"v": [], "vt": [], "f": []}
        for line in (folder / "james.obj").read_text(encoding="utf-8").splitlines():
            kind, *fields = line.split() or [""]
            if kind == "f":
                rows["f"].append([[int(number) - 1 for number in field.split("/")[:2]] for field in fields])
            elif kind in rows:
                rows[kind].append([float(field) for field in fields])
        self.vertices = np.array(rows["v"])[:, :3]
        self.uv = np.array(rows["vt"])[:, :2]
        faces = np.array(rows["f"], np.int32)
        self.triangles, self.uv_triangles = faces[..., 0], faces[..., 1]
        self.texture = read_photo(folder / "james.jpg").pixels

    def view(self, yaw: float, side: int = 1024) -> tuple[Photo, Array]:
        """Return a picture of the scan, and the scan's point at each pixel (side, side, 3), NaN beside it."""
        middle = (self.vertices.min(axis=0) + self.vertices.max(axis=0)) / 2
        camera = Camera(turn(np.array([0, np.radians(yaw), 0.0])), np.array([0.0, 0.0, 0.8]), 1.65 * side, (side / 2, side / 2))
        drawn = rasterise(camera.project((self.vertices - middle) / 1000), self.triangles, width=side, height=side)
        face = np.maximum(drawn.triangle, 0)
        places = np.einsum("hwk,hwkc->hwc", drawn.weights, self.uv[self.uv_triangles[face]]) * [1, -1] + [0, 1]
        height, width = self.texture.shape[:2]
        image = bilinear(self.texture, (places[..., 0] * width).astype(np.float32), (places[..., 1] * height).astype(np.float32))
        image[drawn.triangle < 0] = (110, 125, 120)
        points = np.einsum("hwk,hwkc->hwc", drawn.weights, self.vertices[self.triangles[face]]) / 1000
        points[drawn.triangle < 0] = np.nan
        return Photo(np.clip(image, 0, 255).astype(np.uint8)), points
