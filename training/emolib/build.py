"""Make the default Emolib: python -m training.emolib.build --head assets/head.npz --out assets/emolib.npz (docs/emolib.md).

500 people, each with a habit of expressing every emotion; the cells hold as many of them as Table 1 of the paper says.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.emotion.emolib import FORMAT
from core.files import digest, write_arrays
from core.head.model import HeadBasis
from core.head.mouth import jaw_angle
from core.types import EMOTIONS, Emotion, Floats

from .prototypes import Habit, habits

SEED = 20241028
# Table 1: items of levels 1, 2, 3
COUNTS: dict[Emotion, tuple[int, int, int]] = {
    "neutral": (500, 500, 500), "happy": (500, 500, 500), "angry": (500, 500, 500), "sad": (500, 500, 359), "fear": (108, 500, 500),
    "surprise": (262, 500, 500), "disgust": (205, 500, 424), "contempt": (378, 500, 500)}
PEOPLE = max(max(counts) for counts in COUNTS.values())
STEP = 1 / 256                  # to which weights are rounded: unseen, and small on disk
LEAST_SPREAD = 0.5              # of a coefficient within a group of people


def people(basis: HeadBasis, random: np.random.Generator, *, count: int = PEOPLE) -> Floats:
    """Return the identities (count, B) of people between two groups each (ancestry, sex, age), spread as the head model's are."""
    middles = basis.group_identity.astype(np.float64)
    pairs = np.array([random.choice(len(middles), 2, replace=False) for _ in range(count)])
    share = random.beta(0.5, 0.5, (count, 1))
    between = share * middles[pairs[:, 0]] + (1 - share) * middles[pairs[:, 1]]
    within = np.sqrt(np.maximum(1 - between.var(axis=0), LEAST_SPREAD**2))
    low, high = basis.identity_bounds.T
    return np.clip(between + random.normal(0, within, between.shape), low, high).astype(np.float32)


def items(random: np.random.Generator) -> list[tuple[int, int, int]]:
    """Return person, category and level of every item, in this order."""
    chosen = [(int(person), EMOTIONS.index(category), level + 1) for category in EMOTIONS for level in range(3)
              for person in random.choice(PEOPLE, COUNTS[category][level], replace=False)]
    return sorted(chosen)


def library(basis: HeadBasis, *, head_model: str, seed: int = SEED) -> dict[str, NDArray[Any]]:
    """Return the arrays of the library (docs/emolib.md); head_model: sha256 of the head model's file."""
    streams = [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(PEOPLE + 2)]
    identities, rows = people(basis, streams[0]), items(streams[1])
    personal: list[dict[Emotion, Habit]] = [habits(stream) for stream in streams[2:]]
    names = basis.expression_names
    place = {name: index for index, name in enumerate(names)}
    expression = np.zeros((len(rows), len(names)), np.float32)
    for row, (person, category, level) in enumerate(rows):
        name = EMOTIONS[category]
        for shape, weight in personal[person][name].expression(name, level, streams[2 + person]).items():
            expression[row, place[shape]] = round(weight / STEP) * STEP
    person, category, level = np.array(rows).T
    return {"format_version": np.array(FORMAT, np.int32), "head_model": np.array(head_model), "names": np.array(names),
            "category": category.astype(np.uint8), "level": level.astype(np.uint8),
            "identity": identities[person].astype(np.float16), "expression": expression.astype(np.float16),
            "jaw_angle": jaw_angle(basis, names, expression).astype(np.float32)}


def main() -> None:
    """Write the library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--head", type=Path, required=True, help="the head model")
    parser.add_argument("--out", type=Path, required=True, help="the library, .npz")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    arrays = library(HeadBasis.load(options.head), head_model=digest(options.head), seed=options.seed)
    write_arrays(options.out, arrays)
    sys.stdout.write(f"{len(arrays['category'])} items, {options.out.stat().st_size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main()
