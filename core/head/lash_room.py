"""Room for lashes: on heads whose lids hang over their rims the mean head's lashes would lie in the skin, and are turned forward."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..pictures.raster import rasterise
from ..types import Floats, Integers
from .lashes import RIM, Strip, turned

GRAIN, SIDE = 2e-4, 220         # metres between two lines of sight from in front; of them across an eye
SUNK = 3e-4                     # metres that a lash may lie in the skin: some of the mean head's do
TURNS = np.radians(np.arange(0.0, 76.0, 1.5))          # tried, from above to the front
VIEW = np.array([1.0, -1.0, -1.0]) / GRAIN
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Front:
    """The skin around an eye as seen from in front: depth (SIDE - 2, SIDE - 2) of the nearest skin around a line of sight, in GRAINs
    behind the middle (3,)."""

    depth: Floats
    middle: Array

    @classmethod
    def of(cls, skin: Array, triangles: Integers, middle: Array) -> "Front":
        """Look at the skin (V, 3), triangles (F, 3)."""
        seen = VIEW * (skin - middle) + [SIDE / 2, SIDE / 2, 0]
        near = (np.abs(seen[triangles, :2] - SIDE / 2) < SIDE / 2).all(axis=(1, 2))
        depth = rasterise(seen, triangles[near][:, ::-1], width=SIDE, height=SIDE, facing=True).depth
        return cls(sliding_window_view(depth, (3, 3)).min(axis=(2, 3)), middle)             # folds end steeply

    def room(self, points: Array) -> Array:
        """Return how far points (..., 3) lie before the skin (...,), metres, negative behind it, what is more than -SUNK cut off."""
        seen = VIEW * (points - self.middle) + [SIDE / 2, SIDE / 2, 0]
        column, row = (np.clip(seen[..., axis].astype(int), 1, SIDE - 2) - 1 for axis in (0, 1))
        return np.asarray(np.minimum(GRAIN * (self.depth[row, column] - seen[..., 2]), -SUNK))


def cleared_of_skin(lashes: Array, strip: Strip, skin: Array, triangles: Integers) -> Array:
    """Return the lashes (N, 3) of which a strip's stand before the skin (V, 3), triangles (F, 3): turned forward about the rim by as
    little as it takes, evenly along it, and what still lies behind it drawn to the front."""
    own = replace(strip, places=lashes[strip.rows])
    rim, ways = own.places[RIM], own.places[RIM + 1:] - own.places[RIM]
    front = Front.of(skin, triangles, rim.mean(axis=0))
    tried = turned(own.axis, np.broadcast_to(TURNS[:, None], (len(TURNS), len(rim))))
    room = front.room(rim + np.einsum("tcij,rcj->trci", tried, ways)).min(axis=1)
    turns = evened(TURNS[room.argmax(axis=0)])                                              # the first of the best
    free = rim + np.einsum("cij,rcj->rci", turned(own.axis, turns), ways)
    free[..., 2] -= front.room(free) + SUNK
    result = lashes.copy()
    result[strip.rows[RIM + 1:]] = free
    return result


def evened(turns: Array) -> Array:
    """Return turns (C,) smoothed along the rim, none less than it was."""
    most = sliding_window_view(np.pad(turns, 1, mode="edge"), 3).max(axis=1)
    return np.asarray(np.convolve(np.pad(most, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid"))
