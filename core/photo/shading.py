"""The light on a photo's face, estimated from the shading, so that it can be divided out."""

import numpy as np

from ..head.model import REGIONS, HeadBasis
from ..head.skin_surface import membrane
from ..types import Floats, Integers

SHADOW_DAMPING = 0.75               # share of the estimated shading that is divided out
EVENING, EVENING_CHROMA = 0.8, 0.5  # share of the face's remaining broad unevenness that is taken out: light, colour
EVENING_REACH = 3.0                 # edges it spans
CAST_KEPT = 0.3                     # share of the light's colour that is left, beyond what skin may be
WARMTH, YELLOW = (0.19, 0.42), (0.10, 0.32)     # log red/green and log green/blue, sRGB, of people's skin in white light
SALLOW = 0.03                       # the second less the first at most: hue angles (CIELAB) end at 68 degrees
GREY = 0.03                         # below both of these a photo has no colours
CHROMA_REACH = 0.09                 # log chroma by which skin differs from the face's plain tone at most: flush, freckles, make-up
LIPS_REACH = 0.25                   # the same of the lips from lips of that skin
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


def cast(tone: Floats) -> Floats:
    """Return the factors (3,) of a coloured light, of luminance 1: by how much the skin's `tone` (3,), sRGB, lies outside people's.

    Skin hardly varies in hue (Jensen et al. 2001; melanin and blood darken along one line), so that what lies far off is the light's.
    """
    red, green, blue = np.log(np.maximum(tone, 1.0))
    warmth, yellow = red - green, green - blue
    if abs(warmth) < GREY and abs(yellow) < GREY:
        return np.ones(3, np.float32)
    limits = YELLOW[0], min(YELLOW[1], float(np.clip(warmth, *WARMTH)) + SALLOW)
    over = [(1 - CAST_KEPT) * (value - np.clip(value, *of)) for value, of in ((warmth, WARMTH), (yellow, limits))]
    factors = np.exp([over[0], 0.0, -over[1]])
    return np.asarray(factors * (tone @ LUMINANCE) / (tone @ (LUMINANCE * factors)), np.float32)


def colourful(tone: Floats) -> float:
    """Return 0 for the tone (3,), sRGB, of a photo without colours, 1 for that of people's skin."""
    red, green = np.log(np.maximum(tone[:2], 1.0))
    return float(np.clip((red - green - GREY) / (WARMTH[0] - GREY), 0, 1))


def tempered(colour: Floats, tone: Floats, reach: float = CHROMA_REACH) -> Floats:
    """Return colours (N, 3) whose chroma stays near that of the plain `tone` (N, 3): strong light tints folds and shadows around a
    smile, skin itself does so little. Their luminance stays."""
    bright = np.maximum(colour @ LUMINANCE, 1.0)
    plain = np.log(np.maximum(tone, 4.0)) - np.log(np.maximum(tone @ LUMINANCE, 4.0))[:, None]
    own = np.log(np.maximum(colour, 4.0)) - np.log(np.maximum(bright, 4.0))[:, None]
    near = np.exp(plain + reach * np.tanh((own - plain) / reach))
    return np.asarray(near * (bright / (near @ LUMINANCE))[:, None], np.float32)
