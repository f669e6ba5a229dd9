"""Time and memory against Emolib's size, for bm_scale.py: one cell of made-up people, searched exactly and by FAISS.

FAISS builds with as many threads as OMP_NUM_THREADS allows; a query is one thread's work.
"""

import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.head.model import HeadBasis
from training.emolib.build import people as folk
from training.emolib.retrieval import Cell, Exact, Index, Retrieval, library, people

ROOT = Path(__file__).resolve().parents[1]
CELL: Cell = ("sad", 1)
SIZES, FULL = (10_000, 100_000), (10_000, 100_000, 1_000_000, 10_000_000)      # the last takes 7 GB and minutes of 16 cores
BLOCK = 100_000                 # people made up at once
ASKED, ASKED_EXACTLY = {10_000_000: 50}, {10_000: 20, 100_000: 20, 1_000_000: 5, 10_000_000: 3}
USUALLY_ASKED = 200
Report = Callable[..., None]
Value = TypeVar("Value")


def made_up(basis: HeadBasis, count: int) -> NDArray[np.float16]:
    """Return the shapes (count, B) of made-up people, block by block on all cores, so that they are all the memory it takes."""
    shapes, firsts = np.empty((count, len(basis.identity_basis)), np.float16), range(0, count, BLOCK)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for first, made in zip(firsts, pool.map(partial(block, basis), firsts, [min(BLOCK, count - first) for first in firsts]),
                               strict=True):
            shapes[first:first + BLOCK] = made
    return shapes


def block(basis: HeadBasis, first: int, count: int) -> NDArray[np.float16]:
    """Return the shapes (count, B) of one block, drawn by its place."""
    return folk(basis, np.random.default_rng([0, first]), count=count).astype(np.float16)


def measure(folder: Path, report: Report, sizes: tuple[int, ...] = SIZES) -> None:
    """Report time of a query, of building, memory and storage for each size; in CPU seconds too, since others may compute as well."""
    basis = HeadBasis.load(ROOT / "assets" / "head.npz")
    for count in sizes:
        shapes = made_up(basis, count)
        exact = Exact({CELL: shapes}, {CELL: np.arange(count)})
        asked = people(shapes, np.random.default_rng(3), ASKED.get(count, USUALLY_ASKED))
        used, passed = median(exact, asked[:ASKED_EXACTLY[count]])
        report(f"items_{count}_exact", 1000 * used, "ms of CPU a query", ms_by_the_clock=round(1000 * passed, 2), peak_mb=peak())
        index, seconds, building = timed(partial(Index.build, exact))
        _, stored, _ = timed(partial(index.write, folder))
        used, passed = median(index, asked)
        report(f"items_{count}_faiss", 1000 * used, "ms of CPU a query", ms_by_the_clock=round(1000 * passed, 2),
               build_cpu_seconds=round(seconds, 1), build_seconds=round(building, 1), threads=library().omp_get_max_threads(),
               write_cpu_seconds=round(stored, 1), recall=index.recall[CELL], peak_mb=peak())
        report(f"items_{count}_storage", sum(path.stat().st_size for path in folder.iterdir()) / count, "bytes an item")
        del shapes, exact, index


def median(search: Retrieval, queries: NDArray[np.float32]) -> tuple[float, float]:
    """Return the seconds that a query takes, of CPU and by the clock; the first, which loads what is loaded once, does not count."""
    search.retrieve(CELL[0], CELL[1], queries[0])
    taken = np.median([timed(partial(search.retrieve, CELL[0], CELL[1], query))[1:] for query in queries], axis=0)
    return float(taken[0]), float(taken[1])


def timed(call: Callable[[], Value]) -> tuple[Value, float, float]:
    """Return what a call returns and the seconds it took: of CPU, all threads together, and by the clock."""
    used, began = time.process_time(), time.perf_counter()
    value = call()
    return value, time.process_time() - used, time.perf_counter() - began


def peak() -> int:
    """Return the most memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
