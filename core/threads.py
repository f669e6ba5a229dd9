"""How many threads a network may use: a batch lets its workers share the cores, and an artist may want some for himself."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

One = TypeVar("One")
Other = TypeVar("Other")
VARIABLE = "ECAVATAR_THREADS"   # of a worker's environment
USUAL = 2
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")      # what numpy's libraries read


def allowed() -> int:
    """Return how many threads a network of this process may use."""
    found = os.environ.get(VARIABLE, "")
    return int(found) if found.isdecimal() and int(found) > 0 else USUAL


def both(one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """Return what two functions give, worked out at the same time where two threads may be used."""
    if allowed() < 2:
        return one(), other()
    with ThreadPoolExecutor(1) as beside:
        later = beside.submit(other)
        return one(), later.result()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limited(environment: Mapping[str, str], threads: int) -> dict[str, str]:
    """Return the environment for a process whose networks and numpy use so many threads."""
    return {**environment, **dict.fromkeys((VARIABLE, *LIBRARIES), str(threads))}


def shared(environment: Mapping[str, str], workers: int) -> dict[str, str]:
    """Return the environment for each of so many workers, so that together they use every core once."""
    return limited(environment, max(cores() // workers, 1))
