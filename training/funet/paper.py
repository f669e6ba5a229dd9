"""Train FuNet as the paper does: python -m training.funet.paper --vocaset FOLDER --affectnet FOLDER --emica FOLDER --model FLAME.pkl
--masks FLAME_masks.pkl --out FOLDER [--emolib OUT.items.jsonl] [--ablation]

Pairs are frames of VOCASET x AffectNet's faces, neither neutral nor in Emolib, reconstructed by EMICA: 81,223 of them, 750 epochs,
batches of 16. --ablation trains it without each term of the loss as well and writes ablation.json for python -m training.evaluate.
Several GPUs: torchrun --nproc-per-node N -m training.funet.paper ...
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import ECAvatarError, InputError
from core.files import read_arrays, write_arrays, write_json
from core.types import Floats
from training.emolib import emica
from training.emolib.layouts import read as read_affectnet
from training.flame.layer import FaceLayer
from training.flame.model import Flame, read_masks
from training.flame.surface import regions_of
from training.loop import CHECKPOINT, Process, Schedule, Task, process, read, train
from training.vocaset.layout import SUBJECTS, Vocaset
from training.vocaset.metrics import LIPS, UPPER, greatest, union

from ..command import told
from .losses import TERMS, FusionLoss, Term
from .network import FuNet, FuNetConfig, paper

log = logging.getLogger(__name__)
PAIRS, EPOCHS, BATCH = 81223, 750, 16
TESTED = 20                     # every twentieth face is for the test
CODES = {"shape": 300, "exp": 100, "jaw": 3}
LEAST = {"shape": 100, "exp": 50, "jaw": 3}     # that some versions of EMICA give; the rest is 0
JUDGED = 512                    # pairs of the test that are looked at
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Faces:
    """AffectNet's faces as FLAME's parameters: names (N,), shape (N, 300), exp (N, 100), jaw (N, 3)."""

    names: tuple[str, ...]
    shape: Floats
    exp: Floats
    jaw: Floats

    @classmethod
    def gather(cls, affectnet: Path, folder: Path, known: Path, *, left_out: frozenset[str], count: int, seed: int) -> "Faces":
        """Read EMICA's parameters of up to `count` faces with an emotion, drawn at random; `known` keeps them for the next time.

        Raises InputError when there is none. Faces without parameters are counted in the log, others are drawn for them.
        """
        if known.is_file():
            stored = read_arrays(known, ("names", "drawn", *CODES), InputError)
            if stored["drawn"].tolist() != [count, seed]:
                raise InputError(f"the faces were drawn for {stored['drawn'][0]} pairs and seed {stored['drawn'][-1]}", known,
                                 "choose another folder, or the same --pairs and --seed")
            return cls(tuple(map(str, stored["names"])), *(stored[name].astype(np.float32) for name in CODES))
        samples = [one for one in read_affectnet(affectnet)[0] if one.category != "neutral" and one.name not in left_out]
        names, rows, missing = [], [], 0
        for index in np.random.default_rng(seed).permutation(len(samples)):
            path = emica.located(samples[index], folder)
            try:
                values = emica.parameters(path) if path is not None else {}
            except ECAvatarError:
                values = {}
            if any(len(values.get(name, ())) < least for name, least in LEAST.items()):
                missing += 1
                continue
            names.append(samples[index].name)
            rows.append([np.pad(values[name][:size], (0, max(size - len(values[name]), 0))) for name, size in CODES.items()])
            if len(names) == count:
                break
        if not names:
            raise InputError("no face has EMICA's parameters", folder, "give the folder with NAME.npz or NAME.json of the images")
        if missing or len(names) < count:
            log.warning("%d of %d faces; %d have no parameters", len(names), count, missing)
        columns = [np.array([row[place] for row in rows], np.float32) for place in range(len(CODES))]
        write_arrays(known, {"names": np.array(names), "drawn": np.array([count, seed]),
                             **{name: column.astype(np.float16) for name, column in zip(CODES, columns, strict=True)}})
        return cls(tuple(names), *(column.astype(np.float16).astype(np.float32) for column in columns))


def names_in_emolib(ledger: Path | None) -> frozenset[str]:
    """Return the images that an Emolib was made of, from its OUT.items.jsonl; raise InputError when that is damaged."""
    if ledger is None:
        return frozenset()
    try:
        rows = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
        return frozenset(str(row["name"]) for row in rows[1:] if "reason" not in row)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("the list of Emolib's items is missing or damaged", ledger,
                         "choose the .items.jsonl beside the library") from error


class PaperPairs:
    """Pairs M_lip, M_emo of 5023 vertices, metres: offsets from either's neutral head (docs/funet.md), or vertices if `absolute`."""

    def __init__(self, flame: Flame, vocaset: Vocaset, faces: Faces, *, absolute: bool = False, seed: int = 0) -> None:
        """Pair each face with a frame, at random; faces of the test with frames of its subjects."""
        self.layer, self.vocaset, self.faces, self.absolute = FaceLayer(flame), vocaset, faces, absolute
        sequences, _ = vocaset.sequences()
        random = np.random.default_rng(seed)
        tested = np.arange(len(faces.names)) % TESTED == TESTED - 1
        self.training, self.test = np.flatnonzero(~tested), np.flatnonzero(tested)
        self.frames: list[tuple[str, int]] = [("", 0)] * len(faces.names)
        for places, subjects in ((self.training, SUBJECTS["train"]), (self.test, SUBJECTS["test"])):
            known = [(one.subject, int(row)) for one in sequences if one.subject in subjects for row in one.rows]
            if not known:
                raise InputError("VOCASET has no frames of its training or test subjects", vocaset.folder, "download it again")
            for place, drawn in zip(places, random.integers(len(known), size=len(places)), strict=True):
                self.frames[place] = known[drawn]

    def take(self, places: Sequence[int], device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
        """Return M_lip and M_emo (B, 5023, 3) of some pairs."""
        chosen = [self.frames[place] for place in places]
        lip = np.stack([np.array(self.vocaset.vertices[row], np.float32) for _, row in chosen])
        codes = [torch.from_numpy(values[list(places)]).to(device) for values in (self.faces.shape, self.faces.exp, self.faces.jaw)]
        with torch.autocast(torch.device(device).type, enabled=False):
            neutral, emo = self.layer.to(device)(*codes)
        if self.absolute:
            return torch.from_numpy(lip).to(device), emo
        lip -= np.stack([self.vocaset.templates[subject] for subject, _ in chosen])
        return torch.from_numpy(lip).to(device), emo - neutral


@dataclass(frozen=True)
class FusionTask:
    """The pairs as examples of the loop."""

    pairs: PaperPairs
    loss: FusionLoss

    def losses(self, network: nn.Module, places: Sequence[int], epoch: int, device: torch.device) -> dict[str, Tensor]:
        """Return Eq. 2-6 of some pairs, square millimetres."""
        lip, emo = self.pairs.take([int(self.pairs.training[place]) for place in places], device)
        terms = self.loss.terms(network(lip, emo).float(), lip, emo)
        kept = [value for name, value in terms.items() if name not in self.loss.without]
        return {"loss": torch.stack(kept).sum(), **{str(name): value for name, value in terms.items()}}


@torch.no_grad()
def judge(network: FuNet, pairs: PaperPairs, masks: dict[str, Places]) -> dict[str, float]:
    """Return LVE against M_lip and EVE against M_emo, metres squared, on pairs of the test."""
    device, errors = next(network.parameters()).device, {"lve": 0.0, "eve": 0.0}
    chosen = pairs.test[:JUDGED] if len(pairs.test) else pairs.training[:JUDGED]
    for place in chosen:
        lip, emo = pairs.take([int(place)])
        fused = network(lip.to(device), emo.to(device)).float().cpu().numpy()
        errors["lve"] += float(greatest(fused, lip.numpy(), union(masks, LIPS))[0]) / len(chosen)
        errors["eve"] += float(greatest(fused, emo.numpy(), union(masks, UPPER))[0]) / len(chosen)
    return errors


def load(folder: Path) -> tuple[FuNet, dict[str, Any]]:
    """Return the network of a run's checkpoint, and its configuration."""
    stored = read(folder / CHECKPOINT)
    config = dict(stored["config"])
    try:
        network = FuNet(FuNetConfig(**config["network"]))
        network.load_state_dict(stored["weights"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise InputError("the checkpoint is of another network", folder / CHECKPOINT,
                         "choose a folder of training.funet.paper") from error
    return network.eval(), config


def run(options: argparse.Namespace, network: FuNetConfig, part: Process) -> dict[str, dict[str, float]]:
    """Train all cases and return what each reaches on the test; `network`: its sizes."""
    flame, masks = Flame.load(options.model), read_masks(options.masks)
    faces = Faces.gather(options.affectnet, options.emica, options.out / "faces.npz", left_out=names_in_emolib(options.emolib),
                         count=options.pairs, seed=options.seed)
    pairs = PaperPairs(flame, Vocaset(options.vocaset), faces, absolute=options.absolute, seed=options.seed)
    regions, rows = regions_of(flame, masks), {}
    schedule = Schedule(options.epochs, options.batch, options.rate, options.precision, options.seed)
    cases: list[tuple[Term, ...]] = [(), *((name,) for name in TERMS)] if options.ablation else [tuple(options.without)]
    for without in cases:
        name = "".join(f"without {term}" for term in without) or "all"
        torch.manual_seed(options.seed)
        model = laid_out(FuNet(network), part.device)
        config = {"network": network.values(), "without": list(without), "absolute": options.absolute, "pairs": len(faces.names)}
        work = FusionTask(pairs, FusionLoss(regions, without))
        train(Task(model, config, len(pairs.training), work.losses), schedule, options.out / name.replace(" ", "_"), part)
        rows[name] = judge(model, pairs, masks)
        log.info("%s: %s", name, rows[name])
    if part.first and options.ablation:
        write_json(options.out / "ablation.json", {"rows": rows, "pairs": len(faces.names), "epochs": options.epochs})
    return rows


def laid_out(model: FuNet, device: torch.device) -> FuNet:
    """Return the network with its channels last in memory on a GPU, where its convolutions are a quarter faster so."""
    return model.to(memory_format=torch.channels_last) if device.type == "cuda" else model  # type: ignore[call-overload, no-any-return]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("vocaset", "affectnet", "emica", "model", "masks", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--emolib", type=Path, help="the .items.jsonl of the Emolib whose images are left out")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--rate", type=float, default=Schedule.rate)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--absolute", action="store_true", help="vertices in place of offsets, as published; core/ cannot run it")
    parser.add_argument("--without", choices=TERMS, action="append", default=[])
    parser.add_argument("--ablation", action="store_true", help="all five rows of Table 5")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args(arguments)


@told
def main(arguments: list[str] | None = None, network: FuNetConfig | None = None) -> None:
    """Train; 2 with one line on bad input."""
    options = parse(arguments)
    logging.basicConfig(level=logging.INFO)
    with process(options.device) as part:
        rows = run(options, network or paper(), part)
        if part.first:
            sys.stdout.write(json.dumps(rows) + "\n")


if __name__ == "__main__":
    sys.exit(main())
