"""Train the lip network on the rules: `python -m training.speech.train --work DIR`, which writes DIR/lip_network_NAME.pt."""

import argparse
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.speech.articulation import CHANNELS

from .checkpoint import load as read
from .checkpoint import save
from .export import export
from .network import LipModel, LipNetwork, LipNetworkConfig, LipReader
from .phones import INVENTORY

log = logging.getLogger(__name__)
HELD_OUT = 25                   # every so many utterances one is kept for validation
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class TrainingConfig:
    """Options of one training run."""

    steps: int = 900
    batch: int = 16
    frames: int = 240           # frames of one example, 4 s
    rate: float = 5e-4
    velocity: float = 4.0       # weight of the velocity loss beside the position loss
    content: float = 0.02       # weight of the phones heard
    reading: float = 0.0        # weight of the phones read from the lips' motion alone, predicted and true
    latent: float = 0.001       # weight of the difference between what the reader thinks of either motion
    noise: float = 0.3          # of a feature's deviation, added to the inputs
    seed: int = 0


@dataclass(frozen=True)
class Corpus:
    """All copies' frames in sequence: encoder (N, 288), spectrum (N, 80), motion (N, C) or offsets (N, 3V), phones (N,)."""

    encoder: Tensor
    spectrum: Tensor
    motion: Tensor
    phones: Tensor

    def __len__(self) -> int:
        return len(self.phones)

    def to(self, device: str) -> "Corpus":
        """Return the corpus on another device."""
        return Corpus(*(part.to(device) for part in (self.encoder, self.spectrum, self.motion, self.phones)))

    def cut(self, starts: NDArray[np.int64], frames: int) -> Batch:
        """Return examples (B, T, ...) that begin at `starts`."""
        index = torch.from_numpy(starts[:, None] + np.arange(frames)).to(self.phones.device)
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


def output_weights(config: LipNetworkConfig) -> Tensor:
    """Return how much each output counts: of the channels, what viewers read from lips most; of vertices, all the same."""
    if not config.bounded:
        return torch.ones(config.channels)
    weights = {"aperture": 4.0, "jaw": 2.0, "labiodental": 1.5, "pucker": 1.5}
    return torch.tensor([weights.get(channel, 1.0) for channel in CHANNELS])


def loss_of(network: LipNetwork, batch: Batch, config: TrainingConfig, reader: LipReader | None = None) -> Tensor:
    """Return the loss of a batch: position, velocity, content heard and, with a reader, content read from the lips."""
    encoder, spectrum, motion, phones = batch
    predicted, content = network(encoder, spectrum)
    weights = output_weights(network.config).to(motion.device)
    position = ((predicted - motion) ** 2 * weights).mean()
    velocity = ((predicted.diff(dim=1) - motion.diff(dim=1)) ** 2 * weights).mean()
    hearing = functional.nll_loss(content.flatten(0, 1), phones.flatten())
    total: Tensor = position + config.velocity * velocity + config.content * hearing
    if reader is not None:
        thought, said = reader(predicted[..., network.config.visible])
        true_thought, true_said = reader(motion[..., network.config.visible])
        reading = sum(functional.nll_loss(words.flatten(0, 1), phones.flatten()) for words in (said, true_said))
        total = total + config.reading * reading + config.latent * ((thought - true_thought.detach()) ** 2).mean()
    return total


def fit(network: LipNetwork, corpus: Corpus, config: TrainingConfig) -> None:
    """Train in place with AdamW and a one-cycle rate, on the device that the corpus lies on."""
    rng = np.random.default_rng(config.seed)
    device = str(corpus.phones.device)
    network.to(device).train()
    reader = LipReader(len(network.config.visible), network.config.phones).to(device) if config.reading else None
    parameters = [*network.parameters(), *(reader.parameters() if reader else ())]
    optimiser = torch.optim.AdamW(parameters, lr=config.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, total_steps=config.steps, pct_start=0.15)
    spread = corpus.encoder[:20000].float().std(dim=0)
    for step in range(config.steps):
        starts = rng.integers(0, len(corpus) - config.frames, config.batch)
        encoder, spectrum, motion, phones = corpus.cut(starts, config.frames)
        encoder = encoder + config.noise * spread * torch.randn_like(encoder)
        loss = loss_of(network, (encoder, spectrum, motion, phones), config, reader)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        if step % 500 == 0:
            log.info("step %d of %d: loss %.4f", step, config.steps, loss.item())
    network.eval()


@torch.no_grad()
def validate(network: LipNetwork, corpus: Corpus, config: TrainingConfig) -> dict[str, float]:
    """Return figures on held-out utterances: loss, phone accuracy, mean absolute error of the aperture."""
    network.eval()
    starts = np.arange(0, len(corpus) - config.frames, config.frames)
    batch = corpus.cut(np.random.default_rng(0).permutation(starts)[:400], config.frames)
    predicted, content = network(batch[0], batch[1])
    error = (predicted - batch[2]).abs().mean(dim=(0, 1))
    return {"loss": round(loss_of(network, batch, config).item(), 4),
            "phone_accuracy": round(float((content.argmax(-1) == batch[3]).float().mean()), 4),
            "aperture_error": round(float(error[CHANNELS.index("aperture")]), 4)}


def parse(description: str | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", default="0", help="of the network: several are put together in the end")
    parser.add_argument("--out", type=Path, help="also export the network as it is, without a performer")
    parser.add_argument("--steps", type=int, default=TrainingConfig.steps)
    parser.add_argument("--batch", type=int, default=TrainingConfig.batch)
    parser.add_argument("--width", type=int, default=LipNetworkConfig.width)
    parser.add_argument("--dilations", type=int, nargs="+", default=list(LipNetworkConfig.dilations))
    parser.add_argument("--trunk", default=LipNetworkConfig.trunk, help="convolutions, or decoder as in the paper")
    parser.add_argument("--layers", type=int, default=LipNetworkConfig.layers, help="of the decoder")
    parser.add_argument("--reading", type=float, default=TrainingConfig.reading, help="weight of the lip-reading branch, 0 for none")
    parser.add_argument("--rate", type=float, default=TrainingConfig.rate)
    parser.add_argument("--noise", type=float, default=TrainingConfig.noise)
    parser.add_argument("--dropout", type=float, default=LipNetworkConfig.dropout)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", action="store_true", help="go on from the network that is there, with the rate's cycle anew")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def main() -> None:
    """Train, validate, export."""
    options = parse(__doc__)
    logging.basicConfig(level=logging.INFO)
    config = TrainingConfig(steps=options.steps, batch=options.batch, reading=options.reading, rate=options.rate, noise=options.noise,
                            seed=options.seed)
    torch.manual_seed(config.seed)
    training, validation = (corpus.to(options.device) for corpus in load(sorted(options.work.glob("features_*.npz"))))
    network = LipNetwork(LipNetworkConfig(
        encoder=training.encoder.shape[1], width=options.width, trunk=options.trunk, dilations=tuple(options.dilations),
        layers=options.layers, dropout=options.dropout, channels=len(CHANNELS), phones=len(INVENTORY)))
    checkpoint = options.work / f"lip_network_{options.name}.pt"
    if options.start:
        network.load_state_dict(read(checkpoint).state_dict())
    log.info("%d parameters, %.0f min of speech", sum(p.numel() for p in network.parameters()), len(training) / 3600)
    fit(network, training, config)
    log.info("validation: %s", validate(network, validation, config))
    save(network.cpu(), checkpoint)
    if options.out is not None:
        export(LipModel([network]), options.out)


if __name__ == "__main__":
    main()
