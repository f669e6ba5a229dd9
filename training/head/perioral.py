"""Around the mouth: the line between the lips, the lower lip, the cheeks beside nose and mouth.

The source's lips meet along a straight line deep between them, its lower lip is widest low down, over a sharp fold, and the cheeks
beside nose and mouth are hollow, so that the mouth stands out like a muzzle. In people the line dips in the middle and at the corners,
the lower lip stands out most close to it, and cheeks pass into lips (by eye; cheeks' and lips' amounts bring the scan `james` and
another mean of scans nearer, docs/head_model.md).
"""

import numpy as np

from .brows import smoothstep
from .source import Array

CORNERS = (33, 263)             # landmarks: outer corners of the eyes; half their distance, 43 mm, is the unit of what follows
# moves: by how much, where its middle lies aside and up from where the lips meet, and how far it reaches that way (deviations)
FORWARD = ((0.033, 0.0, -0.06, 0.30, 0.06),         # the lower lip's upper half, and the line
           (-0.012, 0.0, 0.12, 0.30, 0.08),         # the upper lip
           (-0.023, 0.0, -0.22, 0.18, 0.05),        # the lower lip's lower half
           (0.028, 0.0, -0.32, 0.24, 0.06),         # the fold below it
           (0.051, 0.67, 0.28, 0.23, 0.46))         # cheeks
UP = ((-0.010, 0.0, 0.0, 0.12, 0.12), (0.011, 0.25, 0.0, 0.14, 0.12), (-0.016, 0.56, 0.0, 0.12, 0.12))
DEEP, WHOLE = 0.80, 0.35        # behind where the lips meet: farther back than the first nothing moves, before the second all of it


def shaped(points: Array, face: Array) -> Array:
    """Return the moves (N, 3), metres, of points (N, 3) around a head whose landmarks are `face` (468, 3): alike on both sides."""
    unit = float(np.linalg.norm(face[CORNERS[0]] - face[CORNERS[1]])) / 2
    place = (points - (face[13] + face[14]) / 2 * [0, 1, 1]) / unit
    near = smoothstep((place[:, 2] + DEEP) / (DEEP - WHOLE))
    return np.asarray((unit * near)[:, None]
                      * np.column_stack([np.zeros(len(points)), *(bumps(place, table) for table in (UP, FORWARD))]))


def bumps(place: Array, table: tuple[tuple[float, ...], ...]) -> Array:
    """Return the sum (N,) of a table's Gaussians at places (N, 3) relative to where the lips meet."""
    return np.asarray(sum(amount * np.exp(-(((abs(place[:, 0]) - aside) / wide) ** 2 + ((place[:, 1] - up) / high) ** 2) / 2)
                          for amount, aside, up, wide, high in table))
