"""The recogniser: a passage's description -> seven emotions and their strength (Sec. 4.1); linear machines."""

import torch
from torch import Tensor, nn

from core.types import HEARD

MOST = 5.0                      # deviations that a feature counts at most
SHARP = 8.0                     # scores to logits, before the temperature
LOGIT = 4.0                     # slope of the logistic function in its middle, as the strength's score has
PLAIN, CHANGED = -0.4, 0.4      # what the judge of the sound says, up to which it is plain, and from which it is changed


class Ensemble(nn.Module):
    """Machines that learnt from plain recordings, and machines that learnt from changed ones too, which are asked where the judge
    of the sound hears a change. Calibrated by one temperature, and the strength by a line (Guo et al., 2017)."""

    mean: Tensor
    deviation: Tensor
    plain: Tensor
    robust: Tensor
    judge: Tensor
    expected: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor, *, plain: Tensor, robust: Tensor, judge: Tensor) -> None:
        """mean, deviation: (P,) of descriptions; plain, robust: (P + 1, 8) weights of what they say, of the emotions and the strength,
        the last for all passages alike; judge: (P + 1, 1), -.5 plain to .5 changed."""
        super().__init__()
        for name, value in (("mean", mean), ("deviation", deviation), ("plain", plain), ("robust", robust), ("judge", judge),
                            ("expected", torch.zeros(len(HEARD)))):
            self.register_buffer(name, value)
        self.temperature, self.slope, self.offset = 1.0, 1.0, 0.0

    def calibrated(self, temperature: float, strength: tuple[float, float], prior: float = 1.0) -> "Ensemble":
        """Return itself with a temperature, a slope and an offset of the strength's logit; prior: how many times as likely neutral is
        as each other emotion before anything is heard."""
        self.temperature, (self.slope, self.offset) = temperature, strength
        self.expected = torch.tensor([prior if emotion == "neutral" else 1.0 for emotion in HEARD]).log()
        return self

    def forward(self, passages: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities (B, 7) and strength 0..1 (B,) of passages (B, P)."""
        standard = ((passages - self.mean) / self.deviation).clamp(-MOST, MOST)                         # (B, P)
        plain, robust, judged = (standard @ weights[:-1] + weights[-1] for weights in (self.plain, self.robust, self.judge))
        change = ((judged - PLAIN) / (CHANGED - PLAIN)).clamp(0, 1)                                     # (B, 1)
        scores = plain + change * (robust - plain)
        emotions, strength = scores[:, :len(HEARD)], scores[:, len(HEARD)]
        said = (SHARP / self.temperature) * emotions + self.expected
        return said.softmax(-1), torch.sigmoid(self.slope * LOGIT * strength + self.offset)
