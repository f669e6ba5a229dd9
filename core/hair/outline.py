"""Hair as wide as in the photo: strands that are combed already are drawn aside until the outermost reach the outline seen there."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..head.scalp import NO_SIDES, SIDES_AT, Scalp
from ..types import Floats
from .strands import Strands

BAND, OUTERMOST, ENOUGH = 0.008, 0.95, 20   # metres around a height; quantile of, at least so many, points there
WIDER = 1.35                                # times as wide at most
LOOSE = 0.030                               # metres off the skin from where hair moves all the way; on the skin it stays

Array = NDArray[np.float64]


def filled_out(strands: Strands, scalp: Scalp, sides: NDArray[np.floating]) -> Strands:
    """Return strands of which the outermost reach as far aside as `sides` (2, H), metres at SIDES_AT, if they do not anyhow.

    sides: the person's right, left; 0 where nothing is known.
    """
    points = strands.points.astype(np.float64)
    up, aside = points[..., 1] - scalp.eyes[1], points[..., 0] - scalp.eyes[0]
    share = np.clip(scalp.off(points)[0] / LOOSE, 0, 1)
    share[:, 0] = 0                                             # roots stay, wherever the skin's coarse map has the skin
    for side, sign in zip(sides, (-1.0, 1.0), strict=True):
        if not side.any():
            continue
        there = sign * aside > 0
        wider = np.interp(up[there], SIDES_AT, ratios(sign * aside[there], up[there], side))
        aside[there] *= 1 + (wider - 1) * share[there]
    points[..., 0] = scalp.eyes[0] + aside
    return replace(strands, points=points.astype(np.float32))


def told(sides: NDArray[np.floating]) -> Floats:
    """Return an outline (2, H) as a head.npz has it, none where that is of another shape or no outline at all."""
    known = sides.shape == NO_SIDES.shape and bool(np.isfinite(sides).all()) and bool((sides >= 0).all())
    return sides.astype(np.float32) if known else NO_SIDES


def ratios(aside: Array, up: Array, wanted: NDArray[np.floating]) -> Array:
    """Return how many times as far aside as points (N,), metres, at heights `up` (N,) above the eyes, hair is `wanted` (H,) at
    SIDES_AT."""
    found = np.ones(len(SIDES_AT))
    for row, height in enumerate(SIDES_AT):
        near = aside[np.abs(up - height) < BAND]
        if len(near) > ENOUGH:
            found[row] = np.clip(wanted[row] / np.quantile(near, OUTERMOST), 1, WIDER)
    found = np.interp(SIDES_AT, SIDES_AT[wanted > 0], found[wanted > 0])        # below the lowest that is known it goes on
    around = np.pad(found, 1, mode="edge")
    return (around[:-2] + 2 * around[1:-1] + around[2:]) / 4
