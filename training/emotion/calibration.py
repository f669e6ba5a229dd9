"""Calibrate what the recogniser says on speakers it was not trained on, and measure it there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.types import HEARD, Floats

BINS = 15
LARGEST = 30.0                  # logit
TEMPERATURES = np.arange(0.5, 3.01, 0.02)


@dataclass(frozen=True)
class Calibration:
    """temperature: of the emotions' logits; strength: slope and offset of its logit; figures: by name, of speakers left out."""

    temperature: float
    strength: tuple[float, float]
    figures: dict[str, float]


def calibrate(probabilities: Floats, strength: Floats, labels: NDArray[np.int64], strong: NDArray[np.int64],
              corpora: NDArray[np.str_]) -> Calibration:
    """Return the temperature that makes the labels likeliest, and the line that does so for the strength (Platt, 1999).

    probabilities: (R, 7) and strength: (R,) as heard; strong: (R,) the truth, -1 where not known.
    """
    logs = np.log(np.maximum(probabilities, 1e-9))
    temperature = float(min(TEMPERATURES, key=lambda value: surprise(logs / value, labels)))
    known = strong >= 0
    logit = np.log(np.clip(strength, 1e-6, 1 - 1e-6) / np.clip(1 - strength, 1e-6, 1))[known]
    line = platt(logit, strong[known])
    figures = {f"uar_{name}": recall(probabilities[corpora == name], labels[corpora == name]) for name in np.unique(corpora)}
    sharpened = softmax(logs / temperature)
    figures |= {"calibration_error": calibration_error(sharpened, labels), "strength_auc": area(logit, strong[known]),
                "temperature": temperature}
    return Calibration(temperature, line, {name: round(value, 4) for name, value in figures.items()})


def softmax(logits: Floats) -> Floats:
    """Return probabilities (R, 7)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def expecting(probabilities: Floats, temperature: float, prior: float | Floats) -> Floats:
    """Return probabilities (R, 7) with a temperature, neutral being `prior`, one number or (R,), times as likely as each other emotion
    beforehand."""
    expected = np.where(np.arange(len(HEARD)) == HEARD.index("neutral"), np.log(np.reshape(prior, (-1, 1))), 0)
    return softmax(np.asarray(np.log(np.maximum(probabilities, 1e-9)) / temperature + expected, np.float32))


def surprise(logits: Floats, labels: NDArray[np.int64]) -> float:
    """Return the mean negative logarithm of the labels' probabilities."""
    return float(-np.log(np.maximum(softmax(logits)[np.arange(len(labels)), labels], 1e-12)).mean())


def platt(logit: Floats, truth: NDArray[np.int64]) -> tuple[float, float]:
    """Return slope and offset of the logistic regression of `truth` (R,) on one variable, by Newton's method."""
    design = np.stack([logit, np.ones_like(logit)], axis=1).astype(np.float64)
    line = np.array([1.0, 0.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ line, -LARGEST, LARGEST)))
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-6 * np.eye(2)
        line = line - np.linalg.solve(curvature, design.T @ (chance - truth))
    return float(line[0]), float(line[1])


def recall(probabilities: Floats, labels: NDArray[np.int64]) -> float:
    """Return the unweighted average recall."""
    found = probabilities.argmax(axis=1)
    return float(np.mean([np.mean(found[labels == label] == label) for label in np.unique(labels)]))


def calibration_error(probabilities: Floats, labels: NDArray[np.int64]) -> float:
    """Return the expected calibration error of the winners in BINS bins of equal width (Guo et al., 2017)."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(sum(abs(sure[place == index].mean() - right[place == index].mean()) * np.mean(place == index)
                     for index in np.unique(place)))


def area(score: Floats, truth: NDArray[np.int64]) -> float:
    """Return the area under the receiver operating characteristic of a score (R,) for what is true (R,), 0 or 1."""
    order = np.argsort(np.argsort(score)) + 1
    positive = int(truth.sum())
    return float((order[truth == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(truth) - positive)))
