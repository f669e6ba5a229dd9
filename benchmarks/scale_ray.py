"""What Ray itself costs, for bm_scale.py: the plain builder and Ray on images that are decoded but not fitted."""

import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from core.head_model import HeadBasis
from core.pack import DEFAULT
from training.emolib import scale
from training.emolib.layouts import Sample

PHOTO = DEFAULT / "examples" / "astronaut.jpg"
IMAGES, GROUP, EDGE = 2000, 250, 400        # images, and of a shard; pixels
FITTED = 0.75                               # CPU seconds that the fit of an image takes (docs/scale.md)
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
    """Report the seconds by the clock that Ray adds at IMAGES images, and what share of their fit that is."""
    import pyarrow
    from pyarrow import parquet
    (folder / "images").mkdir()
    with Image.open(PHOTO) as photo:
        photo.resize((EDGE, EDGE)).save(folder / "image.jpg")
    content = (folder / "image.jpg").read_bytes()
    table = [{"name": f"{index}.jpg", "image": content, "category": "sad", "arousal": index / IMAGES} for index in range(IMAGES)]
    parquet.write_table(pyarrow.Table.from_pylist(table), folder / "images" / "a.parquet", row_group_size=GROUP)
    seconds = {}
    for runner in ("local", "ray"):
        started = time.perf_counter()
        failures = scale.build(folder / "images", folder / runner, runner=runner, workers=1, fit=decoded)
        seconds[runner] = time.perf_counter() - started
        if failures:
            raise RuntimeError(failures[0])
    same = [path.read_bytes() == (folder / "ray" / path.relative_to(folder / "local")).read_bytes()
            for path in (folder / "local").rglob("*") if path.is_file()]
    added = seconds["ray"] - seconds["local"]
    report("ray_added", added, "s by the clock", images=IMAGES, shards=-(-IMAGES // GROUP), plain_seconds=round(seconds["local"], 1),
           same=sum(same) / len(same))
    report("ray_added_share", added / (IMAGES * FITTED), "of the fit of as many images", target=0.15)
