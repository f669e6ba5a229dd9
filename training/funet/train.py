"""Train FuNet: `python -m training.funet.train --out funet.onnx [--config paper] [--steps N] [--seed N] [--without lip|chi|exp|id]`.

`--ablation` trains it five times from chance, with all terms and without each of them, and prints the form of the paper's Table 5.
"""

import argparse
import json
import logging
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.emotion.emolib import Emolib
from core.emotion.fusion import fusion_regions, harmonic_shares
from core.head.model import HeadBasis
from core.pack import Pack

from .data import Pairs
from .export import export
from .losses import TERMS, FusionLoss, Term
from .network import FuNet, FuNetConfig, compact, paper
from .start import let_through, solve

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingConfig:
    """Options of one run. rate, batch: the paper's; started: pairs of the least squares the compact network starts from, 0 for chance;
    fine: the rate from there, where the paper's would throw away in a step what was found; without: terms of the loss left out."""

    steps: int = 40
    batch: int = 16
    rate: float = 1e-4
    fine: float = 4e-6
    started: int = 768
    heads: int = 6
    seed: int = 0
    without: tuple[Term, ...] = ()


def train(basis: HeadBasis, emolib: Emolib, network: FuNetConfig, config: TrainingConfig) -> FuNet:
    """Train a network on the training's people; returns it in evaluation mode."""
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    regions = fusion_regions(basis)
    pairs, loss = Pairs.make(basis, emolib, test=False, heads=config.heads), FusionLoss(regions, config.without)
    model = FuNet(network)
    if config.started:
        let_through(model)
        solve(model, pairs, harmonic_shares(basis, regions), count=config.started, rng=rng)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=config.fine if config.started else config.rate, betas=(0.9, 0.999))
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, max(config.steps, 1))
    model.train()
    for step in range(config.steps):
        lip, emo = pairs.draw(config.batch, rng)
        value = loss(model(lip, emo), lip, emo)
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if step % 10 == 0:
            log.info("step %d, loss %.4f mm2", step, value.item())
    return model.eval()


def judge(model: FuNet, basis: HeadBasis, emolib: Emolib, *, count: int = 128) -> dict[str, float]:
    """Return the terms of Eq. 6 on people of the test, as root mean squares in mm, and how far below them they can be at best."""
    pairs, loss, rng = Pairs.make(basis, emolib, test=True, heads=2), FusionLoss(fusion_regions(basis)), np.random.default_rng(9)
    sums = dict.fromkeys(TERMS, 0.0)
    for _ in range(count // 16):
        lip, emo = pairs.draw(16, rng)
        with torch.no_grad():
            for name, value in loss.terms(model(lip, emo), lip, emo).items():
                sums[name] += float(value) * 16 / count
    return {name: round(float(np.sqrt(value)), 4) for name, value in sums.items()}


def save(model: FuNet, config: TrainingConfig, path: Path) -> None:
    """Write the checkpoint: weights, and how they came about."""
    torch.save({"network": model.config.values(), "training": asdict(config), "weights": model.state_dict()}, path)


def load(path: Path) -> FuNet:
    """Read a checkpoint."""
    stored: dict[str, Any] = torch.load(path, weights_only=True)
    model = FuNet(FuNetConfig(**stored["network"]))
    model.load_state_dict(stored["weights"])
    return model.eval()


def main() -> None:
    """Train, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="the .onnx to write; the checkpoint goes beside it")
    parser.add_argument("--config", choices=("paper", "compact"), default="compact")
    parser.add_argument("--steps", type=int, default=TrainingConfig.steps)
    parser.add_argument("--seed", type=int, default=TrainingConfig.seed)
    parser.add_argument("--without", choices=TERMS, action="append", default=[])
    parser.add_argument("--ablation", action="store_true")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    torch.set_num_threads(1)
    pack = Pack.open()
    basis = HeadBasis.load(pack.path("head"))
    emolib = Emolib.load(pack.path("emolib"), basis, head_model=pack.digests("head")[0])
    count = len(basis.regions)
    started = TrainingConfig.started if options.config == "compact" and not options.ablation else 0
    network = paper(count) if options.config == "paper" else replace(compact(count), fixed=started > 0)
    cases: list[tuple[Term, ...]] = [(), *((name,) for name in TERMS)] if options.ablation else [tuple(options.without)]
    for without in cases:
        config = TrainingConfig(options.steps, started=started, seed=options.seed, without=without)
        began = time.perf_counter()
        model = train(basis, emolib, network, config)
        log.info("%s", json.dumps({"without": without, "rms_mm": judge(model, basis, emolib),
                                   "seconds": round(time.perf_counter() - began)}))
    if options.out and not options.ablation:
        save(model, config, options.out.with_suffix(".pt"))
        export(model, options.out)


if __name__ == "__main__":
    main()
