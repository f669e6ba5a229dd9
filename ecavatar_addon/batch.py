"""Blender's share of a batch (docs/batch.md): avatars of finished jobs as .blend or glTF files, and the command line of the engine.

`serve` runs in a Blender of its own, started by core/batch/blender.py; `blender --command ecavatar ARGUMENTS` is
`python -m core ARGUMENTS`.
"""

import json
import os
import queue
import threading
import traceback
from pathlib import Path

import bpy

from ..core.errors import ECAvatarError, JobError
from ..core.messages import Message
from .late import avatar, export
from .late import job as engine_job

COMMAND = "ecavatar"
ENDED = 1                       # exit code in the middle of a file


def save(job: Path, out: Path) -> None:
    """Write the avatar of the finished `job` folder to `out`, whole or not at all: by its ending a .blend, or what can be exported.

    The open file is closed. Raises ECAvatarError when the job is unfinished, the ending unknown or the file cannot be written.
    """
    result = engine_job.read_result(job)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    target = bpy.context.scene
    rate = round(float(result.bake["fps"]), 3)
    target.render.fps = max(round(rate), 1)
    target.render.fps_base = target.render.fps / rate
    root = avatar.import_avatar(result, target, as_asked=True)
    if out.suffix == ".blend":
        save_blend(out)
    else:
        export.export(root, out, target)


def save_blend(out: Path) -> None:
    """Save the open file to `out` with its pictures and sound in it; raise JobError when it cannot be written."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}.part.blend")
    try:
        bpy.ops.file.pack_all()
        bpy.ops.wm.save_as_mainfile(filepath=str(temporary), compress=True, copy=True, relative_remap=False)
        temporary.replace(out)
    except (RuntimeError, OSError) as error:                    # how Blender's operators fail, and files do
        raise JobError(f"Blender cannot save ({str(error).strip()})", out, "choose a folder that has free space") from error
    finally:
        temporary.unlink(missing_ok=True)


def serve() -> None:
    """Save what is asked for on stdin, a JSON object a line with `job` and `out`, until it closes; answer on stdout.

    Blender's own chatter, which would get between the answers, goes to stderr.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=listen, args=(lines, busy), daemon=True).start()
    while (line := lines.get()) is not None:
        busy.set()
        error = attempt(line)
        busy.clear()                                # before the answer, after which stdin may close
        answers.write((Message("error", text=error).line() if error else "") + Message("done", ok=not error).line())
        answers.flush()
    os._exit(0)                 # the module of Blender 4.2 (not its program) crashes while Python ends


def attempt(line: str) -> str:
    """Save what a line asks for; return what went wrong, "" if nothing did."""
    values = json.loads(line)
    try:
        save(Path(values["job"]), Path(values["out"]))
    except ECAvatarError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 -- the process boundary: a bug must reach the parent as a message, too
        traceback.print_exc()
        return f"an internal error in Blender ({type(error).__name__}: {error}); {values['out']}; please report it with its log"
    return ""


def listen(lines: "queue.SimpleQueue[str | None]", busy: threading.Event) -> None:
    """Put the parent's lines into the queue; when it is gone, end, at once in the middle of a file."""
    pending = b""
    while content := os.read(0, 1 << 16):
        *whole, pending = (pending + content).split(b"\n")
        for line in whole:
            lines.put(line.decode())
    if busy.is_set():
        os._exit(ENDED)
    lines.put(None)


def command(arguments: list[str]) -> int:
    """Run `blender --command ecavatar ARGUMENTS` and return its exit code: the engine's commands, with this Blender for --format."""
    from ..core.__main__ import main
    own = ["--blender", bpy.app.binary_path] if arguments[:1] == ["batch"] and bpy.app.binary_path else []
    return main([*arguments[:1], *own, *arguments[1:]])


class Commands:
    """The registered command, which Blender wants back when the extension goes."""

    handle: object | None = None

    @classmethod
    def attach(cls) -> None:
        """Register the command."""
        cls.handle = bpy.utils.register_cli_command(COMMAND, command)

    @classmethod
    def detach(cls) -> None:
        """Take it back."""
        if cls.handle is not None:
            bpy.utils.unregister_cli_command(cls.handle)
            cls.handle = None
