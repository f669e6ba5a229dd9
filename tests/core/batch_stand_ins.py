"""A batch's worker whose stages are quick: what they make says what it was made of, and each run leaves a line in a journal."""

import os
import sys
from dataclasses import astuple
from pathlib import Path

import numpy as np

from core import pipeline
from core.batch import row, worker
from core.files import write_arrays, write_image, write_json
from core.pack import Pack

JOURNAL = "ECAVATAR_TEST_JOURNAL"       # of the environment: the journal's path
LOCKS = "ECAVATAR_TEST_LOCKS"           # of the environment: whether the journal tells of rows asked for


class EmptyPack(Pack):
    """A pack without files."""

    @classmethod
    def open(cls, folder=None, *, keep=False):
        return cls(Path(), "empty", {"emotion_network": {}}, {})

    def digests(self, *names):
        return ["0" * 64 for _ in names]


def note(text):
    """Write a line that no other process's gets into."""
    handle = os.open(os.environ[JOURNAL], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(handle, f"{text}\n".encode())
    os.close(handle)


def content(*paths):
    return np.frombuffer(b"".join(Path(path).read_bytes() for path in paths), np.uint8)


def write_head(photos, out, *, pack, tick):
    note(f"head {photos[0].name}")
    tick(0.5)
    write_arrays(out, {"of": content(*photos)})
    write_image(out.with_suffix(".png"), np.zeros((2, 2, 3), np.uint8))
    return ("a blurred photo",)


def write_look(head, out, *, pack, cut, tick):
    write_arrays(out, {"of": content(head), "worn": np.array(astuple(cut))})
    return ()


def write_previews(head, out, *, look, pack):
    for path in out:
        write_image(path, np.zeros((2, 2, 3), np.uint8))
    return ()


def write_motion(audio, out, *, pack, tick):
    note(f"speech {audio.name}")
    text = audio.read_bytes()
    if text.startswith(b"crash"):
        os._exit(9)
    if text.startswith(b"bug"):
        raise ZeroDivisionError("by design")
    if text.startswith(b"wait"):
        note("waiting")
        Path(f"{os.environ[JOURNAL]}.go").read_bytes()      # a pipe: until somebody opens its other end
    if text.startswith(b"hang"):
        note("hanging")
        sys.stdin.read()                # its parent ends it
    write_arrays(out, {"of": content(audio)})
    return ()


def write_heard(audio, out, same_voice=(), *, pack, window, tick):
    note(f"emotion {audio.name}")
    write_arrays(out, {"of": content(audio)})
    return ()


def write_emotion(request, motion, heard, out):
    write_json(out, {"emotion": request.emotion})
    return ()


def write_bake(head, motion, felt, out, *, pack, request, tick):
    note(f"bake {Path(request.audio).name}")
    write_arrays(out, {"of": content(head, motion, felt)})
    return ()


def asked(path, *, wait, held=row.held):
    """Note which row is asked for before its lock is taken."""
    note(f"asks for {path.stem}")
    return held(path, wait=wait)


for stage in (write_head, write_look, write_previews, write_motion, write_heard, write_emotion, write_bake):
    setattr(pipeline, stage.__name__, stage)
pipeline.Pack = EmptyPack
pipeline.hears = lambda pack: True
row.Pack = EmptyPack
if LOCKS in os.environ:
    row.held = asked


if __name__ == "__main__":
    sys.exit(worker.main(Path(sys.argv[1]), *sys.argv[2:]))
