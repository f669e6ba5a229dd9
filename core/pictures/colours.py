"""sRGB and linear colours, Rec. 709."""

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
WHITE_OF_EYE: Colour = (0.62, 0.57, 0.53)           # linear, of an eyeball
# total diffuse reflectance, linear: ivory (CIE L* 85, b* 13), and mucous membrane (L* 58, a* 27) that is pale enough to pass light on,
# so that a mouth is red in its depth, not black
TEETH: Colour = (0.74, 0.66, 0.51)
GUMS: Colour = (0.54, 0.20, 0.18)
TONGUE: Colour = (0.54, 0.19, 0.17)


def linear(colour: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return an sRGB colour (3,) uint8 as linear values 0..1 (IEC 61966-2-1)."""
    share = colour.astype(np.float64) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def encoded(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return linear values 0..1 as sRGB ones (IEC 61966-2-1)."""
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)
