"""Edge loops of a quad mesh, and those around the mouth."""

from collections import defaultdict

import numpy as np

from .crop import Indices
from .source import Array

MIDLINE = 1e-4                  # metres: |x| of a vertex on the symmetry plane
LONGEST_HALF = 40               # vertices of half a loop around the mouth


class Topology:
    """Neighbours of vertices and edges in a quad mesh."""

    def __init__(self, quads: Indices) -> None:
        """Index the quads (F, 4)."""
        self.neighbours: dict[int, set[int]] = defaultdict(set)
        self.edge_faces: dict[tuple[int, int], set[int]] = defaultdict(set)
        for face, quad in enumerate(quads.tolist()):
            for first, second in zip(quad, quad[1:] + quad[:1], strict=True):
                self.neighbours[first].add(second)
                self.neighbours[second].add(first)
                self.edge_faces[min(first, second), max(first, second)].add(face)

    def straight_on(self, before: int, here: int) -> int | None:
        """Return the vertex opposite to `before` across the regular (valence 4) vertex `here`, or None."""
        if len(self.neighbours[here]) != 4:
            return None
        faces = self.edge_faces[min(before, here), max(before, here)]
        for vertex in self.neighbours[here] - {before}:
            if not faces & self.edge_faces[min(vertex, here), max(vertex, here)]:
                return vertex
        return None

    def ring(self, start: Indices, steps: int) -> dict[int, int]:
        """Return every vertex within `steps` edges of `start`, with its distance in edges."""
        distance = dict.fromkeys(map(int, start), 0)
        front = list(distance)
        for step in range(1, steps + 1):
            front = [near for vertex in front for near in self.neighbours[vertex] if near not in distance]
            distance.update(dict.fromkeys(front, step))
        return distance


def mouth_loops(topology: Topology, vertices: Array, middle: Array) -> list[list[int]]:
    """Return half loops around the mouth on the left (+X) side, each from the upper to the lower midline vertex.

    middle: (3,) a point between the lips; loops are sorted from the nearest to it outwards.
    """
    near = [vertex for vertex in topology.neighbours if abs(vertices[vertex, 0]) < MIDLINE
            and np.linalg.norm(vertices[vertex] - middle) < 0.04]
    found = []
    for start in near:
        for second in topology.neighbours[start]:
            if vertices[second, 0] <= MIDLINE:
                continue
            half = [start, second]
            while len(half) < LONGEST_HALF and abs(vertices[half[-1], 0]) >= MIDLINE:
                following = topology.straight_on(half[-2], half[-1])
                if following is None:
                    break
                half.append(following)
            ends = vertices[half[0]], vertices[half[-1]]
            if abs(ends[1][0]) < MIDLINE and len(half) > 6 and ends[0][1] > ends[1][1]:
                found.append(half)
    return sorted(found, key=lambda half: float(np.ptp(vertices[half, 1]) + np.ptp(vertices[half, 0])))
