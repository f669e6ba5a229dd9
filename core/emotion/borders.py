"""What a fusion does to the skin where regions meet: stretch and bend that neither of its inputs has (Sec. 4.3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..head.skin_surface import skin_edges
from ..types import Bytes, Floats, Integers

Lengths = NDArray[np.float64]


@dataclass(frozen=True)
class Distortion:
    """stretch: mean excess of |log edge length ratio|; bend: mean excess of the angle between neighbouring triangles, degrees."""

    stretch: float
    bend: float


@dataclass(frozen=True)
class Hinges:
    """Inner edges of triangles: edges (E, 2) vertices, sides (E, 2) the vertices opposite to them in both triangles."""

    edges: Integers
    sides: Integers

    @classmethod
    def of(cls, triangles: Integers) -> "Hinges":
        """Return the edges of triangles (F, 3) that two of them share."""
        edges = skin_edges(triangles)
        width = int(triangles.max()) + 1
        keys = edges[:, 0].astype(np.int64) * width + edges[:, 1]
        sides = np.full((len(edges), 2), -1, np.int32)
        for start in range(3):
            ends = np.sort(triangles[:, [start, (start + 1) % 3]], axis=1).astype(np.int64)
            place = np.searchsorted(keys, ends[:, 0] * width + ends[:, 1])
            for owner, opposite in zip(place, triangles[:, (start + 2) % 3], strict=True):
                sides[owner, 0 if sides[owner, 0] < 0 else 1] = opposite
        shared = (sides >= 0).all(axis=1)
        return cls(edges[shared], sides[shared])

    def between(self, regions: Bytes) -> "Hinges":
        """Return those whose ends lie in different regions (V,)."""
        across = regions[self.edges[:, 0]] != regions[self.edges[:, 1]]
        return Hinges(self.edges[across], self.sides[across])

    def among(self, chosen: NDArray[np.bool_]) -> "Hinges":
        """Return those whose ends are both chosen (V,)."""
        inside = chosen[self.edges].all(axis=1)
        return Hinges(self.edges[inside], self.sides[inside])

    def lengths(self, vertices: Floats) -> Lengths:
        """Return the logarithm of the edges' lengths (..., E) on vertices (..., V, 3), metres."""
        step = vertices[..., self.edges[:, 0], :].astype(np.float64) - vertices[..., self.edges[:, 1], :]
        return np.log(np.maximum(np.linalg.norm(step, axis=-1), 1e-6))

    def angles(self, vertices: Floats) -> Lengths:
        """Return the signed angles (..., E) between the triangles on both sides on vertices (..., V, 3), radians, 0 flat."""
        start, end, left, right = (vertices[..., places, :].astype(np.float64)
                                   for places in (*self.edges.T, *self.sides.T))
        along = (end - start) / np.maximum(np.linalg.norm(end - start, axis=-1, keepdims=True), 1e-9)
        first, second = np.cross(along, left - start), np.cross(right - start, along)
        sine = (np.cross(first, second) * along).sum(axis=-1)
        return np.arctan2(sine, (first * second).sum(axis=-1))

    def distortion(self, neutral: Floats, lip: Floats, emo: Floats, fused: Floats) -> Distortion:
        """Return how the offsets `fused` (..., V, 3) stretch and bend the skin of `neutral` (V, 3) beyond both `lip` and `emo`.

        An edge counts by how far its length, an angle by how far its value lies outside the span of those of the two inputs.
        """
        inputs, result = (neutral + lip, neutral + emo), neutral + fused
        stretch = excess([self.lengths(one) for one in inputs], self.lengths(result))
        bend = excess([self.angles(one) for one in inputs], self.angles(result))
        return Distortion(float(stretch.mean()), float(np.degrees(bend.mean())))


def excess(inputs: list[Lengths], value: Lengths) -> Lengths:
    """Return how far values (..., E) lie outside the span of the inputs'."""
    low, high = np.minimum(*inputs), np.maximum(*inputs)
    return np.maximum(np.maximum(low - value, value - high), 0)
