"""The tongue: seated between the teeth, and bent into its own shapes."""

import numpy as np

from .source import Array

NARROWING = 0.76                # the source's tongue is as wide as its dental arch
TIP_BEHIND_TEETH = 0.0075       # metres from the upper incisors' front to the tip
TOP_BELOW_EDGE = 0.0040         # metres from the upper incisors' edge down to the tip's top
HALF_WAY, TIP_RISE, TIP_ADVANCE, BACK_RISE = 0.5, 0.0135, 0.002, 0.0105


def seated(tongue: Array, upper_edge: Array, scale: float) -> Array:
    """Return the source's tongue (V, 3) narrowed and moved behind the incisors whose edge is at `upper_edge` (3,)."""
    tip = tongue[tongue[:, 2] > tongue[:, 2].max() - 0.006]
    placed = (tongue - [0, tip[:, 1].max(), tongue[:, 2].max()]) * [NARROWING * scale, 0.9, 0.92]
    return placed + upper_edge - [0, TOP_BELOW_EDGE, TIP_BEHIND_TEETH]


def shapes(tongue: Array) -> dict[str, Array]:
    """Return offsets (V, 3): the tip up to the ridge behind the teeth (t d n l), the back up to the palate (k g)."""
    back, front = tongue[:, 2].min(), tongue[:, 2].max()
    along = (tongue[:, 2] - back) / (front - back)
    tip_share = np.clip((along - HALF_WAY) / (1 - HALF_WAY), 0, 1) ** 1.6
    tip_up = np.column_stack([np.zeros(len(tongue)), tip_share * TIP_RISE, tip_share * TIP_ADVANCE])
    hump = np.exp(-((along - 0.45) / 0.2) ** 2)
    back_up = np.column_stack([np.zeros(len(tongue)), hump * BACK_RISE, -hump * 0.003])
    return {"tongueTipUp": tip_up, "tongueBackUp": back_up}
