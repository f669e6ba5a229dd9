"""FLAME's two public textures: TF_FLAME's texture data, which lays a photo onto the UVs, and the FLAME texture space (albedo)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.files import read_arrays
from core.pictures.sampling import bilinear
from core.types import Bytes

from .unpickle import read_pickle, wanted

DATA, SPACE = "TF_FLAME texture data", "FLAME texture space"
PIXELS = ("x_coords", "y_coords", "valid_pixel_ids")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class TextureSpace:
    """uv (U, 2) from the bottom left; triangles (F, 3) into them. Of texture data also: size, pixels; columns, rows (P,) and, in
    FLAME's vertices, corners (P, 3) and weights (P, 3) of what each valid pixel shows. Of the texture space: mean (S, S, 3) 0..255 and
    components (S, S, 3, D)."""

    uv: Array
    triangles: NDArray[np.int32]
    size: int = 0
    columns: NDArray[np.int64] | None = None
    rows: NDArray[np.int64] | None = None
    corners: NDArray[np.int64] | None = None
    weights: Array | None = None
    mean: Array | None = None
    components: NDArray[np.floating] | None = None

    def albedo(self, coefficients: Array) -> Bytes:
        """Return the texture space's albedo (S, S, 3), sRGB, of coefficients (<= D,). Raises InputError when this is texture data."""
        if self.mean is None or self.components is None:
            raise InputError("the file has no texture space", SPACE, "choose FLAME_texture.npz")
        image = self.mean + self.components[..., :len(coefficients)] @ coefficients
        return np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)[:, :, ::-1]          # the file has blue first

    def unprojected(self, photo: Bytes, points: Array, facing: Array) -> tuple[Bytes, NDArray[np.bool_]]:
        """Return a photo (H, W, 3) laid onto the UVs (size, size, 3), and which pixels it shows.

        points: (V, 2) FLAME's vertices in the photo, pixels, y down; facing: (V,) cosine to the viewer, below 0 hidden. Raises
        InputError when this is the texture space.
        """
        if self.columns is None or self.rows is None or self.corners is None or self.weights is None:
            raise InputError("the file has no texture data", DATA, "choose texture_data_512.npy of TF_FLAME")
        seen = np.einsum("pkc,pk->pc", points[self.corners], self.weights)
        towards = np.einsum("pk,pk->p", facing[self.corners], self.weights)
        height, width = photo.shape[:2]
        shown = (towards > 0) & (seen >= 0).all(axis=1) & (seen[:, 0] <= width - 1) & (seen[:, 1] <= height - 1)
        image, mask = np.zeros((self.size, self.size, 3), np.uint8), np.zeros((self.size, self.size), bool)
        rows, columns = self.rows[shown], self.columns[shown]
        image[rows, columns] = np.rint(bilinear(photo, *seen[shown].T.astype(np.float32))).astype(np.uint8)
        mask[rows, columns] = True
        return image, mask


def read_texture_data(path: Path, faces: int) -> TextureSpace:
    """Read texture_data_SIZE.npy of TF_FLAME or FLAME_texture.npz; raise InputError when it is damaged or of another mesh."""
    if path.suffix == ".npz":
        return read_space(path, faces)
    values = read_pickle(path, DATA)
    size = int(np.asarray(values.get("img_size", 0)).ravel()[0])
    uv = wanted(values, "vt", (None, 2), path=path, what=DATA).astype(np.float64)
    columns, rows, valid = (wanted(values, name, (None,), path=path, what=DATA).astype(np.int64) for name in PIXELS)
    corners = wanted(values, "valid_pixel_3d_faces", (len(valid), 3), path=path, what=DATA).astype(np.int64)
    weights = wanted(values, "valid_pixel_b_coords", (len(valid), 3), path=path, what=DATA).astype(np.float64)
    triangles = fitting(wanted(values, "ft", (faces, 3), path=path, what=DATA), len(uv), path)
    if not 0 < size <= 1 << 14 or len(columns) != len(rows) or (len(valid) and (valid.min() < 0 or valid.max() >= len(columns))):
        raise InputError("the pixels of the texture data do not fit its size", path, "download the texture data again")
    columns, rows = columns[valid], rows[valid]
    if len(valid) and (min(columns.min(), rows.min(), corners.min()) < 0 or max(columns.max(), rows.max()) >= size):
        raise InputError("the pixels of the texture data lie outside it", path, "download the texture data again")
    return TextureSpace(uv, triangles, size, columns, rows, corners, weights)


def read_space(path: Path, faces: int) -> TextureSpace:
    """Read FLAME_texture.npz."""
    stored = read_arrays(path, ("mean", "tex_dir", "vt", "ft"), InputError)
    mean, directions, uv = stored["mean"], stored["tex_dir"], stored["vt"]
    if mean.ndim != 3 or mean.shape[2] != 3 or directions.shape[:3] != mean.shape or uv.ndim != 2 or stored["ft"].shape != (faces, 3):
        raise InputError(f"the texture space has shapes {mean.shape} and {directions.shape}", path, "download FLAME_texture.npz again")
    return TextureSpace(uv[:, :2].astype(np.float64), fitting(stored["ft"], len(uv), path), mean.shape[0],
                        mean=mean.astype(np.float64), components=directions)


def fitting(triangles: NDArray[np.generic], count: int, path: Path) -> NDArray[np.int32]:
    """Return the triangles; raise InputError when they point outside the UVs."""
    result = triangles.astype(np.int64)
    if result.min() < 0 or result.max() >= count:
        raise InputError("faces of the texture point outside its UVs", path, "download it again")
    return result.astype(np.int32)
