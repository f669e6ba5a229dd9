"""Train the lip network: `python -m training.speech.train --work DIR --out assets/lip_network.onnx`."""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from core.articulation import CHANNELS

from .export import export
from .network import LipNetwork, LipNetworkConfig
from .phones import INVENTORY

log = logging.getLogger(__name__)
HELD_OUT = 25                   # every so many utterances one is kept for validation


@dataclass(frozen=True)
class TrainingConfig:
    """Options of one training run."""

    steps: int = 900
    batch: int = 16
    frames: int = 240           # frames of one example, 4 s
    rate: float = 2e-3
    velocity: float = 4.0       # weight of the velocity loss beside the position loss
    content: float = 0.02       # weight of the phone loss (the lip-reading branch)
    noise: float = 0.05         # of a feature's deviation, added to the inputs
    seed: int = 0


@dataclass(frozen=True)
class Corpus:
    """All copies' frames in sequence: encoder (N, 288), spectrum (N, 80), motion (N, C), phones (N,)."""

    encoder: Tensor
    spectrum: Tensor
    motion: Tensor
    phones: Tensor

    def __len__(self) -> int:
        return len(self.phones)

    def cut(self, starts: NDArray[np.int64], frames: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return examples (B, T, ...) that begin at `starts`."""
        index = torch.from_numpy(starts[:, None] + np.arange(frames))
        return (self.encoder[index].float(), self.spectrum[index].float(), self.motion[index].float(),
                self.phones[index].long())


def load(paths: list[Path]) -> tuple[Corpus, Corpus]:
    """Read feature files and return (training, validation): utterances are divided by their number."""
    parts: dict[bool, dict[str, list[NDArray[np.generic]]]] = {True: {}, False: {}}
    for path in paths:
        with np.load(path) as stored:
            starts = stored["starts"]
            utterance = np.searchsorted(starts, np.arange(starts[-1]), side="right") - 1
            validation = utterance % HELD_OUT == HELD_OUT - 1
            for key in ("encoder", "spectrum", "motion", "phones"):
                values = stored[key]
                parts[True].setdefault(key, []).append(values[validation])
                parts[False].setdefault(key, []).append(values[~validation])
    def join(side: bool) -> Corpus:
        return Corpus(**{key: torch.from_numpy(np.concatenate(values)) for key, values in parts[side].items()})
    return join(False), join(True)


def channel_weights() -> Tensor:
    """Return how much each channel counts: what viewers read from lips counts most."""
    weights = {"aperture": 4.0, "jaw": 2.0, "labiodental": 1.5, "pucker": 1.5}
    return torch.tensor([weights.get(channel, 1.0) for channel in CHANNELS])


def loss_of(network: LipNetwork, batch: tuple[Tensor, Tensor, Tensor, Tensor], config: TrainingConfig) -> Tensor:
    """Return the loss of a batch: position, velocity and content."""
    encoder, spectrum, motion, phones = batch
    predicted, content = network(encoder, spectrum)
    weights = channel_weights()
    position = ((predicted - motion) ** 2 * weights).mean()
    velocity = ((predicted.diff(dim=1) - motion.diff(dim=1)) ** 2 * weights).mean()
    reading = functional.nll_loss(content.flatten(0, 1), phones.flatten())
    total: Tensor = position + config.velocity * velocity + config.content * reading
    return total


def fit(network: LipNetwork, corpus: Corpus, config: TrainingConfig) -> None:
    """Train in place with AdamW and a one-cycle rate."""
    rng = np.random.default_rng(config.seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, total_steps=config.steps, pct_start=0.15)
    network.train()
    spread = corpus.encoder[:20000].float().std(dim=0)
    for step in range(config.steps):
        starts = rng.integers(0, len(corpus) - config.frames, config.batch)
        encoder, spectrum, motion, phones = corpus.cut(starts, config.frames)
        encoder = encoder + config.noise * spread * torch.randn_like(encoder)
        loss = loss_of(network, (encoder, spectrum, motion, phones), config)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            log.info("step %d of %d: loss %.4f", step, config.steps, loss.item())
    network.eval()


@torch.no_grad()
def validate(network: LipNetwork, corpus: Corpus, config: TrainingConfig) -> dict[str, float]:
    """Return figures on held-out utterances: loss, phone accuracy, mean absolute error of the aperture."""
    network.eval()
    starts = np.arange(0, len(corpus) - config.frames, config.frames)[:200]
    batch = corpus.cut(starts, config.frames)
    predicted, content = network(batch[0], batch[1])
    error = (predicted - batch[2]).abs().mean(dim=(0, 1))
    return {"loss": loss_of(network, batch, config).item(),
            "phone_accuracy": float((content.argmax(-1) == batch[3]).float().mean()),
            "aperture_error": float(error[CHANNELS.index("aperture")])}


def main() -> None:
    """Train, validate, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=TrainingConfig.steps)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    config = TrainingConfig(steps=options.steps, seed=options.seed)
    torch.manual_seed(config.seed)
    training, validation = load(sorted(options.work.glob("features_*.npz")))
    network = LipNetwork(LipNetworkConfig(channels=len(CHANNELS), phones=len(INVENTORY)))
    log.info("%d parameters, %.0f min of speech", sum(p.numel() for p in network.parameters()), len(training) / 3600)
    fit(network, training, config)
    log.info("validation: %s", validate(network, validation, config))
    export(network, options.out)


if __name__ == "__main__":
    main()
