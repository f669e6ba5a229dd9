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
SPINE = np.array([[8.6, 0.3, 2.8, 3.0], [9.3, 1.1, 4.7, 5.4], [11.0, 1.9, 6.2, 7.6], [13.6, 2.8, 7.7, 10.2],
                  [17.0, 3.8, 9.2, 13.0],
                  [21.5, 4.8, 10.6, 16.0], [26.5, 5.5, 11.6, 18.3], [31.0, 5.9, 12.2, 19.9], [36.0, 5.8, 12.6, 21.5],
                  [41.0, 4.9, 13.0, 23.0], [46.0, 2.9, 13.5, 24.2], [51.0, -0.6, 14.0, 24.4], [56.0, -5.4, 14.0, 24.2],
                  [60.0, -11.5, 13.5, 22.5], [63.0, -19.0, 12.4, 19.6], [64.5, -26.5, 11.4, 15.6]])
# the same out over the lower lip, where the lower jaw is taken as at rest, and with the tip between the teeth
OUT_SPINE = np.array([[-29.0, -3.4, 2.8, 2.2], [-28.4, -1.6, 5.2, 4.0], [-26.2, 1.0, 7.6, 5.2], [-22.0, 4.2, 9.4, 5.8],
                      [-16.0, 7.2, 10.4, 5.9],
                      [-9.0, 9.2, 10.8, 5.8], [-2.0, 9.5, 11.0, 5.8], [5.0, 9.0, 11.0, 5.9], [13.0, 8.4, 11.4, 7.2],
                      [21.0, 7.0, 12.0, 11.0], [30.0, 5.5, 12.6, 14.0], [39.0, 3.0, 13.2, 17.0], [47.0, -1.0, 13.6, 20.0],
                      [54.0, -6.5, 13.8, 21.5], [60.0, -15.0, 13.0, 19.5], [64.0, -25.0, 12.0, 16.0]])
TEETH_SPINE = np.array([[-3.0, 4.7, 3.0, 2.0], [-2.0, 5.2, 5.0, 2.8], [-0.2, 5.6, 6.6, 3.2], [3.5, 6.3, 8.0, 4.2],
                        [9.0, 6.6, 9.2, 6.6],
                        [15.5, 6.3, 10.4, 10.0], [22.0, 6.0, 11.4, 13.8], [28.0, 6.0, 12.1, 17.2], [34.0, 5.9, 12.6, 20.2],
                        [40.0, 5.0, 13.0, 22.5], *SPINE[10:].tolist()])
GROOVE, GROOVE_WIDTH = 1.5 * MM, 0.33                       # depth of the median groove; of half the tongue's width
FLAT_BELOW = 0.55                                           # the underside's share of the thickness that is rounded
TIP_RISE, TIP_ADVANCE, BACK_RISE = 11.5 * MM, 1.2 * MM, 7.3 * MM
WIDER, NARROWER = 0.06, 0.22


@dataclass(frozen=True)
class Tongue:
    """vertices (V, 3), quads (F, 4), uv (V, 2)."""

    vertices: Array
    quads: Indices
    uv: Array


def tongue(spine: Array = SPINE) -> Tongue:
    """Return the tongue along a spine (R, 4), millimetres: SPINE at rest."""
    angle = (np.arange(RING) + 0.5) / RING * 2 * np.pi
    across, up = np.cos(angle), np.sin(angle)
    round_across = np.sign(across) * np.abs(across) ** 0.8
    rows, uv = [], []
    for place, (behind, top, half, thick) in enumerate(spine * MM):
        height = np.where(up > 0, 0.45 * np.abs(up) ** 0.9, -FLAT_BELOW * np.abs(up) ** 0.8)
        groove = GROOVE * min(place / 4, 1.0) * np.exp(-((round_across / GROOVE_WIDTH) ** 2)) * (up > 0)
        rows.append(np.column_stack([half * round_across, top - 0.45 * thick + thick * height - groove, np.full(RING, -behind)]))
        uv.append(np.column_stack([0.5 + 0.48 * across * (0.6 + 0.4 * up), np.full(RING, 1 - place / (len(spine) - 1))]))
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
    hump = np.exp(-(((behind - 32) / 11) ** 2))
    body_share = np.clip((front - back) / MM - behind, 0, 20) / 20      # nothing at the root
    side = np.abs(body[:, 0]) / np.abs(body[:, 0]).max()
    return {
        "tongueOut": bent(body, OUT_SPINE),
        "tongueTipUp": np.column_stack([zero, TIP_RISE * tip, TIP_ADVANCE * tip]),
        "tongueTipTeeth": bent(body, TEETH_SPINE),
        "tongueBackUp": np.column_stack([zero, BACK_RISE * hump, -3.0 * MM * hump]),
        "tongueWide": np.column_stack([WIDER * body[:, 0] * body_share, -1.0 * MM * body_share, zero]),
        "tongueNarrow": np.column_stack([-NARROWER * body[:, 0] * body_share, 2.5 * MM * side**2 * body_share * (behind < 40), zero]),
    }


def bent(body: Array, spine: Array) -> Array:
    """Return the offsets (V, 3) that take a tongue at rest (V, 3) on a head to another spine (R, 4), millimetres."""
    rest = tongue().vertices
    return (tongue(spine).vertices - rest) * float(np.ptp(body[:, 2]) / np.ptp(rest[:, 2]))
