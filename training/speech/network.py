"""The lip network: speech features -> articulation channels and phone posteriors, over a whole clip (Sec. 4.2).

Dilated convolutions (as in WaveNet, van den Oord et al. 2016, but looking both ways). The phone posteriors stand in for
the paper's lip-reading branch: motion and speech content are read from the same hidden layer.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class LipNetworkConfig:
    """Sizes of the network."""

    encoder: int = 288
    spectrum: int = 80
    width: int = 96
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2)
    channels: int = 11
    phones: int = 50
    dropout: float = 0.1

    @property
    def reach(self) -> int:
        """Frames to either side that one output frame depends on."""
        return (self.kernel - 1) // 2 * (sum(self.dilations) + 1)

    def values(self) -> dict[str, Any]:
        """Return the configuration as plain values."""
        return asdict(self)


class Block(nn.Module):
    """One dilated convolution with a gate, added to its input."""

    def __init__(self, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.convolution = nn.Conv1d(width, width, kernel, padding=dilation * (kernel - 1) // 2, dilation=dilation)
        self.mix = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden: (B, C, T)."""
        inner = self.norm(hidden.transpose(1, 2)).transpose(1, 2)               # (B, C, T)
        inner = functional.gelu(self.convolution(inner))                        # (B, C, T)
        result: Tensor = hidden + self.mix(self.dropout(inner))                 # (B, C, T)
        return result


class LipNetwork(nn.Module):
    """encoder (B, T, 288), spectrum (B, T, 80) -> motion (B, T, C) in 0..1 and phones (B, T, P), log posteriors."""

    def __init__(self, config: LipNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder_norm = nn.BatchNorm1d(config.encoder)
        self.spectrum_norm = nn.BatchNorm1d(config.spectrum)
        self.encoder_in = nn.Conv1d(config.encoder, config.width, 1)
        self.spectrum_in = nn.Conv1d(config.spectrum, config.width, config.kernel, padding=(config.kernel - 1) // 2)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            Block(config.width, config.kernel, dilation, config.dropout) for dilation in config.dilations)
        self.motion = nn.Conv1d(config.width, config.channels, 1)
        self.phones = nn.Conv1d(config.width, config.phones, 1)

    def forward(self, encoder: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Return motion and log posteriors of the phones."""
        heard = self.encoder_in(self.dropout(self.encoder_norm(encoder.transpose(1, 2))))      # (B, C, T)
        hidden = heard + self.spectrum_in(self.spectrum_norm(spectrum.transpose(1, 2)))        # (B, C, T)
        for block in self.blocks:
            hidden = block(hidden)                                                             # (B, C, T)
        motion = torch.sigmoid(self.motion(hidden)).transpose(1, 2)                            # (B, T, K)
        phones = functional.log_softmax(self.phones(hidden), dim=1).transpose(1, 2)            # (B, T, P)
        return motion, phones
