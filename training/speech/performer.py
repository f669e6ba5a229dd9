"""Teach the performer: `python -m training.speech.performer --work DIR --performances FACEGOOD --encoder PATH --out OUT.onnx`.

Takes the networks DIR/lip_network*.pt, which the rules taught, and fits a performer to the motion of a filmed face; the
networks stay as they are. With --cross-validate it leaves each recording out in turn instead and prints the lip vertices'
error on it in mm (mean distance, default head), one JSON line, beside the mean pose, a jaw that follows the loudness, and the
rules alone; and how often a lip reader that knows only filmed lips reads each of them rightly (lip_reading.py).
"""

import argparse
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.head.model import HeadBasis
from core.head.mouth import trace
from core.speech.articulation import CHANNELS, Articulation, decode, rest
from core.speech.encoder import LEVEL, RATE, normalise
from core.speech.log_mel import level
from core.speech.mouth_rig import pose
from core.types import AudioClip

from .augmentation import colour
from .checkpoint import load
from .encoders import Encoder, open_encoder
from .export import export
from .features import describe
from .lip_reading import Seen, accuracy, train_reader
from .network import PERFORMED, LipModel, LipNetworkConfig, Performer
from .performance import NAMES, Performance, read_performances, to_channels
from .phones import INVENTORY
from .train import output_weights

log = logging.getLogger(__name__)
Array = NDArray[np.float32]
LATENESS = 1                    # frames by which the filmed motion lies behind the sound, by correlation with the rules'


@dataclass(frozen=True)
class PerformerConfig:
    """Options of the fit."""

    steps: int = 300
    batch: int = 12
    frames: int = 240
    rate: float = 3e-3
    velocity: float = 4.0
    decay: float = 0.05
    noise: float = 0.3          # added to the performer's inputs, in shares of their deviation
    copies: int = 2             # of every recording, the first clean, the others with noise and rooms
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """One recording as the performer knows it: inputs (T, C), (T, P), (T, 1) of the frozen network, and the truth (T, C)."""

    motion: Tensor
    phones: Tensor
    loudness: Tensor
    truth: Tensor


def hear(samples: Array, truth: Array, model: LipModel, encoder: Encoder) -> Example:
    """Run the networks that the rules taught over a recording."""
    encoded, spectrum = (torch.from_numpy(values)[None] for values in describe(samples, encoder))
    with torch.no_grad():
        motion, phones, loudness = model.hear(encoded, spectrum)
    return Example(motion[0], phones[0], loudness[0], torch.from_numpy(truth))


def fit(examples: list[Example], config: PerformerConfig) -> Performer:
    """Return a performer fitted to `examples`."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    performer = Performer(len(CHANNELS), len(INVENTORY))
    optimiser = torch.optim.AdamW(performer.parameters(), lr=config.rate, weight_decay=config.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.rate, total_steps=config.steps)
    weights = output_weights(LipNetworkConfig(channels=len(CHANNELS)))[list(PERFORMED)]
    share = np.array([len(example.truth) for example in examples], np.float64)
    spread = torch.cat([torch.cat([example.motion, example.phones, example.loudness], dim=1) for example in examples]).std(dim=0)
    parts = [len(CHANNELS), len(INVENTORY), 1]
    performer.train()
    for _ in range(config.steps):
        chosen = rng.choice(len(examples), config.batch, p=share / share.sum())
        cuts = [slice(start, start + config.frames)
                for start in (rng.integers(len(examples[index].truth) - config.frames) for index in chosen)]
        inputs = torch.stack([torch.cat([examples[index].motion[cut], examples[index].phones[cut], examples[index].loudness[cut]], 1)
                              for index, cut in zip(chosen, cuts, strict=True)])
        truth = torch.stack([examples[index].truth[cut] for index, cut in zip(chosen, cuts, strict=True)])[..., list(PERFORMED)]
        noisy = inputs + config.noise * spread * torch.randn_like(inputs)
        performed = performer(*torch.split(noisy, parts, dim=2))[..., list(PERFORMED)]
        position = ((performed - truth) ** 2 * weights).mean()
        velocity = ((performed.diff(dim=1) - truth.diff(dim=1)) ** 2 * weights).mean()
        optimiser.zero_grad()
        torch.autograd.backward(position + config.velocity * velocity)
        nn.utils.clip_grad_norm_(performer.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return performer.eval()


def prepare(performances: list[Performance], model: LipModel, encoder: Encoder, basis: HeadBasis, config: PerformerConfig
            ) -> list[list[Example]]:
    """Return the copies of every recording, the clean one first."""
    rng = np.random.default_rng(config.seed)
    voices = [performance.samples for performance in performances]
    result = []
    for performance in performances:
        truth = shift(to_channels(performance.weights, basis))
        sounds = [performance.samples, *(colour(performance.samples, rng, babble=voices) for _ in range(config.copies - 1))]
        result.append([hear(sound, truth, model, encoder) for sound in sounds])
        log.info("%s: %.0f s", performance.name, len(performance.samples) / RATE)
    return result


def shift(values: Array) -> Array:
    """Return filmed values (T, ...) at the time of their sound."""
    return np.concatenate([values[LATENESS:], np.repeat(values[-1:], LATENESS, axis=0)])


def cross_validate(performances: list[Performance], model: LipModel, encoder: Encoder, basis: HeadBasis,
                   config: PerformerConfig) -> dict[str, dict[str, float]]:
    """Leave each recording out in turn; return {name: errors in mm and shares read} with their mean over all frames as "all"."""
    lips = np.flatnonzero(basis.regions == 0).astype(np.int32)
    truths = [shift(trace(basis, lips, NAMES, performance.weights)) for performance in performances]
    examples = prepare(performances, model, encoder, basis, config)
    errors: dict[str, dict[str, float]] = {}
    for index, performance in enumerate(performances):
        others = [other for other in range(len(performances)) if other != index]
        fitted = fit([copy for other in others for copy in examples[other]], config)
        mean = np.concatenate([examples[other][0].truth.numpy() for other in others]).mean(axis=0)
        heard = examples[index][0]
        channels = rivals(performance, heard, fitted, mean)
        shown = {name: trace(basis, lips, *pose(motion, basis)) for name, motion in channels.items()}
        shown["mean pose"] = np.concatenate([truths[other] for other in others]).mean(axis=0)[None]
        shown["closed"] = trace(basis, lips, (), np.zeros((1, 0), np.float32))
        errors[performance.name] = {name: round(float(1000 * np.linalg.norm(points - truths[index], axis=2).mean()), 3)
                                    for name, points in shown.items()}
        reader = train_reader([Seen(examples[other][0].truth, examples[other][0].phones) for other in others])
        motions = {"real": examples[index][0].truth.numpy(), **channels}
        errors[performance.name].update({f"read {name}": round(accuracy(reader, Seen(torch.from_numpy(motion), heard.phones)), 3)
                                         for name, motion in motions.items()})
        log.info("%s: %s", performance.name, errors[performance.name])
    lengths = [len(truth) for truth in truths]
    errors["all"] = {name: round(float(np.average([errors[each.name][name] for each in performances], weights=lengths)), 3)
                     for name in errors[performances[0].name]}
    return errors


def rivals(performance: Performance, heard: Example, fitted: Performer, mean: Array) -> dict[str, Array]:
    """Return the channels (T, C) of the performer, of it without seals, of the rules, and of a mouth that follows the loudness.

    mean: (C,) of other recordings, which the last one keeps.
    """
    with torch.no_grad():
        performed = fitted(heard.motion[None], heard.phones[None], heard.loudness[None])[0].numpy()
    loud = level(normalise(AudioClip(performance.samples, RATE)), len(performed)) - np.float32(20 * np.log10(LEVEL))
    share = np.clip(1 + loud / 30, 0, 1)
    opened = np.isin(np.arange(len(CHANNELS)), [CHANNELS.index("jaw"), CHANNELS.index("aperture")])
    envelope = np.clip(share[:, None] * mean * opened / max(float(share.mean()), 1e-6), 0, 1).astype(np.float32)
    phones = heard.phones.numpy()
    shut, rules = (rest(decode(Articulation(motion, phones, INVENTORY)), loud) for motion in (performed, heard.motion.numpy()))
    return {"performed": shut, "without seals": performed, "rules": rules, "loudness": envelope}


def main() -> None:
    """Fit and export, or cross-validate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--performances", type=Path, required=True, help="folder of FACEGOOD's pairs")
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--head", type=Path, default=Path("assets/head.npz"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--cross-validate", action="store_true")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    networks = [load(path) for path in sorted(options.work.glob("lip_network*.pt"))]
    model, basis, config = LipModel(networks).eval(), HeadBasis.load(options.head), PerformerConfig()
    encoder, performances = open_encoder(options.encoder), read_performances(options.performances)
    if options.cross_validate:
        values = cross_validate(performances, model, encoder, basis, config)
        sys.stdout.write(json.dumps({"name": "lip_vertex_error", "values": values, "unit": "mm", "clips": len(performances)}) + "\n")
        return
    copies = prepare(performances, model, encoder, basis, config)
    export(LipModel(networks, fit([copy for recording in copies for copy in recording], config)), options.out)


if __name__ == "__main__":
    main()
