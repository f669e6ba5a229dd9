"""What solid shading, which knows no shader, shows of the skin: the photo's albedo with roots where hair grows and the mouth's inside
in the light that gets there.
"""

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from ..pictures.colours import encoded, linear
from ..pictures.sampling import halve
from ..types import Bytes, Floats
from .model import HeadBasis
from .uv_image import spread

SIDE = 1024                     # pixels of the image at most
SHADES = linear(np.arange(256, dtype=np.uint8)).astype(np.float32)


def solid_skin(albedo: Bytes, basis: HeadBasis, *, scalp: Floats, roots: NDArray[np.floating], light: Floats) -> Bytes:
    """Return the albedo, sRGB (H, W, 3), top row first, halved to at most SIDE pixels, with the scalp in the linear colour `roots`
    (3,) as far as they hide it, `scalp` (V_skin,), in the light (V, 3) of `mouth_light`."""
    while max(albedo.shape[:2]) > SIDE:
        albedo = halve(albedo)
    dark = 1 - light[basis.part("skin").vertices]
    shares = spread(np.column_stack([scalp, dark]), basis, *albedo.shape[:2])
    changed = shares.any(axis=2)
    skin, hidden, dim = SHADES[albedo[changed]], shares[changed, :1], shares[changed, 1:]
    shown = (skin + hidden * (np.float32(roots) - skin)) * (1 - dim)
    result = albedo.copy()
    result[changed] = np.clip(255 * encoded(shown) + 0.5, 0, 255)
    return result


def made_of(albedo: str, basis: HeadBasis, *, scalp: Floats, roots: NDArray[np.floating], light: Floats) -> str:
    """Return a digest of all that `solid_skin` shows; albedo: the sha256 of its file."""
    dark = 1 - light[basis.part("skin").vertices]
    return sha256(albedo.encode() + b"".join(np.float32(one).tobytes() for one in (scalp, roots, dark))).hexdigest()
