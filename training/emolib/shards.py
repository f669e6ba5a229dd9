"""A library as shards (docs/emolib.md): a file a shard, made by any process on any machine, and a list of them, written last."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import JobError
from core.files import Arrays, digest, read_arrays, read_json, write_arrays, write_atomically, write_json
from core.types import EMOTIONS, MOST_LEVEL, Bytes, Floats

from .images import Shard
from .layouts import Sample, Skip

FORMAT = 1
ARRAYS = ("name", "category", "arousal", "identity", "expression", "jaw_angle")
INDEX = "shards.json"
Record = dict[str, Any]
Fit = Callable[[Sample], Record]


@dataclass(frozen=True)
class Widths:
    """How many numbers an item has: identity B, expression K."""

    identity: int
    expression: int


def place(out: Path, shard: Shard) -> Path:
    """Return where a shard's file lies: a folder holds a thousand at most."""
    return out / f"{shard.number // 1000:06d}" / f"{shard.number:09d}.npz"


def make(shard: Shard, *, out: Path, key: str, fit: Fit, widths: Widths) -> Record:
    """Fit a shard's images, write its file, the list of skipped images beside it and its record, and return the record.

    One that is there, of the same `key` and unharmed, is left. One image is in memory at a time, and the items.
    """
    path = place(out, shard)
    if (known := recorded(path, key)) is not None:
        return known
    items, skipped = list[tuple[Sample, Record]](), list[Skip]()
    for image in shard.images():
        if isinstance(image, Skip):
            skipped.append(image)
            continue
        item = fit(image)
        if "reason" in item:
            skipped.append(Skip(image.name, item["reason"]))
        else:
            items.append((image, item))
    write_arrays(path, arrays_of(items, widths))
    text = io.StringIO(newline="")
    csv.writer(text).writerows((skip.name, skip.reason) for skip in skipped)
    write_atomically(path.with_suffix(".skipped.csv"), lambda file: file.write(text.getvalue().encode()))
    record = {"key": key, "file": path.relative_to(out).as_posix(), "sha256": digest(path), "items": len(items),
              "skipped": len(skipped), "arousal": extremes(items)}
    write_json(path.with_suffix(".json"), record)
    return record


def recorded(path: Path, key: str) -> Record | None:
    """Return the record of a shard that is done and unharmed, else None."""
    try:
        record = read_json(path.with_suffix(".json"), JobError)
    except JobError:
        return None
    return record if record.get("key") == key and path.is_file() and digest(path) == record.get("sha256") else None


def arrays_of(items: list[tuple[Sample, Record]], widths: Widths) -> Arrays:
    """Return the arrays of a shard's file."""
    return {"name": np.array([sample.name for sample, _ in items], np.str_),
            "category": np.array([EMOTIONS.index(sample.category) for sample, _ in items], np.uint8),
            "arousal": np.array([sample.arousal for sample, _ in items], np.float32),
            "identity": np.array([item["identity"] for _, item in items], np.float16).reshape(-1, widths.identity),
            "expression": np.array([item["expression"] for _, item in items], np.float16).reshape(-1, widths.expression),
            "jaw_angle": np.array([item["jaw_angle"] for _, item in items], np.float32)}


def extremes(items: list[tuple[Sample, Record]]) -> dict[str, list[float]]:
    """Return lowest and highest arousal of each category that is there."""
    found: dict[str, list[float]] = {}
    for sample, _ in items:
        value = float(np.float32(sample.arousal))
        low, high = found.get(sample.category, (value, value))
        found[sample.category] = [min(low, value), max(high, value)]
    return found


def finish(out: Path, records: list[Record], *, head_model: str, names: tuple[str, ...]) -> Path:
    """Write the list of shards, which declares the library complete, and return its path."""
    arousal: dict[str, list[float]] = {}
    for record in records:
        for category, (low, high) in record["arousal"].items():
            before = arousal.get(category, [low, high])
            arousal[category] = [min(before[0], low), max(before[1], high)]
    write_json(out / INDEX, {"format": FORMAT, "head_model": head_model, "names": list(names), "arousal": arousal,
                             "shards": [{name: record[name] for name in ("file", "sha256", "items")} for record in records],
                             **{name: sum(record[name] for record in records) for name in ("items", "skipped")}})
    return out / INDEX


def levels(category: Bytes, arousal: Floats, extreme: dict[str, list[float]]) -> Bytes:
    """Return the level (N,), 1..3, of items: equal intervals between lowest and highest arousal of their category (Sec. 3.3)."""
    result = np.ones(len(category), np.uint8)
    for name, (low, high) in extreme.items():
        own = category == EMOTIONS.index(name)  # type: ignore[arg-type]      # a name of the list
        if high > low:
            share = (arousal[own] - np.float32(low)) / np.float32(high - low)
            result[own] = np.minimum((share * MOST_LEVEL).astype(np.uint8), MOST_LEVEL - 1) + 1
    return result


def read_shards(out: Path) -> Iterator[Arrays]:
    """Yield the arrays of each shard of a complete library, with `level`; raise JobError when one is missing or damaged."""
    index = read_json(out / INDEX, JobError)
    for entry in index["shards"]:
        path = out / entry["file"]
        if not path.is_file() or digest(path) != entry["sha256"]:
            raise JobError("a shard of the library is missing or damaged", path, "build the library again")
        arrays = read_arrays(path, ARRAYS, JobError)
        yield {**arrays, "level": levels(arrays["category"], arrays["arousal"], index["arousal"])}


def described(index: Path) -> str:
    """Return a sentence about a finished library."""
    values = json.loads(index.read_text(encoding="utf-8"))
    return f"{values['items']} items in {len(values['shards'])} shards, {values['skipped']} images skipped"
