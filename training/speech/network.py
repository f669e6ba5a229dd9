"""The lip network: speech features -> articulation channels and phone posteriors, over a whole clip (Sec. 4.2).

Two trunks. "decoder", the default because it measures better on real speech (docs/lip_network.md), is the form of SelfTalk
(Peng et al. 2023): features -> linear -> transformer decoder, its target and its memory both the speech, not
autoregressive -> motion. "convolutions" is dilated convolutions (WaveNet, van den Oord et al. 2016, but both ways).
The performer turns the regular motion of written rules into that of a filmed face. The lip reader recovers the speech
content from the lips' motion alone and is used in training only.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.speech.articulation import CHANNELS

from .phones import INVENTORY

# what a lip reader sees; the tongue is hidden
VISIBLE = tuple(index for index, channel in enumerate(CHANNELS) if not channel.startswith("tongue"))
# what the filmed face shows; f and v, which it does not, and the tongue stay with the rules
PERFORMED = tuple(index for index in VISIBLE if CHANNELS[index] != "labiodental")
PUCKER = CHANNELS.index("pucker")
# the filmed speaker hardly rounds his lips; viewers expect it of these sounds, by this much at least
ROUNDED = tuple(INVENTORY.index(label) for label in ("uw", "uh", "ue", "oe", "ow", "w"))
ROUNDING = 0.7
STEADY = (0.1, 0.2, 0.4, 0.2, 0.1)  # shares of a frame and its neighbours in the performed motion


@dataclass(frozen=True)
class LipNetworkConfig:
    """Sizes of the network. trunk: "convolutions" or "decoder"; bounded: motion is channels in 0..1, else offsets of vertices
    (3V outputs, as in the paper), zero before training."""

    encoder: int = 288
    spectrum: int = 80
    width: int = 320
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2)
    trunk: str = "decoder"
    layers: int = 1             # of the decoder; SelfTalk has one of 512 with 4 heads
    heads: int = 4
    span: int = 120             # frames to either side that the decoder attends to: more changed nothing, and blocks join exactly
    channels: int = 11
    bounded: bool = True
    phones: int = 50
    dropout: float = 0.3

    @property
    def reach(self) -> int:
        """Frames to either side that one output frame depends on."""
        side = (self.kernel - 1) // 2
        return side + self.layers * self.span if self.trunk == "decoder" else side * (sum(self.dilations) + 1)

    @property
    def visible(self) -> tuple[int, ...]:
        """The outputs that a lip reader sees."""
        return VISIBLE if self.bounded else tuple(range(self.channels))

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


class Attention(nn.Module):
    """Attention of several heads to what is near in time (Vaswani et al. 2017); torch's own cannot be exported for any T."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inlets = nn.ModuleList(nn.Linear(width, width) for _ in range(3))          # query, key, value
        self.outlet = nn.Linear(width, width)

    def forward(self, speech: Tensor, memory: Tensor, near: Tensor) -> Tensor:
        """speech and memory: (B, T, C); near: (T, T), true where attention may go."""
        query, key, value = (
            inlet(source).unflatten(2, (self.heads, -1)).transpose(1, 2)                # (B, H, T, C / H)
            for inlet, source in zip(self.inlets, (speech, memory, memory), strict=True))
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=near)
        result: Tensor = self.outlet(heard.transpose(1, 2).flatten(2))                  # (B, T, C)
        return result


class DecoderLayer(nn.Module):
    """A transformer's decoder layer: attention to itself, attention to the memory, two linear layers; norms come after."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.itself, self.memory = Attention(width, heads), Attention(width, heads)
        self.wide = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(2 * width, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, speech: Tensor, memory: Tensor, near: Tensor) -> Tensor:
        """Return (B, T, C)."""
        speech = self.norms[0](speech + self.dropout(self.itself(speech, speech, near)))
        speech = self.norms[1](speech + self.dropout(self.memory(speech, memory, near)))
        result: Tensor = self.norms[2](speech + self.dropout(self.wide(speech)))
        return result


class Decoder(nn.Module):
    """SelfTalk's transformer decoder: the speech is both target and memory."""

    def __init__(self, config: LipNetworkConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(config.width, config.heads, config.dropout) for _ in range(config.layers))
        self.span = config.span

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden: (B, C, T)."""
        memory = speech = hidden.transpose(1, 2)                                        # (B, T, C)
        frame = torch.arange(speech.shape[1], device=speech.device)
        near = (frame[:, None] - frame[None]).abs() <= self.span                        # (T, T)
        for layer in self.layers:
            speech = layer(speech, memory, near)
        return speech.transpose(1, 2)                                                   # (B, C, T)


def make_trunk(config: LipNetworkConfig) -> nn.Module:
    """Return the trunk that `config` names. Raises ValueError for an unknown one."""
    if config.trunk == "decoder":
        return Decoder(config)
    if config.trunk != "convolutions":
        raise ValueError(f"unknown trunk {config.trunk!r}: convolutions or decoder")
    return nn.Sequential(*(Block(config.width, config.kernel, dilation, config.dropout) for dilation in config.dilations))


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
        return motion, phones


def smooth(curves: Tensor, shares: tuple[float, ...]) -> Tensor:
    """Return curves (B, C, T) averaged over neighbouring frames, the first and last held."""
    side = len(shares) // 2
    padded = torch.cat([curves[..., :1].repeat(1, 1, side), curves, curves[..., -1:].repeat(1, 1, side)], dim=2)
    length = padded.shape[2] - len(shares) + 1
    return torch.stack([share * padded[..., shift:shift + length] for shift, share in enumerate(shares)]).sum(dim=0)


class Performer(nn.Module):
    """Rules' motion (B, T, C), phones' probabilities (B, T, P), loudness (B, T, 1) -> motion (B, T, C) as a filmed face has it.

    It knows the speech only by what sounds and how loud, so that what it learns from one speaker holds for others.
    """

    def __init__(self, channels: int, phones: int, width: int = 32, kernel: int = 5, dilations: tuple[int, ...] = (1, 2, 4, 8),
                 dropout: float = 0.4) -> None:
        super().__init__()
        self.reach = (kernel - 1) // 2 * (sum(dilations) + 1) + len(STEADY) // 2
        self.inlet = nn.Conv1d(channels + phones + 1, width, kernel, padding=(kernel - 1) // 2)
        self.blocks = nn.Sequential(*(Block(width, kernel, dilation, dropout) for dilation in dilations))
        self.outlet = nn.Conv1d(width, len(PERFORMED), 1)

    def forward(self, motion: Tensor, phones: Tensor, loudness: Tensor) -> Tensor:
        """Return the motion with the channels PERFORMED replaced."""
        hidden = self.blocks(self.inlet(torch.cat([motion, phones, loudness], dim=2).transpose(1, 2)))   # (B, W, T)
        performed = smooth(torch.sigmoid(self.outlet(hidden)), STEADY).transpose(1, 2)                    # (B, T, N)
        rounded = smooth(phones[..., ROUNDED].sum(dim=2)[:, None], (1 / 7,) * 7)[:, 0]                    # (B, T)
        place = PERFORMED.index(PUCKER)
        performed = torch.cat([performed[..., :place], torch.maximum(performed[..., place], ROUNDING * rounded)[..., None],
                               performed[..., place + 1:]], dim=2)
        columns = [performed[..., PERFORMED.index(index)] if index in PERFORMED else motion[..., index]
                   for index in range(motion.shape[-1])]
        return torch.stack(columns, dim=2)


class LipModel(nn.Module):
    """What is exported: the mean of networks that were trained apart, which errs less than each, and the performer after it."""

    def __init__(self, members: Sequence[LipNetwork], performer: Performer | None = None) -> None:
        super().__init__()
        self.members, self.performer = nn.ModuleList(members), performer
        self.config = members[0].config
        self.reach = max(member.config.reach for member in members) + (performer.reach if performer is not None else 0)

    def hear(self, encoder: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the rules' motion (B, T, C), the phones' probabilities (B, T, P) and the loudness (B, T, 1)."""
        heard = [member(encoder, spectrum) for member in self.members]
        motion = torch.stack([motion for motion, _ in heard]).mean(dim=0)
        phones = torch.stack([phones.exp() for _, phones in heard]).mean(dim=0)
        return motion, phones, spectrum.mean(dim=2, keepdim=True)

    def forward(self, encoder: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Return motion and log posteriors of the phones, as one network does."""
        motion, phones, loudness = self.hear(encoder, spectrum)
        if self.performer is not None:
            motion = self.performer(motion, phones, loudness)
        return motion, phones.clamp(min=1e-9).log()


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
