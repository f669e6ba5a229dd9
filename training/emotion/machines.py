"""Fit the recogniser's machines: no rounds of training, each is the solution of one system of equations."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.voice_encoder import WIDTHS

from .network import MOST, Machine, likeness

Array = NDArray[np.float32]
Places = NDArray[np.int64]
NUISANCES = 10                  # directions of what changes without the emotion
ROUNDS, BESIDE = 2, 10          # of the search for main directions, and directions searched beside those wanted


@dataclass(frozen=True)
class MachineConfig:
    """layers: of both encoders (core/voice_encoder.py) that it sees, with timbre and melody, () for the whole description;
    components: main directions it is reduced to; ridge: of the regression; breadth: of the Gaussian kernel, per squared distance and
    number, 0 for a linear machine; share: of what the recogniser says."""

    layers: tuple[int, ...] = ()
    components: int = 300
    ridge: float = 0.1
    breadth: float = 0.5
    share: float = 1.0


@dataclass(frozen=True)
class Lesson:
    """What a machine learns from, float32: passages (N, P), what it should say (N, K), NaN where not known, weights (N,) about 1."""

    passages: Array
    said: Array
    weights: Array


def columns_of(layers: tuple[int, ...], inputs: int) -> Places:
    """Return the places in a description (core/voice.py) of the mean and deviation of `layers`, of timbre and melody; () for all."""
    if not layers:
        return np.arange(inputs)
    starts, total = np.cumsum((0, *WIDTHS)), sum(WIDTHS)
    found = [total * statistic + np.arange(starts[layer], starts[layer + 1]) for statistic in range(2) for layer in layers]
    return np.concatenate([*found, np.arange(2 * total, inputs)])


def main_directions(values: Array, count: int) -> Tensor:
    """Return the `count` directions (D, count) in which rows (N, D) are largest; of no rows none."""
    count = min(count, *values.shape)
    if not count:
        return torch.zeros(values.shape[1], 0)
    return torch.svd_lowrank(torch.from_numpy(values), q=min(count + BESIDE, *values.shape), niter=ROUNDS)[2][:, :count]


def fit(lesson: Lesson, config: MachineConfig, mean: Array, deviation: Array, changes: Array) -> Machine:
    """Return the machine that learnt a lesson; mean, deviation: (P,) of descriptions; changes: (M, P), in deviations, whose main
    directions are taken out, or none (nuisance attribute projection; Solomonoff et al., 2005)."""
    columns = columns_of(config.layers, len(mean))
    standard = ((lesson.passages[:, columns] - mean[columns]) / deviation[columns]).clip(-MOST, MOST).astype(np.float32)
    seen, taken = torch.from_numpy(standard), main_directions(changes[:, columns], NUISANCES)           # (N, D), (D, M)
    basis = main_directions((seen - seen @ taken @ taken.T).numpy(), config.components)                 # (D, E)
    basis = basis - taken @ (taken.T @ basis)
    place = seen @ basis                                                                                # (N, E)
    buffers = torch.from_numpy(columns), torch.from_numpy(mean[columns]), torch.from_numpy(deviation[columns])
    if config.breadth:
        breadth = config.breadth / len(columns)
        weights = config.share * solve(likeness(place, place.T, breadth), lesson, config.ridge)
        return Machine(buffers, basis, examples=place.T.contiguous(), weights=weights, breadth=breadth)
    weights = config.share / len(columns) * place.T @ solve(place @ place.T / len(columns), lesson, config.ridge)
    return Machine(buffers, basis @ weights)


def solve(near: Tensor, lesson: Lesson, ridge: float) -> Tensor:
    """Return the weights (N, K) of the ridge regression on likenesses (N, N); what is not known of a recording has none."""
    said, noise = torch.from_numpy(lesson.said), torch.from_numpy(ridge / lesson.weights)
    weights, unknown = torch.zeros_like(said), said.isnan()
    for pattern in torch.unique(unknown, dim=1).T:                      # (N,), of the columns that are known of the same recordings
        together, known = torch.where((unknown == pattern[:, None]).all(0))[0], torch.where(~pattern)[0]
        factor = torch.linalg.cholesky(near[known][:, known] + torch.diag(noise[known]))
        weights[known[:, None], together[None]] = torch.cholesky_solve(said[known][:, together], factor)
    return weights
