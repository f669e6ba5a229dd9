"""The recogniser's linear member: ridge regression onto the emotions (Hoerl and Kennard, 1970), in one step.

On few speakers it generalises at least as well as the deep members, and most where the speaker's manner is known; the mean of both is
better than either (benchmarks/bm_emotion.py).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.types import HEARD

from .network import LinearRecogniser, Standard

RIDGE = 1.0                     # penalty of the weights, for features of variance 1 / P and labels of -1 and 1
SHARPNESS, STRENGTH_SHARPNESS = 6.0, 3.0        # what makes the regression's values logits

Array = NDArray[np.float32]


def fit_linear(standard: Standard, passages: Array, labels: NDArray[np.int64], strong: NDArray[np.int64],
               weights: NDArray[np.float64]) -> LinearRecogniser:
    """Return the member that fits descriptions (R, P) of weights (R,) best: labels (R,), strong (R,) 0 or 1, -1 where unknown."""
    with torch.no_grad():
        inputs = standard(torch.from_numpy(passages)).numpy().astype(np.float64)
    scale = np.sqrt(inputs.shape[1])
    design = np.column_stack([inputs / scale, np.ones(len(inputs))])
    known = strong >= 0
    emotions = solved(design, 2.0 * np.eye(len(HEARD))[labels] - 1, weights)
    strength = solved(design[known], 2.0 * strong[known, None] - 1, weights[known]) if known.any() else np.zeros((design.shape[1], 1))
    return LinearRecogniser(standard, line(SHARPNESS * emotions, scale), line(STRENGTH_SHARPNESS * strength, scale))


def solved(design: NDArray[np.float64], wanted: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ridge regression's coefficients (P + 1, C) of rows (R, P + 1) onto values (R, C)."""
    normal = design.T @ (design * weights[:, None])
    normal[np.diag_indices_from(normal)] += RIDGE
    return np.asarray(np.linalg.solve(normal, design.T @ (wanted * weights[:, None])))


def line(coefficients: NDArray[np.float64], scale: float) -> nn.Linear:
    """Return coefficients (P + 1, C), the last of the constant, as a layer for inputs that were divided by `scale`."""
    layer = nn.Linear(len(coefficients) - 1, coefficients.shape[1])
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(coefficients[:-1].T / scale))
        layer.bias.copy_(torch.from_numpy(coefficients[-1]))
    return layer
