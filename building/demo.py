"""The demo: the built zip, installed in Blender as a module, does the main job through its own operator."""

import os
import subprocess
import sys
import time
from pathlib import Path

from . import assets, extension
from .environment import ROOT
from .errors import BuildError

USER = ROOT / ".cache" / "blender"      # Blender's user folder for the demo: extension and jobs
ROOM = 20_000_000                       # bytes the results may take
RESULTS = ("demo.blend", "demo.png", "demo.mp4")


def run(python: Path, *, photo: Path, audio: Path, out: Path) -> int:
    """Write demo.blend, demo.png and demo.mp4 of `photo` and `audio` into `out`; return 0, or 2 when the input cannot be used.

    Raises BuildError when an input or the folder is not there.
    """
    started = time.monotonic()
    for path, what in ((photo, "photo"), (audio, "recording")):
        if path not in (assets.PHOTO, assets.SPEECH) and not path.is_file():
            raise BuildError(f"there is no such {what}; {path}; choose an existing file")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in (*RESULTS, "demo.part"):
            (out / name).unlink(missing_ok=True)
        (out / "demo.part").write_bytes(bytes(ROOM))
        (out / "demo.part").unlink()
    except OSError as error:
        raise BuildError(f"cannot write the results ({error.strerror}); {out}; choose another folder with --out") from error
    archive = extension.build(python, extension.Target.choose())
    USER.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(USER)}
    log = USER / "demo.log"
    arguments = map(str, (archive, photo.resolve(), audio.resolve(), out.resolve(), log))
    code = subprocess.run([str(python), "-m", "building.studio", *arguments], cwd=ROOT, env=environment, check=False).returncode
    if code not in (0, 2):
        last = "".join(f"  {line}\n" for line in log.read_text(errors="replace").splitlines()[-15:]) if log.is_file() else ""
        raise BuildError(f"the demo failed inside Blender (exit code {code}); {log}; its last lines:\n{last}")
    if code == 0:
        missing = [name for name in RESULTS if not (out / name).is_file()]
        if missing:
            raise BuildError(f"the demo did not write {', '.join(missing)}; {out}; see the messages above")
        sys.stdout.write(f"Done in {time.monotonic() - started:.0f} s\n"
                         f"  {out / 'demo.png'}    look at this first: the photo and the head\n"
                         f"  {out / 'demo.mp4'}    the head speaking, with sound\n"
                         f"  {out / 'demo.blend'}  open it in Blender and press play\n")
    return code
