"""Rays against triangles by Intel's Embree, through the package embreex; where it is not installed, one sentence says so."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Array = NDArray[np.float64]
Found = TypeVar("Found")
TOGETHER = 32_768               # rays that one thread takes on
ADVICE = "install it: pip install embreex av"


@dataclass(frozen=True)
class Hits:
    """What R rays hit first: triangle (R,), -1 for nothing; weights (R, 3) of its corners; distance (R,), in lengths of the ray."""

    triangle: NDArray[np.int64]
    weights: Array
    distance: Array

    def of(self, chosen: NDArray[np.integer]) -> "Hits":
        """Return those of the chosen rays (N,)."""
        return Hits(self.triangle[chosen], self.weights[chosen], self.distance[chosen])

    @classmethod
    def joined(cls, parts: "list[Hits]") -> "Hits":
        """Return those of one part after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("triangle", "weights", "distance")))


class Rays:
    """Triangles that rays can be sent into, and what may lie over them, such as hair, whose triangles are numbered after these."""

    def __init__(self, points: NDArray[np.floating], triangles: NDArray[np.integer], over: "Rays | None" = None) -> None:
        """Build the hierarchy over triangles (F, 3) of points (V, 3), metres.

        Raises InputError where embreex is not installed, as inside Blender's extension.
        """
        try:
            from embreex.mesh_construction import TriangleMesh
            from embreex.rtcore_scene import EmbreeScene
        except ImportError as error:
            raise InputError("the renderer needs the package embreex, which this Python does not have", "python -m core render",
                             ADVICE) from error
        self.over, self.count = over, len(triangles)
        self.pose: tuple[Array, Array] | None = None
        self.scene: Any = EmbreeScene()
        # embreex reads one number after the other, double precision and long integers a third faster than what Embree has them in
        self.mesh = TriangleMesh(self.scene, np.asarray(points, np.float64), np.asarray(triangles, np.int64))
        self.scene.run(np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32))        # builds it, which two threads must not do

    @property
    def alone(self) -> "Rays":
        """These triangles without what lies over them."""
        found = copy(self)
        found.over = None
        return found

    def turned(self, pivot: Array, turn: Array) -> "Rays":
        """Return these triangles, but not what lies over them, turned about a pivot (3,) by a rotation (3, 3)."""
        found = self.alone
        found.pose = pivot, turn
        return found

    def within(self, origins: Array, directions: Array) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return rays (R, 3), (R, 3) as the triangles see them that have been turned, as Embree takes them."""
        if self.pose is None:
            return single(origins), single(directions)
        pivot, turn = self.pose
        return single((origins - pivot) @ turn + pivot), single(directions @ turn)

    def first(self, origins: Array, directions: Array) -> Hits:
        """Return what rays from origins (R, 3) along directions (R, 3) hit first."""
        return Hits.joined(side_by_side(self.traced, origins, directions))

    def blocked(self, origins: Array, directions: Array, reach: float | Array) -> NDArray[np.bool_]:
        """Whether something lies between origins (R, 3) and origins + reach * directions (R, 3); reach: of all, or (R,)."""
        return np.concatenate(side_by_side(self.hidden, origins, directions, np.broadcast_to(reach, len(origins))))

    def traced(self, origins: Array, directions: Array, reach: Array | None = None) -> Hits:
        """Return the same as `first`, by one thread, nearer than reach (R,)."""
        limits = None if reach is None else single(reach).copy()
        found = self.scene.run(*self.within(origins, directions), dists=limits, query="INTERSECT", output=True)
        second, third = found["u"].astype(np.float64), found["v"].astype(np.float64)
        hits = Hits(found["primID"].astype(np.int64), np.stack([1 - second - third, second, third], axis=1),
                    found["tfar"].astype(np.float64))
        if self.over is not None:
            above = self.over.traced(origins, directions, hits.distance)
            for mine, other in ((hits.triangle, above.triangle + self.count), (hits.weights, above.weights),
                                (hits.distance, above.distance)):
                mine[above.triangle >= 0] = other[above.triangle >= 0]
        return hits

    def hidden(self, origins: Array, directions: Array, reach: Array) -> NDArray[np.bool_]:
        """Return the same as `blocked`, by one thread, nearer than reach (R,)."""
        found = np.asarray(self.scene.run(*self.within(origins, directions), dists=single(reach).copy(), query="OCCLUDED") >= 0)
        if self.over is not None:
            free = np.flatnonzero(~found)
            found[free] = self.over.hidden(origins[free], directions[free], reach[free])
        return found


def side_by_side(work: Callable[..., Found], *arrays: Array) -> list[Found]:
    """Return what `work` makes of pieces of arrays (R, ...), in their order, by all processors: Embree lets go of the interpreter."""
    count = -(-len(arrays[0]) // TOGETHER)
    if count < 2:
        return [work(*arrays)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, *(np.array_split(array, count) for array in arrays)))


def single(values: Array) -> NDArray[np.float32]:
    """Return values as Embree takes them."""
    return np.ascontiguousarray(values, np.float32)


def blend(corners: Array, weights: Array) -> Array:
    """Return values (N, C) within triangles from those at their corners (N, 3, C), by weights (N, 3)."""
    return np.einsum("nkc,nk->nc", corners, weights)
