"""Nostrils: the source's are dimples of 4 mm; here they are passages, and reach nearer to the tip.

People's are longish, along lines that come together towards the tip, and take about half of the depth of the nose's base (by eye, on
photos; not measured).
"""

import numpy as np

from .brows import smoothstep
from .crop import Indices
from .loops import Topology
from .nose import tip_of
from .source import Array

# lengths are in distances of an eye's middle from the symmetry plane; what follows is of the left one
DEEPEST = (0.315, -0.12, -0.40)                 # from the tip: near it lies the dimple's deepest vertex
INTO, ALONG, ASIDE = (-0.10, 0.93, -0.36), (-0.35, 0.0, 0.94), (0.83, 0.0, 0.55)      # into the head; to the tip; to the outside
DEPTH = (0.34, 0.31, 0.23, 0.12, 0.03)          # how far into the head vertices go that are 0, 1, ... edges away from the deepest
LONGER = (0.05, 0.05, 0.06, 0.07, 0.07, 0.06, 0.03, 0.01)       # how far its front goes to the tip
WIDER = (0.02, 0.02, 0.02, 0.02, 0.02, 0.01)    # how far its outer half goes aside
HALF = 0.10                                     # over what length before, and beside, its middle that comes in
RIM = 4                                         # edges away from the deepest


class Nostrils:
    """Vertices in and around both nostrils, and how many edges they are away from the deepest."""

    def __init__(self, skin: Array, topology: Topology, mirror: Indices, eye: Array) -> None:
        """Find them on the skin (N, 3) of the source's mean head; mirror: (N,); eye: (3,) the middle of its left eyeball."""
        place = tip_of(skin, eye) + abs(eye[0]) * np.array(DEEPEST)
        near = topology.ring(np.argmin(np.linalg.norm(skin - place, axis=1), keepdims=True), len(LONGER) - 1)
        left, self.edges = np.array(list(near)), np.array(list(near.values()))
        self.sides = ((1.0, left), (-1.0, mirror[left]))

    def opened(self, skin: Array, eye: Array) -> Array:
        """Return the skin (N, 3) of a head, metres, with open nostrils; eye: (3,) the middle of an eyeball."""
        unit, result = abs(eye[0]), skin.copy()
        deeper, longer, wider = (np.interp(self.edges, range(len(table)), table, right=0) for table in (DEPTH, LONGER, WIDER))
        for side, vertices in self.sides:
            into, along, aside = np.array([INTO, ALONG, ASIDE]) * [side, 1, 1]
            offset = (skin[vertices] - skin[vertices[self.edges == RIM]].mean(axis=0)) / unit / HALF
            longer_here, wider_here = longer * smoothstep(offset @ along), wider * smoothstep(offset @ aside)
            result[vertices] += unit * (deeper[:, None] * into + longer_here[:, None] * along + wider_here[:, None] * aside)
        return result
