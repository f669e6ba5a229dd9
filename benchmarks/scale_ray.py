"""What Ray itself costs, for bm_scale.py: the plain builder and Ray on images that are decoded but not fitted."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from core.head_model import HeadBasis
from core.pack import DEFAULT
from training.emolib.layouts import Sample

ROOT = Path(__file__).resolve().parents[1]
PHOTO = DEFAULT / "examples" / "astronaut.jpg"
IMAGES, GROUP, EDGE = 2000, 250, 400        # images, and of a shard; pixels
FITTED = 0.75                               # CPU seconds that the fit of an image takes (docs/scale.md)
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
    report("ray_added_share", (used["ray"] - used["local"]) / (IMAGES * FITTED), "of the fit of as many images", target=0.15)


def used_by(command: list[str]) -> float:
    """Run a command and return the CPU seconds of it and of all that it started, also of what outlives its parents; Linux only."""
    mark = f"ECAVATAR_MEASURED={uuid.uuid4().hex}"
    name, _, value = mark.partition("=")
    known, tick = dict[int, int](), os.sysconf("SC_CLK_TCK")
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, name: value}, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            for folder in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):                     # it has ended
                    if int(folder.name) in known or mark.encode() in (folder / "environ").read_bytes():
                        fields = (folder / "stat").read_text().rpartition(")")[2].split()
                        known[int(folder.name)] = int(fields[11]) + int(fields[12])
            time.sleep(POLL)
    if process.returncode:
        raise RuntimeError(f"the command failed with {process.returncode}")
    return sum(known.values()) / tick
