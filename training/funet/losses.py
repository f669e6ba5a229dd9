"""Losses of FuNet (paper Eq. 2-6)."""

from collections.abc import Collection
from typing import Literal

import torch
from torch import Tensor

from core.emotion.fusion import W_EMO, W_LIP
from core.head.model import REGIONS
from core.types import Bytes

MILLIMETRES = 1000.0
Term = Literal["lip", "chi", "exp", "id"]
TERMS: tuple[Term, ...] = ("lip", "chi", "exp", "id")


class FusionLoss:
    """Eq. 2-5 by name, each the mean squared distance, square millimetres, over its region's vertices and the batch."""

    def __init__(self, regions: Bytes, without: Collection[Term] = ()) -> None:
        """regions: (N,) places in REGIONS; without: terms left out of the sum (Table 5)."""
        self.places = {name: torch.from_numpy((regions == index).nonzero()[0]) for index, name in enumerate(REGIONS)}
        self.without = frozenset(without)

    def terms(self, fused: Tensor, lip: Tensor, emo: Tensor) -> dict[Term, Tensor]:
        """Return the terms of (B, N, 3) each, metres."""
        return {"lip": self.between(fused, lip, "lips"),                                                                # Eq. 2
                "chi": W_LIP * self.between(fused, lip, "chin") + W_EMO * self.between(fused, emo, "chin"),             # Eq. 3
                "exp": self.between(fused, emo, "face"),                                                                # Eq. 4
                "id": self.between(fused, lip, "other")}                                                                # Eq. 5

    def between(self, one: Tensor, other: Tensor, region: str) -> Tensor:
        """Return the mean squared distance in a region."""
        places = self.places[region]
        return (MILLIMETRES * (one[:, places] - other[:, places])).square().sum(dim=2).mean()

    def __call__(self, fused: Tensor, lip: Tensor, emo: Tensor) -> Tensor:
        """Return their sum (Eq. 6)."""
        terms = self.terms(fused, lip, emo)
        return torch.stack([value for name, value in terms.items() if name not in self.without]).sum()
