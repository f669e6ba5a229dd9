"""Blender in a child process, which makes .blend and glTF files of finished jobs and keeps running between them. No bpy here."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ..errors import InputError, JobError
from ..messages import parse

MODULE = "module"               # in place of a program's path: Blender as the Python module bpy
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 10.0                 # seconds it has to end by itself
# the add-on as a package, as an extension is
AS_MODULE = ("import sys, json, importlib.util, bpy; "
             "sys.path += [place for place in json.loads(sys.argv[1]) if place not in sys.path]; "
             "root = sys.argv[2]; "
             "spec = importlib.util.spec_from_file_location('ecavatar', root + '/__init__.py', submodule_search_locations=[root]); "
             "package = importlib.util.module_from_spec(spec); sys.modules['ecavatar'] = package; spec.loader.exec_module(package); "
             "package.register(); from ecavatar.ecavatar_addon import batch; batch.serve()")
# the extension that is installed in that Blender
AS_PROGRAM = ("import bpy, importlib\n"
              "found = [name for name in bpy.context.preferences.addons.keys() if name.rpartition('.')[2] == 'ecavatar']\n"
              "assert found, 'the extension ECAvatar is not installed and enabled in this Blender'\n"
              "importlib.import_module(found[0] + '.ecavatar_addon.batch').serve()")


def find(chosen: str = "") -> str:
    """Return MODULE, or the path of a Blender: the chosen one, or what is there; raise InputError when there is none."""
    if chosen:
        path = shutil.which(chosen)
        if path is None:
            raise InputError("there is no such Blender", chosen, "give the path of its program")
        return path
    if importlib.util.find_spec("bpy") is not None:
        return MODULE
    path = shutil.which("blender")
    if path is None:
        raise InputError("no Blender was found for --format", "PATH", "give the path of its program with --blender")
    return path


class Blender:
    """A Blender that is started when the first file is wanted; end it with `close`, or use it in a with statement."""

    def __init__(self, path: str) -> None:
        """path: what `find` returned."""
        self.path = path
        self.process: subprocess.Popen[str] | None = None

    def save(self, job: Path, out: Path) -> None:
        """Let Blender import the finished `job` and write `out`, a .blend or .glb; raise JobError when it cannot."""
        if self.process is None or self.process.poll() is not None:
            self.process = self.start()
        assert self.process.stdin is not None and self.process.stdout is not None
        with suppress(OSError):                                 # it has ended: so does what it says
            self.process.stdin.write(json.dumps({"job": str(job), "out": str(out)}) + "\n")
            self.process.stdin.flush()
        said = ""
        for line in self.process.stdout:                        # Blender's chatter is no message
            message = parse(line)
            if message is not None and message.kind == "error":
                said = message.text
            if message is not None and message.kind == "done":
                break
        else:
            raise JobError(f"Blender ended with code {self.process.wait()}", out, "see the batch's log")
        if not message.ok:
            raise JobError(said)

    def start(self) -> "subprocess.Popen[str]":
        """Start it; raise JobError when that cannot be done."""
        if self.path == MODULE:
            command = [sys.executable, "-u", "-c", AS_MODULE, json.dumps(sys.path), str(ROOT)]
        else:
            command = [self.path, "--background", "--python-exit-code", "1", "--python-expr", AS_PROGRAM]
        try:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
                                    errors="replace", env={**os.environ, "PYTHONUNBUFFERED": "1"})
        except OSError as error:
            raise JobError(f"cannot start Blender ({error.strerror})", self.path, "give its program with --blender") from error

    def close(self) -> None:
        """Let it end: its standard input closes."""
        if self.process is None:
            return
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def __enter__(self) -> "Blender":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
