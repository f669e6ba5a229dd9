"""Locks between processes: the system lets go of them however a process ends."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

AGAIN = 0.05                    # seconds between tries where the system cannot wait by itself


@contextmanager
def held(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock file at `path`, which is made with its folder; wait for another process to let go of it, or do not.

    Raises OSError when the file cannot be made, or, if it is not waited for, when another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        take(file, wait)
        yield


def take(file: IO[bytes], wait: bool) -> None:
    """Lock an open file until it is closed; raise OSError when another process has it and it is not waited for."""
    if sys.platform == "win32":
        import msvcrt
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                return
            except OSError:
                if not wait:
                    raise
            time.sleep(AGAIN)
    else:
        import fcntl
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
