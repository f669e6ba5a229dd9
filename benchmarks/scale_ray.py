"""What Ray itself costs, for bm_scale.py: the plain builder and Ray on images that are decoded but not fitted."""

import os
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from core.head.model import HeadBasis
from core.pack import DEFAULT
from training.emolib.layouts import Sample

ROOT = Path(__file__).resolve().parents[1]
PHOTO = DEFAULT / "examples" / "astronaut.jpg"
IMAGES, GROUP, EDGE = 2000, 250, 400        # images, and of a shard; pixels
FITTED, FROM = 0.22, "docs/scale.md"        # CPU seconds that the fit of an image takes, as measured there, and not here
POLL = 0.5                                  # seconds between two looks at the processes
BUILD = ("import sys; from pathlib import Path; from benchmarks.scale_ray import decoded; from training.emolib import scale; "
         "sys.exit(bool(scale.build(Path(sys.argv[1]), Path(sys.argv[2]), runner=sys.argv[3], workers=1, fit=decoded)))")
Report = Callable[..., None]


def decoded(sample: Sample) -> dict[str, Any]:
    """Read the picture and return an item of zeros: what the builder does but for the fit."""
    basis = head()
    with Image.open(sample.image) as picture:
        size = picture.convert("RGB").size
    return {"name": sample.name, "identity": [0.0] * len(basis.identity_basis), "expression": [0.0] * len(basis.expression_names),
            "jaw_angle": size[0] / 1000}


@lru_cache(1)
def head() -> HeadBasis:
    """Return the default head, read once a process, as the fit's networks are."""
    return HeadBasis.load(DEFAULT / "head.npz")


def measure(folder: Path, report: Report) -> None:
    """Report the CPU seconds that Ray adds at IMAGES images, and what share of their fit that is."""
    import pyarrow
    from pyarrow import parquet
    (folder / "images").mkdir()
    with Image.open(PHOTO) as photo:
        photo.resize((EDGE, EDGE)).save(folder / "image.jpg")
    content = (folder / "image.jpg").read_bytes()
    table = [{"name": f"{index}.jpg", "image": content, "category": "sad", "arousal": index / IMAGES} for index in range(IMAGES)]
    parquet.write_table(pyarrow.Table.from_pylist(table), folder / "images" / "a.parquet", row_group_size=GROUP)
    used, seconds = {}, {}
    for runner in ("local", "ray"):
        started = time.perf_counter()
        used[runner] = used_by([sys.executable, "-c", BUILD, str(folder / "images"), str(folder / runner), runner])
        seconds[runner] = round(time.perf_counter() - started, 1)
    same = [path.read_bytes() == (folder / "ray" / path.relative_to(folder / "local")).read_bytes()
            for path in (folder / "local").rglob("*") if path.is_file()]
    report("ray_added", used["ray"] - used["local"], "CPU seconds", images=IMAGES, shards=-(-IMAGES // GROUP),
           plain=round(used["local"], 1), clock=seconds, same=sum(same) / len(same))
    report("ray_added_share", (used["ray"] - used["local"]) / (IMAGES * FITTED), "of the fit of as many images", target=0.15,
           fit_cpu_seconds=FITTED, fit_measured_in=FROM)


@dataclass(frozen=True)
class Process:
    """What a process has used when it was last seen, CPU seconds: by itself, and its children that have ended and were waited for."""

    parent: int
    own: float
    waited: float
    alive: bool = True

    @classmethod
    def of(cls, folder: Path) -> "Process":
        """Read it from its folder in /proc; raise OSError when it has ended."""
        fields, tick = (folder / "stat").read_text().rpartition(")")[2].split(), os.sysconf("SC_CLK_TCK")
        user, system, users, systems = (int(value) / tick for value in fields[11:15])
        return cls(int(fields[1]), user + system, users + systems)


def used_by(command: list[str]) -> float:
    """Run a command and return the CPU seconds of it and of all that it started, also of what outlives its parents; Linux only."""
    mark, before, known = f"ECAVATAR_MEASURED={uuid.uuid4().hex}", ended(), dict[int, Process]()
    name, _, value = mark.partition("=")
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, name: value}, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            look(mark.encode(), known)
            time.sleep(POLL)
    look(mark.encode(), known)
    if process.returncode:
        raise RuntimeError(f"the command failed with {process.returncode}")
    first = known.get(process.pid, Process(0, 0.0, 0.0))
    known[process.pid] = replace(first, waited=ended() - before - first.own, alive=False)       # to its end: we have waited
    return sum(whole(number, known) for number, each in known.items() if each.parent not in known)


def ended() -> float:
    """Return the CPU seconds of all processes that were started here, have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def look(mark: bytes, known: dict[int, Process]) -> None:
    """Note what the processes with a mark in their environment have used, and which of those known have ended."""
    seen = dict[int, Process]()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):                             # it has ended
            if int(folder.name) in known or mark in (folder / "environ").read_bytes():
                seen[int(folder.name)] = Process.of(folder)
    known.update({number: replace(each, alive=False) for number, each in known.items()} | seen)


def whole(number: int, known: dict[int, Process]) -> float:
    """Return the CPU seconds of a process and of all below it. Those that have ended are in what it has waited for, if it has: with
    their last moments, and with those that came and went unseen."""
    process, used = known[number], {True: 0.0, False: 0.0}
    for child, each in known.items():
        if each.parent == number:
            used[each.alive] += whole(child, known)
    return process.own + used[True] + max(process.waited, used[False])
