"""The nose: its tip, and what it does in a smile.

The source's nose, drawn out to where the average nose ends, comes to a point like a cone; noses end in a round lobule over the
domes of the lower cartilages.

The source's face units widen the nose in a smile, as smiles do, but leave its tip where it is. In a smile the depressor of the septum
draws the tip down and the upper lip's levators lift the base, by which noses look longer and hooked: as heads were fitted to photos of
one person, smiling and not, the tip's height over the base was 2.2 mm less at three quarters of a smile. Here it is 1.9 mm less.
Unless the model knows that, a smile in the photo makes the person's own nose long.
"""

import numpy as np

from .brows import smoothstep
from .source import Array

# all in distances of an eye's middle from the symmetry plane
MIDDLE, RADIUS = (0.09, -0.29), 0.28    # of the lobule's ball: up and forward from the tip
SOFT = 0.05                     # over what height skin goes over into the ball
NOSTRIL, RIM = -0.20, 0.12      # up from the tip: below, and over what height, skin stays
REACH = 0.42                    # of both moves, from the tip and from the base
BASE = (-0.37, -0.40)           # up and forward from the tip: where the columella ends
TIP_PULL = (0.0, -0.026, -0.006)        # of one side's smile; away from the plane, up, forward
BASE_PULL = (0.0, 0.012, 0.0)


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


def smiled(smile: Array, skin: Array, eye: Array) -> Array:
    """Return the offsets (N, 3) of a smile whose nose goes along, from those of one side's `smile` (N, 3).

    skin: (N, 3) at rest; eye: (3,) the middle of an eyeball.
    """
    unit, tip = abs(eye[0]), tip_of(skin, eye)
    result = smile.copy()
    for place, pull in ((tip, TIP_PULL), (tip + unit * np.array([0.0, *BASE]), BASE_PULL)):
        away = np.linalg.norm((skin - place * [0, 1, 1]) / unit, axis=1)
        result += unit * smoothstep(1 - away / REACH)[:, None] * np.array(pull)
    return np.asarray(result)
