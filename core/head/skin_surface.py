"""The skin as a surface of vertices: its edges, its mirror image, the inside of the mouth, and filling in over it."""

import numpy as np
from numpy.typing import NDArray

from ..types import Floats, Integers
from .model import HeadBasis

STEPS, PRECISION = 400, 1e-4        # of the conjugate gradients

Doubles = NDArray[np.float64]


def skin_edges(triangles: Integers) -> Integers:
    """Return the undirected edges (E, 2) of triangles (F, 3)."""
    every = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.asarray(np.unique(np.sort(every, axis=1), axis=0), np.int32)


def neighbour_sum(values: Doubles, edges: Integers) -> Doubles:
    """Return for each vertex the sum (V, C) of its neighbours' values (V, C)."""
    first, second = edges.T
    return np.stack([np.bincount(first, column[second], len(column)) + np.bincount(second, column[first], len(column))
                     for column in values.T], axis=1)


def mirrored(basis: HeadBasis) -> Integers:
    """Return for each skin vertex the one across the symmetry plane (V_skin,)."""
    skin = basis.vertices[basis.part("skin").vertices]
    across = skin * np.array([-1, 1, 1], np.float32)
    squares = (skin**2).sum(axis=1)
    order = [np.argmin(squares - 2 * block @ skin.T, axis=1) for block in np.array_split(across, 8)]
    return np.concatenate(order).astype(np.int32)


def contact(basis: HeadBasis) -> Integers:
    """Return the vertices where the lips meet."""
    return np.unique(np.concatenate([basis.inner_lip_upper, basis.inner_lip_lower, basis.lip_corners]))


def from_contact(basis: HeadBasis, edges: Integers) -> Floats:
    """Return how far each skin vertex is from where the lips meet (V_skin,), metres along the surface."""
    return surface_distance(basis.vertices[basis.part("skin").vertices], edges, contact(basis)).astype(np.float32)


def mouth_bag(basis: HeadBasis, edges: Integers) -> Floats:
    """Return for each skin vertex how far into the mouth it lies (V_skin,): metres along the surface from where the lips
    meet, 0 outside and on the lips."""
    return np.where(in_mouth(basis, edges), from_contact(basis, edges), 0.0).astype(np.float32)


def in_mouth(basis: HeadBasis, edges: Integers) -> NDArray[np.bool_]:
    """Return which skin vertices lie in the mouth (V_skin,); none does in a head whose mouth is open to the inside, as FLAME's."""
    skin = basis.vertices[basis.part("skin").vertices]
    ring = contact(basis)
    inside = np.zeros(len(skin), bool)
    inside[ring] = True
    seed = int(np.argmin(np.linalg.norm(skin - (skin[ring].mean(axis=0) - [0, 0, 0.04]), axis=1)))
    reached = np.zeros(len(skin), bool)
    reached[seed] = True
    first, second = edges.T
    while True:
        more = np.zeros(len(skin), bool)
        more[second[reached[first]]] = True
        more[first[reached[second]]] = True
        more &= ~inside & ~reached
        if not more.any():
            break
        reached |= more
    if reached.sum() > len(skin) / 2:           # no bag: what lies nearest to its place is the outer skin
        return np.zeros(len(skin), bool)
    return reached


def surface_distance(points: Floats, edges: Integers, start: Integers) -> Floats:
    """Return each vertex's distance (V,) along edges from the nearest of `start` (Bellman and Ford)."""
    first, second = edges.T
    length = np.linalg.norm(points[first] - points[second], axis=1)
    distance = np.full(len(points), np.inf)
    distance[start] = 0
    while True:
        before = distance.copy()
        np.minimum.at(distance, second, before[first] + length)
        np.minimum.at(distance, first, before[second] + length)
        if np.array_equal(before, distance):
            return distance.astype(np.float32)


def membrane(values: Floats, trust: Floats, rest: Floats, pull: float, edges: Integers) -> Floats:
    """Return the smoothest values (V, C) over the surface that keep to `values` (V, C) where trusted.

    Minimises the squared differences along the edges plus trust (V,) times the squared distance from `values`, plus pull
    times the one from `rest` (V, C), which wins far from anything trusted: after about 1 / sqrt(pull) edges.
    """
    weight = trust[:, None].astype(np.float64)
    degree = np.bincount(edges.ravel(), minlength=len(values))[:, None]
    diagonal = degree + weight + pull

    def apply(unknown: Doubles) -> Doubles:
        return diagonal * unknown - neighbour_sum(unknown, edges)

    right = weight * values + pull * rest
    result = np.where(weight > 0.5, values, rest).astype(np.float64)
    residual = right - apply(result)
    direction = residual / diagonal
    energy = (residual * direction).sum(axis=0)
    goal = PRECISION**2 * np.maximum((right**2 / diagonal).sum(axis=0), 1e-12)
    for _ in range(STEPS):
        if (energy <= goal).all():
            break
        moved = apply(direction)
        step = energy / np.maximum((direction * moved).sum(axis=0), 1e-30)
        result += step * direction
        residual -= step * moved
        scaled = residual / diagonal
        before, energy = energy, (residual * scaled).sum(axis=0)
        direction = scaled + energy / np.maximum(before, 1e-30) * direction
    return result.astype(np.float32)

