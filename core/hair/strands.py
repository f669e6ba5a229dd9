"""Strands of hair, rooted on the skin's triangles so that they can follow it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..head.model import HeadBasis
from ..types import Floats, Integers, check

WITHIN = 0.02               # share of a triangle's middle that roots are drawn to: none lies on an edge

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Strands:
    """points: (N, P, 3) float32, metres, root first; radius: (N, P) float32, metres; where the roots lie on the skin: triangle (N,)
    of HeadBasis.skin_triangles and barycentric weights (N, 3)."""

    points: Floats
    radius: Floats
    triangle: Integers
    weights: Floats

    def __post_init__(self) -> None:
        check("points", self.points, np.float32, (None, None, 3))
        count = len(self.points)
        check("radius", self.radius, np.float32, self.points.shape[:2])
        check("triangle", self.triangle, np.int32, (count,))
        check("weights", self.weights, np.float32, (count, 3))

    def __len__(self) -> int:
        return len(self.points)

    def uv(self, basis: HeadBasis) -> Floats:
        """Return the roots' places (N, 2) on the head's UVs."""
        return uv_of(self.triangle, self.weights, basis)

    def joined(self, other: "Strands") -> "Strands":
        """Return these strands and the `other`s, of as many points."""
        return Strands(np.concatenate([self.points, other.points]), np.concatenate([self.radius, other.radius]),
                       np.concatenate([self.triangle, other.triangle]), np.concatenate([self.weights, other.weights]))


NO_STRANDS = Strands(np.zeros((0, 2, 3), np.float32), np.zeros((0, 2), np.float32), np.zeros(0, np.int32),
                     np.zeros((0, 3), np.float32))


def uv_of(triangle: Integers, weights: Floats, basis: HeadBasis) -> Floats:
    """Return the places (N, 2) on the head's UVs of places on the skin: triangle (N,) of HeadBasis.skin_triangles, weights (N, 3)."""
    quads = basis.quad_uv[basis.part("skin").faces]
    corners = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])[triangle]
    return np.einsum("nk,nkc->nc", weights, basis.uv[corners]).astype(np.float32)


def scattered(share: Array, corners: Array, count: int, random: np.random.Generator) -> tuple[Integers, Array]:
    """Return places drawn by area and `share` (F,) on triangles `corners` (F, 3, 3): triangle (count,) and weights (count, 3)."""
    area = share * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    drawn = random.choice(len(corners), count, p=area / area.sum())
    weights = random.dirichlet((1.0, 1.0, 1.0), count)
    return drawn.astype(np.int32), weights + WITHIN * (1 / 3 - weights)


def nearest_on(points: Array, corners: Array) -> tuple[Integers, Array, Array]:
    """Return where points (N, 3) lie on triangles `corners` (F, 3, 3), seen along their normals: triangle (N,), weights (N, 3) and the
    triangle's unit normal (N, 3). Triangles without an area, the second halves of a head's triangles, are none.
    """
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    square = (normal**2).sum(axis=1)
    flat = square == 0
    square = np.where(flat, 1, square)
    offset = points[:, None] - corners[None, :, 0]
    beta = (np.cross(offset, second[None]) * normal).sum(axis=2) / square
    gamma = (np.cross(first[None], offset) * normal).sum(axis=2) / square
    inside = np.clip(np.stack([1 - beta - gamma, beta, gamma], axis=2), 0, None)
    inside /= inside.sum(axis=2, keepdims=True)
    distance = np.linalg.norm(points[:, None] - np.einsum("nfk,fkc->nfc", inside, corners), axis=2)
    best = np.where(flat, np.inf, distance).argmin(axis=1)
    weights = inside[np.arange(len(points)), best]
    return best.astype(np.int32), weights + WITHIN * (1 / 3 - weights), (normal / np.sqrt(square)[:, None])[best]
