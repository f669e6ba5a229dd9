"""One row of a batch: what it is made from, whether it is done already, and its making."""

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError, JobError
from ..files import digest, read_json, write_json
from ..job import Request, sources_digest
from ..locks import held
from ..messages import Report
from ..pack import DEFAULT, Pack
from ..pipeline import animate, existing
from ..stage_store import StageStore
from .table import Row

RECORD = "row.json"             # in the row's folder, written last
ROW_LOCKS = ".batch/rows"       # in the batch's folder
ENDINGS = {"blend": ".blend", "gltf": ".glb"}
State = Literal["done", "unchanged", "failed", "stopped"]
Save = Callable[[Path, Path], None]     # a finished job folder, and the file that Blender makes of it


@dataclass(frozen=True)
class Outcome:
    """What became of a row; reason: why it failed; seconds: of each stage; shared: stages whose result another row had made."""

    name: str
    line: int
    state: State
    reason: str = ""
    warnings: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    shared: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Outcome":
        """Read what `asdict` gave to a worker's message."""
        return cls(**{**values, "warnings": tuple(values["warnings"]), "shared": tuple(values["shared"])})


@dataclass(frozen=True)
class Maker:
    """Makes rows in folders of their own under `out`, with what is loaded once and the store of stages; save: by Blender."""

    out: Path
    store: StageStore
    format: str
    save: Save
    packs: dict[str, Pack] = field(default_factory=dict)

    def make(self, row: Row, report: Report) -> Outcome:
        """Make the row unless it is done, with the same inputs and by this version; raise ECAvatarError when that cannot be."""
        wanted, folder = row.format or self.format, self.out / row.name
        request = replace(row.request(), few_keys=wanted in ENDINGS)
        pack = self.pack(request.pack)
        files = ["manifest.json", *((folder.name + ENDINGS[wanted],) if wanted in ENDINGS else ())]
        key = key_of(request, pack, wanted)
        with ExitStack() as stack:
            try:                                        # one batch started twice, or two machines: each row is made by one
                stack.enter_context(held(self.out / ROW_LOCKS / f"{row.name}.lock", wait=True))
            except OSError as error:
                raise JobError(f"cannot use the batch's folder ({error.strerror})", self.out, "choose another folder") from error
            return self.made(request, folder, files, row=row, key=key, pack=pack, report=report)

    def made(self, request: Request, folder: Path, files: list[str], *, row: Row, key: str, pack: Pack,
             report: Report) -> Outcome:
        """Make the row in `folder` unless it is done; nobody else works on it."""
        if done(folder / RECORD, key, files):
            return Outcome(row.name, row.line, "unchanged", "", tuple(read_json(folder / "manifest.json", JobError)["warnings"]))
        try:
            (folder / RECORD).unlink(missing_ok=True)
        except OSError as error:
            raise JobError(f"cannot use the row's folder ({error.strerror})", folder, "choose another folder or name") from error
        request.write(folder)
        manifest = read_json(animate(folder, report=report, pack=pack, store=self.store), JobError)
        if len(files) > 1:
            self.save(folder, folder / files[-1])
        write_json(folder / RECORD, {"key": key, "files": {name: digest(folder / name) for name in files}})
        return Outcome(row.name, row.line, "done", "", tuple(manifest["warnings"]), manifest["seconds"], tuple(manifest["shared"]))

    def pack(self, folder: str) -> Pack:
        """Return the open pack in `folder`, "" for the default one."""
        if folder not in self.packs:
            self.packs[folder] = Pack.open(Path(folder) if folder else DEFAULT, keep=True)
        return self.packs[folder]


def key_of(request: Request, pack: Pack, wanted: str) -> str:
    """Return the sha256 of all that a row's results depend on; raise InputError for a photo or recording that cannot be read."""
    photos = [digest(existing(path, "photo")) for path in (request.photo, *request.more_photos)]
    recordings = [digest(existing(path, "recording")) for path in (request.audio, *request.same_voice)]
    options = {name: value for name, value in asdict(request).items()
               if name not in ("photo", "more_photos", "audio", "same_voice", "pack")}
    addon = [sources_digest("ecavatar_addon")] if wanted in ENDINGS else []
    inputs = [sources_digest(), addon, pack.digests(*sorted(pack.entries)), photos, recordings, options, wanted]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def done(record: Path, key: str, files: list[str]) -> bool:
    """Whether a row's record says that it was made from these inputs, and its files, those of its job too, are unharmed."""
    try:
        stored = read_json(record, JobError)
        manifest = read_json(record.with_name("manifest.json"), JobError)
    except JobError:
        return False
    sums, job = stored.get("files"), manifest.get("files")
    if stored.get("key") != key or not isinstance(sums, dict) or set(sums) != set(files) or not isinstance(job, dict):
        return False
    paths = [(record.with_name(name), value) for name, value in (*sums.items(), *job.items())]
    return all(path.is_file() and digest(path) == value for path, value in paths)


def nothing(_job: Path, out: Path) -> None:
    """Save nothing: no row of this batch asks for a file of Blender's."""
    raise InputError("this batch was started without Blender", out, "say --format blend or gltf")
