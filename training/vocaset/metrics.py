"""Errors of animated faces as the reference codes compute them.

LVE (Richard et al. 2021), EVE (Peng et al. 2023) and FDD (Xing et al. 2023). All are of *squared* distances, metres
squared, although papers call them distances: an LVE of 3.2e-5 is 5.7 mm.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.types import Floats

LIPS, UPPER = ("lips",), ("eye_region", "forehead")        # FLAME's masks: of LVE, 254 vertices; of EVE and FDD, 827 together
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """One sequence: predicted and true vertices (T, V, 3), metres, at the same frame rate; template (V, 3) of the subject."""

    name: str
    predicted: Floats
    true: Floats
    template: Floats


@dataclass(frozen=True)
class Errors:
    """lve and eve, metres squared, means over all frames of all sequences; fdd, metres squared, mean over sequences; frames."""

    lve: float
    eve: float
    fdd: float
    frames: int


def union(masks: Mapping[str, Places], names: tuple[str, ...]) -> Places:
    """Return the vertices of several masks; raise InputError when one is missing."""
    missing = [name for name in names if name not in masks]
    if missing:
        raise InputError(f"the FLAME masks lack {', '.join(missing)}", "masks", "choose FLAME_masks.pkl")
    return np.unique(np.concatenate([masks[name] for name in names]))


def greatest(predicted: Floats, true: Floats, places: Places) -> NDArray[np.float64]:
    """Return each frame's greatest squared distance (T,), metres squared, over some vertices."""
    apart = predicted[:, places].astype(np.float64) - true[:, places]
    return np.asarray((apart**2).sum(axis=2).max(axis=1))


def variation(vertices: Floats, template: Floats, places: Places) -> float:
    """Return the mean over some vertices of the deviation in time of their squared distance from the template, metres squared."""
    moved = vertices[:, places].astype(np.float64) - template[places]
    return float((moved**2).sum(axis=2).std(axis=0).mean())


def measure(pairs: Iterable[Pair], masks: Mapping[str, Places]) -> Errors:
    """Return the errors of sequences; a prediction that is longer is cut, as the reference does.

    FDD is signed: positive where the prediction's upper face moves less than the true one. Raises InputError for a prediction of
    another mesh or too few frames, and where there is none.
    """
    lips, upper = union(masks, LIPS), union(masks, UPPER)
    lip_errors, upper_errors, differences = [], [], []
    for pair in pairs:
        predicted = aligned(pair)
        lip_errors.append(greatest(predicted, pair.true, lips))
        upper_errors.append(greatest(predicted, pair.true, upper))
        differences.append(variation(pair.true, pair.template, upper) - variation(predicted, pair.template, upper))
    if not lip_errors:
        raise InputError("there is no sequence to compare", "predictions", "predict the test sequences first")
    every = np.concatenate(lip_errors)
    return Errors(float(every.mean()), float(np.concatenate(upper_errors).mean()), float(np.mean(differences)), len(every))


def aligned(pair: Pair) -> Floats:
    """Return the prediction cut to the true sequence."""
    predicted = pair.predicted[:len(pair.true)]
    if predicted.ndim != 3 or predicted.shape[1:] != pair.true.shape[1:]:
        raise InputError(f"the prediction has shape {pair.predicted.shape}, the true sequence {pair.true.shape}", pair.name,
                         "predict FLAME's 5023 vertices, in metres")
    if len(predicted) < len(pair.true):
        raise InputError(f"the prediction has {len(predicted)} frames, the true sequence {len(pair.true)}", pair.name,
                         "predict all frames, 30 a second")
    if not np.isfinite(predicted).all():
        raise InputError("the prediction holds values that are not finite", pair.name, "predict it again")
    return predicted
