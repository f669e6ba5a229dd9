"""The paper's tables for your data: python -m training.evaluate --vocaset FOLDER --masks FLAME_masks.pkl --predictions NAME=FOLDER ...
[--ravdess FOLDER --ravdess-predictions NAME=FOLDER ...] [--ablation ablation.json]
[--phones FOLDER --head FLAME_FOLDER [--model generic_model.pkl]]

Predictions are SUBJECT_sentenceNN.npy of the test split, (T, V, 3) or (T, 3 V), metres, 30 frames a second; of more than 5023 vertices
the first 5023 count. For EVE, --ravdess holds the reconstructed heads NAME.npy, (T, 5023, 3), and predictions have the same names.
For LCA, our own yardstick of lip sync, --phones holds SUBJECT_sentenceNN.TextGrid of the test split, --head what training.flame.head
made; for that of the ablation, whose networks lie beside ablation.json, --vocaset and FLAME's model as well.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.files import read_json
from core.types import Floats

from .command import told
from .flame.model import Flame, read_masks
from .vocaset.layout import FPS, STRIDE, VERTICES, Sequence, Vocaset, open_array
from .vocaset.lip_sync import Closures, closures, opening_of
from .vocaset.metrics import Errors, Pair, measure
from .vocaset.textgrid import read_phones

UNIT = 1e-5
NOT_COMPARABLE = "other masks or data: not comparable"
RECORDED = "VOCASET as recorded"
Row = tuple[float | None, float | None, float | None]        # LVE and EVE, 1e-5 m2, and LCA


@dataclass(frozen=True)
class Published:
    """One published row: lve and eve in 1e-5 metres squared, None where it is not told; source."""

    method: str
    lve: float | None
    eve: float | None
    source: str


TABLE3 = tuple(Published(method, lve, eve, "the paper, Table 3") for method, lve, eve in (
    ("VOCA", 4.05, 2.71), ("FaceFormer", 3.81, 2.73), ("CodeTalker", 3.47, 2.77), ("SelfTalk", 2.88, 2.92),
    ("FaceDiffuser", 4.24, 2.69), ("DiffSpeaker", 3.32, 2.77), ("EMOTE", 6.46, 3.13), ("Ours", 2.74, 1.34),
    ("Ours with wav2vec2", 2.89, None)))
ELSEWHERE = tuple(Published(method, lve, eve, "EmoFace's paper; its EVE is on VOCASET") for method, lve, eve in (
    ("FaceFormer", 4.11, 0.486), ("CodeTalker", 3.94, 0.507), ("EmoTalk", 3.78, 0.486), ("SelfTalk", 3.22, 0.456),
    ("EmoFace", 2.87, 0.466)))
TABLE5 = tuple(Published(method, lve, eve, "the paper, Table 5") for method, lve, eve in (
    ("without lip", 748.48, 1.35), ("without chi", 2.78, 1.49), ("without exp", 2.70, 894.32), ("without id", 2.66, 1.47),
    ("Ours", 2.74, 1.34)))


def read_prediction(folder: Path, name: str) -> Floats:
    """Return the vertices (T, 5023, 3) of a prediction; raise InputError when it is missing or no mesh of FLAME's."""
    path = folder / f"{name}.npy"
    try:
        flat = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"the prediction is missing or damaged ({type(error).__name__})", path,
                         "predict the test sequences again") from error
    values = np.asarray(flat, np.float32).reshape(len(flat), -1)
    if values.shape[1] % 3 or values.shape[1] < 3 * VERTICES:
        raise InputError(f"the prediction has {values.shape[1]} numbers a frame, FLAME has {3 * VERTICES}", path,
                         "predict all vertices")
    return values.reshape(len(values), -1, 3)[:, :VERTICES]


def vocaset_pairs(vocaset: Vocaset, predictions: Path) -> Iterator[Pair]:
    """Yield the test split's sequences with what was predicted."""
    sequences, skipped = vocaset.split("test")
    for one in skipped:
        sys.stderr.write(f"skipped {one.name}: {one.reason}\n")
    for sequence in sequences:
        true = vocaset.frames(sequence)
        yield Pair(sequence.name, read_prediction(predictions, sequence.name), true, vocaset.templates[sequence.subject])


def folder_pairs(true: Path, predictions: Path) -> Iterator[Pair]:
    """Yield the sequences of a folder with what was predicted; the first frame stands for the template, which EVE does not need."""
    for path in sorted(true.glob("*.npy")):
        heads = np.asarray(open_array(path, (None, VERTICES, 3)), np.float32)
        yield Pair(path.stem, read_prediction(predictions, path.stem), heads, heads[0])


def row(method: str, values: Row, note: str) -> str:
    """Return one line of a table."""
    cells = ["-" if value is None else f"{value:.3f}" for value in values]
    return f"{method:<24}{cells[0]:>10}{cells[1]:>10}{cells[2]:>10}  {note}"


def table(title: str, measured: Mapping[str, Row], published: tuple[Published, ...], note: str) -> str:
    """Return a table: what was measured, then what was published; note: how they compare."""
    head = (f"{title}\n{'method':<24}{'LVE':>10}{'EVE':>10}{'LCA':>10}  (LVE, EVE: 1e-5 m2; squared distances, the greatest in each "
            "frame; LCA: share, 1 at best, 0.5 for a mouth that does not move)")
    own = [row(name, values, "measured here") for name, values in measured.items()]
    theirs = [row(one.method, (one.lve, one.eve, None), one.source) for one in published]
    return "\n".join([head, *own, *theirs, note])


def table3(found: Mapping[str, Errors], felt: Mapping[str, Errors], synced: Mapping[str, float]) -> str:
    """Return Table 3 for predictions on VOCASET and, for EVE, on RAVDESS; synced: LCA, by name, where it was measured."""
    measured: dict[str, Row] = {name: (errors.lve / UNIT, felt[name].eve / UNIT if name in felt else None, synced.get(name))
                                for name, errors in found.items()}
    measured |= {RECORDED: (0.0, None, synced[RECORDED])} if RECORDED in synced else {}
    lines = [table("Table 3: VOCASET test split (LVE), RAVDESS (EVE)", measured, TABLE3 + ELSEWHERE,
                   "LVE compares with Table 3 where all 40 test sequences and FLAME's 254 lip vertices were used, as here; the other "
                   "paper's rows have other masks. EVE depends on how RAVDESS was reconstructed: compare rows measured here with each "
                   "other only. LCA was published by nobody; VOCASET's own is what can be reached.")]
    lines += [f"{name}: {errors.frames} frames; millimetres, root of LVE: {1000 * errors.lve**0.5:.2f}; "
              f"FDD {errors.fdd / UNIT:.4f}e-5 m2; EVE on VOCASET {errors.eve / UNIT:.3f}e-5 m2" for name, errors in found.items()]
    return "\n".join(lines)


def read_ablation(path: Path) -> dict[str, Any]:
    """Return the rows of what training.funet.paper --ablation wrote; raise InputError when it holds none."""
    rows = read_json(path, InputError).get("rows")
    if not isinstance(rows, dict) or not all(isinstance(one, dict) and {"lve", "eve"} <= set(one) for one in rows.values()):
        raise InputError("the file holds no ablation", path, "make it with python -m training.funet.paper --ablation")
    return rows


def table5(rows: Mapping[str, Any], synced: Mapping[str, float]) -> str:
    """Return Table 5 for the rows of an ablation; synced: LCA, by name, where it was measured."""
    measured: dict[str, Row] = {name: (one["lve"] / UNIT, one["eve"] / UNIT, synced.get(name)) for name, one in rows.items()}
    return table("Table 5: FuNet without a term of its loss", measured, TABLE5,
                 "Measured against the network's own inputs, M_lip at the lips and M_emo around the eyes; the paper's against data: "
                 f"{NOT_COMPARABLE}. LCA: VOCASET's test sentences, each under one face of the test.")


@dataclass(frozen=True)
class LipSync:
    """Measures LCA of the test split: phones: folder of TextGrids, head: head.npz of training.flame.head."""

    vocaset: Vocaset
    phones: Path
    head: Path

    def accuracy(self, sequences: Iterable[tuple[Sequence, Floats]]) -> float:
        """Return LCA of vertices (T, 5023, 3), 30 frames a second; raise InputError where phones are missing."""
        opening, found = opening_of(self.head), Closures()
        for sequence, vertices in sequences:
            said = read_phones(self.phones / f"{sequence.name}.TextGrid")
            found += closures(said, opening(vertices, self.vocaset.templates[sequence.subject]), FPS / STRIDE)
        return found.accuracy

    def predicted(self, folder: Path | None) -> float:
        """Return LCA of a folder of predictions, without one of what was recorded."""
        return self.accuracy((one, self.vocaset.frames(one) if folder is None else read_prediction(folder, one.name))
                             for one in self.vocaset.split("test")[0])


def named(values: list[str]) -> dict[str, Path]:
    """Return NAME=FOLDER arguments as a dictionary; raise InputError for another form."""
    pairs = [value.partition("=") for value in values]
    if not all(name and separator and folder for name, separator, folder in pairs):
        raise InputError("a prediction is given as NAME=FOLDER", " ".join(values), "write, for example, Ours=predictions")
    return {name: Path(folder) for name, _, folder in pairs}


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Print the tables; return the figures."""
    if not options.predictions and not options.ablation:
        raise InputError("there is nothing to evaluate", "arguments", "give --predictions or --ablation")
    for given, needed in (("predictions", "masks"), ("phones", "head")):
        if getattr(options, given) and not (options.vocaset and getattr(options, needed)):
            raise InputError(f"{given} need --vocaset and --{needed}", "arguments", "give both")
    if options.ablation and options.phones and not options.model:
        raise InputError("phones of an ablation need --model", "arguments", "give FLAME's model, or leave --phones out")
    vocaset = Vocaset(options.vocaset) if options.vocaset else None
    sync = LipSync(vocaset, options.phones, options.head / "head.npz") if vocaset and options.phones else None
    figures: dict[str, Any] = {}
    if vocaset and options.predictions:
        masks, predictions = read_masks(options.masks), named(options.predictions)
        found = {name: measure(vocaset_pairs(vocaset, folder), masks) for name, folder in predictions.items()}
        felt = {name: measure(folder_pairs(options.ravdess, folder), masks)
                for name, folder in (named(options.ravdess_predictions) if options.ravdess else {}).items()}
        synced = {name: sync.predicted(folder) for name, folder in {**predictions, RECORDED: None}.items()} if sync else {}
        sys.stdout.write(table3(found, felt, synced) + "\n")
        figures |= {name: vars(errors) for name, errors in found.items()}
        figures |= {f"{name} on RAVDESS": vars(errors) for name, errors in felt.items()}
        figures |= {f"LCA of {name}": value for name, value in synced.items()}
    if options.ablation:
        rows = read_ablation(options.ablation)
        synced = fused_lips(options, sync, rows) if sync else {}
        sys.stdout.write(table5(rows, synced) + "\n")
        figures |= {f"LCA of FuNet, {name}": value for name, value in synced.items()}
    return figures


def fused_lips(options: argparse.Namespace, sync: LipSync, cases: Iterable[str]) -> dict[str, float]:
    """Return LCA of the test's sentences as each network of an ablation fuses them."""
    from .funet.sequences import fused_sequences  # torch, which the other tables do not need
    flame = Flame.load(options.model)
    return {case: sync.accuracy(fused_sequences(options.ablation.parent, case, flame, sync.vocaset)) for case in cases}


@told
def main(arguments: list[str] | None = None) -> None:
    """Evaluate; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("vocaset", "masks", "ravdess", "ablation", "phones", "head", "model", "json"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--predictions", nargs="+", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--ravdess-predictions", nargs="+", default=[], metavar="NAME=FOLDER")
    options = parser.parse_args(arguments)
    figures = evaluate(options)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
