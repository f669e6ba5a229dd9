"""How a photo's hue follows its brightness: film and sensors lose it in strong light, and deepen it in shade.

Where a channel is near its ceiling, red on skin, only the others still rise: highlights turn grey, shade orange. Shine adds the lamp's
white on top. Skin itself has one hue in any light, so what all of a face's skin has in common at one brightness is the photo's.
"""

from dataclasses import dataclass

import numpy as np

from ..types import Floats
from .shading import LUMINANCE

BINS, LEAST = 12, 60                # of brightness, each with as many vertices; fewer vertices than this tell nothing
RESTORED, CALMED = 0.9, 0.6         # share of the hue lost in light that is given back, of that gained in shade that is taken out
SHADE = 0.05                        # log red below the plain tone's that is shade for sure: a flush takes green and blue, hardly red
DEEPER = np.array([1.0, 0.0, -1.0]) # in shade skin's red grows over its green, and its blue falls below it


@dataclass(frozen=True)
class HueCurve:
    """levels: (K,) luminances, sRGB, ascending; shift: (K, 3) logarithms by which skin's red and blue over green are off there from
    those of the plain tone, plain (3,)."""

    levels: Floats
    shift: Floats
    plain: Floats

    @classmethod
    def of(cls, colour: Floats, tone: Floats) -> "HueCurve":
        """Compare the colours (N, 3), sRGB 0..255, of bare skin with its plain `tone` (3,)."""
        plain = hue(tone[None])
        if len(colour) < LEAST:
            return cls(np.zeros(1, np.float32), np.zeros((1, 3), np.float32), plain[0])
        bright = colour @ LUMINANCE
        bins = np.array_split(np.argsort(bright), BINS)
        levels = np.array([np.median(bright[part]) for part in bins], np.float32)
        colours = np.array([np.median(colour[part], axis=0) for part in bins])
        deeper, below = DEEPER * (hue(colours) - plain), (levels < tone @ LUMINANCE)[:, None]
        shade = np.clip(np.log(tone[0] / np.maximum(colours[:, :1], 1)) / SHADE, 0, 1)
        explained = np.where(below, CALMED * shade * np.maximum(deeper, 0), RESTORED * np.minimum(deeper, 0))
        return cls(levels, (DEEPER * explained).astype(np.float32), plain[0])

    def at(self, colour: Floats) -> Floats:
        """Return what the colours (N, 3) are to be divided by (N, 3): hues go to the plain tone's, not beyond; luminance stays."""
        bright, off = colour @ LUMINANCE, hue(colour) - self.plain
        shift = np.stack([np.interp(bright, self.levels, channel) for channel in self.shift.T], axis=1)
        factors = np.exp(np.clip(shift, np.minimum(off, 0), np.maximum(off, 0)))
        kept = ((colour + 1) / factors) @ LUMINANCE / (bright + 1)
        return np.asarray(factors * kept[:, None], np.float32)


def hue(colour: Floats) -> Floats:
    """Return the logarithms (N, 3) of red and blue over green, of colours (N, 3), sRGB 0..255."""
    levels = np.log(np.maximum(colour, 4.0))
    return np.asarray(levels - levels[:, 1:2], np.float32)
