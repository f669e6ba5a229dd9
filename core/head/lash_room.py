"""Room for lashes: on heads whose lids hang over their rims the mean head's lashes would lie in the skin, and are turned forward;
lower ones are turned down where a shut upper lid would let them through."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..pictures.raster import rasterise
from ..types import Floats, Integers
from .lashes import RIM, Strip, turned

GRAIN, SIDE = 2e-4, 220         # metres between two lines of sight from in front; of them across an eye
SUNK = 3e-4                     # metres that a lash may lie in the skin: some of the mean head's do
TURNS = np.radians(np.arange(0.0, 76.0, 1.5))          # tried, from above to the front and on
HIDDEN, CORNERS = 1e-4, 3       # metres that the first row beyond the lower rim lies behind a shut upper lid; columns left at a corner
VIEW = np.array([1.0, -1.0, -1.0]) / GRAIN
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Front:
    """The skin around an eye as seen from in front: depth (SIDE - 2, SIDE - 2) of the nearest and of the farthest skin around a line
    of sight, in GRAINs behind the middle (3,)."""

    depth: Floats
    farthest: Floats
    middle: Array

    @classmethod
    def of(cls, skin: Array, triangles: Integers, middle: Array) -> "Front":
        """Look at the skin (V, 3), triangles (F, 3)."""
        seen = VIEW * (skin - middle) + [SIDE / 2, SIDE / 2, 0]
        near = (np.abs(seen[triangles, :2] - SIDE / 2) < SIDE / 2).all(axis=(1, 2))
        depth = rasterise(seen, triangles[near][:, ::-1], width=SIDE, height=SIDE, facing=True).depth
        around = sliding_window_view(depth, (3, 3))                                         # folds end steeply
        return cls(around.min(axis=(2, 3)), around.max(axis=(2, 3)), middle)

    def before(self, points: Array, depth: Floats) -> Array:
        """Return how far points (..., 3) lie before the skin at `depth` (...,), metres, negative behind it."""
        seen = VIEW * (points - self.middle) + [SIDE / 2, SIDE / 2, 0]
        column, row = (np.clip(seen[..., axis].astype(int), 1, SIDE - 2) - 1 for axis in (0, 1))
        return np.asarray(GRAIN * (depth[row, column] - seen[..., 2]))

    def room(self, points: Array) -> Array:
        """Return how far points (..., 3) lie before the skin (...,), metres, negative behind it, what is more than -SUNK cut off."""
        return np.minimum(self.before(points, self.depth), -SUNK)


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


def tucked(lashes: Array, strip: Strip, skin: Array, triangles: Integers, open_ones: Array) -> Array:
    """Return the lashes (N, 3) of which a lower strip's first row lies behind shut lids, skin (V, 3), triangles (F, 3): turned down
    about the rim by as little as it takes, evenly along it, but for the corners', and as long as the `open_ones` (N, 3)."""
    own = replace(strip, places=lashes[strip.rows])
    lengths = np.linalg.norm(np.diff(open_ones[strip.rows[RIM:]], axis=0), axis=2, keepdims=True)
    pieces = np.diff(own.places[RIM:], axis=0)
    rim, ways = own.places[RIM], np.cumsum(lengths * pieces / np.linalg.norm(pieces, axis=2, keepdims=True), axis=0)
    front = Front.of(skin, triangles, rim.mean(axis=0))
    tried = turned(own.axis, np.broadcast_to(TURNS[:, None], (len(TURNS), len(rim))))
    before = front.before(rim + np.einsum("tcij,cj->tci", tried, ways[0]), front.farthest)
    hidden = before < -HIDDEN
    turns = TURNS[np.where(hidden.any(axis=0), hidden.argmax(axis=0), before.argmin(axis=0))]
    turns[:CORNERS] = turns[-CORNERS:] = 0
    result = lashes.copy()
    result[strip.rows[RIM + 1:]] = rim + np.einsum("cij,rcj->rci", turned(own.axis, evened(turns)), ways)
    return result


def evened(turns: Array) -> Array:
    """Return turns (C,) smoothed along the rim, none less than it was."""
    most = sliding_window_view(np.pad(turns, 1, mode="edge"), 3).max(axis=1)
    return np.asarray(np.convolve(np.pad(most, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid"))
