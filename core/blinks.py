"""Blinks: when a speaker's lids close, as a few keys a blink that an artist can move.

Times follow what is reported of conversation: about every 2 to 6 s (Bentivoglio et al. 1997), closing in about 80 ms,
closed for about 50 ms, opening in about 150 ms (VanderWerf et al. 2003).
"""

import numpy as np

from .types import Floats

SHORTEST_PAUSE, MEAN_EXTRA, LONGEST_PAUSE = 1.6, 2.2, 7.0       # seconds between blinks: floor, exponential mean, ceiling
CLOSING, CLOSED, OPENING = 0.08, 0.05, 0.15                     # seconds
FIRST = 0.8                                                     # seconds before the first blink at the least


def blink_keys(duration: float, random: np.random.Generator) -> Floats:
    """Return keys (N, 2) float32 of the lids over `duration` seconds: time in seconds, weight of both eyeBlink shapes."""
    keys: list[tuple[float, float]] = []
    time = FIRST + float(random.exponential(MEAN_EXTRA / 2))
    while time + CLOSING + CLOSED + OPENING < duration:
        keys += [(time, 0.0), (time + CLOSING, 1.0), (time + CLOSING + CLOSED, 1.0), (time + CLOSING + CLOSED + OPENING, 0.0)]
        time += min(SHORTEST_PAUSE + float(random.exponential(MEAN_EXTRA)), LONGEST_PAUSE)
    return np.asarray(keys, np.float32).reshape(-1, 2)
