"""Which hair a head gets: as long as in the photo, with its fringe, parting and waves, or as the artist chooses."""

import numpy as np

from ..choices import Hair, Hairline, Waves
from ..head.model import HeadBasis
from ..head.scalp import Scalp
from ..head.silhouette import NO_SIDES
from ..types import Floats
from .curls import HANGING, SHORT
from .fringe import SHARE, fringe
from .long_hair import long_hair
from .outline import filled_out
from .short_hair import STRANDS, short_hair
from .strands import Strands
from .tied_hair import tied_hair

BELOW_EYES = {"SHORT": 0.0, "BLUNT": 0.11, "CHIN": 0.12, "LONG": 0.26}         # metres; 0: a short cut
ABOVE_EYES = {"NONE": 0.0, "SHORT": 0.046, "BROWS": 0.031}      # metres; 0: none
SIDE = {"LEFT": 1.0, "MIDDLE": 0.0, "RIGHT": -1.0}              # of the parting; the person's left is +X

TIED: tuple[Hair, ...] = ("PONYTAIL", "BUN")
FRINGED: tuple[Hairline, ...] = ("FULL", "TEMPLES")


def hair_strands(neutral: Floats, basis: HeadBasis, random: np.random.Generator, *, below_eyes: float, above_eyes: float = 0.0,
                 volume: float = 0.0, sides: Floats = NO_SIDES, side: float = 1.0, waves: Waves = "STRAIGHT", style: Hair = "PHOTO",
                 hairline: Hairline = "FULL", count: int = STRANDS) -> Strands:
    """Return at most `count` strands, more where they are clipped, on the head `neutral` (V, 3) that reach so far below the eyes,
    metres, a short cut for 0, unless the `style` is clipped or tied; with a fringe that ends `above_eyes` metres above them, without
    one for 0. Neither clipped nor coily hair, which does not hang, has one, nor hair that has gone back farther than at the temples.

    volume: metres that long hair stands off the head, 0 as on most people; sides: (2, H) how wide (outline.py);
    side: of the parting, as in core/hair/short_hair.py.
    """
    tied, clipped = style in TIED, style == "CROPPED"
    if clipped or (waves == "COILY" and not tied):
        return short_hair(neutral, basis, random, waves=waves, below_eyes=0.0 if clipped else below_eyes, side=side, cropped=clipped,
                          hairline=hairline, count=count)
    falling = round(SHARE * count) if above_eyes > 0 and waves != "COILY" and hairline in FRINGED else 0
    long = below_eyes > 0 and not tied
    curl = (HANGING if long or tied else SHORT).get(waves)
    if tied:
        hair = tied_hair(neutral, basis, random, bun=style == "BUN", waves=waves, hairline=hairline, count=count - falling)
    elif long:
        hair = long_hair(neutral, basis, random, below_eyes=below_eyes, volume=volume, side=side, waves=waves, blunt=style == "BLUNT",
                         hairline=hairline, count=count - falling)
    else:
        hair = short_hair(neutral, basis, random, side=side, waves=waves, hairline=hairline, count=count - falling)
    if falling:
        falling = round(falling * (1.0 if curl is None else curl.count))
        hair = hair.joined(fringe(neutral, basis, random, above_eyes=above_eyes, long=long or tied, count=falling,
                                  points=hair.points.shape[1], side=side, curl=curl, hairline=hairline))
    return filled_out(hair, Scalp.of(neutral, basis), sides, random) if long else hair
