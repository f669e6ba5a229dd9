"""Retrieval among millions of items: an index of each category and level (FAISS), checked against the exact search.

Both find the item of the same category and level whose shape is nearest by Euclidean distance (Sec. 4.1), as
core.emotion.emolib.Emolib does. FAISS (Johnson, Douze and Jegou 2017; PyPI faiss-cpu) splits each cell into clusters (IVF)
and looks into some of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, JobError
from core.files import Arrays, read_json, write_atomically, write_json
from core.types import EMOTIONS, MOST_LEVEL, Emotion, Floats

FORMAT = 1
WANTED = 0.99                   # share of queries whose nearest item is found
ASKED = 1000                    # queries that this is measured with
CLUSTERED_FROM = 20_000         # items of a cell from which clusters are worth it; below it is searched whole
CLUSTERS, MOST_CLUSTERS = 4, 4096       # times the square root of the items; with no more, building is linear beyond a million
TRAINED = 64                    # items a cluster that the clusters are found from
BLOCK = 65_536                  # items compared at once by the exact search
Cell = tuple[Emotion, int]
Ids = NDArray[np.int64]


class Retrieval(Protocol):
    """What core.emotion.emolib.Emolib, Exact and Index have in common."""

    def retrieve(self, category: Emotion, level: int, identity: Floats) -> int:
        """Return the item of the cell whose shape is nearest to `identity` (B,)."""
        ...


@dataclass(frozen=True)
class Exact:
    """The exact search: shapes (M, B) float16 and numbers (M,) of the items of each cell."""

    shapes: dict[Cell, NDArray[np.float16]]
    items: dict[Cell, Ids]

    @classmethod
    def of(cls, parts: Iterable[Arrays]) -> "Exact":
        """Return the search among the items of a library's parts, numbered in sequence; category, level and identity are read."""
        shapes, items, count = dict[Cell, list[Any]](), dict[Cell, list[Any]](), 0
        for part in parts:
            numbers = count + np.arange(len(part["category"]))
            count += len(numbers)
            for index, level in sorted(set(zip(part["category"].tolist(), part["level"].tolist(), strict=True))):
                own = (part["category"] == index) & (part["level"] == level)
                shapes.setdefault((EMOTIONS[index], level), []).append(part["identity"][own])
                items.setdefault((EMOTIONS[index], level), []).append(numbers[own])
        return cls({cell: np.concatenate(rows) for cell, rows in shapes.items()},
                   {cell: np.concatenate(rows) for cell, rows in items.items()})

    def retrieve(self, category: Emotion, level: int, identity: Floats) -> int:
        """Return the item of (C0, L0) whose shape is nearest to `identity` (B,); the first of equals.

        Raises InputError for a cell without items.
        """
        shapes, best, nearest = self.shapes[check(self.shapes, category, level)], np.inf, 0
        for first in range(0, len(shapes), BLOCK):
            offsets = shapes[first:first + BLOCK].astype(np.float32) - identity
            distances = np.einsum("mb,mb->m", offsets, offsets)
            place = int(distances.argmin())
            if distances[place] < best:
                best, nearest = float(distances[place]), first + place
        return int(self.items[category, level][nearest])


@dataclass(frozen=True)
class Index:
    """FAISS's indices by cell, the numbers of their items, and how many clusters are looked into; recall: measured, by cell."""

    indices: dict[Cell, Any]
    items: dict[Cell, Ids]
    recall: dict[Cell, float] = field(default_factory=dict)

    @classmethod
    def build(cls, exact: Exact, *, seed: int = 0, wanted: float = WANTED, asked: int = ASKED) -> "Index":
        """Return an index of the same items that finds at least the share `wanted` of the nearest ones, measured with `asked` made-up
        people a cell against the exact search."""
        indices, recall = dict[Cell, Any](), dict[Cell, float]()
        for place, (cell, shapes) in enumerate(sorted(exact.shapes.items())):
            indices[cell], recall[cell] = indexed(shapes, np.random.default_rng([seed, place]), wanted, asked)
        return cls(indices, exact.items, recall)

    def retrieve(self, category: Emotion, level: int, identity: Floats) -> int:
        """Return the item of (C0, L0) whose shape is nearest to `identity` (B,), as far as the index finds it.

        Raises InputError for a cell without items.
        """
        _, found = self.indices[check(self.indices, category, level)].search(np.asarray(identity, np.float32)[None], 1)
        return int(self.items[category, level][found[0, 0]])

    @cached_property
    def size(self) -> int:
        """How many items there are."""
        return sum(map(len, self.items.values()))

    def write(self, folder: Path) -> None:
        """Write it into `folder`; index.json, last, declares it complete."""
        faiss = library()
        (folder / "index.json").unlink(missing_ok=True)
        for (category, level), index in self.indices.items():
            items = self.items[category, level]
            write_atomically(folder / f"{category}-{level}.faiss", partial(write_streamed, faiss, index))
            write_atomically(folder / f"{category}-{level}.npy", partial(np.save, arr=items, allow_pickle=False))
        write_json(folder / "index.json", {"format": FORMAT, "recall": {f"{name} {level}": value
                                                                        for (name, level), value in self.recall.items()}})

    @classmethod
    def read(cls, folder: Path) -> "Index":
        """Read what `write` wrote; raise JobError when it is incomplete or damaged."""
        faiss = library()
        values = read_json(folder / "index.json", JobError)
        cells: dict[Cell, float] = {(name, level): values.get("recall", {}).get(f"{name} {level}", 0.0)
                                    for name in EMOTIONS for level in range(1, MOST_LEVEL + 1)
                                    if f"{name} {level}" in values.get("recall", {})}
        try:
            return cls({cell: read_streamed(faiss, folder / f"{cell[0]}-{cell[1]}.faiss") for cell in cells},
                       {cell: np.load(folder / f"{cell[0]}-{cell[1]}.npy", allow_pickle=False) for cell in cells}, cells)
        except (OSError, ValueError, EOFError, RuntimeError) as error:
            raise JobError(f"the index is damaged ({error})", folder, "build it again") from error


def check(cells: dict[Cell, Any], category: Emotion, level: int) -> Cell:
    """Return the cell; raise InputError when it has no items."""
    if (category, level) not in cells:
        raise InputError(f"the library has no emotion {category!r} of level {level}", "emotion",
                         f"choose one of {', '.join(EMOTIONS)} and a level from 1 to {MOST_LEVEL}")
    return category, level


def indexed(shapes: NDArray[np.float16], random: np.random.Generator, wanted: float, asked: int) -> tuple[Any, float]:
    """Return FAISS's index of the shapes (M, B) of a cell, set to the wanted recall, and the recall that was measured."""
    faiss = library()
    flat = faiss.IndexFlatL2(shapes.shape[1])
    if len(shapes) < CLUSTERED_FROM:
        add(flat, shapes)
        return flat, 1.0
    clusters = min(round(CLUSTERS * len(shapes) ** 0.5), MOST_CLUSTERS)
    index = faiss.IndexIVFScalarQuantizer(flat, shapes.shape[1], clusters, faiss.ScalarQuantizer.QT_fp16)
    chosen = np.sort(random.choice(len(shapes), min(TRAINED * clusters, len(shapes)), replace=False))
    index.cp.seed = int(random.integers(1 << 30))
    index.train(shapes[chosen].astype(np.float32))
    add(index, shapes)
    queries = people(shapes, random, asked)
    true = nearest(shapes, queries)
    index.nprobe = 1
    while True:
        found = index.search(queries, 1)[1][:, 0]
        recall = float(np.mean(found == true))
        if recall >= wanted or index.nprobe >= clusters:
            return index, recall
        index.nprobe = min(index.nprobe * 2, clusters)


def add(index: Any, shapes: NDArray[np.float16]) -> None:
    """Add the shapes (M, B), block by block."""
    for first in range(0, len(shapes), BLOCK):
        index.add(shapes[first:first + BLOCK].astype(np.float32))


def write_streamed(faiss: Any, index: Any, file: IO[bytes]) -> None:
    """Write an index piece by piece: an index of gigabytes is not held twice."""
    faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))


def read_streamed(faiss: Any, path: Path) -> Any:
    """Return the index that `write_streamed` wrote; raise RuntimeError or OSError when it is damaged or missing."""
    with path.open("rb") as file:
        return faiss.read_index(faiss.PyCallbackIOReader(file.read))


def people(shapes: NDArray[np.float16], random: np.random.Generator, count: int) -> Floats:
    """Return made-up people (count, B) as the library's are: each between two of them."""
    one, other = (shapes[random.integers(len(shapes), size=count)].astype(np.float32) for _ in range(2))
    share = random.random((count, 1)).astype(np.float32)
    return np.asarray(share * one + (1 - share) * other, np.float32)


def nearest(shapes: NDArray[np.float16], queries: Floats) -> Ids:
    """Return the place (Q,) of the shape (M, B) nearest to each query (Q, B): the exact search, many at once."""
    best, place = np.full(len(queries), np.inf), np.zeros(len(queries), np.int64)
    for first in range(0, len(shapes), BLOCK):
        block = shapes[first:first + BLOCK].astype(np.float32)
        distances = np.square(block).sum(axis=1) - 2 * queries @ block.T        # and the query's own square, the same for all
        found = distances.argmin(axis=1)
        value = distances[np.arange(len(queries)), found]
        nearer = value < best
        best, place = np.where(nearer, value, best), np.where(nearer, first + found, place)
    return place


def library() -> Any:
    """Return FAISS; raise InputError when it is not installed."""
    try:
        import faiss
    except ImportError as error:
        raise InputError("FAISS is not installed", "", "pip install -r building/requirements-scale.txt") from error
    return faiss
