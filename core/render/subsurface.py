"""Light that has wandered below the skin: the integral over the surface of Eq. 7 with the diffuse term of Eq. 10.

Jensen and Buhler 2002 (A rapid hierarchical rendering technique for translucent materials): irradiance is known at points spread over
the surface, each standing for an area; far ones are taken together by an octree, near ones count singly. Two things differ. The points
that are asked about are gathered in small boxes that share what they look at: a few products in blocks that stay in the cache. A point
stands for a disc of its area, over which the profile is averaged, so that points need not lie denser than the profile is narrow; a
box of points stands for a disc from whose middle they are as far. Where places are lit themselves, little of their light comes from
afar, and far boxes may be larger.
Lengths in this file are millimetres, as in core/render/skin_optics.py.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..types import SkinParams
from .skin_optics import diffusion_profile, dot

REACH = 40.0                    # mm after which the profile counts as zero: less than 1e-5 of it lies beyond
CLOSEST = 2.0**-5               # mm: profiles are flat there
# steps of the table for one disc: a float's exponent and first bits of its fraction, 64 to each doubling of the squared distance
DROPPED = 17                    # bits of a float
BASE = int(np.float32(CLOSEST**2).view(np.int32)) >> DROPPED
ENTRIES = (int(np.float32(REACH**2).view(np.int32)) >> DROPPED) - BASE + 1
# mm: discs of the table, a step is 2 % lest it shows where discs are wide and the profile narrow; those of which it is worked out
DISCS, KNOT_DISCS = np.geomspace(0.1, 9.0, 231), np.geomspace(0.1, 9.0, 24)
ERROR = 0.025                   # sr: a box of points seen under a smaller angle is taken as one (eps of Jensen and Buhler)
FAR, BRIGHT = 8.0, 0.1          # mm over which that angle grows by itself for places that are lit, from this share of the brightest on
FINEST = 9                      # octree levels below the root
CACHED = 262_144                # pairs of place and source that are summed at a time: they stay in a processor's cache
TOGETHER = 10.0                 # mm: size of the boxes of points that are asked about together
SHARES = 6                      # of the places that are asked about, in which processors work
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
        steps = (np.arange(ENTRIES, dtype=np.int32) + BASE << DROPPED) + (1 << DROPPED - 1)
        distance = np.sqrt(steps.view(np.float32).astype(np.float64))
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
        """Return the radiant exitance (G, 3) at places (G, 3) from sources (S, 3) with power (3, S): area times irradiance.

        Sums are einsum's: the matrices are too small for a linear algebra library, whose threads would wait for each other here.
        """
        if not len(at) or not len(sources):
            return np.zeros((len(at), 3), np.float32)
        left = np.column_stack([at, (at**2).sum(axis=1), np.ones(len(at), np.float32)])
        right = np.stack([*(-2 * sources).T, np.ones(len(sources), np.float32), (sources**2).sum(axis=1)])
        result, starts = np.empty((len(at), 3), np.float32), (rows - BASE).astype(np.int32)
        step = min(max(CACHED // len(sources), 1), len(at))
        values, place = np.empty((step, len(sources)), np.float32), np.empty((step, len(sources)), np.int64)
        for first in range(0, len(at), step):
            some = left[first:first + step]
            squared, entries = values[:len(some)], place[:len(some)]
            np.einsum("gk,ks->gs", some, right, out=squared)
            np.clip(squared, np.float32(CLOSEST**2), np.float32(REACH**2), out=squared)
            bits = squared.view(np.int32)
            np.right_shift(bits, DROPPED, out=bits)
            np.add(bits, starts, out=entries)
            for channel in range(3):
                self.table[channel].take(entries, out=squared, mode="wrap")     # none is outside: this mode alone needs no copy
                np.einsum("gs,s->g", squared, power[channel], out=result[first:first + step, channel])
        return result


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
    """Cells of the octree's levels, from the root on: middle (C, 3) by power; reach (C,) of its points from there; disc (C,), area of
    the disc from whose middle points are as far in the root mean square; power (C, 3). starts: of each level."""

    middle: Array
    reach: Array
    disc: Array
    power: Array
    starts: Indices


def exitance(profile: Profile, octree: Octree, at: Array, *, points: Array, area: Array, irradiance: Array,
             lit: Array | None = None, error: float = ERROR) -> Array:
    """Return the radiant exitance (G, 3) at places `at` (G, 3) from irradiance (P, 3) that enters at points (P, 3), of area (P,).

    lit: (G,) the share of the brightest irradiance that the places get themselves, 0 where it is not told; error: sr, 0 for every
    point singly.
    """
    points, area, power = points[octree.order], area[octree.order], (area[:, None] * irradiance)[octree.order]
    cells = gathered(octree, points, area, power)
    rows = profile.rows(cells.disc)
    powers = np.ascontiguousarray(cells.power.T, np.float32)
    brightness = np.zeros(len(at)) if lit is None else lit
    result = np.zeros((len(at), 3))

    def look(share: Indices) -> None:
        for box, used in looked_at(at[share], brightness[share], cells, octree, error):
            chosen = share[box]
            middle = at[chosen[0]]
            result[chosen] = profile.received((at[chosen] - middle).astype(np.float32),
                                              (cells.middle[used] - middle).astype(np.float32), rows[used], powers[:, used])

    # numpy lets go of the interpreter; shares write to places of their own. They are layers, as many on every machine
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        deque(pool.map(look, np.array_split(np.argsort(at[:, 1], kind="stable"), min(SHARES, len(at)))), maxlen=0)
    return result


def gathered(octree: Octree, points: Array, area: Array, power: Array) -> Cells:
    """Return all cells of points (P, 3) in the octree's order, with area (P,) and power (P, 3)."""
    weight = power.sum(axis=1) + 1e-9 * area + 1e-30
    sums = np.column_stack([points * weight[:, None], weight, weight * area / (2 * np.pi), power])
    found = []
    for start in octree.starts[:-1]:
        total = np.add.reduceat(sums, start)
        middle = total[:, :3] / total[:, 3:4]
        way = points - np.repeat(middle, np.diff(np.append(start, len(points))), axis=0)
        away = dot(way, way)
        spread = (np.add.reduceat(weight * away, start) + total[:, 4]) / total[:, 3]
        found.append((middle, np.sqrt(np.maximum.reduceat(away, start)), 2 * np.pi * spread, total[:, 5:]))
    found.append((points, np.zeros(len(points)), area, power))
    middles, reaches, discs, powers = (np.concatenate(each) for each in zip(*found, strict=True))
    return Cells(middles, reaches, discs, powers, np.cumsum([0, *map(len, octree.starts[:-1])]))


def looked_at(at: Array, lit: Array, cells: Cells, octree: Octree, error: float) -> Iterator[tuple[Indices, Indices]]:
    """Yield boxes of the places `at` (G, 3), as their indices, each with the cells that stand for all points; lit: as in exitance."""
    order, start, centre, radius = boxed(at)
    bright = np.minimum(np.add.reduceat(lit[order], start) / np.diff(np.append(start, len(at))) / BRIGHT, 1)
    boxes, used = [], []
    box, cell = np.arange(len(start)), np.zeros(len(start), np.int64)
    for level, first in enumerate(cells.starts[:-1]):
        way = cells.middle[first + cell] - centre[box]
        away = np.sqrt(dot(way, way)) - radius[box]
        reach = cells.reach[first + cell]
        # far enough, and the box does not reach into the cell; beyond the profile's reach nothing arrives
        angle = error * (1 + bright[box] * away / FAR)
        alone = (away > reach) & (cells.disc[first + cell] < angle * away**2)
        near = away - reach <= REACH
        boxes.append(box[alone & near])
        used.append(first + cell[alone & near])
        box, cell = descend(box[~alone & near], cell[~alone & near], octree.children[level])
    boxes.append(box)
    used.append(cells.starts[-1] + cell)
    owner = np.concatenate(boxes)
    place = np.argsort(owner, kind="stable")
    found = np.split(np.concatenate(used)[place], np.searchsorted(owner[place], np.arange(1, len(start))))
    yield from zip(np.split(order, start[1:]), found, strict=True)


def boxed(at: Array) -> tuple[Indices, Indices, Array, Array]:
    """Return the places `at` (G, 3) in boxes: their order (G,), where each box starts (N,), its centre (N, 3) and radius (N,)."""
    keys = np.floor((at - at.min(axis=0)) / TOGETHER).astype(np.int64)
    owner = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(owner, kind="stable")
    start = np.flatnonzero(np.diff(owner[order], prepend=-1))
    centre = np.add.reduceat(at[order], start) / np.diff(np.append(start, len(at)))[:, None]
    radius = np.sqrt(np.maximum.reduceat(((at - centre[owner])**2).sum(axis=1)[order], start))
    return order, start, centre, radius


def descend(box: Indices, cell: Indices, children: Indices) -> tuple[Indices, Indices]:
    """Return the pairs of boxes and cells (N',) one level down from pairs (N,)."""
    first, count = children[cell], children[cell + 1] - children[cell]
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(box, count), np.repeat(first, count) + offset
