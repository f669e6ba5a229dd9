"""EMICA's parameters of an image -> an item of the library; only for the FLAME head, whose coefficients they are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, PackError
from core.files import read_arrays
from core.head_model import HeadBasis

from .layouts import Sample

# the parameters' names in the files that people write: shape (300,), exp (100,), jaw (3,) axis and angle
NAMES = {"shape": ("shape", "shapecode"), "exp": ("exp", "expcode"), "jaw": ("jaw", "jawpose")}
JAW_SHAPE = "jawOpen"           # our own head's; FLAME turns a joint instead


def check(basis: HeadBasis, path: Path) -> None:
    """Raise InputError unless the head is FLAME's."""
    if JAW_SHAPE in basis.expression_names:
        raise InputError("EMICA's parameters are coefficients of FLAME, and this is another head model", path, "choose FLAME's pack")


def imported(sample: Sample, *, folder: Path, people: int, shapes: int) -> dict[str, Any]:
    """Return name, identity (people,), expression (shapes,) and jaw_angle (radians) of an image, or name and reason.

    The head's own turn is left out: that is the zero pose of Sec. 3.2.
    """
    path = located(sample, folder)
    if path is None:
        return {"name": sample.name, "reason": "there are no EMICA parameters"}
    try:
        values = parameters(path)
    except (InputError, PackError) as error:
        return {"name": sample.name, "reason": error.what}
    short = next((name for name, least in (("shape", people), ("exp", shapes), ("jaw", 3)) if len(values[name]) < least), None)
    if short:
        return {"name": sample.name, "reason": f"{short} has only {len(values[short])} values"}
    jaw = float(np.linalg.norm(values["jaw"][:3]) * np.sign(values["jaw"][0]))
    return {"name": sample.name, "identity": np.round(values["shape"][:people], 4).tolist(),
            "expression": np.round(values["exp"][:shapes], 4).tolist(), "jaw_angle": round(max(jaw, 0.0), 5)}


def located(sample: Sample, folder: Path) -> Path | None:
    """Return the file with an image's parameters: NAME.npz or NAME.json, in the image's own folder or not; None if there is none."""
    stem = Path(sample.name).with_suffix("")
    places = [folder / place.with_suffix(kind) for place in (stem, Path(stem.name)) for kind in (".npz", ".json")]
    return next((place for place in places if place.is_file()), None)


def parameters(path: Path) -> dict[str, NDArray[np.float64]]:
    """Return shape, exp and jaw of a file; raise InputError when it lacks one or is damaged."""
    if path.suffix == ".json":
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError("the parameters are damaged", path, "make them again") from error
    else:
        with np.load(path, allow_pickle=False) as archive:
            known = tuple(archive.files)
        stored = read_arrays(path, known, InputError)
    values = {}
    for name, spellings in NAMES.items():
        found = next((stored[spelling] for spelling in spellings if spelling in stored), None)
        try:
            values[name] = np.asarray(found, np.float64).ravel()
        except (TypeError, ValueError) as error:
            raise InputError(f"the parameters' {name} is no list of numbers", path, "make them again") from error
        if found is None or not np.isfinite(values[name]).all():
            raise InputError(f"the parameters lack {name}", path, "make them again")
    return values
