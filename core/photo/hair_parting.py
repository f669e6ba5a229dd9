"""At which side a person's hair is parted in the photo.

On either side of a parting hair falls away from it: over the forehead its grain leans to the person's right at the right of it, and to
the left at the left. Where a fringe is swept to, it also comes down lower.
"""

import numpy as np
from numpy.typing import NDArray

from ..choices import Parting
from .forehead import FREE, LOW
from .hair_grain import Grain

ASIDE, HEIGHTS = 0.060, (0.030, 0.115)      # metres from the middle, and above the eyes, that are looked at
PLACES = np.arange(-ASIDE, ASIDE + 1e-9, 0.005)             # metres to the person's left where it may be
MIDDLE = 0.0125                             # metres aside up to which it is one in the middle
LEAST_AREA = 0.0012                         # square metres of hair that have to be seen there
LEAST, AHEAD = 0.42, 0.35                   # of all grain: how much more falls away from a parting than to it; than from others
PLAIN, BOTH = 0.95, 0.40                    # the same of a parting in the middle; the most if all fell to one side
SIDES = (0.012, 0.035)                      # metres aside between which hair's lower edge is compared
LOWER, WEIGHT = 0.012, 0.25                 # metres by which it differs at a plain sweep, and what that counts
HALF = 0.5                                  # of a row that is hair

Array = NDArray[np.float64]


def parting(grain: Grain) -> Parting:
    """Return the person's side at which hair is parted, "PHOTO" where that cannot be seen."""
    seen = grain.inside & (np.abs(grain.x) < ASIDE) & (grain.y > HEIGHTS[0]) & (grain.y < HEIGHTS[1])
    if seen.sum() * grain.step**2 < LEAST_AREA:
        return "PHOTO"
    lean = np.where(seen, grain.up, 0.0)                                # upwards to the person's left: it falls to the right
    total = max(float(np.abs(lean).sum()), 1e-9)
    fit = np.array([lean[grain.x < place].sum() - lean[grain.x >= place].sum() for place in PLACES]) / total
    sweep = swept(grain)
    best = {"RIGHT": fit[PLACES < -MIDDLE].max() + sweep, "MIDDLE": fit[np.abs(PLACES) <= MIDDLE].max(),
            "LEFT": fit[PLACES > MIDDLE].max() - sweep}
    side: Parting = "LEFT" if best["LEFT"] > best["RIGHT"] else "RIGHT"
    if best[side] > LEAST and best[side] > AHEAD + max(value for name, value in best.items() if name != side):
        return side
    return "MIDDLE" if best["MIDDLE"] > PLAIN and max(abs(fit[0]), abs(fit[-1])) < BOTH else "PHOTO"


def swept(grain: Grain) -> float:
    """Return WEIGHT where a fringe ends far lower at the person's left, -WEIGHT at the right, 0 without a fringe."""
    ends = []
    for sign in (-1, 1):
        aside = (sign * grain.x > SIDES[0]) & (sign * grain.x < SIDES[1])
        share = (grain.hair & aside).sum(axis=1) / np.maximum(aside.sum(axis=1), 1)
        rows = np.flatnonzero((share > HALF) & (grain.y[:, 0] > LOW) & (grain.y[:, 0] < HEIGHTS[1]))
        ends.append(float(grain.y[rows[-1], 0]) if len(rows) else FREE)
    if max(ends) >= FREE or min(ends) < LOW + 2 * grain.step:           # down to the brows it may be these
        return 0.0
    return WEIGHT * float(np.clip((ends[0] - ends[1]) / LOWER, -1, 1))
