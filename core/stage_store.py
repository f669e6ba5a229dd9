"""Results of stages that jobs share, found by what they were made from: a folder per key, whole or not there (docs/batch.md)."""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import JobError
from .files import digest, place, put, read_json, write_json
from .locks import held

RECORD = "stage.json"
STRIPES = 3                     # hexadecimal digits of a key that name its lock file, which bounds their number
Record = dict[str, Any]         # "files": name -> sha256, "warnings": list


@dataclass(frozen=True)
class StageStore:
    """The store in `folder`: STAGE/KEY/ holds the files of a stage and their record; many processes may use it at once."""

    folder: Path

    def share(self, stage: str, key: str, files: Sequence[Path], make: Callable[[], Record]) -> tuple[Record, bool]:
        """Put the stage's `files` in place, from the store, or by `make`, whose result is then kept; return their record, and whether
        it came from the store.

        A process that wants what another one is making waits for it. What is damaged is made again. Raises JobError when the store
        cannot be written, and what `make` raises.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(held(self.folder / "locks" / f"{stage}-{key[:STRIPES]}.lock", wait=True))
            except OSError as error:
                raise JobError(f"cannot use the store of stages ({error.strerror})", self.folder, "choose another folder") from error
            entry = self.folder / stage / key
            record = self.taken(entry, files)
            if record is not None:
                return record, True
            record = make()
            self.keep(entry, files, record)
            return record, False

    @staticmethod
    def taken(entry: Path, files: Sequence[Path]) -> Record | None:
        """Place the entry's files as `files` if all are there unharmed; return their record, else None."""
        try:
            record = read_json(entry / RECORD, JobError)
        except JobError:
            return None
        sums, warnings = record.get("files"), record.get("warnings")
        if not isinstance(sums, dict) or set(sums) != {file.name for file in files} or not isinstance(warnings, list):
            return None
        if not all((entry / name).is_file() and digest(entry / name) == value for name, value in sums.items()):
            return None
        for file in files:
            place(entry / file.name, file)
        return {"files": sums, "warnings": list(map(str, warnings))}

    @staticmethod
    def keep(entry: Path, files: Sequence[Path], record: Record) -> None:
        """Keep `files` as the entry, which appears whole; what is left of an older or killed attempt goes."""
        with suppress(OSError):
            for rest in entry.parent.glob(f".{entry.name}.*.part"):
                shutil.rmtree(rest, ignore_errors=True)
        temporary = entry.with_name(f".{entry.name}.{os.getpid()}.part")
        try:
            temporary.mkdir(parents=True)
            for file in files:
                place(file, temporary / file.name)
            write_json(temporary / RECORD, record)
            if entry.exists():
                shutil.rmtree(entry)
            put(temporary, entry)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise JobError(f"cannot write ({error.strerror or error})", entry, "choose a folder that has free space") from error
