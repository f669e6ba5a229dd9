"""Light that has wandered below the skin: the integral over the surface of Eq. 7 with the diffuse term of Eq. 10.

Jensen and Buhler 2002 (A rapid hierarchical rendering technique for translucent materials): irradiance is known at points spread over
the surface, each standing for an area; far ones are taken together by an octree, near ones count singly. Two things differ. The points
that are asked about are gathered in small boxes that share what they look at, so that a few large matrices do the work. And a point
stands for a disc of its area, over which the profile is averaged, so that points need not lie denser than the profile is narrow.
Lengths in this file are millimetres, as in core/skin_optics.py.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..skin_optics import diffusion_profile
from ..types import SkinParams

REACH = 40.0                    # mm after which the profile counts as zero: less than 1e-5 of it lies beyond
ENTRIES = 1024                  # of the table for one disc, even steps of the square root of the distance
# mm: discs of the table, a step is 2 % lest it shows where discs are wide and the profile narrow; those of which it is worked out
DISCS, KNOT_DISCS = np.geomspace(0.1, 4.0, 190), np.geomspace(0.1, 4.0, 20)
ERROR = 0.02                   # sr: a box of points seen under a smaller angle is taken as one (eps of Jensen and Buhler)
FINEST = 9                      # octree levels below the root
TOGETHER = 8.0                  # mm: size of the boxes of points that are asked about together
KNOTS = 256                     # distances for which the mean over a disc is worked out

Array = NDArray[np.float64]
Singles = NDArray[np.float32]
Indices = NDArray[np.int64]


def over_disc(params: SkinParams, distance: Array, radius: float) -> Array:
    """Return the mean (N, 3), 1/mm^2, of the profile over a disc of this radius, its middle at distances (N,)."""
    rings, spokes = 16, 16
    ring = radius * np.sqrt((np.arange(rings) + 0.5) / rings)                   # each the middle of an equal share
    turn = np.pi * (np.arange(spokes) + 0.5) / spokes
    squared = distance[:, None, None]**2 + ring[:, None]**2 - 2 * distance[:, None, None] * ring[:, None] * np.cos(turn)
    return np.asarray(diffusion_profile(params, np.sqrt(np.maximum(squared, 0))).mean(axis=(1, 2)))


@dataclass(frozen=True)
class Profile:
    """A material's profile as a table (3, (1 + DISCS) * ENTRIES), 1/mm^2: of a point, then of each disc."""

    table: Singles

    @classmethod
    def of(cls, params: SkinParams) -> "Profile":
        """Tabulate the profile of `params`."""
        distance = REACH * ((np.arange(ENTRIES) + 0.5) / ENTRIES)**2
        knots = REACH * np.linspace(0, 1, KNOTS)**3
        means = np.log([over_disc(params, knots, radius) for radius in KNOT_DISCS])         # (20, KNOTS, 3)
        place = np.interp(np.log(DISCS), np.log(KNOT_DISCS), np.arange(len(KNOT_DISCS)))
        low = np.minimum(place.astype(int), len(KNOT_DISCS) - 2)
        share = (place - low)[:, None, None]
        between = means[low] * (1 - share) + means[low + 1] * share
        discs = np.exp([[np.interp(distance, knots, channel) for channel in mean.T] for mean in between])    # (DISCS, 3, ENTRIES)
        rows = np.concatenate([diffusion_profile(params, distance).T[None], discs])
        rows[..., -1] = 0                       # all that is farther
        return cls(np.ascontiguousarray(rows.transpose(1, 0, 2).reshape(3, -1), np.float32))

    @staticmethod
    def rows(area: Array) -> Indices:
        """Return where in the table discs of these areas (N,), mm^2, start."""
        borders = np.sqrt(DISCS * np.append(DISCS[0]**2 / DISCS[1], DISCS[:-1]))
        return np.searchsorted(borders, np.sqrt(area / np.pi)) * ENTRIES

    def received(self, at: Singles, sources: Singles, rows: Indices, power: Singles) -> Singles:
        """Return the radiant exitance (G, 3) at places (G, 3) from sources (S, 3) with power (S, 3): area times irradiance."""
        squared = (at**2).sum(axis=1)[:, None] + (sources**2).sum(axis=1) - 2 * at @ sources.T
        np.sqrt(np.sqrt(np.maximum(squared, 0, out=squared), out=squared), out=squared)
        place = (squared * np.float32(ENTRIES / REACH**0.5)).astype(np.int64)
        np.minimum(place, ENTRIES - 1, out=place)
        place += rows
        return np.stack([self.table[channel].take(place) @ power[:, channel] for channel in range(3)], axis=1)


@dataclass(frozen=True)
class Octree:
    """Points in the order of an octree's cells: order (P,); starts: where the cells of each level begin, from the root on; parents:
    for each level, the first child of each cell in the next one, and one past the last."""

    order: Indices
    starts: tuple[Indices, ...]
    children: tuple[Indices, ...]

    @classmethod
    def of(cls, points: Array) -> "Octree":
        """Sort points (P, 3) of any unit into cells; a level more as long as cells hold several points, up to FINEST."""
        low, size = points.min(axis=0), float(np.ptp(points, axis=0).max()) or 1.0
        codes = morton(np.minimum((points - low) / size * 2**FINEST, 2**FINEST - 1).astype(np.int64))
        order = np.argsort(codes, kind="stable")
        codes = codes[order]
        starts = [np.flatnonzero(np.diff(codes >> 3 * (FINEST - level), prepend=-1)) for level in range(FINEST + 1)]
        starts.append(np.arange(len(codes)))
        children = [np.append(np.searchsorted(fine, coarse), len(fine)) for coarse, fine in pairwise(starts)]
        return cls(order, tuple(starts), tuple(children))


def morton(cells: Indices) -> Indices:
    """Return the numbers of cells (P, 3) along a space-filling curve: their coordinates' bits in turns (Morton 1966)."""
    code = np.zeros(len(cells), np.int64)
    for bit in range(FINEST):
        for axis in range(3):
            code |= (cells[:, axis] >> bit & 1) << (3 * bit + axis)
    return code


@dataclass(frozen=True)
class Cells:
    """One level of the octree: middle (C, 3) by power; reach (C,) of its points from there; area (C,); power (C, 3)."""

    middle: Array
    reach: Array
    area: Array
    power: Array


def exitance(profile: Profile, octree: Octree, at: Array, *, points: Array, area: Array, irradiance: Array,
             error: float = ERROR) -> Array:
    """Return the radiant exitance (G, 3) at places `at` (G, 3) from irradiance (P, 3) that enters at points (P, 3), of area (P,).

    error: sr, 0 for every point singly.
    """
    points, area, power = points[octree.order], area[octree.order], (area[:, None] * irradiance)[octree.order]
    levels = [gathered(start, points, area, power) for start in octree.starts]
    rows = [profile.rows(np.zeros(len(level.area))) for level in levels[:-1]] + [profile.rows(area)]
    result = np.zeros((len(at), 3))

    def look(box: tuple[Indices, list[tuple[int, Indices]]]) -> None:
        chosen, used = box
        middle = at[chosen].mean(axis=0)
        places = np.concatenate([levels[level].middle[cells] for level, cells in used])
        powers = np.concatenate([levels[level].power[cells] for level, cells in used])
        row = np.concatenate([rows[level][cells] for level, cells in used])
        result[chosen] = profile.received((at[chosen] - middle).astype(np.float32), (places - middle).astype(np.float32), row,
                                          powers.astype(np.float32))

    with ThreadPoolExecutor(os.cpu_count()) as pool:            # numpy lets go of the interpreter; boxes share nothing
        deque(pool.map(look, looked_at(at, levels, octree, error)), maxlen=0)
    return result


def gathered(start: Indices, points: Array, area: Array, power: Array) -> Cells:
    """Return the cells that begin at `start` (C,) of points (P, 3) with area (P,) and power (P, 3)."""
    count = np.diff(np.append(start, len(points)))
    weight = power.sum(axis=1) + 1e-9 * area + 1e-30
    total = np.add.reduceat(weight, start)
    middle = np.add.reduceat(points * weight[:, None], start) / total[:, None]
    reach = np.sqrt(np.maximum.reduceat(((points - np.repeat(middle, count, axis=0))**2).sum(axis=1), start))
    return Cells(middle, reach, np.add.reduceat(area, start), np.add.reduceat(power, start))


def looked_at(at: Array, levels: list[Cells], octree: Octree, error: float) -> Iterator[tuple[Indices, list[tuple[int, Indices]]]]:
    """Yield boxes of the places `at` (G, 3), as their indices, each with the cells of each level that stand for all points."""
    keys = np.floor((at - at.min(axis=0)) / TOGETHER).astype(np.int64)
    _, owner = np.unique(keys, axis=0, return_inverse=True)
    owner = owner.ravel()
    order = np.argsort(owner, kind="stable")
    start = np.flatnonzero(np.diff(owner[order], prepend=-1))
    centre = np.add.reduceat(at[order], start) / np.diff(np.append(start, len(at)))[:, None]
    radius = np.sqrt(np.maximum.reduceat(((at - centre[owner])**2).sum(axis=1)[order], start))
    used: list[tuple[Indices, Indices]] = []
    box, cell = np.arange(len(start)), np.zeros(len(start), np.int64)
    for level, cells in enumerate(levels):
        last = level == len(levels) - 1
        away = np.linalg.norm(cells.middle[cell] - centre[box], axis=1) - radius[box]
        # far enough, and the box does not reach into the cell; beyond the profile's reach nothing arrives
        alone = last | ((away > cells.reach[cell]) & (cells.area[cell] < error * away**2))
        gone = away - cells.reach[cell] > REACH
        done = alone & ~gone
        place = np.argsort(box[done], kind="stable")
        used.append((np.searchsorted(box[done][place], np.arange(len(start) + 1)), cell[done][place]))
        if not last:
            box, cell = descend(box[~alone & ~gone], cell[~alone & ~gone], octree.children[level])
    for number, chosen in enumerate(np.split(order, start[1:])):
        yield chosen, [(level, cells[bounds[number]:bounds[number + 1]]) for level, (bounds, cells) in enumerate(used)]


def descend(box: Indices, cell: Indices, children: Indices) -> tuple[Indices, Indices]:
    """Return the pairs of boxes and cells (N',) one level down from pairs (N,)."""
    first, count = children[cell], children[cell + 1] - children[cell]
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(box, count), np.repeat(first, count) + offset
