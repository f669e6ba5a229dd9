"""How light single hairs are: darker at the root, paler at the tip, each a little different, locks among each other more so."""

import numpy as np
from numpy.typing import NDArray

TONE = 0.7                      # of the photo's colour, which shows hair lit: among strands light brightens it once more
MIRRORED, LEAST = 0.03, 0.005   # linear: what all hairs mirror, which renderers add; share of a photo's that is left at least
ROOT, TIP = 0.55, 1.15          # of that, along a strand
BETWEEN = 0.72                  # of that: what one sees between roots
SHADES = (0.78, 1.25)           # of single strands
LOCK = 0.011                    # metres over which a lock's tone changes
SPREAD = 0.85                   # by which locks differ at most
SPREADS = {"hair": SPREAD, "brows": 0.17}       # brows' hairs lie in no locks
TOGETHER = 2 / 3                # of the way along a strand: where a lock's have come together, and none has ended yet
STREAKED = 1.0                  # of the spread, by which locks differ, and streaks in them
ALONG = 0.3                     # of such a change downwards: strands of a lock end at different heights

Array = NDArray[np.float64]


def inherent(colour: NDArray[np.floating]) -> Array:
    """Return the linear colour (..., 3) to shade hair with that a photo shows in `colour` (..., 3), linear: black hair looks grey
    with what it mirrors, and only its inside takes its colour."""
    brightness = np.maximum(colour.mean(axis=-1, keepdims=True), 1e-6)
    return np.asarray(TONE * colour * np.maximum(1 - MIRRORED / brightness, LEAST), np.float64)


def at_roots(colour: NDArray[np.floating]) -> Array:
    """Return the linear colour (..., 3) of a scalp where roots of hair of the colour (..., 3) hide it."""
    return np.asarray(BETWEEN * inherent(colour))


def paler(strands: NDArray[np.floating], spread: float = SPREAD) -> Array:
    """Return by which share, `spread` at most, strands (N, P, 3), metres, are lighter than others, or darker: locks, alike where they
    lie together, and streaks in them, alike where they grow together."""
    lock = strands[:, round(TOGETHER * (strands.shape[1] - 1))] * [1, ALONG, 1]
    return spread * np.clip(STREAKED * (waves(lock) + waves(strands[:, 0])), -1, 1)


def waves(places: NDArray[np.floating]) -> Array:
    """Return an uneven wave (N,), -1..1, over places (N, 3), metres."""
    x, y, z = (np.asarray(places, np.float64) * (2 * np.pi / LOCK)).T
    first = np.sin(0.61 * x + 0.37 * y + 1.7 * np.sin(0.23 * z))
    second = np.sin(0.53 * z - 0.41 * y + 1.1 * np.sin(0.19 * x + 2.0))
    return np.asarray((first + second) / 2)
