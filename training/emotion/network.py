"""The recogniser: a passage's description -> seven emotions and their strength (Sec. 4.1); a sum of kernel machines."""

import torch
from torch import Tensor, nn

from core.types import HEARD

MOST = 5.0                      # deviations that a feature counts at most
SHARP = 8.0                     # scores to logits, before the temperature
LOGIT = 4.0                     # slope of the logistic function in its middle, as the strength's score has
PLAIN, CHANGED = -0.4, 0.4      # what the judge of the sound says, up to which it is plain, and from which it is changed


class Machine(nn.Module):
    """One member: standardise, project, compare with examples; regularised least squares (Rifkin et al., 2003).

    columns: (D,) of a description that it sees; mean, deviation: (D,); basis: (D, E) that is projected on; examples: (E, N);
    weights: (N, K) of what each of them says; breadth: of the Gaussian kernel, per squared distance. Of what is like no example it
    says 0. A linear machine has neither examples nor weights, its scores are the projection.
    """

    columns: Tensor
    mean: Tensor
    deviation: Tensor
    basis: Tensor
    examples: Tensor | None
    weights: Tensor | None

    def __init__(self, standard: tuple[Tensor, Tensor, Tensor], basis: Tensor, *, examples: Tensor | None = None,
                 weights: Tensor | None = None, breadth: float = 0.0) -> None:
        """standard: columns, mean and deviation."""
        super().__init__()
        names = ("columns", "mean", "deviation", "basis", "examples", "weights")
        for name, value in zip(names, (*standard, basis, examples, weights), strict=True):
            self.register_buffer(name, value)
        self.breadth = breadth

    def forward(self, passages: Tensor) -> Tensor:
        """Return the scores (B, K) of passages (B, P)."""
        place = ((passages[:, self.columns] - self.mean) / self.deviation).clamp(-MOST, MOST) @ self.basis      # (B, E)
        if self.examples is None or self.weights is None:
            return place
        return likeness(place, self.examples, self.breadth) @ self.weights                              # (B, K)


def likeness(places: Tensor, examples: Tensor, breadth: float) -> Tensor:
    """Return the Gaussian kernel (B, N) of vectors (B, E) and (E, N)."""
    distance = (places ** 2).sum(1)[:, None] + (examples ** 2).sum(0)[None] - 2 * places @ examples
    return torch.exp(-breadth * distance.clamp(min=0))


class Ensemble(nn.Module):
    """Machines that learnt from plain recordings, and machines that learnt from changed ones too, which are asked where the judge
    of the sound hears a change. Calibrated by one temperature, and the strength by a line (Guo et al., 2017)."""

    mean: Tensor

    def __init__(self, plain: list[Machine], robust: list[Machine], judge: Machine, mean: Tensor) -> None:
        """plain, robust: 8 scores each, of the emotions and the strength; judge: one, -.5 plain to .5 changed;
        mean: (P,) of voices."""
        super().__init__()
        self.plain, self.robust, self.judge = nn.ModuleList(plain), nn.ModuleList(robust), judge
        self.register_buffer("mean", mean)
        self.temperature, self.slope, self.offset = 1.0, 1.0, 0.0

    def calibrated(self, temperature: float, strength: tuple[float, float]) -> "Ensemble":
        """Return itself with a temperature, and a slope and an offset of the strength's logit."""
        self.temperature, (self.slope, self.offset) = temperature, strength
        return self

    def forward(self, passages: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities (B, 7) and strength 0..1 (B,) of passages (B, P)."""
        plain = torch.stack([machine(passages) for machine in self.plain]).sum(0)                       # (B, 8)
        robust = torch.stack([machine(passages) for machine in self.robust]).sum(0)                     # (B, 8)
        change = ((self.judge(passages) - PLAIN) / (CHANGED - PLAIN)).clamp(0, 1)                       # (B, 1)
        scores = plain + change * (robust - plain)
        emotions, strength = scores[:, :len(HEARD)], scores[:, len(HEARD)]
        return ((SHARP / self.temperature) * emotions).softmax(-1), torch.sigmoid(self.slope * LOGIT * strength + self.offset)
