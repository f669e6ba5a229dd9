"""The lower face from the side: lips and chin stand out as far as people's do.

The canonical face hangs on the source's skull as the source's own face does, its chin behind the glabella, and it is flat from the
side: its upper lip lies 1 mm behind the base of the nose, its lower lip 4 mm, its chin 8 mm. In people who hold the head by nature the
upper lip lies 3.5 mm before that base, the lower one 1.5 mm, the chin 3 mm and the glabella 8 mm behind it (Arnett 1999, mean of women
and men). So what lies below the eyes comes forward, the more the lower it lies, as if the face were turned by 4 degrees, and lips and
chin a little more; not all the way, since other measures (Ricketts' line from nose to chin) want less.
"""

import numpy as np

from .brows import smoothstep
from .source import Array

SLOPE, LIDS = 0.07, 0.010       # metres forward for each metre farther below the eyes than their lids reach
LIPS, CHIN = 0.0020, 0.0010     # metres forward besides
LIP_REACH = (0.022, 0.014)      # metres aside (e-fold) and up or down: not to the base of the nose, nor to the fold below
CHIN_REACH = (0.018, 0.009)
STILL, WHOLE = 0.100, 0.035     # metres behind the tip of the nose: beyond the first nothing moves, before the second all of it
EYES = (33, 133, 362, 263)      # landmarks: their corners


def stood_out(points: Array, face: Array) -> Array:
    """Return the moves (N, 3), metres, of points (N, 3) around a head whose landmarks are `face` (468, 3)."""
    tip, mouth, chin = face[1], (face[13] + face[14]) / 2, face[199]
    below = np.clip(face[list(EYES), 1].mean() - LIDS - points[:, 1], 0, None)
    lips = np.exp(-(((points[:, 1] - mouth[1]) / LIP_REACH[1]) ** 4) - (points[:, 0] / LIP_REACH[0]) ** 2)
    chins = np.exp(-(((points[:, 1] - chin[1]) / CHIN_REACH[1]) ** 2) - (points[:, 0] / CHIN_REACH[0]) ** 2)
    near = smoothstep((points[:, 2] - tip[2] + STILL) / (STILL - WHOLE))
    return np.asarray((near * (SLOPE * below + LIPS * lips + CHIN * chins))[:, None] * [0, 0, 1])
