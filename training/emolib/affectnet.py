"""Make an Emolib from AffectNet, as the paper does (Sec. 3.3); for those who hold that data set.

    python -m training.emolib.affectnet --root AFFECTNET --pack assets --out emolib.npz [--workers 2]

Each image is fitted with our own fit, or, with --emica FOLDER and the FLAME head, given EMICA's parameters. Goes on where it was
stopped: what is done lies in OUT.items.jsonl. OUT.skipped.csv lists the images that were left out, and why.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.emotion.emolib import FORMAT
from core.errors import ECAvatarError, InputError, JobError
from core.files import digest, write_arrays
from core.head.model import HeadBasis
from core.pack import DEFAULT
from core.types import EMOTIONS, MOST_LEVEL

from . import emica, fitting
from .build import COUNTS
from .layouts import Sample, Skip, levels, read

MOST = 500                      # items of a cell
SEED = 20241028
LEAST_CODES = 50                # of EMICA's expression, which has 50 or 100
CHUNK = 64                      # images between two looks at how many are still wanted

Item = dict[str, Any]           # name, and identity, expression, jaw_angle; or the reason why there is none
Fit = Callable[[Sample], Item]


class Ledger:
    """What is done, one JSON object a line: first the source, then an item each."""

    def __init__(self, path: Path, source: dict[str, str]) -> None:
        """Open or go on; raise InputError when the file was begun with another source."""
        self.path, self.items = path, dict[str, Item]()
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        rows = list(whole(lines))
        if rows and rows[0] != source:
            raise InputError("the unfinished library was begun with another head model or source", path,
                             "delete it, or go on with that one")
        self.items = {row["name"]: row for row in rows[1:]}
        # written anew: a line that was cut off would swallow the next one
        path.write_text("".join(json.dumps(row) + "\n" for row in (source, *rows[1:])), encoding="utf-8")

    def add(self, item: Item) -> None:
        """Keep an item."""
        self.items[item["name"]] = item
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(item) + "\n")


def whole(lines: list[str]) -> Iterator[Item]:
    """Return the lines that were written whole."""
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            return


def chosen(cell: list[Sample], ledger: Ledger, *, random: np.random.Generator, most: int,
           run: Callable[[list[Sample]], Iterator[Item]]) -> list[Item]:
    """Return up to `most` items of a cell, drawn at random; images that fail are replaced by others while there are any."""
    order = [cell[index] for index in random.permutation(len(cell))]
    good: list[Item] = []
    while order and len(good) < most:
        part, order = order[: min(most - len(good), CHUNK)], order[min(most - len(good), CHUNK):]
        for item in run([sample for sample in part if sample.name not in ledger.items]):
            ledger.add(item)
        good += [ledger.items[sample.name] for sample in part if "reason" not in ledger.items[sample.name]]
    return good


def library(root: Path, fit: Fit, ledger: Ledger, *, names: tuple[str, ...], head_model: str, most: int = MOST, seed: int = SEED,
            workers: int = 1) -> tuple[dict[str, NDArray[Any]], list[Skip]]:
    """Return the library's arrays (docs/emolib.md) and what was skipped; raise InputError when a cell has no item."""
    samples, skipped = read(root)
    cells, rows = levels(samples), list[tuple[int, int, Item]]()
    streams = iter(np.random.SeedSequence(seed).spawn(len(EMOTIONS) * MOST_LEVEL))
    with ProcessPoolExecutor(workers) as pool:
        def run(part: list[Sample]) -> Iterator[Item]:
            return map(fit, part) if workers == 1 else pool.map(fit, part)
        for index, category in enumerate(EMOTIONS):
            for level in range(1, MOST_LEVEL + 1):
                random = np.random.default_rng(next(streams))
                items = chosen(cells.get((category, level), []), ledger, random=random, most=most, run=run)
                rows += [(index, level, item) for item in items]
                sys.stderr.write(f"{category} {level}: {len(items)} items\n")
    skipped += [Skip(item["name"], item["reason"]) for item in ledger.items.values() if "reason" in item]
    if not rows:
        raise InputError("no image could be used", root, "see the list of skipped images")
    items = [item for *_, item in rows]
    return {"format_version": np.array(FORMAT, np.int32), "head_model": np.array(head_model), "names": np.array(names),
            "category": np.array([row[0] for row in rows], np.uint8), "level": np.array([row[1] for row in rows], np.uint8),
            "identity": np.array([item["identity"] for item in items], np.float16),
            "expression": np.array([item["expression"] for item in items], np.float16),
            "jaw_angle": np.array([item["jaw_angle"] for item in items], np.float32)}, skipped


def table1(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the library's items by category and level as Table 1 has them, the paper's in brackets."""
    lines = [f"{'level':<6}" + "".join(f"{name:>15}" for name in EMOTIONS)]
    for level in range(1, MOST_LEVEL + 1):
        found = [int(((arrays["category"] == index) & (arrays["level"] == level)).sum()) for index in range(len(EMOTIONS))]
        cells = [f"{count} ({COUNTS[name][level - 1]})" for name, count in zip(EMOTIONS, found, strict=True)]
        lines.append(f"{level:<6}" + "".join(f"{cell:>15}" for cell in cells))
    return "\n".join(lines)


def build(options: argparse.Namespace) -> None:
    """Write library and list."""
    head = options.pack / "head.npz"
    basis = HeadBasis.load(head)
    out: Path = options.out
    if options.emica:
        emica.check(basis, head)
        named = emica.has_own(head)
        fit: Fit = partial(emica.imported, folder=options.emica, people=len(basis.identity_basis), head=head if named else None,
                           shapes=LEAST_CODES if named else len(basis.expression_names))
    else:
        fit = partial(fitting.fitted, pack=options.pack)
    out.parent.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(out.with_suffix(".items.jsonl"), {"head_model": digest(head), "source": str(options.emica or "fit")})
    arrays, skipped = library(options.root, fit, ledger, names=basis.expression_names, head_model=digest(head), most=options.most,
                              seed=options.seed, workers=options.workers)
    write_arrays(out, arrays)
    with out.with_suffix(".skipped.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("image", "reason"), *((skip.name, skip.reason) for skip in skipped)])
    sys.stdout.write(f"{table1(arrays)}\n{len(arrays['category'])} items, {len(skipped)} images skipped\n")


def main() -> int:
    """Build; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="AffectNet's folder, in either layout")
    parser.add_argument("--pack", type=Path, default=DEFAULT, help="folder with head.npz, anchors.npz and third_party/")
    parser.add_argument("--out", type=Path, required=True, help="the library, .npz")
    parser.add_argument("--emica", type=Path, help="folder with EMICA's parameters, NAME.npz or NAME.json for each image")
    parser.add_argument("--most", type=int, default=MOST, help="items of each category and level")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--workers", type=int, default=1)
    try:
        build(parser.parse_args())
    except (ECAvatarError, OSError) as error:
        told = error if isinstance(error, ECAvatarError) else JobError(str(error.strerror), error.filename, "choose another folder")
        sys.stderr.write(f"error: {told}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
