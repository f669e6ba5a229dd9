"""Closed outlines: a smooth curve through points, what lies inside, and how far away it is."""

import numpy as np
from numpy.typing import NDArray

PIECES = 6                          # points of a curve between two of those it goes through

Doubles = NDArray[np.float64]


def curve(points: Doubles) -> Doubles:
    """Return the closed Catmull-Rom curve through points (N, 3), PIECES points a stretch."""
    before, after, beyond = (np.roll(points, shift, axis=0) for shift in (1, -1, -2))
    t = (np.arange(PIECES) / PIECES)[:, None, None]
    pieces = 0.5 * (2 * points + (after - before) * t + (2 * before - 5 * points + 4 * after - beyond) * t**2
                    + (3 * points - before - 3 * after + beyond) * t**3)
    return np.asarray(pieces.transpose(1, 0, 2).reshape(-1, 3))


def within(points: Doubles, border: Doubles) -> NDArray[np.bool_]:
    """Return which points (N, >= 2) lie inside a closed border (M, >= 2), by x and y: rays cross it an odd number of times."""
    (x0, y0), (x1, y1) = border[:, :2].T, np.roll(border, -1, axis=0)[:, :2].T
    x, y = points[:, :1], points[:, 1:2]
    crossing = (y0 > y) != (y1 > y)
    step = np.where(y1 == y0, 1.0, y1 - y0)
    return np.asarray((crossing & (x < x0 + (x1 - x0) * (y - y0) / step)).sum(axis=1) % 2 == 1)


def nearest(points: Doubles, border: Doubles) -> Doubles:
    """Return the distance (N,) of points from a closed border (M, >= 2), by x and y."""
    start, along = border[:, :2], np.roll(border, -1, axis=0)[:, :2] - border[:, :2]
    offset = points[:, None, :2] - start
    share = np.clip((offset * along).sum(axis=2) / np.maximum((along**2).sum(axis=1), 1e-18), 0, 1)
    return np.asarray(np.linalg.norm(offset - share[..., None] * along, axis=2).min(axis=1))
