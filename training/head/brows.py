"""Brows that knit: what the source's face unit of the brow lowerer lacks. It lowers brows evenly, which looks worried.

Corrugator and procerus draw the head of the brow down, towards the nose and forward; its tail hardly moves (Ekman and Friesen, FACS,
action unit 4).
"""

import numpy as np

from .source import Array

# all in distances of an eye's middle from the symmetry plane; across from that plane, up from the eye's middle
HEAD = (0.38, 0.68)             # where the head of the brow lies
INWARD, OUTWARD, HEIGHT = 0.62, 1.0, 0.66       # how far the pull reaches towards the other brow, the tail, and up and down
PULL = (-0.071, -0.214, 0.045)  # of the head: away from the plane, up, forward
TAIL, TAIL_WIDTH, TAIL_LEFT = 0.8, 0.8, 0.45    # from where on, over what width, and how much of the even lowering is left to the tail
LID, LID_WIDTH = 0.30, 0.30     # up from the eye's middle: the lids below stay where they are, but not
NOSE, NOSE_WIDTH = 0.42, 0.25   # beside the root of the nose
ACROSS = 0.25                   # on both sides of the plane, over which one side's pull passes into the other's
BEHIND, DEPTH = 0.13, 0.32      # behind the eye's middle: the ear is left alone


def smoothstep(value: Array) -> Array:
    """Return 0 below 0, 1 above 1, smooth between."""
    held = np.clip(value, 0, 1)
    return np.asarray(held * held * (3 - 2 * held))


def knitted(lowered: Array, skin: Array, eye: Array) -> Array:
    """Return the offsets (N, 3) of a brow that knits, from those of one that is `lowered` (N, 3) evenly.

    skin: (N, 3) at rest; eye: (3,) the middle of the eyeball of that side.
    """
    unit, side = abs(eye[0]), np.sign(eye[0])
    across, up, forward = side * skin[:, 0] / unit, (skin[:, 1] - eye[1]) / unit, (skin[:, 2] - eye[2]) / unit
    away = np.hypot((across - HEAD[0]) / np.where(across > HEAD[0], OUTWARD, INWARD), (up - HEAD[1]) / HEIGHT)
    above_lids = np.maximum(smoothstep((up - LID) / LID_WIDTH), smoothstep((NOSE - across) / NOSE_WIDTH))
    own_side = smoothstep((across + ACROSS) / (2 * ACROSS))
    weight = smoothstep(1 - away) * above_lids * own_side * smoothstep((forward + BEHIND) / DEPTH)
    result = lowered.copy()
    result[:, 1] *= 1 - (1 - TAIL_LEFT) * smoothstep((across - TAIL) / TAIL_WIDTH)
    return np.asarray(result + unit * weight[:, None] * np.array(PULL) * [side, 1, 1])
