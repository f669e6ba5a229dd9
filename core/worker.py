"""The child process Blender starts: runs the request of one job folder and reports on stdout. No bpy here.

    worker FOLDER [--watch-stdin]

With --watch-stdin the process ends when its parent is gone, however it went: its standard input closes then.
Exit code: 0 done, 2 an error the user can mend, 1 a bug (its traceback is on stderr, which the parent keeps).
"""

import argparse
import logging
import os
import sys
import threading
import traceback
from pathlib import Path

from .errors import ECAvatarError
from .messages import Message, write

SUCCESS, BUG, USER_ERROR = 0, 1, 2
SYNCHRONIZE, INFINITE = 0x00100000, 0xFFFFFFFF          # Windows
LOG = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Run one job and return the exit code; the last message is always `done`."""
    parser = argparse.ArgumentParser(prog="worker", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--watch-stdin", action="store_true")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if options.watch_stdin:
        threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        write(Message("status", text="starting"))
        from .pipeline import animate  # the networks' runtimes load here: the parent already sees us alive
        manifest = animate(options.folder, report=write)
    except ECAvatarError as error:
        LOG.error("%s", error)
        return finish(str(error), USER_ERROR)
    except Exception:  # noqa: BLE001 -- the process boundary: a bug must reach the parent as a message, too
        traceback.print_exc()
        return finish(f"an internal error; {options.folder / 'worker.log'}; please report it with that file", BUG)
    write(Message("done", ok=True, manifest=str(manifest)))
    return SUCCESS


def finish(text: str, code: int) -> int:
    """Report the error `text` and the end of the job; return `code`."""
    write(Message("error", text=text))
    write(Message("done", ok=False))
    return code


def end_with_parent() -> None:
    """Wait until the parent is gone, then end this process at once; every file in place is whole.

    Standard input closes with the parent. On Windows a pending read on a pipe blocks libraries that ask for the standard
    handles while they load, so the parent's process is waited for instead.
    """
    if sys.platform == "win32":
        import ctypes
        kernel = ctypes.windll.kernel32
        kernel.OpenProcess.restype = ctypes.c_void_p
        handle = ctypes.c_void_p(kernel.OpenProcess(SYNCHRONIZE, False, os.getppid()))
        kernel.WaitForSingleObject(handle, INFINITE)
    else:
        while os.read(0, 1):        # not sys.stdin: its lock would be held when the interpreter ends
            pass
    os._exit(BUG)


if __name__ == "__main__":
    sys.exit(main())
