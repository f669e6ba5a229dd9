"""Our head laid onto FLAME's, so that what is known of ours (ARKit's shapes, teeth, tongue, lashes, landmarks) carries over."""

import numpy as np
from numpy.typing import NDArray

from core.face.fit import Anchors, landmarks68
from core.head.model import REGIONS, HeadBasis
from training.head.average import kernel, similarity
from training.head.surface import outer, project

from .surface import Surface

LANDMARK_STAGES = ((0.06, 0.3), (0.03, 0.5), (0.015, 1.0))      # reach of the moves, metres, and how much each leaves (ridge)
SURFACE_STAGES = ((0.06, 0.3), (0.03, 0.5), (0.03, 0.5), (0.015, 0.7), (0.015, 0.7))
STEP = 9                        # every so-many-th vertex of the skin is drawn to FLAME's surface
EYES = 0.017                    # metres around the middle of an eye that only the landmarks move
INNER_UPPER, INNER_LOWER = (61, 62, 63), (65, 66, 67)           # iBUG landmarks of the inner lips
FOLLOWS = 0.5                   # of the jaw's motion from which a lip is the lower one
Array = NDArray[np.float64]


class Correspondence:
    """basis: our head; moved (V, 3): its mean where it lies on FLAME's, metres; scale: FLAME's size over ours; residual: mean distance
    left of our face, metres."""

    def __init__(self, basis: HeadBasis, anchors: Anchors, surface: Surface, landmarks: Array) -> None:
        """Lay our mean head onto the surface: by the 68 landmarks (68, 3) first, then surface to surface."""
        self.basis, self.surface = basis, surface
        source = basis.vertices.astype(np.float64)
        both = np.concatenate([landmarks68(basis.vertices, anchors).astype(np.float64), source])
        filled = np.concatenate([landmarks, np.zeros_like(source)])
        placed, larger = similarity(both, filled, np.arange(68))
        self.scale = 1 / larger
        marks, self.moved = placed[:68], placed[68:]
        self.placed = self.moved.copy()                             # before it is bent: what is as stiff as teeth stays so
        for reach, ridge in LANDMARK_STAGES:
            marks = self.move(marks, landmarks, reach, ridge)
        triangles, points = outer(basis.vertices, basis.skin_triangles), surface.points
        drawn = self.drawn(np.unique(triangles))
        target = outer(points, surface.triangles)
        for reach, ridge in SURFACE_STAGES:
            below = surface_points(self.moved[drawn], points, target)
            held = np.concatenate([self.moved[drawn], marks])                       # or lids and lips slide along the surface
            marks = self.move(held, np.concatenate([below, landmarks]), reach, ridge)[len(drawn):]
        left = np.linalg.norm(self.moved[drawn] - surface_points(self.moved[drawn], points, target), axis=1)
        self.residual = float(left[basis.regions[drawn] != REGIONS.index("other")].mean())
        self.corners, self.weights = self.on_ours(triangles)

    def move(self, points: Array, goal: Array, reach: float, ridge: float) -> Array:
        """Move the head smoothly so that points (N, 3) come nearer to their goals (N, 3); return where the points then are."""
        weights = np.linalg.solve(kernel(points, points, reach) + ridge * np.eye(len(points)), goal - points)
        for block in np.array_split(np.arange(len(self.moved)), 8):
            self.moved[block] += kernel(self.moved[block], points, reach) @ weights
        return points + kernel(points, points, reach) @ weights

    def drawn(self, outside: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return which of the vertices are drawn to the surface: not lips, which touch, nor lids, whose opening is a pose."""
        basis, chosen = self.basis, outside[basis_regions(self.basis, outside) != REGIONS.index("lips")]
        for eye in ("eye_left", "eye_right"):
            middle = basis.vertices[basis.part(eye).vertices].mean(axis=0)
            chosen = chosen[np.linalg.norm(basis.vertices[chosen] - middle, axis=1) > EYES]
        return chosen[::STEP].astype(np.int64)

    def on_ours(self, triangles: NDArray[np.int32]) -> tuple[NDArray[np.int32], Array]:
        """Return where FLAME's skin lies on ours: corners (N, 3) and weights (N, 3); upper lips on upper, lower on lower ones."""
        opening = np.linalg.norm(self.basis.expressions[self.basis.expression_names.index("jawOpen")], axis=1)
        follows = opening > FOLLOWS * opening[self.basis.inner_lip_lower].max()
        lips = self.surface.regions == REGIONS.index("lips")
        corners, weights = project(self.surface.points, self.moved, triangles)
        for lower in (False, True):
            own = np.flatnonzero(lips & (self.surface.lower == lower))
            same = triangles[(follows[triangles] == lower).all(axis=1)]
            if len(own):
                corners[own], weights[own] = project(self.surface.points[own], self.moved, same)
        return corners, weights.astype(np.float64)

    def transferred(self, offsets: NDArray[np.floating]) -> Array:
        """Return what offsets (..., V, 3) of our head are on FLAME's skin (..., N, 3), metres."""
        return self.scale * np.einsum("nk,...nkc->...nc", self.weights, offsets[..., self.corners, :])

    def mouth(self, landmarks: Array, anchors: Anchors) -> Array:
        """Return our teeth and tongue (M, 3) on FLAME: turned and scaled like the head, moved so that the lips' middles agree."""
        own = landmarks68(self.placed.astype(np.float32), anchors)
        inner = list(INNER_UPPER + INNER_LOWER)
        shift = landmarks[inner].mean(axis=0) - own[inner].mean(axis=0)
        return self.placed[self.basis.part("teeth_upper").vertices.start:self.basis.part("tongue").vertices.stop] + shift


def basis_regions(basis: HeadBasis, vertices: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the regions of vertices of the skin."""
    return np.asarray(basis.regions[vertices], np.uint8)


def surface_points(points: Array, vertices: Array, triangles: NDArray[np.int32]) -> Array:
    """Return the nearest points (N, 3) of a surface to points (N, 3)."""
    corners, weights = project(points, vertices, triangles)
    return np.einsum("nk,nkc->nc", weights.astype(np.float64), vertices[corners])
