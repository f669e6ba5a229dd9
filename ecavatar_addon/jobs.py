"""The background process: queue it, start it, listen to it, cancel it. No operator waits for it in a Blender window.

`poll` is a plain function: a timer calls it in a window, a loop where there is none (timers never fire there). The state
belongs to this Blender process and is never saved in a .blend. One process runs at a time: it takes all cores.
"""

import importlib.util
import os
import queue
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..core import threads
from ..core.errors import ECAvatarError, JobError
from ..core.messages import Message, parse
from .folders import preference

if TYPE_CHECKING:
    import subprocess

    from ..core.job import Request

EXTENSION = Path(__file__).resolve().parent.parent
# what the engine needs besides the standard library; Blender brings numpy, the extension the others
PACKAGES = ("numpy", "onnxruntime", "ai_edge_litert", "soundfile", "soxr", "PIL")
BOOTSTRAP = ("import sys, runpy; n = int(sys.argv[1]); sys.path[:0] = sys.argv[2:2 + n]; del sys.argv[1:2 + n]; "
             "runpy.run_module('core.worker', run_name='__main__', alter_sys=True)")
LOG = "worker.log"              # in the job folder: what the worker wrote on stderr
PATIENCE = 3.0                  # seconds the worker has to end when asked to
LEAST_DONE = 0.15               # of the job, from which on the time left is told
STAGE_SHARES = {"head": (0.0, 0.6), "look": (0.6, 0.6), "speech": (0.6, 0.85), "emotion": (0.85, 0.9), "bake": (0.9, 1.0)}

State = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass
class Worker:
    """One run of core/worker.py in a job folder; fraction: of the whole job, 0..1; error: one sentence when it failed.

    skipped: the part of `fraction` that was there already, and took no time.
    process: once it is started; request: what is written into the folder then; awaited: whether a timer will take its result in;
    number: its own in this Blender; started: when, by time.monotonic.
    """

    folder: Path
    process: "subprocess.Popen[str] | None" = None
    request: "Request | None" = None
    awaited: bool = False
    number: int = field(default_factory=count().__next__)
    lines: "queue.SimpleQueue[str | None]" = field(default_factory=queue.SimpleQueue)
    state: State = "running"
    stage: str = "starting"
    fraction: float = 0.0
    skipped: float = 0.0
    started: float = 0.0
    warnings: list[str] = field(default_factory=list)
    error: str = ""

    def poll(self) -> State:
        """Take in what the worker has said since the last call, or start it when its turn has come; return the state."""
        if self.state == "waiting":
            advance()
        while self.state == "running":
            try:
                line = self.lines.get_nowait()
            except queue.Empty:
                break
            if line is None:
                self.end(self.ended())
            elif message := parse(line):
                self.take(message)
        return self.state

    def take(self, message: Message) -> None:
        """Note one message."""
        if message.kind == "progress":
            start, end = STAGE_SHARES.get(message.stage, (self.fraction, self.fraction))
            if message.stage != self.stage and message.fraction == 1.0:
                self.skipped += end - start
            self.stage, self.fraction = message.stage, start + (end - start) * message.fraction
        elif message.kind == "warning":
            self.warnings.append(message.text)
        elif message.kind == "error":
            self.error = message.text
        elif message.kind == "done" and message.ok:
            self.fraction = 1.0

    def seconds_left(self, now: float) -> float | None:
        """Return how many seconds are left if it goes on as until `now` (time.monotonic); None while too little is done to say."""
        done = self.fraction - self.skipped
        return (now - self.started) * (1 - self.fraction) / done if done >= LEAST_DONE and self.fraction < 1 else None

    def end(self, code: int) -> None:
        """Note how the process ended: done only with code 0 and a manifest."""
        self.close()
        if code == 0 and (self.folder / "manifest.json").is_file():
            self.state = "done"
        else:
            self.state = "failed"
            log = self.folder / LOG
            self.error = self.error or f"the background process ended with code {code}; {log}; generate again"

    def cancel(self) -> None:
        """End the process, or its waiting, and keep the folder: finished stages are used again."""
        if self.state == "waiting":
            self.state = "cancelled"
        if self.state == "running":
            self.state = "cancelled"
            if self.process is not None:
                self.process.terminate()
                self.ended()
            self.close()

    def ended(self) -> int:
        """Return the exit code of the process, which is about to end; one that does not is killed."""
        assert self.process is not None
        import subprocess
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def close(self) -> None:
        """Close our end of the pipes."""
        for pipe in (self.process.stdin, self.process.stdout) if self.process is not None else ():
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


current: Worker | None = None           # that runs, or ran last
batch: list[Worker] = []                # in the order they were asked for; emptied by the first that is asked for after all have ended


def submit(folder: Path, request: "Request") -> Worker:
    """Let `request` be worked on in `folder`: at once, or after those before it; return its worker.

    A request for the same folder that still waits is replaced. Raises what `start` and `Request.write` raise, if it starts at once.
    """
    worker = Worker(folder, request=request, state="waiting")
    if not busy():
        stop()                          # forgets the last batch and what it said
        request.write(folder)
        batch.append(launch(worker))
        return worker
    for other in batch:
        if other.state == "waiting" and other.folder == folder:
            other.cancel()
    batch[:] = [*(other for other in batch if other.state != "cancelled"), worker]
    return worker


def busy() -> bool:
    """Whether a worker runs, waits, or has a result that is not taken in yet."""
    running = current is not None and current.state == "running"
    return running or any(worker.state == "waiting" or (worker.state == "done" and worker.awaited) for worker in batch)


def folders() -> set[str]:
    """Return the folders that are worked in, will be, or hold a result that is not taken in yet."""
    every = [*batch, *([current] if current is not None else [])]
    return {str(worker.folder) for worker in every
            if worker.state in ("waiting", "running") or (worker.state == "done" and worker.awaited)}


def advance() -> None:
    """Start the first worker that waits, once the one before has ended and its result is taken in."""
    global current  # noqa: PLW0603 -- the one process of this Blender
    if current is not None and (current.state == "running" or (current.state == "done" and current.awaited)):
        return
    following = next((worker for worker in batch if worker.state == "waiting"), None)
    if following is None or following.request is None:
        return
    try:
        following.request.write(following.folder)
        launch(following)
    except ECAvatarError as error:
        following.state, following.error = "failed", str(error)
        current = following


def start(folder: Path) -> Worker:
    """Start a worker on the request that is in `folder`, as the only one of a batch.

    Raises JobError when one is running, when the extension's packages are missing, or when it cannot be started.
    """
    if current is not None and current.state == "running":
        raise JobError("an avatar is being generated already", "", "wait for it or cancel it")
    worker = launch(Worker(folder))
    batch[:] = [worker]
    return worker


def launch(worker: Worker) -> Worker:
    """Start the process of a worker, make it the current one, and return it; raise JobError when that cannot be done."""
    global current  # noqa: PLW0603 -- the one process of this Blender
    import subprocess  # takes a tenth of the add-on's start
    folder = worker.folder
    roots = [str(EXTENSION), *package_roots()]
    command = [sys.executable, "-I", "-u", "-c", BOOTSTRAP, str(len(roots)), *roots, str(folder), "--watch-stdin"]
    apart = ({"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW} if sys.platform == "win32"
             else {"start_new_session": True})
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if count := preference("threads"):
        environment = threads.limited(environment, count)
    try:
        with (folder / LOG).open("w", encoding="utf-8") as log:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                       encoding="utf-8", errors="replace", env=environment, cwd=folder, **apart)
    except OSError as error:
        raise JobError(f"cannot start the background process ({error.strerror})", folder,
                       "check that the folder is writable") from error
    worker.process, worker.state, worker.started = process, "running", time.monotonic()
    current = worker
    threading.Thread(target=listen, args=(process, worker.lines), daemon=True).start()
    return worker


def listen(process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str | None]") -> None:
    """Put the worker's lines into the queue, then None at its end."""
    assert process.stdout is not None
    with suppress(OSError, ValueError):             # closed under us by cancel
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def package_roots() -> list[str]:
    """Return the folders that hold the engine's packages; raise JobError naming the missing ones."""
    found = {name: importlib.util.find_spec(name) for name in PACKAGES}
    missing = [name for name, spec in found.items() if spec is None or not spec.origin]
    if missing:
        raise JobError(f"the extension is incomplete: {', '.join(missing)} missing", EXTENSION,
                       "install the zip made for this system and this Blender version")
    parents = [path.parent if path.name != "__init__.py" else path.parent.parent
               for path in (Path(str(spec.origin)) for spec in found.values() if spec)]
    return list(dict.fromkeys(map(str, parents)))


def stop() -> None:
    """Cancel whatever runs or waits and forget it."""
    global current  # noqa: PLW0603
    for worker in batch:
        worker.cancel()
    batch.clear()
    if current is not None:
        current.cancel()
    current = None
