"""The paper's tables for your data: python -m training.evaluate --vocaset FOLDER --masks FLAME_masks.pkl --predictions NAME=FOLDER ...
[--ravdess FOLDER --ravdess-predictions NAME=FOLDER ...] [--ablation ablation.json]

Predictions are SUBJECT_sentenceNN.npy of the test split, (T, V, 3) or (T, 3 V), metres, 30 frames a second; of more than 5023 vertices
the first 5023 count. For EVE, --ravdess holds the reconstructed heads NAME.npy, (T, 5023, 3), and predictions have the same names.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ECAvatarError, InputError
from core.files import read_json
from core.types import Floats

from .flame.model import read_masks
from .vocaset.layout import VERTICES, Vocaset, open_array
from .vocaset.metrics import Errors, Pair, measure

UNIT = 1e-5
NOT_COMPARABLE = "other masks or data: not comparable"


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


def row(method: str, lve: float | None, eve: float | None, note: str) -> str:
    """Return one line of a table; numbers in 1e-5 metres squared."""
    cells = ["-" if value is None else f"{value:.3f}" for value in (lve, eve)]
    return f"{method:<24}{cells[0]:>10}{cells[1]:>10}  {note}"


def table(title: str, measured: Mapping[str, tuple[float | None, float | None]], published: tuple[Published, ...], note: str) -> str:
    """Return a table: what was measured, then what was published; note: how they compare."""
    head = f"{title}\n{'method':<24}{'LVE':>10}{'EVE':>10}  (1e-5 m2; squared distances, the greatest in each frame)"
    own = [row(name, lve, eve, "measured here") for name, (lve, eve) in measured.items()]
    theirs = [row(one.method, one.lve, one.eve, one.source) for one in published]
    return "\n".join([head, *own, *theirs, note])


def table3(found: Mapping[str, Errors], felt: Mapping[str, Errors]) -> str:
    """Return Table 3 for predictions on VOCASET and, for EVE, on RAVDESS."""
    measured = {name: (errors.lve / UNIT, felt[name].eve / UNIT if name in felt else None) for name, errors in found.items()}
    lines = [table("Table 3: VOCASET test split (LVE), RAVDESS (EVE)", measured, TABLE3 + ELSEWHERE,
                   "LVE compares with Table 3 where all 40 test sequences and FLAME's 254 lip vertices were used, as here; the other "
                   "paper's rows have other masks. EVE depends on how RAVDESS was reconstructed: compare rows measured here with each "
                   "other only.")]
    lines += [f"{name}: {errors.frames} frames; millimetres, root of LVE: {1000 * errors.lve**0.5:.2f}; "
              f"FDD {errors.fdd / UNIT:.4f}e-5 m2; EVE on VOCASET {errors.eve / UNIT:.3f}e-5 m2" for name, errors in found.items()]
    return "\n".join(lines)


def table5(path: Path) -> str:
    """Return Table 5 from what training.funet.paper --ablation wrote."""
    rows = read_json(path, InputError).get("rows")
    if not isinstance(rows, dict) or not all(isinstance(one, dict) and {"lve", "eve"} <= set(one) for one in rows.values()):
        raise InputError("the file holds no ablation", path, "make it with python -m training.funet.paper --ablation")
    measured: dict[str, tuple[float | None, float | None]] = {
        name: (one["lve"] / UNIT, one["eve"] / UNIT) for name, one in rows.items()}
    return table("Table 5: FuNet without a term of its loss", measured, TABLE5,
                 "Measured against the network's own inputs, M_lip at the lips and M_emo around the eyes; the paper's against data: "
                 f"{NOT_COMPARABLE}.")


def named(values: list[str]) -> dict[str, Path]:
    """Return NAME=FOLDER arguments as a dictionary; raise InputError for another form."""
    pairs = [value.partition("=") for value in values]
    if not all(name and separator and folder for name, separator, folder in pairs):
        raise InputError("a prediction is given as NAME=FOLDER", " ".join(values), "write, for example, Ours=predictions")
    return {name: Path(folder) for name, _, folder in pairs}


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Print the tables; return the figures."""
    found: dict[str, Errors] = {}
    felt: dict[str, Errors] = {}
    if options.predictions:
        if not options.vocaset or not options.masks:
            raise InputError("predictions need --vocaset and --masks", "arguments", "give both")
        masks, vocaset = read_masks(options.masks), Vocaset(options.vocaset)
        found = {name: measure(vocaset_pairs(vocaset, folder), masks) for name, folder in named(options.predictions).items()}
        if options.ravdess:
            felt = {name: measure(folder_pairs(options.ravdess, folder), masks)
                    for name, folder in named(options.ravdess_predictions).items()}
        sys.stdout.write(table3(found, felt) + "\n")
    if options.ablation:
        sys.stdout.write(table5(options.ablation) + "\n")
    if not options.predictions and not options.ablation:
        raise InputError("there is nothing to evaluate", "arguments", "give --predictions or --ablation")
    on_ravdess = {f"{name} on RAVDESS": vars(errors) for name, errors in felt.items()}
    return {name: vars(errors) for name, errors in found.items()} | on_ravdess


def main(arguments: list[str] | None = None) -> int:
    """Evaluate; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("vocaset", "masks", "ravdess", "ablation", "json"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--predictions", nargs="+", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--ravdess-predictions", nargs="+", default=[], metavar="NAME=FOLDER")
    options = parser.parse_args(arguments)
    try:
        figures = evaluate(options)
        if options.json:
            options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except ECAvatarError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
