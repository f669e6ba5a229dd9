"""How wavy a person's hair is in the photo: how far, and how often, its grain turns to and fro along the hair."""

import numpy as np
from numpy.typing import NDArray

from ..choices import Waves
from .hair_grain import Grain, evened

FACE = (0.062, 0.030)                       # metres aside, and above the eyes, within and below which there is the face
OUT, BELOW = 0.130, 0.010                   # metres aside where hair may be seen; below where it ends
PLAIN = 0.5                                 # how plain its grain has to be on the whole: noise has 0.3, JPEG's blocks 0.48
LEAST_AREA = 0.0045                         # square metres of it that have to be seen: short hair lies this way and that
AROUND = 0.010                              # metres over which the grain is evened to see where hair runs on the whole
BENT = np.radians(16.5)                     # root mean square of the angle between the two from which hair waves
FARTHEST = 0.042                            # metres along the hair over which its turns are compared
OPPOSED = -0.15                             # how much turns half a wave apart are opposed, at least
CURLY = 0.025                               # metres: shorter waves are curls

Array = NDArray[np.float64]


def waves(grain: Grain, below_eyes: float) -> Waves:
    """Return how wavy hair is, "PHOTO" where too little is seen; below_eyes: metres down to which it reaches.

    Coils are finer than what can be told from noise, and never found.
    """
    seen = of_hair(grain, below_eyes)
    if seen.sum() * grain.step**2 < LEAST_AREA:
        return "PHOTO"
    if float(np.hypot(grain.across, grain.up)[seen].mean()) < PLAIN:
        return "PHOTO"
    bent, length = turns(grain, seen)
    if bent < BENT:
        return "STRAIGHT"
    return "PHOTO" if length == 0 else "WAVY" if length > CURLY else "CURLY"


def of_hair(grain: Grain, below_eyes: float) -> NDArray[np.bool_]:
    """Return where (H, W) hair is seen above and beside the face, down to where it ends."""
    face = (np.abs(grain.x) < FACE[0]) & (grain.y < FACE[1])
    return grain.inside & ~face & (np.abs(grain.x) < OUT) & (grain.y > -below_eyes - BELOW)


def turns(grain: Grain, seen: NDArray[np.bool_]) -> tuple[float, float]:
    """Return by which angle the grain leaves the way of the hair where it is `seen` (H, W), root mean square, radians, and the length
    of a wave, metres, 0 where its turns do not alternate."""
    plain = np.where(seen, np.hypot(grain.across, grain.up), 0)
    local = np.where(seen, grain.across + 1j * grain.up, 0)
    spread = AROUND / grain.step
    way = evened(local.real, spread) + 1j * evened(local.imag, spread)
    off = np.angle(local * np.conj(way)) / 2
    bent = float(np.sqrt((plain * off**2).sum() / max(float(plain.sum()), 1e-9)))
    rows, columns = np.nonzero(seen)
    angle = np.angle(way[seen]) / 2
    alike = []
    for lag in range(round(FARTHEST / grain.step)):
        row, column = np.rint(rows - lag * np.sin(angle)).astype(int), np.rint(columns + lag * np.cos(angle)).astype(int)
        there = (row >= 0) & (row < seen.shape[0]) & (column >= 0) & (column < seen.shape[1])
        there[there] = seen[row[there], column[there]]
        here, other = (rows[there], columns[there]), (row[there], column[there])
        weight = plain[here] * plain[other]
        alike.append((weight * np.sin(2 * off[here]) * np.sin(2 * off[other])).sum() / max(weight.sum(), 1e-9))
    course = np.array(alike) / max(alike[0], 1e-9)
    lowest = np.flatnonzero((course[1:-1] < OPPOSED) & (course[1:-1] <= course[:-2]) & (course[1:-1] <= course[2:])) + 1
    return bent, 2 * int(lowest[0]) * grain.step if len(lowest) else 0.0
