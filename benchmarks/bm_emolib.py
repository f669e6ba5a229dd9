"""Figures of the Emolib: `python benchmarks/bm_emolib.py [--pack assets] [--emonet PATH] [--facex PATH] [--sheet OUT.png]`.

One JSON line each: name, values, unit, anchor, machine.
- emolib_retrieval: milliseconds to find the nearest shape of a cell, median and 99th percentile over people, and to load the library.
- emolib_identity: how far the face of the retrieved identity lies from the person's own, in mm, as
  published), against the retrieved expression on the person's own shape, which leaves the neutral face untouched.
- emolib_JUDGE_LEVEL: six painted heads, each category as retrieved for them, seen by a classifier (emotion_judges.py): the rise of
  its probability over the same head's neutral face, mean over heads. rises_most: in how many categories the right one rises most;
  contempt is left out where the judge does not know it, and neutral counts when no other category rises by more than 0.1.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.emotion_judges import EMONET, FACEX, Judge, emonet, facex  # noqa: E402
from core.emotion.emolib import Emolib  # noqa: E402
from core.face.fit import Anchors  # noqa: E402
from core.files import digest  # noqa: E402
from core.head.model import HeadBasis  # noqa: E402
from core.types import EMOTIONS, Bytes, Emotion, Floats  # noqa: E402
from training.emolib.portraits import Portraits  # noqa: E402

GROUPS = ("african female young", "african male old", "asian female old", "asian male young", "caucasian female young",
          "caucasian male old")
SPREAD, SEED, SIDE = 0.6, 11, 320
QUERIES = 400
LEAST = 0.1                     # rise that counts against a neutral face


class Bench:
    """The loaded library and the six heads."""

    def __init__(self, pack: Path) -> None:
        """Load the pack."""
        self.basis, self.anchors = HeadBasis.load(pack / "head.npz"), Anchors.load(pack / "anchors.npz")
        started = time.perf_counter()
        self.library = Emolib.load(pack / "emolib.npz", self.basis, head_model=digest(pack / "head.npz"))
        self.load_ms = 1000 * (time.perf_counter() - started)
        self.portraits = Portraits(self.basis, self.anchors)
        random = np.random.default_rng(SEED)
        middles = self.basis.group_identity[[self.basis.group_names.index(group) for group in GROUPS]]
        self.people = np.clip(middles + random.normal(0, SPREAD, middles.shape), -3, 3).astype(np.float32)

    def retrieval(self) -> dict[str, float]:
        """Return milliseconds."""
        random = np.random.default_rng(SEED)
        people = random.normal(size=(QUERIES, len(self.basis.identity_basis))).astype(np.float32)
        self.library.retrieve("happy", 1, people[0])
        took = []
        for index, person in enumerate(people):
            started = time.perf_counter()
            self.library.retrieve(EMOTIONS[index % 8], index % 3 + 1, person)
            took.append(1000 * (time.perf_counter() - started))
        return {"median_ms": float(np.median(took)), "percentile_99_ms": float(np.percentile(took, 99)), "load_ms": self.load_ms,
                "items": len(self.library.category)}

    def identity(self) -> dict[str, float]:
        """Return millimetres between the faces of the six people and of what is retrieved for them."""
        face = np.flatnonzero(self.basis.regions < 3)
        errors, nearest = [], []
        for person in self.people:
            own = self.basis.neutral(person)[face]
            for category in EMOTIONS:
                other = self.basis.neutral(self.library.at(category, 3, person).identity)[face]
                errors.append(1000 * np.linalg.norm(other - own, axis=1))
                nearest.append(float(errors[-1].mean()))
        return {"retrieved_mean_mm": float(np.mean(errors)), "retrieved_worst_person_mm": max(nearest),
                "retrieved_greatest_mm": float(np.max(errors)), "own_shape_mm": 0.0}

    def pictures(self) -> dict[tuple[int, Emotion, int], tuple[Bytes, tuple[float, float, float]]]:
        """Return picture and face (centre, size) for each head, category and level; level 0 is neutral without any expression."""
        drawn = {}
        skins = {name: self.portraits.skin(name, np.random.default_rng(3)) for name in ("african", "asian", "caucasian")}
        for index, (person, group) in enumerate(zip(self.people, GROUPS, strict=True)):
            neutral = self.basis.neutral(person)
            brows = self.portraits.brows(neutral, np.random.default_rng(1))
            points = self.portraits.camera(neutral, SIDE).project(self.anchors.points(neutral)[:468])[:, :2]
            low, high = points.min(axis=0), points.max(axis=0)
            face = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2, float((high - low).max()))
            for category, level in (("neutral", 0), *((name, level) for name in EMOTIONS for level in (1, 2, 3))):
                offsets = self.basis.expression(self.library.names, self.library.expression_at(category, level, person))
                picture = self.portraits.portrait(neutral, offsets, skins[group.split()[0]], brows, side=SIDE, over=1)
                drawn[index, category, level] = picture, face
        return drawn

    def judged(self, judge: Judge, labels: tuple[Emotion, ...], drawn: dict[Any, Any]) -> dict[int, NDArray[np.float64]]:
        """Return for each level the rise (8, labels) of the judge's probabilities by shown category, mean over heads."""
        rises = {level: np.zeros((len(EMOTIONS), len(labels))) for level in (1, 2, 3)}
        for index in range(len(self.people)):
            rest: Floats = judge(*drawn[index, "neutral", 0])
            for row, category in enumerate(EMOTIONS):
                for level in (1, 2, 3):
                    rises[level][row] += (judge(*drawn[index, category, level]) - rest) / len(self.people)
        return rises


def summary(rise: NDArray[np.float64], labels: tuple[Emotion, ...]) -> dict[str, Any]:
    """Return how many categories rise most where they should, and the confusion table."""
    right, rising, asked = 0, 0, 0
    for row, category in enumerate(EMOTIONS):
        others = [rise[row, column] for column, label in enumerate(labels) if label != category]
        if category == "neutral":
            asked, right, rising = asked + 1, right + (max(others) <= LEAST), rising + 1
        elif category in labels:
            own = rise[row, labels.index(category)]
            asked, right, rising = asked + 1, right + (own > max(others)), rising + (own > 0)
    table = {category: {label: round(float(rise[row, column]), 3) for column, label in enumerate(labels)}
             for row, category in enumerate(EMOTIONS)}
    return {"rises_most": int(right), "rises": int(rising), "of": asked, "rise": table}


def sheet(drawn: dict[Any, Any], path: Path) -> None:
    """Save all pictures: heads down, categories and levels across."""
    rows = [np.concatenate([drawn[head, category, level][0] for category in EMOTIONS for level in (1, 2, 3)], axis=1)
            for head in range(len(GROUPS))]
    Image.fromarray(np.concatenate(rows)).save(path)


def write(name: str, values: dict[str, Any], unit: str, anchor: str) -> None:
    """Print one line."""
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in values.items()}
    line = {"name": name, "values": rounded, "unit": unit, "anchor": anchor, "machine": f"{platform.machine()} {platform.system()}"}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print every line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, default=ROOT / "assets")
    parser.add_argument("--emonet", type=Path, help="emotions8.pth of PyPI fae 0.2's source archive")
    parser.add_argument("--facex", type=Path, help="model_optimized.tflite of PyPI facex 1.1.0")
    parser.add_argument("--sheet", type=Path, help="where to save the pictures that are judged")
    options = parser.parse_args()
    bench = Bench(options.pack)
    write("emolib_retrieval", bench.retrieval(), "ms", "at most 1 ms")
    write("emolib_identity", bench.identity(), "mm, face", "own shape: nothing is lost")
    drawn = bench.pictures() if options.emonet or options.facex or options.sheet else {}
    if options.sheet:
        sheet(drawn, options.sheet)
    for name, path, load, labels in (("facex", options.facex, facex, FACEX), ("emonet", options.emonet, emonet, EMONET)):
        if path is None:
            sys.stderr.write(f"skipped: {name}, give --{name} (benchmarks/emotion_judges.py says where it comes from)\n")
            continue
        for level, rise in bench.judged(load(path), labels, drawn).items():
            write(f"emolib_{name}_{level}", summary(rise, labels), "rise of probability over the head's own neutral, six heads",
                  "level 3: right in 7 of 8 by either judge; level 1: rises")


if __name__ == "__main__":
    main()
