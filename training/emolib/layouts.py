"""AffectNet's two public layouts: which images there are, with their labels, and how their arousal becomes a level (paper Sec. 3.3).

original: Manually_annotated_file_lists/*.csv beside Manually_Annotated_Images/, as AffectNet-HQ keeps it, too;
short ("AffectNet-8"): train_set/ and val_set/, each with images/ID.jpg and annotations/ID_{exp,val,aro,lnd}.npy.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.types import EMOTIONS, MOST_LEVEL, Emotion

LABELS: tuple[Emotion, ...] = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")     # AffectNet's order
UNLABELLED = {8: "no expression", 9: "uncertain", 10: "no face"}
LISTS, IMAGES = "Manually_annotated_file_lists", ("Manually_Annotated_Images", "")
SETS = ("train_set", "val_set")
LEAST_AROUSAL = -1.0            # AffectNet writes -2 where there is none


@dataclass(frozen=True)
class Sample:
    """One image. name: its path in the set; box: of the face, x, y, width, height in pixels, or () for the whole image."""

    name: str
    image: Path
    category: Emotion
    arousal: float
    box: tuple[float, ...] = ()


@dataclass(frozen=True)
class Skip:
    """An image that is left out, and why."""

    name: str
    reason: str


def read(root: Path) -> tuple[list[Sample], list[Skip]]:
    """Return the samples of the set in the folder `root`, by name, and what is skipped; raise InputError for another layout."""
    if (root / LISTS).is_dir():
        found = list(original(root))
    elif (root / SETS[0] / "annotations").is_dir():
        found = [one for name in SETS if (root / name / "annotations").is_dir() for one in short(root, root / name)]
    else:
        raise InputError("the folder has none of AffectNet's layouts", root, f"choose the one that holds {LISTS} or {SETS[0]}")
    samples = {one.name: one for one in found if isinstance(one, Sample)}
    return sorted(samples.values(), key=lambda one: one.name), [one for one in found if isinstance(one, Skip)]


def original(root: Path) -> Iterator[Sample | Skip]:
    """Read the lists of the original layout."""
    folders = [root / name for name in IMAGES]
    for path in sorted((root / LISTS).glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                name = row.get("subDirectory_filePath") or ""
                try:
                    label, arousal = int(row["expression"]), float(row["arousal"])
                    box = tuple(float(row[f"face_{side}"]) for side in ("x", "y", "width", "height"))
                except (KeyError, TypeError, ValueError):
                    yield Skip(name or f"{path.name}:{line}", "the list's line is incomplete")
                    continue
                places = [folder / name for folder in folders if name and (folder / name).is_file()]
                yield labelled(name, places[0] if places else None, label, arousal, box)


def short(root: Path, folder: Path) -> Iterator[Sample | Skip]:
    """Read one of the sets of the short layout."""
    for path in sorted((folder / "annotations").glob("*_exp.npy")):
        key = path.name.removesuffix("_exp.npy")
        name = (folder / "images" / f"{key}.jpg").relative_to(root).as_posix()
        try:
            label, arousal = int(number(path)), number(path.with_name(f"{key}_aro.npy"))
        except (OSError, ValueError, EOFError) as error:
            yield Skip(name, f"an annotation is damaged or missing ({error})")
            continue
        yield labelled(name, root / name if (root / name).is_file() else None, label, arousal, ())


def number(path: Path) -> float:
    """Return the one number of an .npy, which AffectNet also writes as text; raise ValueError when it holds something else."""
    values = np.load(path, allow_pickle=False)
    if values.size != 1:
        raise ValueError(f"{path.name} holds {values.size} values, not 1")
    return float(str(values.ravel()[0]))


def labelled(name: str, image: Path | None, label: int, arousal: float, box: tuple[float, ...]) -> Sample | Skip:
    """Return the sample, or why it is skipped."""
    if image is None:
        return Skip(name, "the image is missing")
    if not 0 <= label < len(LABELS):
        return Skip(name, UNLABELLED.get(label, f"unknown expression {label}"))
    if not LEAST_AROUSAL <= arousal <= 1:
        return Skip(name, "no arousal")
    return Sample(name, image, LABELS[label], arousal, box)


def levels(samples: list[Sample]) -> dict[tuple[Emotion, int], list[Sample]]:
    """Return the samples of each category and level: three equal intervals of arousal between the category's lowest and highest."""
    cells: dict[tuple[Emotion, int], list[Sample]] = {}
    for category in EMOTIONS:
        own = [sample for sample in samples if sample.category == category]
        low, high = (extreme((sample.arousal for sample in own), default=0.0) for extreme in (min, max))
        for sample in own:
            share = (sample.arousal - low) / (high - low) if high > low else 0.0
            cells.setdefault((category, min(int(share * MOST_LEVEL), MOST_LEVEL - 1) + 1), []).append(sample)
    return cells
