"""Make a library of any size from labelled images, in shards (docs/emolib.md).

    python -m training.emolib.scale --source IMAGES --out DIR [--runner local|ray] [--address A] [--workers N]

IMAGES: a folder in one of AffectNet's layouts, Parquet files (training/emolib/images.py), or a folder of those. Goes on where it was
stopped. Exit code: 0 all shards are made; 1 some failed, which are listed; 2 an input cannot be used.
"""

import argparse
import sys
from functools import partial
from hashlib import sha256
from pathlib import Path

from core.errors import ECAvatarError, JobError
from core.files import digest
from core.head.model import HeadBasis
from core.job import sources_digest
from core.pack import DEFAULT

from . import fitting, runners, shards
from .images import shards_of

SIZE = 256                      # images of a shard


def build(source: Path, out: Path, *, pack: Path = DEFAULT, runner: str = "local", address: str = "", workers: int = 0,
          size: int = SIZE, fit: shards.Fit | None = None) -> list[str]:
    """Make the library of `source` in `out`; return why shards failed, [] when all are made and the list of shards is written.

    fit: an image -> its item, by default our own fit. Raises ECAvatarError when the source cannot be used.
    """
    basis, head_model = HeadBasis.load(pack / "head.npz"), digest(pack / "head.npz")
    parts, skipped = shards_of(source, size)
    key = sha256("".join((head_model, sources_digest("core"), sources_digest("training/emolib"), str(source.resolve()),
                          str(size))).encode()).hexdigest()
    make = partial(shards.make, out=out.resolve(), key=key, fit=fit or partial(fitting.fitted, pack=pack.resolve()),
                   widths=shards.Widths(len(basis.identity_basis), len(basis.expression_names)))
    run = runners.local(parts, make) if runner == "local" else runners.by_ray(parts, make, address=address, workers=workers)
    records, failures = dict[int, shards.Record](), list[str]()
    for done, (shard, record, reason) in enumerate(run, 1):
        if record is None:
            failures.append(f"shard {shard.number}: {reason}")
        else:
            records[shard.number] = record
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done}/{len(parts)} shards, {len(failures)} failed\x1b[K")
    if not failures:
        ordered = [records[number] for number in sorted(records)]
        shards.finish(out, ordered, head_model=head_model, names=basis.expression_names)
    if skipped:
        sys.stderr.write(f"{len(skipped)} entries of the lists name no usable image\n")
    return failures


def main() -> int:
    """Build; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="folder or Parquet file")
    parser.add_argument("--out", type=Path, required=True, help="the library's folder")
    parser.add_argument("--pack", type=Path, default=DEFAULT, help="folder with head.npz, anchors.npz and third_party/")
    parser.add_argument("--runner", choices=("local", "ray"), default="local")
    parser.add_argument("--address", default="", help="of a Ray cluster, HOST:PORT as of `ray start`; without it Ray runs here")
    parser.add_argument("--workers", type=int, default=0, help="cores for Ray, without it all")
    parser.add_argument("--size", type=int, default=SIZE, help="images of a shard, of folders")
    options = parser.parse_args()
    try:
        failures = build(options.source, options.out, pack=options.pack, runner=options.runner, address=options.address,
                         workers=options.workers, size=options.size)
    except (ECAvatarError, OSError) as error:
        told = error if isinstance(error, ECAvatarError) else JobError(str(error.strerror), error.filename, "choose another folder")
        sys.stderr.write(f"error: {told}\n")
        return 2
    for failure in failures:
        sys.stderr.write(f"failed: {failure}\n")
    if not failures:
        sys.stdout.write(f"{shards.described(options.out / shards.INDEX)}\n")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
