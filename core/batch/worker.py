"""A worker of a batch: keeps the networks loaded and makes the rows it is told to. No bpy here.

    worker OUT FORMAT [BLENDER]

A row a line on stdin, as JSON; on stdout, one JSON object a line, {"progress": {"stage", "fraction"}} and at a row's end
{"outcome": {...}}. It ends when stdin closes, however its parent went, in the middle of a row too: every file in place is whole.
"""

import json
import logging
import os
import queue
import sys
import threading
import traceback
from dataclasses import asdict
from pathlib import Path

from ..errors import ECAvatarError
from ..messages import Message, Report
from ..stage_store import StageStore
from .blender import Blender
from .row import Maker, Outcome
from .table import Row

ENDED = 1                       # exit code in the middle of a row
LOG = logging.getLogger(__name__)


def main(out: Path, wanted: str, blender: str = "") -> int:
    """Make rows until stdin closes."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=listen, args=(lines, busy), daemon=True).start()
    with Blender(blender) as saver:
        maker = Maker(out, StageStore(out / ".batch" / "stages"), wanted, saver.save)
        while (line := lines.get()) is not None:
            busy.set()
            outcome = attempt(maker, Row(**json.loads(line)), progress)
            busy.clear()                            # before it is told, after which stdin may close
            say({"outcome": asdict(outcome)})
    return 0


def attempt(maker: Maker, row: Row, report: Report) -> Outcome:
    """Make a row; what goes wrong becomes its reason, so that the next ones are made."""
    try:
        return maker.make(row, report)
    except ECAvatarError as error:
        return Outcome(row.name, row.line, "failed", str(error))
    except Exception as error:  # noqa: BLE001 -- one bad row never stops the rest; a bug's traceback is kept
        LOG.error("%s\n%s", row.name, traceback.format_exc())
        return Outcome(row.name, row.line, "failed",
                       f"an internal error ({type(error).__name__}: {error}); {maker.out / '.batch'}; please report it with its log")


def progress(message: Message) -> None:
    """Tell the parent how far a row is."""
    if message.kind == "progress":
        say({"progress": {"stage": message.stage, "fraction": message.fraction}})


def say(values: dict[str, object]) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def listen(lines: "queue.SimpleQueue[str | None]", busy: threading.Event) -> None:
    """Put the parent's lines into the queue; when it is gone, end, at once in the middle of a row."""
    pending = b""
    while content := os.read(0, 1 << 16):       # not sys.stdin: its lock would be held when the interpreter ends
        *whole, pending = (pending + content).split(b"\n")
        for line in whole:
            lines.put(line.decode())
    if busy.is_set():
        os._exit(ENDED)
    lines.put(None)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
