"""The gap between the lips on the mesh: when they touch, and the shapes that bring a wanted gap about."""

from collections.abc import Mapping

import numpy as np

from ..head.model import HeadBasis
from ..head.mouth import gap
from ..types import Floats
from .mouth_rig import CLOSING, MOST_PARTING, PARTING

JAW_SHAPE = "jawOpen"
SHUT = 0.0004                   # metres between the inner lips, below which they touch


def effect(basis: HeadBasis, shapes: Mapping[str, float]) -> float:
    """Return by how many metres `shapes`, name -> weight, change the gap of the resting mouth."""
    weights = np.array([[0.0] * len(shapes), list(shapes.values())], np.float32)
    rest, moved = gap(basis, tuple(shapes), weights)
    return float(moved - rest)


def unclosed(basis: HeadBasis, names: tuple[str, ...], weights: Floats) -> Floats:
    """Return the gap (T,), metres, that weights (T, K) would leave without mouthClose."""
    loose = weights.copy()
    loose[:, names.index(CLOSING)] = 0
    return gap(basis, names, loose)


def solve_gap(basis: HeadBasis, names: tuple[str, ...], weights: Floats, wanted: Floats) -> Floats:
    """Return the weights (T, K) in 0..1 with the mouthClose, or the drawing apart of the lips, that makes the gap `wanted` (T,).

    wanted: metres. What mouthClose at 1 leaves open, the jaw closes.
    """
    result = weights.copy()
    excess = unclosed(basis, names, weights) - wanted
    for name, weight in PARTING.items():
        result[:, names.index(name)] += weight * np.clip(-excess / effect(basis, PARTING), 0, MOST_PARTING)
    result[:, names.index(CLOSING)] = excess / -effect(basis, {CLOSING: 1.0})
    result = np.clip(result, 0, 1)
    left = np.where(result[:, names.index(CLOSING)] == 1, gap(basis, names, result) - wanted, 0)
    result[:, names.index(JAW_SHAPE)] -= np.clip(left, 0, None) / effect(basis, {JAW_SHAPE: 1.0})
    return np.asarray(np.clip(result, 0, 1), np.float32)
