"""SelfTalk (Peng et al. 2023) as the paper trains it (Sec. 4.2): recording and neutral head -> head with mouth, frame by frame.

Speech features of HuBERT or wav2vec 2.0, 50 a second, linear between neighbours at 30 -> linear -> transformer decoder -> offsets of
all vertices. A lip reader sees the lips' offsets alone; what it thinks shall be what the frozen recogniser hears, and what it reads
what the recogniser says.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .network import Decoder, LipNetworkConfig

FPS, HEARD = 30, 50             # frames of the head and of the speech encoder a second
PUBLISHED = {"position": 1000.0, "velocity": 1000.0, "latent": 0.001, "reading": 0.0001}


@dataclass(frozen=True)
class SelfTalkConfig:
    """Sizes. features, letters: of the speech recogniser, blank: its letter for none; width: of the decoder, its feed-forward part is
    twice as wide; reader_layers: of the lip reader's encoder and of its decoder; lips: vertices that it sees; encoder: name or folder
    of the recogniser; tuned: whether the speech encoder is trained along, its convolutions never are; weights: of the loss's terms."""

    vertices: int
    lips: tuple[int, ...]
    features: int = 1024
    letters: int = 32
    blank: int = 0
    width: int = 512
    heads: int = 4
    dropout: float = 0.1
    reader_layers: int = 6
    reader_heads: int = 8
    encoder: str = "facebook/hubert-large-ls960-ft"
    tuned: bool = True
    weights: tuple[float, ...] = tuple(PUBLISHED.values())

    def values(self) -> dict[str, Any]:
        """Return the configuration as plain values."""
        return {**asdict(self), "lips": list(self.lips), "weights": list(self.weights)}

    @classmethod
    def of(cls, values: dict[str, Any]) -> "SelfTalkConfig":
        """Return the configuration that `values` gave."""
        return cls(**{**values, "lips": tuple(values["lips"]), "weights": tuple(values["weights"])})


class SelfTalkDecoder(nn.Module):
    """Features (B, T, F) at 30 frames a second -> offsets (B, T, V, 3), metres; zero before training."""

    def __init__(self, config: SelfTalkConfig) -> None:
        super().__init__()
        self.inlet = nn.Linear(config.features, config.width)
        self.trunk = Decoder(LipNetworkConfig(width=config.width, heads=config.heads, layers=1, dropout=config.dropout, span=1 << 20))
        self.outlet = nn.Linear(config.width, 3 * config.vertices)
        for parameter in self.outlet.parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor) -> Tensor:
        """Return the offsets."""
        hidden = self.trunk(self.inlet(features).transpose(1, 2)).transpose(1, 2)       # (B, T, W)
        result: Tensor = self.outlet(hidden).unflatten(2, (-1, 3))                      # (B, T, V, 3)
        return result


class SelfTalkReader(nn.Module):
    """Lips' offsets (B, T, L, 3) -> thoughts (B, T', F) and letters' log posteriors (B, T', letters), 50 a second."""

    def __init__(self, config: SelfTalkConfig) -> None:
        super().__init__()
        self.inlet = nn.Linear(3 * len(config.lips), config.features)
        self.transformer = nn.Transformer(config.features, config.reader_heads, config.reader_layers, config.reader_layers,
                                          2 * config.features, config.dropout, batch_first=True)
        self.letters = nn.Linear(config.features, config.letters)

    def forward(self, lips: Tensor, frames: int) -> tuple[Tensor, Tensor]:
        """Return what the reader thinks and what it says, `frames` long."""
        seen = resampled(self.inlet(lips.flatten(2)), frames)                           # (B, T', F)
        thought = self.transformer(seen, seen)                                          # (B, T', F)
        return thought, functional.log_softmax(self.letters(thought), dim=2)


class SelfTalk(nn.Module):
    """The whole of it. recogniser: transformers' model for CTC; hearing: its encoder, a copy of which is tuned."""

    def __init__(self, config: SelfTalkConfig, recogniser: Any, hearing: Any) -> None:
        super().__init__()
        self.config = config
        self.hearing, self.frozen = hearing, (recogniser.requires_grad_(False).eval(),)       # a tuple: no part of the checkpoint
        self.hearing.requires_grad_(config.tuned)
        self.hearing.feature_extractor.requires_grad_(False)
        self.decoder, self.reader = SelfTalkDecoder(config), SelfTalkReader(config)

    def train(self, mode: bool = True) -> "SelfTalk":
        """Go to training or back; a speech encoder that is not tuned stays as it is in use."""
        super().train(mode)
        if not self.config.tuned:
            self.hearing.eval()
        return self

    def heard(self, samples: Tensor, frames: int) -> Tensor:
        """Return features (B, frames, F) of recordings (B, N), 16 kHz."""
        return resampled(self.hearing(samples).last_hidden_state, frames)

    def forward(self, samples: Tensor, frames: int) -> dict[str, Tensor]:
        """Return offsets (B, frames, V, 3), and what the lip reader thinks and says beside what the recogniser does."""
        offsets = self.decoder(self.heard(samples, frames))
        with torch.no_grad():
            told = self.frozen[0].to(samples.device)(samples, output_hidden_states=True)
        content = told.hidden_states[-1]                                                # (B, T', F)
        thought, said = self.reader(offsets[:, :, list(self.config.lips)], content.shape[1])
        return {"offsets": offsets, "thought": thought, "said": said, "content": content, "letters": told.logits}


def resampled(values: Tensor, frames: int) -> Tensor:
    """Return values (B, T, C) at so many frames, linear between neighbours, ends on ends."""
    result: Tensor = functional.interpolate(values.transpose(1, 2), size=frames, mode="linear", align_corners=True).transpose(1, 2)
    return result


def losses_of(found: dict[str, Tensor], wanted: Tensor, config: SelfTalkConfig) -> dict[str, Tensor]:
    """Return the published loss's terms: position and velocity of offsets (B, T, V, 3), metres, latent, reading; "loss": their sum."""
    offsets, content = found["offsets"].float(), found["content"].float()
    terms = {"position": functional.mse_loss(offsets, wanted),
             "velocity": functional.mse_loss(offsets.diff(dim=1), wanted.diff(dim=1)),
             "latent": functional.mse_loss(found["thought"].float(), content),
             "reading": read_loss(found["said"].float(), found["letters"], config.blank)}
    weighed = {name: weight * terms[name] for name, weight in zip(PUBLISHED, config.weights, strict=True)}
    return {"loss": torch.stack(list(weighed.values())).sum(), **terms}


def read_loss(said: Tensor, letters: Tensor, blank: int) -> Tensor:
    """Return the CTC loss of what is read (B, T, letters) against what the recogniser says by its logits (B, T, letters)."""
    best = letters.argmax(dim=2)                                                        # (B, T)
    targets = [torch.unique_consecutive(row) for row in best]
    targets = [row[row != blank] for row in targets]
    lengths = torch.tensor([len(row) for row in targets], device=said.device)
    frames = torch.full((len(said),), said.shape[1], device=said.device)
    if not int(lengths.sum()):                                                          # nothing was said
        return -said[:, :, blank].mean()
    return functional.ctc_loss(said.transpose(0, 1), torch.cat(targets), frames, lengths, blank=blank, zero_infinity=True)
