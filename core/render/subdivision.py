"""Catmull and Clark's surfaces (1978) of quad meshes, as Blender shows them: refined some times, then put onto their limit."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """Items (N,) gathered by what they belong to: order (N,) and where each group starts (G,); each group has at least one."""

    order: Indices
    starts: Indices

    @classmethod
    def of(cls, owner: Indices) -> "Groups":
        """Group items by their owner (N,), numbers from 0 without gaps."""
        order = np.argsort(owner, kind="stable")
        return cls(order, np.flatnonzero(np.diff(owner[order], prepend=-1)))

    def total(self, values: Array) -> Array:
        """Return the sums (G, C) of values (N, C)."""
        return np.asarray(np.add.reduceat(values[self.order], self.starts, axis=0))

    @property
    def sizes(self) -> Array:
        """How many items each group has (G, 1)."""
        return np.diff(np.append(self.starts, len(self.order)))[:, None].astype(np.float64)


@dataclass(frozen=True)
class QuadMesh:
    """Quads (F, 4) over `count` vertices, each used; sharp: borders stay where they are, as Blender keeps those of UVs."""

    quads: Indices
    count: int
    sharp: bool = False

    @cached_property
    def edges(self) -> tuple[Indices, Indices]:
        """Edges (E, 2), and which one leads from each corner of each quad to the next (F, 4)."""
        pairs = np.sort(np.stack([self.quads, np.roll(self.quads, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
        keys, place = np.unique(pairs[:, 0] * self.count + pairs[:, 1], return_inverse=True)
        return np.stack([keys // self.count, keys % self.count], axis=1), place.reshape(-1, 4).astype(np.int64)

    @cached_property
    def around(self) -> tuple[Groups, Groups, Groups]:
        """The quads at each edge, the corners (F * 4) at each vertex, the ends of edges (E * 2) at each vertex."""
        edges, of = self.edges
        return Groups.of(of.ravel()), Groups.of(self.quads.ravel()), Groups.of(edges.ravel())

    @cached_property
    def border(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which edges (E, 1) lie on a border, and which vertices (V, 1)."""
        edges, _ = self.edges
        alone = self.around[0].sizes[:, 0] == 1
        at = np.zeros(self.count, bool)
        at[edges[alone]] = True
        return alone[:, None], at[:, None]

    def next_level(self) -> "QuadMesh":
        """Return the mesh of which each quad is four: its vertices are those of this one, then edges, then quads."""
        edges, of = self.edges
        middle = (self.count + len(edges) + np.arange(len(self.quads)))[:, None]
        on_edges = self.count + of
        corners = np.stack([self.quads, on_edges, np.broadcast_to(middle, of.shape), np.roll(on_edges, 1, axis=1)], axis=2)
        return QuadMesh(corners.reshape(-1, 4), self.count + len(edges) + len(self.quads), self.sharp)

    def refine(self, values: Array) -> Array:
        """Return values (V', C) at the vertices of the next level from those (V, C) at this one's."""
        edges, _ = self.edges
        at_edge, at_corner, at_end = self.around
        faces = values[self.quads].mean(axis=1)
        middles = values[edges].mean(axis=1)
        on_border, fixed = self.border
        beside = at_edge.total(np.repeat(faces, 4, axis=0))
        edge_points = np.where(on_border, middles, middles / 2 + beside / 4)
        valence = at_corner.sizes
        face_mean = at_corner.total(np.repeat(faces, 4, axis=0)) / valence
        edge_mean = at_end.total(np.repeat(middles, 2, axis=0)) / at_end.sizes
        inner = (face_mean + 2 * edge_mean + (valence - 3) * values) / valence
        outer = values if self.sharp else values / 2 + self.along_border(middles) / 2
        return np.concatenate([np.where(fixed, outer, inner), edge_points, faces])

    def along_border(self, middles: Array) -> Array:
        """Return the mean (V, C) of the border edges' middles at each vertex; zero where there are none."""
        used = np.repeat(self.border[0], 2, axis=0).astype(np.float64)
        at_end = self.around[2]
        return np.asarray(at_end.total(np.repeat(middles, 2, axis=0) * used) / np.maximum(at_end.total(used), 1))

    def limit(self, values: Array) -> Array:
        """Return the values (V, C) of the limit surface at the vertices (Halstead, Kass, DeRose 1993)."""
        edges, _ = self.edges
        _, at_corner, at_end = self.around
        both = np.repeat(values[edges].sum(axis=1), 2, axis=0)
        ends, valence = at_end.sizes, at_corner.sizes
        neighbours = at_end.total(both) - ends * values
        corners = at_corner.total(np.repeat(values[self.quads].sum(axis=1), 4, axis=0))
        diagonal = corners - valence * values - 2 * neighbours
        inner = (valence**2 * values + 4 * neighbours + diagonal) / (valence * (valence + 5))
        outer = values if self.sharp else values / 3 + 2 * self.along_border(values[edges].mean(axis=1)) / 3
        return np.where(self.border[1], outer, inner)


@dataclass(frozen=True)
class Refinement:
    """A mesh at rising levels of subdivision."""

    levels: tuple[QuadMesh, ...]

    @classmethod
    def of(cls, quads: Indices, count: int, levels: int, *, sharp: bool = False) -> "Refinement":
        """Prepare `levels` subdivisions of quads (F, 4) over `count` vertices."""
        meshes = [QuadMesh(quads.astype(np.int64), count, sharp)]
        for _ in range(levels):
            meshes.append(meshes[-1].next_level())
        return cls(tuple(meshes))

    @property
    def quads(self) -> Indices:
        """The quads (F', 4) of the finest level."""
        return self.levels[-1].quads

    def refine(self, values: Array) -> Array:
        """Return values (V', C) at the finest level's vertices, on the limit surface; unrefined ones stay as they are."""
        if len(self.levels) == 1:
            return values
        for mesh in self.levels[:-1]:
            values = mesh.refine(values)
        return self.levels[-1].limit(values)
