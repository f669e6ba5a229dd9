"""Many clips and faces (docs/batch.md): rows of a table go to workers, each with the networks loaded; no row stops the rest."""

import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from .. import threads
from ..errors import JobError
from .row import Outcome
from .table import Row

MOST_WORKERS = 256
# Ctrl-C is for the parent to handle; only Windows has these
APART = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
LOOK = 256                      # rows looked at for one that need not wait for another's stage
PATIENCE = 5.0                  # seconds that a worker has to end when asked to
# the engine as the package `core`, whatever the package it lies in is called here
BOOTSTRAP = ("import sys, json, runpy; sys.path[:] = json.loads(sys.argv.pop(1)); "
             "runpy.run_module('core.batch.worker', run_name='__main__', alter_sys=True)")
Inputs = tuple[frozenset[str], ...]
Told = Callable[[Outcome], None]


@dataclass
class Worker:
    """One child process, the row it is at, and how far that is, 0..1."""

    process: "subprocess.Popen[str]"
    log: Path
    row: Row | None = None
    fraction: float = 0.0


@dataclass
class Batch:
    """A batch under way: rows that wait, workers, and what became of rows."""

    out: Path
    format: str = ""
    blender: str = ""
    workers: int = 1
    bootstrap: str = BOOTSTRAP
    pending: deque[Row] = field(default_factory=deque)
    outcomes: list[Outcome] = field(default_factory=list)
    children: dict[int, Worker] = field(default_factory=dict)
    lines: "queue.SimpleQueue[tuple[int, str | None]]" = field(default_factory=queue.SimpleQueue)
    made: set[frozenset[str]] = field(default_factory=set)
    started: int = 0

    def run(self, rows: Sequence[Row], show: Callable[["Batch"], None] = lambda batch: None) -> list[Outcome]:
        """Make all rows and return what became of each, in their order; `show` is called whenever something has happened.

        Ctrl-C ends the workers; rows that were not finished are then "stopped". Raises JobError when no worker can be started.
        """
        total = len(rows)
        self.pending.extend(rows)
        try:
            with self.running():
                while len(self.outcomes) < total:
                    self.take(*self.lines.get())
                    show(self)
        except KeyboardInterrupt:
            known = {outcome.name for outcome in self.outcomes}
            self.outcomes += [Outcome(row.name, row.line, "stopped", "the batch was interrupted")
                              for row in rows if row.name not in known]
        order = {row.name: place for place, row in enumerate(rows)}
        return sorted(self.outcomes, key=lambda outcome: order[outcome.name])

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the workers, each with a row; at the end none is left, however it came."""
        try:
            for _ in range(min(self.workers, len(self.pending))):
                self.start()
            yield
        finally:
            for worker in self.children.values():
                end(worker)
            self.children.clear()

    def start(self) -> None:
        """Start a worker and hand it a row; raise JobError when that cannot be done."""
        self.started += 1
        number, root = self.started, Path(__file__).resolve().parents[2]
        log = self.out / ".batch" / f"{socket.gethostname()}-{os.getpid()}-{number}.log"
        places = json.dumps([str(root), *sys.path])
        command = [sys.executable, "-u", "-c", self.bootstrap, places, str(self.out), self.format, self.blender]
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("w", encoding="utf-8") as errors:
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                                           encoding="utf-8", errors="replace", env=threads.shared(os.environ, self.workers),
                                           start_new_session=True, creationflags=APART)
        except OSError as error:
            raise JobError(f"cannot start a worker ({error.strerror})", self.out, "choose a folder that is writable") from error
        self.children[number] = Worker(process, log)
        threading.Thread(target=listen, args=(number, process, self.lines), daemon=True).start()
        self.give(number)

    def give(self, number: int) -> None:
        """Hand the worker its next row, or let it end where there is none."""
        worker = self.children[number]
        assert worker.process.stdin is not None
        busy = {part for other in self.children.values() if other.row is not None for part in other.row.inputs}
        worker.row, worker.fraction = pick(self.pending, busy - self.made), 0.0
        with suppress(OSError):                                 # it has ended: `take` hears of it
            if worker.row is None:
                worker.process.stdin.close()
            else:
                worker.process.stdin.write(json.dumps(worker.row.to_json()) + "\n")
                worker.process.stdin.flush()

    def take(self, number: int, line: str | None) -> None:
        """Take in a line of a worker, None at its end."""
        worker = self.children[number]
        if line is None:
            self.ended(number, worker)
            return
        values = parse(line)
        if "progress" in values:
            worker.fraction = float(values["progress"]["fraction"])
        elif "outcome" in values and worker.row is not None:
            self.outcomes.append(Outcome.from_json(values["outcome"]))
            self.made.update(worker.row.inputs)
            worker.row = None
            self.give(number)

    def ended(self, number: int, worker: Worker) -> None:
        """Note that a worker is gone; one that left its row unfinished has failed it, and another takes its place."""
        code = end(worker)
        del self.children[number]
        if worker.row is not None:
            self.outcomes.append(Outcome(worker.row.name, worker.row.line, "failed",
                                         f"its worker ended with code {code}; {worker.log}; run the batch again"))
            if self.pending:
                self.start()


def pick(pending: deque[Row], busy: set[frozenset[str]]) -> Row | None:
    """Take the next row out of those that wait: rather one whose stages no other worker is about to make."""
    for place in range(min(LOOK, len(pending))):
        if busy.isdisjoint(pending[place].inputs):
            row = pending[place]
            del pending[place]
            return row
    return pending.popleft() if pending else None


def parse(line: str) -> dict[str, dict]:
    """Return the message in a line, {} where a library printed it."""
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) and all(isinstance(value, dict) for value in values.values()) else {}


def listen(number: int, process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[tuple[int, str | None]]") -> None:
    """Put a worker's lines into the queue, then None at its end."""
    assert process.stdout is not None
    with suppress(OSError, ValueError):             # closed under us at the end
        for line in process.stdout:
            lines.put((number, line))
    lines.put((number, None))


def end(worker: Worker) -> int:
    """End a worker, which ends Blender in its turn, and return its exit code; an empty log goes."""
    process = worker.process
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        code = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    if process.stdout is not None:
        process.stdout.close()
    with suppress(OSError):
        if not worker.log.stat().st_size:
            worker.log.unlink()
    return code
