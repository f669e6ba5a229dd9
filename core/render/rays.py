"""Rays against triangles by Intel's Embree, through the package embreex; where it is not installed, one sentence says so."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Array = NDArray[np.float64]
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


class Rays:
    """Triangles that rays can be sent into."""

    def __init__(self, points: NDArray[np.floating], triangles: NDArray[np.integer]) -> None:
        """Build the hierarchy over triangles (F, 3) of points (V, 3), metres.

        Raises InputError where embreex is not installed, as inside Blender's extension.
        """
        try:
            from embreex.mesh_construction import TriangleMesh
            from embreex.rtcore_scene import EmbreeScene
        except ImportError as error:
            raise InputError("the renderer needs the package embreex, which this Python does not have", "python -m core render",
                             ADVICE) from error
        self.scene: Any = EmbreeScene()
        self.mesh = TriangleMesh(self.scene, np.ascontiguousarray(points, np.float32), np.ascontiguousarray(triangles, np.int32))

    def first(self, origins: Array, directions: Array) -> Hits:
        """Return what rays from origins (R, 3) along directions (R, 3) hit first."""
        found = self.scene.run(single(origins), single(directions), query="INTERSECT", output=True)
        second, third = found["u"].astype(np.float64), found["v"].astype(np.float64)
        return Hits(found["primID"].astype(np.int64), np.stack([1 - second - third, second, third], axis=1),
                    found["tfar"].astype(np.float64))

    def blocked(self, origins: Array, directions: Array, reach: float) -> NDArray[np.bool_]:
        """Whether something lies between origins (R, 3) and origins + reach * directions (R, 3)."""
        limits = np.full(len(origins), reach, np.float32)
        return np.asarray(self.scene.run(single(origins), single(directions), dists=limits, query="OCCLUDED") >= 0)


def single(values: Array) -> NDArray[np.float32]:
    """Return values as Embree takes them."""
    return np.ascontiguousarray(values, np.float32)


def blend(corners: Array, weights: Array) -> Array:
    """Return values (N, C) within triangles from those at their corners (N, 3, C), by weights (N, 3)."""
    return np.einsum("nkc,nk->nc", corners, weights)
