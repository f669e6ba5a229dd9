"""The head model as pieces of one material each, refined as Blender refines them, and as triangles for rays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..head.model import MATERIALS, HeadBasis
from ..pictures.raster import vertex_normals
from .subdivision import Refinement

LEVELS = {"skin": 2, "lashes": 2}          # subdivisions by part
VEIL = "lashes"                                         # the material that lets light through: no solid piece

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Piece:
    """A piece of the head: its material, which vertices of the head model it has, how they are refined, and its UVs (U, 2), refined,
    with their quads (F, 4)."""

    part: str
    material: str
    rows: Indices
    refinement: Refinement
    uv: Array
    uv_quads: Indices

    @property
    def triangles(self) -> Indices:
        """Its triangles (2 F, 3): the first halves of all quads, then the second."""
        return split(self.refinement.quads)

    def points(self, posed: Array) -> Array:
        """Return its refined vertices (V', 3) on the head (V, 3)."""
        return self.refinement.refine(posed[self.rows])


def pieces_of(basis: HeadBasis) -> tuple[Piece, ...]:
    """Return all pieces, in the order of the head model's parts."""
    found = []
    for part in basis.part_names:
        faces = np.arange(len(basis.quads))[basis.part(part).faces]
        for kind in np.unique(basis.material[faces]):
            chosen = faces[basis.material[faces] == kind]
            level = LEVELS.get(part, 0)
            rows, quads = np.unique(basis.quads[chosen], return_inverse=True)
            flat, uv_quads = np.unique(basis.quad_uv[chosen], return_inverse=True)
            layout = Refinement.of(uv_quads.reshape(-1, 4), len(flat), level, sharp=True)
            found.append(Piece(part, MATERIALS[kind], rows.astype(np.int64), Refinement.of(quads.reshape(-1, 4), len(rows), level),
                               layout.refine(basis.uv[flat].astype(np.float64)), layout.quads))
    return tuple(found)


def split(quads: Indices) -> Indices:
    """Return quads (F, 4) as triangles (2 F, 3)."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


@dataclass(frozen=True)
class Surface:
    """Pieces joined: triangles (F, 3) of all vertices, their uv (F, 3, 2); the piece of each vertex (V,) and triangle (F,)."""

    pieces: tuple[Piece, ...]
    triangles: Indices
    uv: Array
    piece_of_vertex: Indices
    piece_of_triangle: Indices

    @classmethod
    def of(cls, pieces: tuple[Piece, ...]) -> "Surface":
        """Join pieces."""
        counts = [piece.refinement.levels[-1].count for piece in pieces]
        starts = np.cumsum([0, *counts])
        corners = [piece.triangles + start for piece, start in zip(pieces, starts, strict=False)]
        uv = np.concatenate([piece.uv[split(piece.uv_quads)] for piece in pieces])
        return cls(pieces, np.concatenate(corners), uv, np.repeat(np.arange(len(pieces)), counts),
                   np.repeat(np.arange(len(pieces)), [len(part) for part in corners]))

    def vertices(self, number: int) -> slice:
        """Return which vertices are of the piece with this number."""
        start, end = np.searchsorted(self.piece_of_vertex, [number, number + 1])
        return slice(int(start), int(end))

    def posed(self, head: Array) -> tuple[Array, Array]:
        """Return the vertices (V, 3) and their unit normals (V, 3) on the posed head."""
        points = np.concatenate([piece.points(head) for piece in self.pieces])
        return points, vertex_normals(points, self.triangles.astype(np.int32)).astype(np.float64)

    def triangle_areas(self, points: Array) -> Array:
        """Return the areas (F,) of the triangles over points (V, 3)."""
        corners = points[self.triangles]
        return np.asarray(np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2)

    def areas(self, points: Array) -> Array:
        """Return how much of the surface each vertex stands for (V,): a quarter of the quads around it."""
        triangles, area = self.triangle_areas(points), np.zeros(len(points))
        for number in range(len(self.pieces)):
            inside = np.flatnonzero(self.piece_of_triangle == number)
            first, second = np.split(inside, 2)                 # the halves of each quad
            quads = np.concatenate([self.triangles[first], self.triangles[second, 2:]], axis=1)
            area += np.bincount(quads.ravel(), np.repeat((triangles[first] + triangles[second]) / 4, 4), len(points))
        return area
