"""sRGB and linear colours, Rec. 709."""

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
WHITE_OF_EYE: Colour = (0.62, 0.57, 0.53)           # linear, of an eyeball


def linear(colour: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return an sRGB colour (3,) uint8 as linear values 0..1 (IEC 61966-2-1)."""
    share = colour.astype(np.float64) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def encoded(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return linear values 0..1 as sRGB ones (IEC 61966-2-1)."""
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)
