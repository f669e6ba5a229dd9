"""Which hair a head gets: as long as in the photo, or as the artist chooses."""

import numpy as np

from .hair import STRANDS, short_hair
from .head_model import HeadBasis
from .long_hair import long_hair
from .strands import Strands
from .types import Floats

BELOW_EYES = {"SHORT": 0.0, "CHIN": 0.12, "LONG": 0.26}         # metres; 0: a short cut


def hair_strands(neutral: Floats, basis: HeadBasis, random: np.random.Generator, *, below_eyes: float,
                 count: int = STRANDS) -> Strands:
    """Return at most `count` strands on the head `neutral` (V, 3) that reach so far below the eyes, metres; a short cut for 0."""
    if below_eyes > 0:
        return long_hair(neutral, basis, random, below_eyes=below_eyes, count=count)
    return short_hair(neutral, basis, random, count=count)
