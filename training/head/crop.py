"""Cut head and neck out of the body mesh."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .source import Array, Mesh

PARTS = {
    "skin": ("body",),
    "lashes": ("helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2"),
    "teeth_upper": ("helper-upper-teeth",), "teeth_lower": ("helper-lower-teeth",), "tongue": ("helper-tongue",),
    "eye_left": ("helper-l-eye",), "eye_right": ("helper-r-eye",),
}
FACE_BONES = ("head", "jaw", "oculi", "oris", "levator", "orbicularis", "temporalis", "risorius", "special", "tongue",
              "eye", "neck")
HEAD_SHARE = 0.5

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Crop:
    """keep: source vertex of each of our vertices; quads (F, 4) into ours; parts: name -> (vertices, faces) ranges."""

    keep: Indices
    quads: Indices
    quad_uv: Indices
    vertex_ranges: dict[str, tuple[int, int]]
    face_ranges: dict[str, tuple[int, int]]

    def vertices(self, part: str) -> slice:
        """Return the slice of a part's vertices."""
        return slice(*self.vertex_ranges[part])


def crop(mesh: Mesh, bone_weights: dict[str, Array]) -> Crop:
    """Select the faces of each part; the skin is the connected piece above a clean loop around the neck."""
    share = np.sum([weight for bone, weight in bone_weights.items() if bone.startswith(FACE_BONES)], axis=0)
    keep, quads, quad_uv = [], [], []
    vertex_ranges, face_ranges = {}, {}
    total = faces = 0
    for part, groups in PARTS.items():
        chosen = np.isin(mesh.groups, groups)
        if part == "skin":
            chosen &= (share[mesh.quads] > HEAD_SHARE).all(axis=1)
            chosen = trimmed(mesh.quads, chosen)
        used, local = np.unique(mesh.quads[chosen], return_inverse=True)
        keep.append(used)
        quads.append(local.reshape(-1, 4) + total)
        quad_uv.append(mesh.quad_uv[chosen])
        vertex_ranges[part] = (total, total + len(used))
        face_ranges[part] = (faces, faces + len(quads[-1]))
        total, faces = total + len(used), faces + len(quads[-1])
    return Crop(np.concatenate(keep), np.concatenate(quads), np.concatenate(quad_uv), vertex_ranges, face_ranges)


def trimmed(quads: Indices, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return `chosen` without the teeth of its jagged rim: faces that hang on the rest by one edge or a corner."""
    while True:
        edges = face_edges(quads[chosen])
        _, inverse, counts = np.unique(edges.reshape(-1, 2), axis=0, return_inverse=True, return_counts=True)
        open_edges = (counts[inverse.reshape(-1, 4)] == 1).sum(axis=1)
        if not (open_edges >= 2).any():
            return chosen
        chosen = chosen.copy()
        chosen[np.flatnonzero(chosen)[open_edges >= 2]] = False


def face_edges(quads: Indices) -> Indices:
    """Return the four edges of each quad, ends sorted, (F, 4, 2)."""
    return np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=2), axis=2)


def rim(quads: Indices) -> Indices:
    """Return the vertices on open edges."""
    edges, counts = np.unique(face_edges(quads).reshape(-1, 2), axis=0, return_counts=True)
    return np.unique(edges[counts == 1])


def flat(rim: Array) -> Array:
    """Return the points moved along y onto the plane that fits them best."""
    design = np.column_stack([np.ones(len(rim)), rim[:, 2]])
    slope = np.linalg.lstsq(design, rim[:, 1], rcond=None)[0]
    return np.column_stack([rim[:, 0], design @ slope, rim[:, 2]])
