"""What became of a batch's rows: summary.csv and summary.json, a table and a progress bar for the terminal."""

import csv
import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from ..files import write_atomically, write_json
from .row import Outcome, State
from .run import Batch

STAGES = ("head", "look", "speech", "emotion", "bake")
STATES: tuple[State, ...] = ("done", "unchanged", "failed", "stopped")
BAR = 30
EVERY = 60.0                    # seconds between lines where there is no terminal
MOST_LINES = 40                 # of the table on the terminal
LEAST_NAME = 4                  # of its first column's width


def write(out: Path, outcomes: Sequence[Outcome]) -> tuple[Path, Path]:
    """Write summary.csv and summary.json (docs/batch.md) into the folder `out` and return their paths."""
    file = io.StringIO(newline="")
    table = csv.writer(file)
    table.writerow(("name", "line", "state", "reason", "warnings", "shared", *(f"{stage}_s" for stage in STAGES)))
    for outcome in outcomes:
        table.writerow((outcome.name, outcome.line, outcome.state, outcome.reason, " | ".join(outcome.warnings),
                        " ".join(outcome.shared), *(outcome.seconds.get(stage, "") for stage in STAGES)))
    paths = out / "summary.csv", out / "summary.json"
    write_atomically(paths[0], lambda target: target.write(file.getvalue().encode()))
    write_json(paths[1], {"format": 1, "counts": counts(outcomes), "rows": [asdict(outcome) for outcome in outcomes]})
    return paths


def counts(outcomes: Sequence[Outcome]) -> dict[State, int]:
    """Return how many rows are in each state."""
    found = Counter(outcome.state for outcome in outcomes)
    return {state: found[state] for state in STATES}


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the table for the terminal: all rows, of many only those that are not made, and how many are in each state."""
    shown = list(outcomes) if len(outcomes) <= MOST_LINES else [one for one in outcomes if one.state in ("failed", "stopped")]
    width = max((len(outcome.name) for outcome in shown), default=LEAST_NAME)
    lines = [f"{outcome.name:<{width}}  {outcome.state:<9}  {told(outcome)}".rstrip() for outcome in shown[:MOST_LINES]]
    if len(shown) > MOST_LINES:
        lines.append(f"and {len(shown) - MOST_LINES} more")
    return "\n".join([*lines, ", ".join(f"{count} {state}" for state, count in counts(outcomes).items() if count)]) + "\n"


def told(outcome: Outcome) -> str:
    """Return what the table says beside a row's state."""
    if outcome.reason:
        return outcome.reason
    return f"{sum(outcome.seconds.values()):.1f} s" if outcome.state == "done" else ""


def bar(total: int) -> Callable[[Batch], None]:
    """Return a function that draws the progress of so many rows on a terminal, and elsewhere writes a line now and then: a render farm
    takes a process that says nothing for dead."""
    started = last = time.monotonic()

    def draw(batch: Batch) -> None:
        nonlocal last
        done = len(batch.outcomes) + sum(worker.fraction for worker in batch.children.values() if worker.row is not None) / len(STAGES)
        filled = round(BAR * min(done / total, 1))
        failed = sum(outcome.state == "failed" for outcome in batch.outcomes)
        left = (time.monotonic() - started) * (total - done) / done if done >= 1 else None
        text = f"{len(batch.outcomes)}/{total}" + (f", {failed} failed" if failed else "") + (f", {clock(left)} left" if left else "")
        if sys.stderr.isatty():
            sys.stderr.write(f"\rbatch   [{'#' * filled:<{BAR}}] {text}\x1b[K" + ("\n" if len(batch.outcomes) == total else ""))
        elif time.monotonic() - last > EVERY:
            last = time.monotonic()
            sys.stderr.write(f"batch {text}\n")
        sys.stderr.flush()
    return draw


def clock(seconds: float) -> str:
    """Return a duration for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
