"""FuNet (paper Table 2): M_lip and M_emo side by side -> M'_face, each as offsets from the person's neutral head.

`paper` is Table 2. `compact` is the same network with fewer channels and a narrower bottleneck, and its last layer is a fixed basis of
smooth faces (training/funet/start.py), which keeps the file small and steps at the borders of regions out of what it can say.
Images lie on their side, 6 x N: the same convolutions, several times faster where a row is long.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

SCALE = 100.0                   # the convolutions see centimetres


@dataclass(frozen=True)
class FuNetConfig:
    """Sizes of Table 2. slope: of LeakyReLU, which the paper does not tell; fixed: the last layer is not trained."""

    vertices: int = 5023
    first: int = 256
    second: int = 128
    blocks: int = 3
    third: int = 64
    bottleneck: int = 8192
    slope: float = 0.01
    fixed: bool = False

    def values(self) -> dict[str, Any]:
        """Return the configuration as plain values."""
        return asdict(self)


def paper(vertices: int = 5023) -> FuNetConfig:
    """Return Table 2 for a head of so many vertices."""
    return FuNetConfig(vertices)


def compact(vertices: int) -> FuNetConfig:
    """Return the network of the default pack."""
    return FuNetConfig(vertices, first=4, second=2, third=2, bottleneck=144, slope=0.2, fixed=True)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, added to their input."""

    def __init__(self, width: int, slope: float) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.activation = nn.LeakyReLU(slope)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden: (B, C, 6, N)."""
        inner = self.second(self.activation(self.first(hidden)))                # (B, C, 6, N)
        result: Tensor = self.activation(hidden + inner)                        # (B, C, 6, N)
        return result


class FuNet(nn.Module):
    """lip and emo (B, N, 3), metres -> fused (B, N, 3), metres."""

    def __init__(self, config: FuNetConfig) -> None:
        super().__init__()
        self.config = config
        self.first = nn.Conv2d(1, config.first, 3, padding=1)
        self.second = nn.Conv2d(config.first, config.second, 3, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(config.second, config.slope) for _ in range(config.blocks))
        self.third = nn.Conv2d(config.second, config.third, 3, padding=1)
        self.fourth = nn.Conv2d(config.third, 1, 3, padding=1)
        self.activation = nn.LeakyReLU(config.slope)
        self.narrow = nn.Linear(6 * config.vertices, config.bottleneck)
        self.wide = nn.Linear(config.bottleneck, 3 * config.vertices)
        self.wide.requires_grad_(not config.fixed)
        self.register_buffer("lift", torch.zeros(()))         # what start.py adds before the last activation
        self.lift: Tensor

    def features(self, lip: Tensor, emo: Tensor) -> Tensor:
        """Return what the fully connected layers see (B, 6 N)."""
        hidden = SCALE * torch.cat([lip, emo], dim=2).transpose(1, 2)[:, None]  # (B, 1, 6, N)
        hidden = self.activation(self.first(hidden))                            # (B, 256, 6, N)
        hidden = self.activation(self.second(hidden))                           # (B, 128, 6, N)
        for block in self.blocks:
            hidden = block(hidden)                                              # (B, 128, 6, N)
        hidden = self.activation(self.third(hidden))                            # (B, 64, 6, N)
        hidden = self.activation(self.fourth(hidden))                           # (B, 1, 6, N)
        return hidden.flatten(1) - self.lift                                    # (B, 6 N)

    def forward(self, lip: Tensor, emo: Tensor) -> Tensor:
        """Return (B, N, 3)."""
        hidden = self.wide(self.narrow(self.features(lip, emo)))                # (B, N 3)
        result: Tensor = hidden.unflatten(1, (self.config.vertices, 3)) / SCALE     # (B, N, 3)
        return result
