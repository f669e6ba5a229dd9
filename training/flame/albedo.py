"""FLAME's public textures as an albedo: python -m training.flame.albedo --texture FILE --emica NAME.npz --out albedo.png
[--photo CROP --model generic_model.pkl]

With FLAME_texture.npz, EMICA's texture coefficients (tex or texcode) give the albedo of FLAME's texture space. With TF_FLAME's
texture_data_512.npy, --photo, the square crop that EMICA saw, is laid onto FLAME's UVs through EMICA's shape, expression, pose and
camera (cam: scale and shift of an orthographic projection, as DECA has it); what the photo does not show is transparent.
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.errors import InputError
from core.files import write_atomically
from core.pictures.image import read_photo
from training.emolib.emica import FACE, parameters

from ..command import told
from .model import FACES, JAW, Flame
from .texture import TextureSpace, read_texture_data

Array = NDArray[np.float64]


def of_space(space: TextureSpace, emica: Path) -> Image.Image:
    """Return the albedo of the texture space for an image's coefficients."""
    coefficients = parameters(emica, ("tex",))["tex"]
    if space.components is None or len(coefficients) > space.components.shape[-1]:
        raise InputError(f"there are {len(coefficients)} coefficients, more than the texture space has components", emica,
                         "choose the FLAME_texture.npz that EMICA used")
    return Image.fromarray(space.albedo(coefficients))


def of_photo(space: TextureSpace, emica: Path, photo: Path, flame: Flame) -> Image.Image:
    """Return a crop laid onto the UVs, transparent where it shows nothing. Raises InputError for a crop that is not square."""
    picture = read_photo(photo).pixels
    if picture.shape[0] != picture.shape[1]:
        raise InputError(f"the picture is {picture.shape[1]} x {picture.shape[0]} pixels, not square", photo,
                         "give the crop that EMICA saw")
    shape, expression, jaw, turn, camera = parameters(emica, (*FACE, "global", "cam")).values()
    pose = np.zeros((5, 3))
    pose[0], pose[JAW] = turn[:3], jaw[:3]
    vertices = flame.vertices(shape, expression, pose)
    points = camera[0] * (vertices[:, :2] + camera[1:3]) * [1, -1]
    image, shown = space.unprojected(picture, (points + 1) / 2 * len(picture), facing(vertices, flame.triangles))
    return Image.fromarray(np.dstack([image, np.where(shown, 255, 0).astype(np.uint8)]))


def facing(vertices: Array, triangles: NDArray[np.int32]) -> Array:
    """Return the cosine (V,) between each vertex's normal and the viewer, who looks along -Z."""
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.zeros_like(vertices)
    for side in range(3):
        np.add.at(sums, triangles[:, side], normals)
    return np.asarray(sums[:, 2] / np.maximum(np.linalg.norm(sums, axis=1), 1e-12))


@told
def main(arguments: list[str] | None = None) -> None:
    """Make it; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("texture", "emica", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("photo", "model"):
        parser.add_argument(f"--{name}", type=Path)
    options = parser.parse_args(arguments)
    space = read_texture_data(options.texture, FACES)
    if space.components is None and not (options.photo and options.model):
        raise InputError("texture data needs --photo and --model", "arguments", "give both, or FLAME_texture.npz")
    made = (of_space(space, options.emica) if space.components is not None
            else of_photo(space, options.emica, options.photo, Flame.load(options.model)))
    content = io.BytesIO()
    made.save(content, "PNG")
    write_atomically(options.out, lambda file: file.write(content.getbuffer()))
    sys.stdout.write(f"{options.out}: {made.width} x {made.height} pixels\n")


if __name__ == "__main__":
    sys.exit(main())
