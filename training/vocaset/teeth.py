"""Make VOCATeeth: python -m training.vocaset.teeth --vocaset FOLDER --flame flame.npz --out FOLDER [--workers N]
[--template UPPER.obj LOWER.obj TONGUE.obj]

Each sequence becomes NAME.npy (T, V + M, 3) float32, metres, all frames at 60 a second, and NAME.json when it is whole: what has one
is not made again. triangles.npy (F + G, 3) and vocateeth.json, written last, describe all.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence as Several
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError, JobError
from core.files import digest, read_json, write_json

from ..command import told
from .layout import Sequence, Vocaset, open_array, write_array
from .mouth import MouthRig

FORMAT = 1
INDEX = "vocateeth.json"
MOST = 1e-6                     # metres by which what is read back may differ


@dataclass(frozen=True)
class Task:
    """One sequence to convert."""

    vocaset: Path
    flame: Path
    template: tuple[Path, ...]
    out: Path
    sequence: Sequence
    settings: str


@lru_cache(1)
def opened(vocaset: Path, flame: Path, template: tuple[Path, ...]) -> tuple[Vocaset, MouthRig]:
    """Open what a process needs once."""
    return Vocaset(vocaset), MouthRig.read(flame, template or None)


def settings_of(flame: Path, template: Several[Path]) -> str:
    """Return a sum of what the conversion depends on beside VOCASET."""
    return hashlib.sha256("".join(digest(path) for path in (flame, *template)).encode()).hexdigest()


def done(task: Task) -> dict[str, Any] | None:
    """Return what is known of a sequence that is whole, else None; raise InputError when it was made with another template."""
    path = task.out / f"{task.sequence.name}.json"
    if not path.is_file():
        return None
    known = read_json(path, InputError)
    if known.get("settings") != task.settings:
        raise InputError("the sequence was made with another head or mouth template", path, "choose an empty folder")
    made = path.with_suffix(".npy")
    return known if made.is_file() and made.stat().st_size == known.get("bytes") else None


def convert(task: Task) -> dict[str, Any]:
    """Convert a sequence, read it back, and say so."""
    known = done(task)
    if known is not None:
        return known | {"made": False}
    vocaset, rig = opened(task.vocaset, task.flame, task.template)
    template = vocaset.templates[task.sequence.subject]
    frames = vocaset.frames(task.sequence, 1)
    heads = rig.complete(frames, template)
    path = task.out / f"{task.sequence.name}.npy"
    write_array(path, heads)
    verify(path, heads.shape, rig, template)
    theta = rig.angles(frames, template)
    values = {"name": task.sequence.name, "frames": len(heads), "vertices": heads.shape[1], "bytes": path.stat().st_size,
              "sha256": digest(path), "settings": task.settings, "most_degrees": round(float(np.degrees(theta.max())), 3)}
    write_json(path.with_suffix(".json"), values)
    return values | {"made": True}


def verify(path: Path, shape: tuple[int, ...], rig: MouthRig, template: np.ndarray) -> None:
    """Read a sequence back; raise JobError unless its upper teeth rest, and lower ones turn by theta without being bent."""
    stored = open_array(path, (shape[0], shape[1], 3))
    mouth, first = rig.seated(template), len(rig.head)
    upper = np.asarray(stored[:, first:first + rig.parts[1]])
    lower = np.asarray(stored[:, first + rig.parts[1]:])
    rest = np.linalg.norm(mouth[rig.parts[1]:] - mouth[rig.parts[1]], axis=1)
    bent = np.abs(np.linalg.norm(lower - lower[:, :1], axis=2) - rest).max()
    if np.abs(upper - mouth[:rig.parts[1]]).max() > MOST or bent > MOST or not np.isfinite(lower).all():
        raise JobError("what was written differs from what was made", path, "check the disk, delete the file and run it again")


def make(vocaset: Path, flame: Path, out: Path, *, template: Several[Path] = (), workers: int = 1) -> dict[str, Any]:
    """Convert all of VOCASET and return counts; goes on where it was stopped."""
    rig, data = MouthRig.read(flame, tuple(template) or None), Vocaset(vocaset)
    sequences, skipped = data.sequences()
    for one in skipped:
        sys.stderr.write(f"skipped {one.name}: {one.reason}\n")
    settings = settings_of(flame, template)
    tasks = [Task(vocaset, flame, tuple(template), out, sequence, settings) for sequence in sequences]
    out.mkdir(parents=True, exist_ok=True)
    if workers == 1:
        results = list(map(convert, tasks))
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            results = list(pool.map(convert, tasks, chunksize=1))
    triangles = rig.complete_triangles
    write_array(out / "triangles.npy", triangles)
    counts = {"format": FORMAT, "vertices": len(rig.head) + len(rig.mouth), "faces": len(triangles), "head_vertices": len(rig.head),
              "mouth_vertices": len(rig.mouth), "mouth_faces": len(rig.mouth_triangles), "mouth_parts": list(rig.parts),
              "frames": sum(one["frames"] for one in results), "settings": settings,
              "sequences": {one["name"]: one["sha256"] for one in results}}
    write_json(out / INDEX, counts)
    return {name: counts[name] for name in ("vertices", "faces", "mouth_vertices", "mouth_faces", "frames")} | {
        "sequences": len(results), "made now": sum(one["made"] for one in results), "skipped": len(skipped)}


@told
def main(arguments: list[str] | None = None) -> None:
    """Convert; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocaset", type=Path, required=True)
    parser.add_argument("--flame", type=Path, required=True, help="flame.npz of training.flame.head")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--template", type=Path, nargs=3, default=[], metavar="OBJ", help="upper teeth, lower teeth, tongue")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(arguments)
    counts = make(options.vocaset, options.flame, options.out, template=options.template, workers=options.workers)
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    sys.exit(main())
