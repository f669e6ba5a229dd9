"""EMICA's parameters of an image -> an item of the library; only for the FLAME head, whose coefficients they are.

On the head of training/flame/head.py, whose shapes have ARKit's names, expression and jaw become weights of those by bounded least
squares on the skin; a head whose shapes are FLAME's own expressions takes them as they are.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.emotion.fused_shapes import importance
from core.errors import InputError, PackError
from core.files import UNREADABLE, read_arrays, read_json
from core.head.model import HeadBasis
from core.speech.vertex_lips import solve

from .layouts import Sample

# the parameters' names in the files that people write: shape (300,), exp (100,), jaw and global (3,) axis and angle, tex of the
# texture space, cam (3,) scale and shift; and how many values these have at least
NAMES = {"shape": ("shape", "shapecode"), "exp": ("exp", "expcode"), "jaw": ("jaw", "jawpose"), "tex": ("tex", "texcode"),
         "global": ("global", "globalpose", "global_pose"), "cam": ("cam",)}
LENGTHS = {"shape": 3, "jaw": 3, "global": 3, "cam": 3}
FACE = ("shape", "exp", "jaw")
JAW_SHAPE = "jawOpen"           # our own head's; FLAME turns a joint instead
OWN = ("flame_expression_basis", "flame_jaw_open")      # of the file of FLAME's head
SPOKEN_ONLY = ("tongue", "eyeLook")                     # first words of shapes that EMICA does not see


@dataclass(frozen=True)
class NamedShapes:
    """FLAME's head with its own expressions (E, N, 3), metres, and the radians that the jaw turns in jawOpen."""

    basis: HeadBasis
    expressions: NDArray[np.float32]
    opened: float

    @classmethod
    @lru_cache(1)
    def load(cls, head: Path) -> "NamedShapes":
        """Read it; raise PackError when the file is no head of FLAME's."""
        stored = read_arrays(head, OWN, PackError)
        return cls(HeadBasis.load(head), stored[OWN[0]].astype(np.float32), float(stored[OWN[1]]))

    def weights(self, exp: NDArray[np.float64], jaw: float) -> NDArray[np.float32]:
        """Return the weights (K,) in 0..1 of the named shapes that come nearest to FLAME's expression and the jaw's angle, radians."""
        basis, skin = self.basis, self.basis.part("skin").vertices
        count = min(len(exp), len(self.expressions))
        opened = basis.expressions[basis.expression_names.index(JAW_SHAPE), skin] * np.float32(jaw / self.opened)
        offsets = np.tensordot(exp[:count].astype(np.float32), self.expressions[:count], 1) + opened
        seen = [index for index, name in enumerate(basis.expression_names) if not name.startswith(SPOKEN_ONLY)]
        shapes = basis.expressions[seen][:, skin].reshape(len(seen), -1) * importance(basis)
        result = np.zeros(len(basis.expression_names), np.float32)
        result[seen] = solve((offsets.reshape(1, -1) * importance(basis)) @ shapes.T, shapes)[0]
        return result


def check(basis: HeadBasis, path: Path) -> None:
    """Raise InputError unless the head, whose file lies at `path`, is FLAME's."""
    if JAW_SHAPE in basis.expression_names and not has_own(path):
        raise InputError("EMICA's parameters are coefficients of FLAME, and this is another head model", path, "choose FLAME's pack")


def has_own(head: Path) -> bool:
    """Return whether a head's file holds FLAME's own expressions."""
    try:
        return bool(read_arrays(head, OWN, PackError))
    except PackError:
        return False


def imported(sample: Sample, *, folder: Path, people: int, shapes: int, head: Path | None = None) -> dict[str, Any]:
    """Return name, identity (people,), expression (shapes,) and jaw_angle (radians) of an image, or name and reason.

    The head's own turn is left out: that is the zero pose of Sec. 3.2. head: the file whose named shapes the expression is put into.
    """
    path = located(sample, folder)
    if path is None:
        return {"name": sample.name, "reason": "there are no EMICA parameters"}
    try:
        values = parameters(path)
    except (InputError, PackError) as error:
        return {"name": sample.name, "reason": error.what}
    short = next((name for name, least in (("shape", people), ("exp", shapes)) if len(values[name]) < least), None)
    if short:
        return {"name": sample.name, "reason": f"{short} has only {len(values[short])} values"}
    jaw = float(np.linalg.norm(values["jaw"][:3]) * np.sign(values["jaw"][0]))
    expression = values["exp"][:shapes] if head is None else NamedShapes.load(head).weights(values["exp"], max(jaw, 0.0))
    return {"name": sample.name, "identity": np.round(values["shape"][:people], 4).tolist(),
            "expression": np.round(expression.astype(np.float64), 4).tolist(), "jaw_angle": round(max(jaw, 0.0), 5)}


def located(sample: Sample, folder: Path) -> Path | None:
    """Return the file with an image's parameters: NAME.npz or NAME.json, in the image's own folder or not; None if there is none."""
    stem = Path(sample.name).with_suffix("")
    places = [folder / place.with_suffix(kind) for place in (stem, Path(stem.name)) for kind in (".npz", ".json")]
    return next((place for place in places if place.is_file()), None)


def parameters(path: Path, names: tuple[str, ...] = FACE) -> dict[str, NDArray[np.float64]]:
    """Return parameters of these NAMES, each (N,), of a .npz or .json; raise InputError when it lacks one or is damaged."""
    advice, wanted = "make them again", {spelling for name in names for spelling in NAMES[name]}
    try:
        if path.suffix == ".json":
            stored = read_json(path, InputError)
        else:
            with np.load(path, allow_pickle=False) as archive:
                known = tuple(archive.files)
            stored = read_arrays(path, tuple(sorted(wanted.intersection(known))), InputError)
    except (InputError, *UNREADABLE, BadZipFile, AttributeError) as error:
        raise InputError("the parameters are damaged" if path.is_file() else "there are no parameters", path, advice) from error
    values = {}
    for name in names:
        found = next((stored[spelling] for spelling in NAMES[name] if spelling in stored), None)
        if found is None:
            raise InputError(f"the parameters lack {name}", path, "write it with EMICA, beside shape, exp and jaw")
        try:
            values[name] = np.asarray(found, np.float64).ravel()
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"the parameters' {name} is no list of numbers", path, advice) from error
        if not np.isfinite(values[name]).all():
            raise InputError(f"the parameters' {name} is damaged", path, advice)
        if len(values[name]) < LENGTHS.get(name, 1):
            raise InputError(f"{name} has only {len(values[name])} values", path, advice)
    return values
