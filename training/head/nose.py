"""The nose in a smile: what the source's face units lack. They widen it, as smiles do, but leave its tip where it is.

In a smile the depressor of the septum draws the tip down and the upper lip's levators lift the base, by which noses look longer
and hooked: in photos of one person, smiling and not, the tip came 2.2 mm nearer to the base at three quarters of a smile. Unless the
model knows that, a smile in the photo makes the person's own nose long.
"""

import numpy as np

from .brows import smoothstep
from .source import Array

# all in distances of an eye's middle from the symmetry plane
REACH = 0.42                    # of both moves, from the tip and from the base
BASE = (-0.37, -0.40)           # up and forward from the tip: where the columella ends
TIP_PULL = (0.0, -0.026, -0.006)        # of one side's smile; away from the plane, up, forward
BASE_PULL = (0.0, 0.012, 0.0)


def smiled(smile: Array, skin: Array, eye: Array) -> Array:
    """Return the offsets (N, 3) of a smile whose nose goes along, from those of one side's `smile` (N, 3).

    skin: (N, 3) at rest; eye: (3,) the middle of an eyeball.
    """
    unit = abs(eye[0])
    tip = skin[np.argmax(np.where(abs(skin[:, 0]) < unit / 4, skin[:, 2], -np.inf))]
    result = smile.copy()
    for place, pull in ((tip, TIP_PULL), (tip + unit * np.array([0.0, *BASE]), BASE_PULL)):
        away = np.linalg.norm((skin - place * [0, 1, 1]) / unit, axis=1)
        result += unit * smoothstep(1 - away / REACH)[:, None] * np.array(pull)
    return np.asarray(result)
