"""The light on a photo's face, estimated from the shading, so that it can be divided out."""

import numpy as np

from .head_model import REGIONS, HeadBasis
from .skin_surface import membrane
from .types import Floats, Integers

SHADOW_DAMPING = 0.75               # share of the estimated shading that is divided out
EVENING, EVENING_CHROMA = 0.8, 0.5  # share of the face's remaining broad unevenness that is taken out: light, colour
EVENING_REACH = 3.0                 # edges it spans
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)      # of linear sRGB (IEC 61966-2-1)


def estimated_shading(colour: Floats, weight: Floats, normals: Floats, basis: HeadBasis) -> Floats:
    """Return relative shading (V_skin,) around 1: first-order spherical harmonics of the light fitted to the face's
    luminance (Ramamoorthi and Hanrahan 2001), without what fits badly (brows, shine), damped, since albedo varies, too."""
    use = (weight > 0.3) & (basis.regions != REGIONS.index("other")) & (basis.regions != REGIONS.index("lips"))
    design = np.column_stack([np.ones(len(normals)), normals])
    if use.sum() < 40:
        return np.ones(len(normals), np.float32)
    luminance = (np.clip(colour, 1, 255) / 255.0) ** 2.2 @ LUMINANCE
    trust = weight * use
    for _ in range(6):
        light = np.linalg.lstsq(design * trust[:, None], luminance * trust, rcond=None)[0]
        off = (luminance - design @ light) / np.maximum(design @ light, 0.1 * np.median(luminance[use]))
        trust = weight * use / (1 + (off / 0.2) ** 2)
    shade = design @ light / np.median((design @ light)[use])
    return np.asarray(np.clip(shade, 0.3, 2.0) ** (SHADOW_DAMPING / 2.2), np.float32)


def evened(colour: Floats, trust: Floats, shading: Floats, edges: Integers, basis: HeadBasis) -> Floats:
    """Return the factors (V_skin, 3) the photo's colours are to be divided by: the shading, and most of the broad
    unevenness that it leaves (cast shadows, shine, coloured light)."""
    weight = np.clip(3 * trust, 0, 1) * (basis.regions != REGIONS.index("lips"))
    if weight.sum() < 20:
        return np.repeat(shading[:, None], 3, axis=1)
    levels = np.log(np.maximum(colour, 8.0)) - np.log(shading)[:, None]
    left = np.clip(levels - np.median(levels[weight > 0.5], axis=0), -0.7, 0.5).astype(np.float32)
    broad = membrane(left, weight / EVENING_REACH**2, np.zeros_like(left), 0.2 / EVENING_REACH**2, edges)
    uneven = EVENING_CHROMA * broad + (EVENING - EVENING_CHROMA) * (broad @ LUMINANCE)[:, None]
    return np.asarray(shading[:, None] * np.exp(uneven), np.float32)
