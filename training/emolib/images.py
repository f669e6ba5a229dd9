"""Labelled images by the million, in shards: folders in AffectNet's layouts, or Parquet files with a row an image.

Parquet's columns: `name`, `image` (the file's bytes), `category` (of core.types.EMOTIONS), `arousal` (-1..1), and, if there is one,
`box` (list of x, y, width, height of the face in pixels).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.errors import InputError
from core.types import EMOTIONS

from .layouts import LEAST_AROUSAL, Sample, Skip, read

COLUMNS = ("name", "image", "category", "arousal")
BATCH = 16                      # images of a Parquet file held at once


@dataclass(frozen=True)
class Shard:
    """Some images: samples of a folder, or a row group of a Parquet file; number: its place among the shards."""

    number: int
    samples: tuple[Sample, ...] = ()
    file: Path | None = None
    group: int = 0

    def images(self) -> Iterator[Sample | Skip]:
        """Yield the images one by one; an image's file may be gone after the next is asked for."""
        if self.file is None:
            yield from self.samples
            return
        with TemporaryDirectory() as folder:
            for row in rows_of(self.file, self.group):
                yield sample_of(row, Path(folder))


def shards_of(source: Path, size: int) -> tuple[list[Shard], list[Skip]]:
    """Return the shards of a folder or of Parquet files, and what is skipped right away.

    size: images of a shard, of folders; of Parquet files each row group is one. Raises InputError for another source.
    """
    if files := sorted(source.glob("*.parquet")) if source.is_dir() else [source] if source.suffix == ".parquet" else []:
        groups = [(file, group) for file in files for group in range(groups_of(file))]
        return [Shard(number, file=file, group=group) for number, (file, group) in enumerate(groups)], []
    samples, skipped = read(source)
    return [Shard(number, tuple(samples[first:first + size])) for number, first in enumerate(range(0, len(samples), size))], skipped


def groups_of(file: Path) -> int:
    """Return how many row groups a Parquet file has; raise InputError when it is none, or lacks a column."""
    import pyarrow.parquet as parquet
    try:
        with parquet.ParquetFile(file) as stored:
            missing = sorted(set(COLUMNS) - set(stored.schema_arrow.names))
            count = stored.num_row_groups
    except (OSError, ValueError) as error:
        raise InputError(f"the Parquet file cannot be read ({error})", file, "write it again") from error
    if missing:
        raise InputError(f"the Parquet file lacks the column {', '.join(missing)}", file, f"give it {', '.join(COLUMNS)}")
    return int(count)


def rows_of(file: Path, group: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of a row group, BATCH of them in memory at once."""
    import pyarrow.parquet as parquet
    with parquet.ParquetFile(file) as stored:
        columns = [name for name in (*COLUMNS, "box") if name in stored.schema_arrow.names]
        for batch in stored.iter_batches(batch_size=BATCH, row_groups=[group], columns=columns):
            yield from batch.to_pylist()


def sample_of(row: dict[str, Any], folder: Path) -> Sample | Skip:
    """Return the image of a row, its bytes as a file in `folder`, or why it is skipped."""
    name, content, arousal = str(row["name"]), row["image"], row["arousal"]
    if not isinstance(content, bytes):
        return Skip(name, "the image is missing")
    if row["category"] not in EMOTIONS:
        return Skip(name, f"unknown expression {row['category']}")
    if not isinstance(arousal, int | float) or not LEAST_AROUSAL <= arousal <= 1:
        return Skip(name, "no arousal")
    box = tuple(map(float, row.get("box") or ()))
    if len(box) not in (0, 4):
        return Skip(name, f"the face's box has {len(box)} numbers")
    path = folder / "image"
    path.write_bytes(content)
    return Sample(name, path, row["category"], float(arousal), box)
