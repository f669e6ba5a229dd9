"""The default head: neutral shape by identity, expressions by ARKit names, parts and regions (docs/head_model.md).

World: metres, +Y up, face towards +Z, the person's left at +X, origin in the middle of the mean head.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import PackError
from ..files import read_arrays
from ..types import Bytes, Floats, Integers
from .lashes import Strip, strips_of

FORMAT = 3
REST_USES = 0.5                  # share of a shape's way that a face resting in it has behind it
MATERIALS = ("skin", "lashes", "teeth", "gums", "tongue", "eye")
REGIONS = ("lips", "chin", "face", "other")
SHAPES: dict[str, tuple[type[np.generic], int]] = {
    "vertices": (np.float32, 2), "quads": (np.int32, 2), "material": (np.uint8, 1), "uv": (np.float32, 2),
    "quad_uv": (np.int32, 2), "part_vertices": (np.int32, 2), "part_faces": (np.int32, 2),
    "identity_basis": (np.float16, 3), "identity_bounds": (np.float32, 2),
    "group_identity": (np.float32, 2), "expression_basis": (np.float16, 3),
    "corrective_pairs": (np.int32, 2), "corrective_gains": (np.float32, 1), "corrective_basis": (np.float16, 3),
    "regions": (np.uint8, 1), "inner_lip_upper": (np.int32, 1), "inner_lip_lower": (np.int32, 1),
    "lip_corners": (np.int32, 1), "upper_incisor_edge": (np.int32, 1), "lower_lip_top": (np.int32, 1),
    "chin_vertex": (np.int32, 0), "below_ear_vertex": (np.int32, 0), "jaw_pivot": (np.float32, 1),
}
INDICES = ("quads", "inner_lip_upper", "inner_lip_lower", "lip_corners", "upper_incisor_edge", "lower_lip_top",
           "chin_vertex", "below_ear_vertex")


@dataclass(frozen=True)
class Part:
    """Where a part lies in the model: slices of its vertices and of its faces."""

    vertices: slice
    faces: slice


@dataclass(frozen=True)
class HeadBasis:
    """A head model: V vertices, F quads (a triangle repeats its last corner), B identity and K expression shapes.

    vertices (V, 3) mean neutral; quads (F, 4); material (F,) index into MATERIALS; uv (U, 2) from the bottom left and
    quad_uv (F, 4); identity_basis (B, V, 3) one standard deviation each; identity_bounds (B, 2); group_identity (G, B) the middles of
    groups of people, by ancestry, sex and age;
    expression_basis (K, V, 3) at weight 1; corrective_basis (C, V, 3), added by the product of two shapes' weights, corrective_pairs
    (C, 2) places in expression_names, the second times corrective_gains (C,), plus 1 where that is negative, each held within 0..1;
    regions (V_skin,) index into REGIONS; inner_lip_upper and inner_lip_lower (L,) vertices that touch when the mouth is closed, from
    the right to the left corner; lip_corners (2,) right, left; upper_incisor_edge, lower_lip_top (n,); chin_vertex,
    below_ear_vertex, jaw_pivot (3,) of Sec. 3.4.
    """

    vertices: Floats
    quads: Integers
    material: Bytes
    uv: Floats
    quad_uv: Integers
    part_names: tuple[str, ...]
    part_vertices: Integers
    part_faces: Integers
    identity_basis: NDArray[np.float16]
    identity_bounds: Floats
    group_names: tuple[str, ...]
    group_identity: Floats
    expression_names: tuple[str, ...]
    expression_basis: NDArray[np.float16]
    corrective_names: tuple[str, ...]
    corrective_pairs: Integers
    corrective_gains: Floats
    corrective_basis: NDArray[np.float16]
    regions: Bytes
    inner_lip_upper: Integers
    inner_lip_lower: Integers
    lip_corners: Integers
    upper_incisor_edge: Integers
    lower_lip_top: Integers
    chin_vertex: int
    below_ear_vertex: int
    jaw_pivot: Floats

    @classmethod
    def load(cls, path: Path) -> "HeadBasis":
        """Read a head model; raise PackError when the file is damaged, of another format, or its arrays do not fit."""
        names = tuple(field.name for field in fields(cls))
        stored = read_arrays(path, ("format_version", *names), PackError)
        if stored["format_version"].shape != () or int(stored["format_version"]) != FORMAT:
            raise PackError(f"the head model has format {stored['format_version']}, this version reads {FORMAT}", path,
                            "install a pack for this version of ECAvatar")
        for name, (dtype, dimensions) in SHAPES.items():
            if stored[name].dtype != dtype or stored[name].ndim != dimensions:
                raise PackError(f"{name} of the head model is {stored[name].dtype} with {stored[name].ndim} dimensions, "
                                f"not {np.dtype(dtype)} with {dimensions}", path, "install the pack again")
        count = len(stored["vertices"])
        fitting = (stored["identity_basis"].shape[1:] == (count, 3) and stored["expression_basis"].shape[1:] == (count, 3)
                   and len(stored["expression_basis"]) == len(stored["expression_names"])
                   and stored["group_identity"].shape == (len(stored["group_names"]), len(stored["identity_basis"]))
                   and stored["corrective_basis"].shape[1:] == (count, 3)
                   and len(stored["corrective_basis"]) == len(stored["corrective_names"]) == len(stored["corrective_gains"])
                   and stored["corrective_pairs"].shape == (len(stored["corrective_names"]), 2)
                   and (len(stored["corrective_pairs"]) == 0 or (stored["corrective_pairs"].min() >= 0
                        and stored["corrective_pairs"].max() < len(stored["expression_names"])))
                   and all(stored[name].min() >= 0 and stored[name].max() < count for name in INDICES)
                   and stored["quad_uv"].shape == stored["quads"].shape
                   and stored["quad_uv"].min() >= 0 and stored["quad_uv"].max() < len(stored["uv"]))
        if not fitting:
            raise PackError("the arrays of the head model do not fit each other", path, "install the pack again")
        values: dict[str, Any] = {name: stored[name] for name in names}
        for name in ("part_names", "group_names", "expression_names", "corrective_names"):
            values[name] = tuple(map(str, stored[name]))
        for name in ("chin_vertex", "below_ear_vertex"):
            values[name] = int(stored[name])
        model = cls(**values)
        if not model.whole:
            raise PackError("the parts of the head model do not fit its faces", path, "install the pack again")
        return model.with_lashes()

    @property
    def whole(self) -> bool:
        """Whether the parts that every head has are there, each with faces of its own vertices."""
        if not {"skin", "lashes", "eye_left", "eye_right"} <= set(self.part_names):
            return False
        parts = [self.part(name) for name in self.part_names]
        return all(((part.vertices.start <= corners) & (corners < part.vertices.stop)).all()
                   for part in parts for corners in [self.quads[part.faces]])

    def with_lashes(self) -> "HeadBasis":
        """Draw lashes out (lashes.py), in the shapes too; those that are no strips stay."""
        part = self.part("lashes")
        lashes, corners, corners_uv = part.vertices, self.quads[part.faces], self.quad_uv[part.faces]
        longer: dict[str, Any] = {name: getattr(self, name).copy() for name in (
            "uv", "vertices", "identity_basis", "expression_basis", "corrective_basis")}
        for strip in self.strips:
            for vertex, uv in zip((strip.rows + lashes.start).ravel(), strip.uv.reshape(-1, 2), strict=True):
                longer["uv"][corners_uv[corners == vertex]] = uv
            for name in ("vertices", "identity_basis"):
                longer[name][..., lashes, :] = strip.drawn_out(longer[name][..., lashes, :])
            for name, names in (("expression_basis", self.expression_names), ("corrective_basis", self.corrective_names)):
                longer[name][:, lashes] = strip.carried(longer[name][:, lashes], longer["vertices"][lashes], names)
        return replace(self, **longer)

    def part(self, name: str) -> Part:
        """Return where the part called `name` lies."""
        index = self.part_names.index(name)
        return Part(slice(*map(int, self.part_vertices[index])), slice(*map(int, self.part_faces[index])))

    @cached_property
    def strips(self) -> list[Strip]:
        """The strips of lashes."""
        part = self.part("lashes")
        eyes = np.stack([self.vertices[self.part(f"eye_{side}").vertices].mean(axis=0) for side in ("left", "right")])
        return strips_of(self.vertices[part.vertices], self.quads[part.faces] - part.vertices.start, eyes)

    @cached_property
    def skin_triangles(self) -> Integers:
        """The skin's faces as triangles (2 F_skin, 3)."""
        quads = self.quads[self.part("skin").faces]
        return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])

    @cached_property
    def expressions(self) -> Floats:
        """The expression basis in full precision (K, V, 3)."""
        return self.expression_basis.astype(np.float32)

    def neutral(self, identity: Floats) -> Floats:
        """Return the neutral head (V, 3) of `identity` (B,), metres (Eq. 1 without expression and pose)."""
        used = np.flatnonzero(identity)
        offsets = np.tensordot(identity[used].astype(np.float32), self.identity_basis[used].astype(np.float32), 1)
        return (self.vertices + offsets).astype(np.float32)

    def indices(self, names: tuple[str, ...]) -> list[int]:
        """Return the places of the named shapes in the expression basis; raise KeyError for an unknown one."""
        places = {name: place for place, name in enumerate(self.expression_names)}
        return [places[name] for name in names]

    def expression(self, names: tuple[str, ...], weights: Floats) -> Floats:
        """Return the offsets (V, 3) of the named shapes with `weights` (K',), metres, correctives included."""
        weights = np.asarray(weights, np.float32)
        extra = self.corrective_weights(names, weights)
        used = np.flatnonzero(extra)
        offsets = np.tensordot(weights, self.expressions[self.indices(names)], 1)
        return np.asarray(offsets + np.tensordot(extra[used], self.corrective_basis[used].astype(np.float32), 1), np.float32)

    def at_rest(self, rest: Floats) -> "HeadBasis":
        """Return the model as seen from a face that rests in `rest` (K,) of its expressions, for weights beyond these.

        Correctives of a shape with one the face rests in belong to the shape alone there (the product's derivative). Of a shape in
        which it rests less is left: eyes that are narrow by nature narrow less.
        """
        left = 1 - REST_USES * np.clip(np.asarray(rest, np.float32), 0, 1)
        shapes, correctives = self.expressions.copy(), self.corrective_basis.astype(np.float32)
        for (first, second), gain, offsets in zip(self.corrective_pairs, self.corrective_gains, correctives, strict=True):
            shapes[first] += rest[second] * gain * offsets
            if first != second:
                shapes[second] += rest[first] * gain * offsets
        share = np.prod(left[self.corrective_pairs], axis=1)
        return replace(self, expression_basis=(shapes * left[:, None, None]).astype(np.float16),
                       corrective_basis=(correctives * share[:, None, None]).astype(np.float16))

    def corrective_weights(self, names: tuple[str, ...], weights: Floats) -> Floats:
        """Return the weights (..., C) of the correctives for `weights` (..., K') of the named shapes."""
        everything = np.zeros((*weights.shape[:-1], len(self.expression_names)), np.float32)
        everything[..., self.indices(names)] = weights
        first, second = (np.take(everything, self.corrective_pairs[:, side], axis=-1) for side in (0, 1))
        start = np.where(self.corrective_gains < 0, 1, 0)                       # a negative gain counts down
        return np.asarray(np.clip(first, 0, 1) * np.clip(start + self.corrective_gains * second, 0, 1), np.float32)
