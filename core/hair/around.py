"""Places all around a head, as core/head/silhouette.py tells those of its outline: rows beside it, a fan over the top, and from which
direction; a map of them holds what is the case there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..head.scalp import CRANIUM, Scalp
from ..head.silhouette import LEVELS, PIVOT, PLACES, ROUND

ROWS = np.concatenate([np.arange(-0.120, LEVELS[0] - 1e-6, 0.015), PLACES])         # (R,) from the nape up, then over the top
TURNS = 24                                              # directions around the head
FACING = 2 * np.pi * np.arange(TURNS) / TURNS           # (TURNS,) radians, 0 in front, a quarter turn at the person's left
AXIS = CRANIUM[2]                                       # metres to the front, where the axis stands upright
RINGS = 96                                              # directions in which the skin is looked at, squared

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Around:
    """Where N places are: row and column (N,) in a map (R, TURNS), fractions, and how far out from the axis, and above PIVOT from its
    end (N,), metres; ways (N, 3): unit vectors outwards."""

    row: Array
    column: Array
    out: Array
    ways: Array

    @classmethod
    def of(cls, points: Array, eyes: Array) -> "Around":
        """Tell points (N, 3), metres, of a head whose eyes' middle is at `eyes` (3,)."""
        up = points[:, 1] - eyes[1]
        away = np.stack([points[:, 0] - eyes[0], np.maximum(up - PIVOT, 0), points[:, 2] - AXIS], axis=1)
        flat, out = np.hypot(away[:, 0], away[:, 2]), np.maximum(np.linalg.norm(away, axis=1), 1e-9)
        place = np.where(up > PIVOT, PIVOT + ROUND * np.arctan2(away[:, 1], np.maximum(flat, 1e-9)), up)
        turn = np.arctan2(away[:, 0], away[:, 2]) % (2 * np.pi)
        return cls(np.interp(place, ROWS, np.arange(len(ROWS))), turn * TURNS / (2 * np.pi), out, away / out[:, None])

    @property
    def cell(self) -> NDArray[np.int64]:
        """The nearest place (N,) of a map, flat."""
        return np.rint(self.row).astype(np.int64) * TURNS + np.rint(self.column).astype(np.int64) % TURNS

    def read(self, values: Array) -> Array:
        """Return what a map (R, TURNS) says there (N,), between its places too."""
        low, left = np.minimum(self.row.astype(int), len(ROWS) - 2), self.column.astype(int) % TURNS
        up, right, after = self.row - low, self.column % 1, (left + 1) % TURNS
        return ((values[low, left] * (1 - right) + values[low, after] * right) * (1 - up)
                + (values[low + 1, left] * (1 - right) + values[low + 1, after] * right) * up)


def skin_around(scalp: Scalp) -> Array:
    """Return how far out the head itself reaches (R, TURNS), metres, without ears."""
    turn, rise = np.meshgrid(2 * np.pi * np.arange(RINGS) / RINGS, np.linspace(-np.pi / 2, np.pi / 2, RINGS))
    ring = np.stack([np.cos(rise) * np.sin(turn), np.sin(rise), np.cos(rise) * np.cos(turn)], axis=-1).reshape(-1, 3)
    there = Around.of(scalp.skin(ring), scalp.eyes)
    size = len(ROWS) * TURNS
    count, total = np.bincount(there.cell, minlength=size), np.bincount(there.cell, there.out, minlength=size)
    return smooth((total / np.maximum(count, 1)).reshape(-1, TURNS), count.reshape(-1, TURNS), times=1)


def smooth(values: Array, weight: NDArray[np.number], times: int) -> Array:
    """Return a map (R, TURNS) evened out, that counts as much as its `weight` (R, TURNS): where that is 0, by what is around."""
    share = np.asarray(weight, np.float64)
    total = values * share
    for _ in range(times):
        total, share = evened(total), evened(share)
    while share.any() and (share == 0).any():
        total, share = (np.where(share > 0, one, evened(one)) for one in (total, share))
    return np.asarray(total / np.maximum(share, 1e-300))


def evened(values: Array) -> Array:
    """Return a map (R, TURNS) each place of which is the mean of itself and those beside it; straight up all are one place."""
    beside = (np.roll(values, 1, axis=1) + 2 * values + np.roll(values, -1, axis=1)) / 4
    padded = np.pad(beside, ((1, 1), (0, 0)), mode="edge")
    result = (padded[:-2] + 2 * beside + padded[2:]) / 4
    result[-1] = result[-1].mean()
    return np.asarray(result)
