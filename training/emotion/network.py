"""The recogniser: a passage's description -> seven emotions and their strength (Sec. 4.1); a mean of several members."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from core.types import HEARD

MOST = 5.0                      # deviations that a feature counts at most


@dataclass(frozen=True)
class RecogniserConfig:
    """inputs: P of a passage's description; width: of both hidden layers; input_dropout, dropout: shares of what is left out."""

    inputs: int
    width: int = 192
    input_dropout: float = 0.3
    dropout: float = 0.5


class Recogniser(nn.Module):
    """One member: standardise, leave out what rooms and microphones do, two hidden layers, an output for the emotion and one for its
    strength.

    nuisance: (N, P) directions of standardised descriptions that are taken out (nuisance attribute projection; Solomonoff et al.,
    2005).
    """

    mean: Tensor
    deviation: Tensor
    nuisance: Tensor

    def __init__(self, config: RecogniserConfig, mean: Tensor, deviation: Tensor, nuisance: Tensor) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.register_buffer("nuisance", nuisance)
        self.hidden = nn.Sequential(
            nn.Dropout(config.input_dropout), nn.Linear(config.inputs, config.width), nn.GELU(), nn.Dropout(config.dropout),
            nn.Linear(config.width, config.width), nn.GELU(), nn.Dropout(config.dropout))
        self.emotion = nn.Linear(config.width, len(HEARD))
        self.strength = nn.Linear(config.width, 1)

    def forward(self, passages: Tensor) -> tuple[Tensor, Tensor]:
        """Return the emotions' logits (B, 7) and the strength's logit (B,) of passages (B, P)."""
        standard = ((passages - self.mean) / self.deviation).clamp(-MOST, MOST)                         # (B, P)
        hidden = self.hidden(standard - standard @ self.nuisance.T @ self.nuisance)                     # (B, C)
        return self.emotion(hidden), self.strength(hidden)[:, 0]


class Ensemble(nn.Module):
    """The mean of its members' probabilities, calibrated by one temperature, and of their strength by a line (Guo et al., 2017)."""

    def __init__(self, members: list[Recogniser], *, temperature: float = 1.0, strength: tuple[float, float] = (1.0, 0.0)) -> None:
        """temperature: of the mean's logarithm; strength: slope and offset of the mean logit that the strength is taken from."""
        super().__init__()
        self.members = nn.ModuleList(members)
        self.temperature, self.slope, self.offset = temperature, *strength

    @property
    def first(self) -> Recogniser:
        """A member: all of them standardise alike."""
        return cast(Recogniser, self.members[0])

    def forward(self, passages: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities (B, 7) and strength 0..1 (B,) of passages (B, P)."""
        results = [cast(tuple[Tensor, Tensor], member(passages)) for member in self.members]
        mean = torch.stack([logits.softmax(-1) for logits, _ in results]).mean(0)                       # (B, 7)
        strength = torch.stack([logit for _, logit in results]).mean(0)                                 # (B,)
        return (mean.log() / self.temperature).softmax(-1), torch.sigmoid(self.slope * strength + self.offset)
