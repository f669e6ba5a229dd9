"""The nose: its tip.

The source's nose, drawn out to where the average nose ends, comes to a point like a cone; noses end in a round lobule over the
domes of the lower cartilages.
"""

import numpy as np

from .brows import smoothstep
from .source import Array

# in distances of an eye's middle from the symmetry plane
MIDDLE, RADIUS = (0.09, -0.29), 0.28    # of the lobule's ball: up and forward from the tip
SOFT = 0.05                     # over what height skin goes over into the ball
NOSTRIL, RIM = -0.20, 0.12      # up from the tip: below, and over what height, skin stays


def rounded(skin: Array, eye: Array) -> Array:
    """Return a head's skin (N, 3) whose nose ends in a ball; eye: (3,) the middle of an eyeball."""
    unit, tip = abs(eye[0]), tip_of(skin, eye)
    offset = (skin - tip * [0, 1, 1]) / unit - np.array([0.0, *MIDDLE])
    distance = np.linalg.norm(offset, axis=1)
    height = distance - RADIUS
    push = (np.sqrt(height**2 + SOFT**2) - height) / 2
    push *= smoothstep((skin[:, 1] - tip[1]) / unit / RIM - NOSTRIL / RIM) * smoothstep(offset[:, 2] / RADIUS + 1)
    return np.asarray(skin + unit * (push / np.maximum(distance, RADIUS / 2))[:, None] * offset)


def tip_of(skin: Array, eye: Array) -> Array:
    """Return the tip of the nose (3,)."""
    return np.asarray(skin[np.argmax(np.where(abs(skin[:, 0]) < abs(eye[0]) / 4, skin[:, 2], -np.inf))])
