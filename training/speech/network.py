"""The lip network: speech features -> articulation channels and phone posteriors, over a whole clip (Sec. 4.2).

Two trunks. "decoder" is the form of SelfTalk (Peng et al. 2023): features -> linear -> transformer decoder over the whole
clip, its target and its memory both the speech, not autoregressive -> motion. "convolutions", the default because it
measures better (docs/lip_network.md), is dilated convolutions (as in WaveNet, van den Oord et al. 2016, but looking both
ways). The performer turns the regular motion of written rules into that of a filmed face. The lip reader recovers the
speech content from the lips' motion alone and is used in training only.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.articulation import CHANNELS

# what a lip reader sees; the tongue is hidden
VISIBLE = tuple(index for index, channel in enumerate(CHANNELS) if not channel.startswith("tongue"))
# what the filmed face shows; f and v, which it does not, and the tongue stay with the rules
PERFORMED = tuple(index for index in VISIBLE if CHANNELS[index] != "labiodental")


@dataclass(frozen=True)
class LipNetworkConfig:
    """Sizes of the network. trunk: "convolutions" or "decoder"; bounded: motion is channels in 0..1, else offsets of vertices
    (3V outputs, as in the paper), zero before training."""

    encoder: int = 288
    spectrum: int = 80
    width: int = 96
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2)
    trunk: str = "convolutions"
    layers: int = 1             # of the decoder; SelfTalk has one of 512 with 4 heads
    heads: int = 4
    channels: int = 11
    bounded: bool = True
    phones: int = 50
    dropout: float = 0.1
    performer: tuple[int, ...] = ()     # dilations of the performer; none: the motion of the rules
    performer_width: int = 48
    performer_dropout: float = 0.2

    @property
    def reach(self) -> int:
        """Frames to either side that one output frame depends on; the decoder, which sees everything, is given 5 s."""
        side = (self.kernel - 1) // 2
        own = 300 if self.trunk == "decoder" else side * (sum(self.dilations) + 1)
        return own + (side * (sum(self.performer) + 1) if self.performer else 0)

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


class Decoder(nn.Module):
    """SelfTalk's transformer decoder: the speech is both target and memory."""

    def __init__(self, config: LipNetworkConfig) -> None:
        super().__init__()
        layer = nn.TransformerDecoderLayer(config.width, config.heads, 2 * config.width, config.dropout, batch_first=True)
        self.layers = nn.TransformerDecoder(layer, config.layers)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden: (B, C, T)."""
        speech = hidden.transpose(1, 2)                                         # (B, T, C)
        result: Tensor = self.layers(speech, speech).transpose(1, 2)            # (B, C, T)
        return result


def make_trunk(config: LipNetworkConfig) -> nn.Module:
    """Return the trunk that `config` names. Raises ValueError for an unknown one."""
    if config.trunk == "decoder":
        return Decoder(config)
    if config.trunk != "convolutions":
        raise ValueError(f"unknown trunk {config.trunk!r}: convolutions or decoder")
    return nn.Sequential(*(Block(config.width, config.kernel, dilation, config.dropout) for dilation in config.dilations))


class Performer(nn.Module):
    """Rules' motion (B, T, C), phones' probabilities (B, T, P), loudness (B, T, 1) -> motion (B, T, C) as a filmed face has it.

    It knows the speech only by what sounds and how loud, so that what it learns from one speaker holds for others.
    """

    def __init__(self, config: LipNetworkConfig) -> None:
        super().__init__()
        width, kernel = config.performer_width, config.kernel
        self.inlet = nn.Conv1d(config.channels + config.phones + 1, width, kernel, padding=(kernel - 1) // 2)
        self.blocks = nn.Sequential(*(Block(width, kernel, dilation, config.performer_dropout) for dilation in config.performer))
        self.outlet = nn.Conv1d(width, len(PERFORMED), 1)

    def forward(self, motion: Tensor, phones: Tensor, loudness: Tensor) -> Tensor:
        """Return the motion with the channels PERFORMED replaced."""
        hidden = self.blocks(self.inlet(torch.cat([motion, phones, loudness], dim=2).transpose(1, 2)))   # (B, W, T)
        performed = torch.sigmoid(self.outlet(hidden)).transpose(1, 2)                                    # (B, T, N)
        columns = [performed[..., PERFORMED.index(index)] if index in PERFORMED else motion[..., index]
                   for index in range(motion.shape[-1])]
        return torch.stack(columns, dim=2)


class LipNetwork(nn.Module):
    """encoder (B, T, E), spectrum (B, T, 80) -> motion (B, T, C) and phones (B, T, P), log posteriors."""

    def __init__(self, config: LipNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder_norm = nn.BatchNorm1d(config.encoder)
        self.spectrum_norm = nn.BatchNorm1d(config.spectrum)
        self.encoder_in = nn.Conv1d(config.encoder, config.width, 1)
        self.spectrum_in = nn.Conv1d(config.spectrum, config.width, config.kernel, padding=(config.kernel - 1) // 2)
        self.dropout = nn.Dropout(config.dropout)
        self.trunk = make_trunk(config)
        self.motion = nn.Conv1d(config.width, config.channels, 1)
        self.phones = nn.Conv1d(config.width, config.phones, 1)
        self.performer = Performer(config) if config.performer else None
        if not config.bounded:
            for parameter in self.motion.parameters():
                nn.init.zeros_(parameter)

    def forward(self, encoder: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Return motion and log posteriors of the phones."""
        heard = self.encoder_in(self.dropout(self.encoder_norm(encoder.transpose(1, 2))))      # (B, C, T)
        hidden = heard + self.spectrum_in(self.spectrum_norm(spectrum.transpose(1, 2)))        # (B, C, T)
        hidden = self.trunk(hidden)                                                            # (B, C, T)
        motion = self.motion(hidden).transpose(1, 2)                                           # (B, T, K)
        phones = functional.log_softmax(self.phones(hidden), dim=1).transpose(1, 2)            # (B, T, P)
        if self.config.bounded:
            motion = torch.sigmoid(motion)
        if self.performer is not None:
            motion = self.performer(motion, phones.exp(), spectrum.mean(dim=2, keepdim=True))
        return motion, phones


class LipReader(nn.Module):
    """The lip-reading branch: the lips' motion alone (B, T, C) -> latent (B, T, W) and phones (B, T, P), log posteriors."""

    def __init__(self, channels: int, phones: int, width: int = 96, dilations: tuple[int, ...] = (1, 2, 4)) -> None:
        super().__init__()
        self.inlet = nn.Conv1d(channels, width, 5, padding=2)
        self.blocks = nn.Sequential(*(Block(width, 5, dilation, 0.0) for dilation in dilations))
        self.phones = nn.Conv1d(width, phones, 1)

    def forward(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the reader thinks, and what it says."""
        latent = self.blocks(self.inlet(motion.transpose(1, 2)))                               # (B, W, T)
        return latent.transpose(1, 2), functional.log_softmax(self.phones(latent), dim=1).transpose(1, 2)
