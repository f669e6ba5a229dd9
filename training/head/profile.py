"""The lower face from the side: lips and chin stand out as far as people's do.

The canonical face is measured from the front and flat from the side: its upper lip lies 1 mm behind the base of the nose, its lower lip
4 mm, and the chin runs straight down. With the head held as people hold it the upper lip lies 3.5 mm before that base, the lower one
1.5 mm, the chin 3 mm behind it (Arnett 1999, mean of women and men). We go most of that way: other measures (Ricketts' line) want less.
"""

import numpy as np

from .source import Array

LIPS, CHIN = 0.0020, 0.0010     # metres forward
LIP_REACH = (0.022, 0.014)      # metres aside (e-fold) and up or down, where it ends soon: at the base of the nose and in the fold below
CHIN_REACH = (0.018, 0.009)
DEEP = (0.075, 0.040)           # metres behind the tip of the nose from where nothing moves, and over what depth that begins


def stood_out(points: Array, face: Array) -> Array:
    """Return the moves (N, 3), metres, of points (N, 3) around a head whose landmarks are `face` (468, 3)."""
    tip, mouth, chin = face[1], (face[13] + face[14]) / 2, face[199]
    lips = np.exp(-(((points[:, 1] - mouth[1]) / LIP_REACH[1]) ** 4) - (points[:, 0] / LIP_REACH[0]) ** 2)
    chins = np.exp(-(((points[:, 1] - chin[1]) / CHIN_REACH[1]) ** 2) - (points[:, 0] / CHIN_REACH[0]) ** 2)
    near = np.clip((points[:, 2] - tip[2] + DEEP[0]) / DEEP[1], 0, 1)
    return np.asarray((near * (LIPS * lips + CHIN * chins))[:, None] * [0, 0, 1])
