"""Time and memory against Emolib's size, for bm_scale.py: one cell of made-up people, searched exactly and by FAISS."""

import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.head_model import HeadBasis
from training.emolib.build import people as folk
from training.emolib.retrieval import Cell, Exact, Index, Retrieval, people

ROOT = Path(__file__).resolve().parents[1]
CELL: Cell = ("sad", 1)
SIZES, FULL = (10_000, 100_000), (10_000, 100_000, 1_000_000, 10_000_000)      # the last takes 7 GB and half an hour of a core
BLOCK = 100_000                 # people made up at once
ASKED, ASKED_EXACTLY = 200, {10_000: 20, 100_000: 20, 1_000_000: 5, 10_000_000: 3}
Report = Callable[..., None]
Value = TypeVar("Value")


def made_up(basis: HeadBasis, count: int) -> NDArray[np.float16]:
    """Return the shapes (count, B) of made-up people, block by block, so that they are all the memory it takes."""
    random, shapes = np.random.default_rng(0), np.empty((count, len(basis.identity_basis)), np.float16)
    for first in range(0, count, BLOCK):
        shapes[first:first + BLOCK] = folk(basis, random, count=min(BLOCK, count - first))
    return shapes


def measure(folder: Path, report: Report, sizes: tuple[int, ...] = SIZES) -> None:
    """Report time of a query, of building, memory and storage for each size; in CPU seconds, since others may compute as well."""
    basis = HeadBasis.load(ROOT / "assets" / "head.npz")
    for count in sizes:
        shapes = made_up(basis, count)
        exact = Exact({CELL: shapes}, {CELL: np.arange(count)})
        asked = people(shapes, np.random.default_rng(3), ASKED)
        report(f"items_{count}_exact", 1000 * median(exact, asked[:ASKED_EXACTLY[count]]), "ms of CPU a query", peak_mb=peak())
        index, seconds = timed(partial(Index.build, exact))
        _, stored = timed(partial(index.write, folder))
        report(f"items_{count}_faiss", 1000 * median(index, asked), "ms of CPU a query", build_cpu_seconds=round(seconds, 1),
               write_cpu_seconds=round(stored, 1), recall=index.recall[CELL], peak_mb=peak())
        report(f"items_{count}_storage", sum(path.stat().st_size for path in folder.iterdir()) / count, "bytes an item")
        del shapes, exact, index


def median(search: Retrieval, queries: NDArray[np.float32]) -> float:
    """Return the CPU seconds that a query takes; the first, which loads what is loaded once, does not count."""
    search.retrieve(CELL[0], CELL[1], queries[0])
    return float(np.median([timed(partial(search.retrieve, CELL[0], CELL[1], query))[1] for query in queries]))


def timed(call: Callable[[], Value]) -> tuple[Value, float]:
    """Return what a call returns and the CPU seconds it took, of all threads."""
    started = time.process_time()
    value = call()
    return value, time.process_time() - started


def peak() -> int:
    """Return the most memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
