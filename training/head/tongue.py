"""The tongue: a closed body of quads between the lower teeth, its root going down into the throat, and its own shapes.

Local axes as those of an arch (teeth.py): x to the left, y up, z forward, origin at the middle of the upper incisors' edge, metres.
"""

from dataclasses import dataclass

import numpy as np

from .crop import Indices
from .source import Array
from .teeth import MM

RING = 24                                                   # points around; a multiple of 4
# from the tip to the root: how far behind the incisors' front, height of the top, half the width, thickness; mm
SPINE = np.array([[7.2, -4.6, 3.0, 2.4], [7.8, -3.6, 5.2, 4.6], [9.2, -2.8, 7.2, 6.2], [12.0, -1.8, 9.0, 8.0],
                  [16.0, -0.6, 10.4, 10.5],
                  [21.0, 0.8, 11.6, 13.0], [26.0, 2.0, 12.4, 15.0], [31.0, 2.8, 13.0, 17.0], [36.0, 3.0, 13.4, 19.0],
                  [41.0, 2.4, 13.8, 21.0], [46.0, 0.8, 14.2, 22.5], [51.0, -2.0, 14.4, 23.5], [56.0, -6.0, 14.4, 24.0],
                  [60.0, -11.5, 14.0, 23.0], [63.0, -18.5, 13.0, 20.0], [64.5, -26.0, 12.0, 16.0]])
GROOVE = 0.9 * MM                                           # depth of the median groove
FLAT_BELOW = 0.55                                           # the underside's share of the thickness that is rounded
TIP_RISE, TIP_ADVANCE, BACK_RISE, OUT, OUT_DROP = 13.0 * MM, 2.0 * MM, 10.5 * MM, 36.0 * MM, 7.0 * MM
TEETH_ADVANCE, TEETH_RISE = 5.0 * MM, 3.4 * MM
WIDER, NARROWER = 0.09, 0.22


@dataclass(frozen=True)
class Tongue:
    """vertices (V, 3), quads (F, 4), uv (V, 2)."""

    vertices: Array
    quads: Indices
    uv: Array


def tongue() -> Tongue:
    """Return the tongue at rest."""
    angle = (np.arange(RING) + 0.5) / RING * 2 * np.pi
    across, up = np.cos(angle), np.sin(angle)
    round_across = np.sign(across) * np.abs(across) ** 0.8
    rows, uv = [], []
    for place, (behind, top, half, thick) in enumerate(SPINE * MM):
        height = np.where(up > 0, 0.45 * np.abs(up) ** 0.9, -FLAT_BELOW * np.abs(up) ** 0.8)
        groove = GROOVE * min(place / 4, 1.0) * np.exp(-((round_across / 0.16) ** 2)) * (up > 0)
        rows.append(np.column_stack([half * round_across, top - 0.45 * thick + thick * height - groove, np.full(RING, -behind)]))
        uv.append(np.column_stack([0.5 + 0.48 * across * (0.6 + 0.4 * up), np.full(RING, 1 - place / (len(SPINE) - 1))]))
    rows[0][:, 2] += 1.2 * MM * (1 - np.abs(across)) * (up > -0.5)
    quads = [[row * RING + step, row * RING + (step + 1) % RING, (row + 1) * RING + (step + 1) % RING, (row + 1) * RING + step]
             for row in range(len(rows) - 1) for step in range(RING)]
    tip = np.array([[step, RING - 1 - step, RING - 2 - step, step + 1] for step in range(RING // 2 - 1)])
    root = (len(rows) - 1) * RING + tip[:, ::-1]
    return Tongue(np.concatenate(rows), np.concatenate([np.array(quads)[:, ::-1], tip[:, ::-1], root[:, ::-1]]), np.concatenate(uv))


def shapes(body: Array) -> dict[str, Array]:
    """Return offsets (V, 3) of the tongue's shapes at weight 1, for its vertices (V, 3) on a head: out; the tip up to the ridge behind
    the teeth (t d n l) or to the teeth (th); the back up to the palate (k g); wide; narrow, its sides raised (s, r)."""
    front, back = body[:, 2].max(), body[:, 2].min()
    behind = (front - body[:, 2]) / MM                                  # millimetres from the tip
    zero = np.zeros(len(body))
    tip = np.clip(1 - behind / 24, 0, 1) ** 1.6
    blade = np.clip(1 - behind / 14, 0, 1) ** 1.2
    out = np.clip(1 - behind / 48, 0, 1) ** 1.3
    hump = np.exp(-(((behind - 32) / 11) ** 2))
    body_share = np.clip((front - back) / MM - behind, 0, 20) / 20      # nothing at the root
    side = np.abs(body[:, 0]) / np.abs(body[:, 0]).max()
    return {
        "tongueOut": np.column_stack([-0.08 * body[:, 0] * out, -OUT_DROP * out**2 + 2.0 * MM * out, OUT * out]),
        "tongueTipUp": np.column_stack([zero, TIP_RISE * tip, TIP_ADVANCE * tip]),
        "tongueTipTeeth": np.column_stack([zero, TEETH_RISE * blade, TEETH_ADVANCE * np.clip(1 - behind / 40, 0, 1)]),
        "tongueBackUp": np.column_stack([zero, BACK_RISE * hump, -3.0 * MM * hump]),
        "tongueWide": np.column_stack([WIDER * body[:, 0] * body_share, -1.0 * MM * body_share, zero]),
        "tongueNarrow": np.column_stack([-NARROWER * body[:, 0] * body_share, 2.5 * MM * side**2 * body_share * (behind < 40), zero]),
    }
