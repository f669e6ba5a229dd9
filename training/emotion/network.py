"""The recogniser: a passage -> seven emotions and their strength (Sec. 4.1), the mean of a linear and of deep members."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from core.types import HEARD

MOST = 5.0                      # deviations that a feature counts at most
LINEAR_SHARE = 0.5              # of the linear member in the mean


@dataclass(frozen=True)
class RecogniserConfig:
    """inputs: P of a passage's description; width: of both hidden layers; input_dropout, dropout: shares of what is left out."""

    inputs: int
    width: int = 192
    input_dropout: float = 0.3
    dropout: float = 0.5


class Standard(nn.Module):
    """Standardise, and leave out what rooms and microphones do.

    nuisance: (N, P) directions of standardised descriptions that are taken out (nuisance attribute projection; Solomonoff et al.,
    2005).
    """

    mean: Tensor
    deviation: Tensor
    nuisance: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor, nuisance: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.register_buffer("nuisance", nuisance)

    def forward(self, passages: Tensor) -> Tensor:
        """Return standardised passages (B, P)."""
        standard = ((passages - self.mean) / self.deviation).clamp(-MOST, MOST)
        return standard - standard @ self.nuisance.T @ self.nuisance


class LinearRecogniser(nn.Module):
    """One member: a line for each emotion, and one for the strength (training/emotion/linear.py fits them)."""

    def __init__(self, standard: Standard, emotion: nn.Linear, strength: nn.Linear) -> None:
        super().__init__()
        self.standard, self.emotion, self.strength = standard, emotion, strength

    def forward(self, passages: Tensor) -> tuple[Tensor, Tensor]:
        """Return the emotions' logits (B, 7) and the strength's logit (B,) of passages (B, P)."""
        standard = self.standard(passages)
        return self.emotion(standard), self.strength(standard)[:, 0]


class Recogniser(nn.Module):
    """One member: two hidden layers, an output for the emotion and one for its strength."""

    def __init__(self, config: RecogniserConfig, standard: Standard) -> None:
        super().__init__()
        self.config, self.standard = config, standard
        self.hidden = nn.Sequential(
            nn.Dropout(config.input_dropout), nn.Linear(config.inputs, config.width), nn.GELU(), nn.Dropout(config.dropout),
            nn.Linear(config.width, config.width), nn.GELU(), nn.Dropout(config.dropout))
        self.emotion = nn.Linear(config.width, len(HEARD))
        self.strength = nn.Linear(config.width, 1)

    def forward(self, passages: Tensor) -> tuple[Tensor, Tensor]:
        """Return the emotions' logits (B, 7) and the strength's logit (B,) of passages (B, P)."""
        hidden = self.hidden(self.standard(passages))                                                   # (B, C)
        return self.emotion(hidden), self.strength(hidden)[:, 0]


class Ensemble(nn.Module):
    """The mean of its members' probabilities, calibrated by one temperature, and of their strength by a line (Guo et al., 2017)."""

    shares: Tensor

    def __init__(self, members: Sequence[LinearRecogniser | Recogniser], *, temperature: float = 1.0,
                 strength: tuple[float, float] = (1.0, 0.0)) -> None:
        """temperature: of the mean's logarithm; strength: slope and offset of the mean logit that the strength is taken from."""
        super().__init__()
        self.members = nn.ModuleList(members)
        linear = [isinstance(member, LinearRecogniser) for member in members]
        share = {True: LINEAR_SHARE / max(sum(linear), 1), False: (1 - LINEAR_SHARE) / max(len(linear) - sum(linear), 1)}
        shares = torch.tensor([share[own] for own in linear])
        self.register_buffer("shares", shares / shares.sum())
        self.temperature, self.slope, self.offset = temperature, *strength

    @property
    def standard(self) -> Standard:
        """How the first member standardises; all of them have the same mean."""
        return cast(Recogniser, self.members[0]).standard

    def forward(self, passages: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities (B, 7) and strength 0..1 (B,) of passages (B, P)."""
        results = [cast(tuple[Tensor, Tensor], member(passages)) for member in self.members]
        mean = torch.einsum("m,mbe->be", self.shares, torch.stack([logits.softmax(-1) for logits, _ in results]))
        strength = torch.einsum("m,mb->b", self.shares, torch.stack([logit for _, logit in results]))
        return (mean.log() / self.temperature).softmax(-1), torch.sigmoid(self.slope * strength + self.offset)
