"""Fit the recogniser's machines: no rounds of training, each is the solution of one system of equations (ridge regression)."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.speech.voice_encoder import WIDTHS
from core.types import HEARD

from .network import MOST

Array = NDArray[np.float32]
Places = NDArray[np.int64]
NUISANCES = 10                  # directions of what changes without the emotion
SPREAD = 0.25                   # how much the deviations of layers weigh beside their means: they carry over less to other voices
STRENGTH_RIDGE = 2.0            # it is learnt from fewer recordings
STRENGTH_MELODY = 10.0          # how much timbre and melody weigh there
WORDS = 0.3                     # how much moments with other sounds weigh in all, beside the recordings
ROUNDS, BESIDE = 2, 10          # of the search for main directions, and directions searched beside those wanted


@dataclass(frozen=True)
class MachineConfig:
    """layers: of both encoders (core/speech/voice_encoder.py) that it sees, with timbre and melody, () for the whole description;
    ridge: of the regression; spread, melody: how much the deviations of layers, and timbre and melody, weigh beside the layers' means;
    share: of what the recogniser says; copies: how many changed ones of each recording, from the last, it learns from beside the clean
    one; words: how much it matters that it says the same whatever the words are."""

    layers: tuple[int, ...] = ()
    ridge: float = 0.3
    spread: float = SPREAD
    melody: float = 1.0
    share: float = 1.0
    copies: int = 0
    words: float = WORDS

    def of_strength(self) -> "MachineConfig":
        """Return the options of the machine beside it that hears how strong the emotion is."""
        return replace(self, ridge=STRENGTH_RIDGE, spread=1.0, melody=STRENGTH_MELODY)


@dataclass(frozen=True)
class Lesson:
    """What a machine learns from, float32: passages (N, P), what it should say (N, K), NaN where not known, weights (N,) about 1."""

    passages: Array
    said: Array
    weights: Array

    def of_emotions(self) -> "Lesson":
        """Return what there is to learn of emotions."""
        return replace(self, said=self.said[:, :len(HEARD)])

    def of_strength(self) -> "Lesson":
        """Return what there is to learn of their strength, of the recordings of which it is known."""
        known = ~np.isnan(self.said[:, -1])
        return Lesson(self.passages[known], self.said[known][:, len(HEARD):], self.weights[known])


@dataclass(frozen=True)
class Standard:
    """mean, deviation: (P,) of descriptions, by which each number is brought to mean 0 and deviation 1, at most MOST."""

    mean: Array
    deviation: Array

    def __call__(self, passages: Array) -> Array:
        """Return passages (N, P) so, and a 1 for each (N, P + 1)."""
        seen = ((passages - self.mean) / self.deviation).clip(-MOST, MOST)
        return np.pad(seen, ((0, 0), (0, 1)), constant_values=1).astype(np.float32)

    def moved(self, differences: Array) -> Array:
        """Return differences (N, L) of the first numbers in deviations, at most MOST, with 0 for all others (N, P)."""
        seen = (differences / self.deviation[:differences.shape[1]]).clip(-MOST, MOST)
        return np.pad(seen, ((0, 0), (0, len(self.deviation) - seen.shape[1]))).astype(np.float32)


def columns_of(layers: tuple[int, ...], inputs: int) -> Places:
    """Return the places in a description (core/speech/voice.py) of mean and deviation of `layers`, timbre and melody; () for all."""
    if not layers:
        return np.arange(inputs)
    starts, total = np.cumsum((0, *WIDTHS)), sum(WIDTHS)
    found = [total * statistic + np.arange(starts[layer], starts[layer + 1]) for statistic in range(2) for layer in layers]
    return np.concatenate([*found, np.arange(2 * total, inputs)])


def scales_of(columns: Places, config: MachineConfig) -> Array:
    """Return what the numbers of a description at some places are multiplied with to weigh as much as they should."""
    total = sum(WIDTHS)
    weights = np.select([columns < total, columns < 2 * total], [1.0, config.spread], config.melody)
    return np.sqrt(weights).astype(np.float32)


def main_directions(values: Array, count: int) -> Tensor:
    """Return the `count` directions (D, count) in which rows (N, D) are largest; of no rows none."""
    count = min(count, *values.shape)
    if not count:
        return torch.zeros(values.shape[1], 0)
    return torch.svd_lowrank(torch.from_numpy(values), q=min(count + BESIDE, *values.shape), niter=ROUNDS)[2][:, :count]


def fit(lesson: Lesson, config: MachineConfig, standard: Standard, changes: Array, words: Array) -> Tensor:
    """Return the weights (P + 1, K) of the machine that learnt a lesson, 0 for what it does not see, the last for all passages alike;
    changes: (M, P), in deviations, whose main directions are taken out, or none (nuisance attribute projection; Solomonoff et al.,
    2005); words: (W, P), in deviations, how moments differ by what is said alone, at which it should say nothing, or none."""
    columns = torch.from_numpy(columns_of(config.layers, len(standard.mean)))
    scales = torch.from_numpy(scales_of(columns.numpy(), config))                                       # (D,)
    weighing = float(scales @ scales)
    count, more = len(lesson.passages), len(words)
    seen = torch.from_numpy(np.concatenate([standard(lesson.passages)[:, columns], words[:, columns]])) * scales     # (N + W, D)
    whole = torch.cat([torch.ones(count), torch.zeros(more)])           # a difference has nothing that all passages have
    said = np.pad(lesson.said, ((0, more), (0, 0)))
    weights = np.pad(lesson.weights, (0, more), constant_values=config.words * count / max(more, 1))
    taken = main_directions(changes[:, columns] * scales.numpy(), NUISANCES)                            # (D, M)
    seen = seen - (seen @ taken) @ taken.T
    shares = solve(seen @ seen.T / weighing + torch.outer(whole, whole), said, config.ridge / weights)  # (N + W, K)
    heard = seen.T @ shares / weighing                                                                  # (D, K)
    result = torch.zeros(len(standard.mean) + 1, shares.shape[1])
    result[columns], result[-1] = (heard - taken @ (taken.T @ heard)) * scales[:, None], whole @ shares
    return config.share * result


def solve(near: Tensor, told: Array, ridge: Array) -> Tensor:
    """Return the weights (N, K) of the regression of what is told (N, K) on likenesses (N, N), with a ridge (N,) for each recording;
    what is not known of one has none."""
    said, noise = torch.from_numpy(told), torch.from_numpy(ridge)
    weights, unknown = torch.zeros_like(said), said.isnan()
    for pattern in torch.unique(unknown, dim=1).T:                      # (N,), of the columns that are known of the same recordings
        together, known = torch.where((unknown == pattern[:, None]).all(0))[0], torch.where(~pattern)[0]
        factor = torch.linalg.cholesky(near[known][:, known] + torch.diag(noise[known]))
        weights[known[:, None], together[None]] = torch.cholesky_solve(said[known][:, together], factor)
    return weights
