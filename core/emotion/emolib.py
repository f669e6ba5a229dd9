"""Emolib: people's expressions by category and level, found by the likeness of shape (paper Sec. 3.3 and 4.1, docs/emolib.md)."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PackError
from ..files import Arrays, read_arrays
from ..head.model import HeadBasis
from ..types import EMOTIONS, MOST_LEVEL, Bytes, Emotion, Floats

FORMAT = 1
ARRAYS: dict[str, tuple[type[np.generic], int]] = {
    "category": (np.uint8, 1), "level": (np.uint8, 1), "identity": (np.float16, 2), "expression": (np.float16, 2),
    "jaw_angle": (np.float32, 1)}


@dataclass(frozen=True)
class Retrieved:
    """What is felt, on a face: items, the library's N it comes from, none at level 0; expression (K,) float32 weights of the library's
    names; identity (B,) float32 of the model M_emori, as published."""

    items: tuple[int, ...]
    expression: Floats
    identity: Floats


@dataclass(frozen=True)
class Emolib:
    """The library: N items, each a label pair (category, level), a shape, an expression and a jaw pose.

    category: (N,) uint8 places in EMOTIONS; level: (N,) uint8 1..3; identity: (N, B) float16 coefficients of the head model;
    names: K of its shapes; expression: (N, K) float16 weights, the jaw's among them (jawOpen); jaw_angle: (N,) float32, radians;
    head_model: sha256 of the head model's file.
    """

    category: Bytes
    level: Bytes
    identity: NDArray[np.float16]
    names: tuple[str, ...]
    expression: NDArray[np.float16]
    jaw_angle: Floats
    head_model: str

    @classmethod
    def load(cls, path: Path, basis: HeadBasis, *, head_model: str) -> "Emolib":
        """Read a library for the head `basis`, whose file has the sha256 `head_model`.

        Raises PackError when the file is damaged, of another format or head model, its arrays do not fit, or a category lacks a level.
        """
        stored = read_arrays(path, ("format_version", "names", "head_model", *ARRAYS), PackError)
        version = stored["format_version"]
        if version.shape != () or version.dtype.kind not in "iu" or int(version) != FORMAT:
            raise PackError(f"the Emolib has format {version}, this version reads {FORMAT}", path,
                            "install a pack for this version of ECAvatar")
        found = str(stored["head_model"])
        if found != head_model:
            raise PackError(f"the Emolib was made for another head model (sha256 {found[:12]}, the pack's is {head_model[:12]})", path,
                            "make it again with this head model, or install the pack it belongs to")
        problem = misfit(stored, basis)
        if problem:
            raise PackError(f"the Emolib does not fit: {problem}", path, "make it again, or install the pack again")
        return cls(stored["category"], stored["level"], stored["identity"], tuple(map(str, stored["names"])), stored["expression"],
                   stored["jaw_angle"], found)

    @cached_property
    def cells(self) -> dict[tuple[Emotion, int], tuple[NDArray[np.int64], Floats]]:
        """The items (M,) of each category and level, and their identities (M, B)."""
        places = {(name, level): np.flatnonzero((self.category == index) & (self.level == level))
                  for index, name in enumerate(EMOTIONS) for level in range(1, MOST_LEVEL + 1)}
        return {cell: (items, self.identity[items].astype(np.float32)) for cell, items in places.items()}

    def retrieve(self, category: Emotion, level: int, identity: Floats) -> int:
        """Return the item of (C0, L0) whose shape is nearest to `identity` (B,) by Euclidean distance (Sec. 4.1); the first of equals.

        Raises InputError for an unknown category or level.
        """
        if (category, level) not in self.cells:
            raise InputError(f"there is no emotion {category!r} of level {level}", "emotion",
                             f"choose one of {', '.join(EMOTIONS)} and a level from 0 to {MOST_LEVEL}")
        items, shapes = self.cells[category, level]
        offsets = shapes - np.asarray(identity, np.float32)
        return int(items[np.argmin(np.einsum("mb,mb->m", offsets, offsets))])

    def at(self, category: Emotion, level: float, identity: Floats) -> Retrieved:
        """Return expression and shape for a level from 0 to 3: between two whole levels, what was retrieved for both is interpolated
        linearly; level 0 is `identity` (B,) without expression.

        Raises InputError for an unknown category or a level out of range.
        """
        if not 0 <= level <= MOST_LEVEL:
            raise InputError(f"there is no emotion of level {level}", "emotion", f"choose a level from 0 to {MOST_LEVEL}")
        below = int(level)
        shares = [(whole, share) for whole, share in ((below, 1 - (level - below)), (below + 1, level - below)) if share > 0]
        items = tuple(self.retrieve(category, whole, identity) for whole, _ in shares if whole > 0)
        known = np.array([share for whole, share in shares if whole > 0], np.float32)
        expression = known @ self.expression[list(items)].astype(np.float32)
        shape = known @ self.identity[list(items)].astype(np.float32) + (1 - known.sum()) * identity
        return Retrieved(items, expression.astype(np.float32), shape.astype(np.float32))

    def expression_at(self, category: Emotion, level: float, identity: Floats) -> Floats:
        """Return the weights (K,) of the library's names for a level from 0 to 3 (see `at`)."""
        return self.at(category, level, identity).expression


def misfit(stored: Arrays, basis: HeadBasis) -> str:
    """Return what is wrong with the arrays of a library for this head, "" if nothing is."""
    for name, (dtype, dimensions) in ARRAYS.items():
        if stored[name].dtype != dtype or stored[name].ndim != dimensions:
            return (f"{name} is {stored[name].dtype} with {stored[name].ndim} dimensions, not {np.dtype(dtype)} with {dimensions}")
        if not np.isfinite(stored[name]).all():
            return f"{name} holds values that are not finite"
    names, count = stored["names"], len(stored["category"])
    if names.ndim != 1 or names.dtype.kind != "U" or len(set(names.tolist())) < len(names):
        return "its shapes' names are no list of different names"
    unknown = sorted(set(names.tolist()) - set(basis.expression_names))
    if unknown:
        return f"the head has no shape {unknown[0]!r}"
    for name, shape in (("level", (count,)), ("jaw_angle", (count,)), ("identity", (count, len(basis.identity_basis))),
                        ("expression", (count, len(names)))):
        if stored[name].shape != shape:
            return f"{name} has shape {stored[name].shape}, not {shape}"
    if count and (stored["category"].max() >= len(EMOTIONS) or stored["level"].min() < 1 or stored["level"].max() > MOST_LEVEL):
        return f"a label is none of {len(EMOTIONS)} categories and {MOST_LEVEL} levels"
    filled = set(zip(stored["category"].tolist(), stored["level"].tolist(), strict=True))
    empty = [f"{name} {level}" for index, name in enumerate(EMOTIONS) for level in range(1, MOST_LEVEL + 1)
             if (index, level) not in filled]
    return f"it has no item for {', '.join(empty)}" if empty else ""
