"""FLAME's mesh: shape, expression and pose -> vertices, as published (Li et al. 2017, Eq. 1-4; paper Eq. 1).

FLAME's own axes are those of core/: metres, +Y up, face towards +Z, the person's left at +X. Its origin lies in the neck.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

from .unpickle import read_pickle, wanted

VERTICES, FACES = 5023, 9976
PEOPLE = 300                    # shape components, before the expressions
JOINTS = ("global", "neck", "jaw", "eye_left", "eye_right")
JAW = JOINTS.index("jaw")
EYES = tuple(index for index, name in enumerate(JOINTS) if name.startswith("eye"))
MASKS = {"face": 1787, "lips": 254, "eye_region": 751, "forehead": 133, "nose": 379, "neck": 253, "scalp": 489, "boundary": 114}
NEEDED_MASKS = ("face", "lips", "eye_region", "forehead", "neck", "scalp", "boundary", "left_eyeball", "right_eyeball")
EMBEDDINGS = (("full_lmk_faces_idx", "full_lmk_bary_coords"), ("lmk_face_idx", "lmk_b_coords"))
MODEL, MASK, LANDMARK, TEXTURE = "FLAME model", "FLAME masks", "landmark embedding", "TF_FLAME texture data"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Flame:
    """template (V, 3), metres; shapes (V, 3, B + K): B of people, K of expressions; pose_shapes (V, 3, 9 (J - 1)); regressor (J, V);
    parents (J,), -1 for the root; weights (V, J); triangles (F, 3); people: B."""

    template: Array
    shapes: Array
    pose_shapes: Array
    regressor: Array
    parents: NDArray[np.int64]
    weights: Array
    triangles: NDArray[np.int32]
    people: int = PEOPLE

    @classmethod
    def load(cls, path: Path) -> "Flame":
        """Read FLAME 2019, 2020, 2023 or 2023 Open; raise InputError for another model or version, and for a damaged file."""
        values = read_pickle(path, MODEL)
        sizes = [len(np.atleast_1d(np.asarray(values.get(name, ())))) for name in ("v_template", "f")]
        if sizes != [VERTICES, FACES]:
            raise InputError(f"the model has {sizes[0]} vertices and {sizes[1]} faces, FLAME has {VERTICES} and {FACES}", path,
                             "choose FLAME 2019, 2020 or 2023 (Open)")
        count = len(JOINTS)
        shapes = wanted(values, "shapedirs", (VERTICES, 3, None), path=path, what=MODEL)
        if shapes.shape[2] <= PEOPLE:
            raise InputError(f"the model has {shapes.shape[2]} shapes, FLAME since 2019 has {PEOPLE} of people and 100 of expressions",
                             path, "choose FLAME 2019, 2020 or 2023 (Open)")

        def array(name: str, *shape: int | None) -> NDArray[np.float64]:
            return wanted(values, name, shape, path=path, what=MODEL).astype(np.float64)
        triangles = wanted(values, "f", (FACES, 3), path=path, what=MODEL).astype(np.int64)
        parents = wanted(values, "kintree_table", (2, count), path=path, what=MODEL).astype(np.int64)[0]
        parents[0] = -1                                 # written as 2^32 - 1
        if triangles.min() < 0 or triangles.max() >= VERTICES or (parents >= np.arange(count)).any() or (parents[1:] < 0).any():
            raise InputError("faces or joints of the FLAME model point outside it", path, "download the FLAME model again")
        return cls(array("v_template", VERTICES, 3), shapes.astype(np.float64),
                   array("posedirs", VERTICES, 3, 9 * (count - 1)), array("J_regressor", count, VERTICES), parents,
                   array("weights", VERTICES, count), triangles.astype(np.int32))

    @property
    def expressions(self) -> int:
        """K, the number of expression shapes."""
        return self.shapes.shape[2] - self.people

    @cached_property
    def expression_shapes(self) -> Array:
        """The expression shapes (K, V, 3), metres at coefficient 1."""
        return np.ascontiguousarray(self.shapes[:, :, self.people:].transpose(2, 0, 1))

    def vertices(self, shape: Array | None = None, expression: Array | None = None, pose: Array | None = None) -> Array:
        """Return the vertices (V, 3), metres; shape (<= B,), expression (<= K,), pose (J, 3) axis times angle, radians; else zero."""
        result = self.template.copy()
        for first, values in ((0, shape), (self.people, expression)):
            if values is not None:
                result += self.shapes[:, :, first:first + len(values)] @ values
        return result if pose is None else self.posed(result, pose)

    def joints(self, shaped: Array) -> Array:
        """Return where the joints (J, 3) of a shaped head (V, 3) lie."""
        return self.regressor @ shaped

    def posed(self, shaped: Array, pose: Array) -> Array:
        """Return a shaped head (V, 3) in a pose (J, 3): pose correctives, then linear blend skinning."""
        turns = np.stack([rotation(one) for one in pose])
        bent = shaped + self.pose_shapes @ (turns[1:] - np.eye(3)).ravel()
        joints = self.joints(shaped)
        world = np.zeros((len(pose), 4, 4))
        for index, parent in enumerate(self.parents):
            local = np.eye(4)
            local[:3, :3], local[:3, 3] = turns[index], joints[index] - (joints[parent] if parent >= 0 else 0)
            world[index] = local if parent < 0 else world[parent] @ local
        offsets = world[:, :3, 3] - np.einsum("jab,jb->ja", world[:, :3, :3], joints)
        blended = np.tensordot(self.weights, np.concatenate([world[:, :3, :3], offsets[:, :, None]], axis=2), 1)     # (V, 3, 4)
        return np.einsum("vab,vb->va", blended[:, :, :3], bent) + blended[:, :, 3]


def rotation(turn: Array) -> Array:
    """Return the matrix (3, 3) of axis times angle (3,), radians (Rodrigues)."""
    angle = float(np.linalg.norm(turn))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = turn / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def read_masks(path: Path, needed: tuple[str, ...] = NEEDED_MASKS) -> dict[str, NDArray[np.int64]]:
    """Return FLAME_masks.pkl: vertices of each region; raise InputError when one is missing or points outside the head."""
    values = read_pickle(path, MASK)
    missing = [name for name in needed if name not in values]
    if missing:
        raise InputError(f"the FLAME masks lack {', '.join(missing)}", path, "download FLAME_masks.zip again")
    masks = {}
    for name in values:
        places = wanted(values, name, (None,), path=path, what=MASK)
        if places.dtype.kind not in "iu" or not len(places) or places.min() < 0 or places.max() >= VERTICES:
            raise InputError(f"the mask {name} points outside FLAME's {VERTICES} vertices", path, "download FLAME_masks.zip again")
        masks[name] = np.unique(places.astype(np.int64))
    return masks


def read_landmarks(path: Path, triangles: NDArray[np.int32]) -> tuple[NDArray[np.int32], Array]:
    """Return the 68 landmarks, iBUG order, as points of the surface: corners (68, 3) and weights (68, 3).

    Reads DECA's landmark_embedding.npy (full_lmk_*) and pickles with lmk_face_idx and lmk_b_coords of 68 points. Raises InputError for
    the 51 points of flame_static_embedding.pkl, which lack the jaw line.
    """
    values = read_pickle(path, LANDMARK)
    faces_name, weights_name = next((pair for pair in EMBEDDINGS if pair[0] in values), EMBEDDINGS[0])
    if faces_name not in values or weights_name not in values:
        raise InputError(f"the landmark embedding lacks {faces_name} or {weights_name}", path, "choose landmark_embedding.npy of DECA")
    faces, weights = np.asarray(values[faces_name]).ravel(), np.asarray(values[weights_name], np.float64).reshape(-1, 3)
    if len(faces) != 68 or len(weights) != 68 or faces.dtype.kind not in "iu":
        raise InputError(f"the embedding has {len(faces)} landmarks, not 68", path, "choose landmark_embedding.npy of DECA")
    if faces.min() < 0 or faces.max() >= len(triangles) or not np.isfinite(weights).all():
        raise InputError("the landmarks lie outside FLAME's faces", path, "choose landmark_embedding.npy of DECA")
    return triangles[faces.astype(np.int64)], weights


def points_of(vertices: Array, corners: NDArray[np.int32], weights: Array) -> Array:
    """Return the points (..., N, 3) of a surface (..., V, 3) by corners (N, 3) and weights (N, 3)."""
    return np.einsum("nk,...nkc->...nc", weights, vertices[..., corners, :])
