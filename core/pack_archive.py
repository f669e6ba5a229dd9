"""Model packs as zips: looked into before anything is unpacked, and unpacked into a folder of their own or not at all (docs/pack.md).

A zip is untrusted: its names may lead out of the folder, be links, or unpack to more than they claim.
"""

import json
import os
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .errors import PackError
from .files import put
from .pack import FORMAT, VOICE_ENCODER, Pack, lacks_encoder

MOST_MEMBERS = 500
LARGEST_INDEX = 1 << 20         # bytes of pack.json, and of a text beside it
LARGEST_PACK = 4 << 30          # bytes all members unpack to: the paper-size networks take 1.5 GB
BLOCK = 1 << 20
NEEDED = ("head", "anchors", "face_landmarker", "speech_encoder", "emolib", "lip_network")
TEXTS = (".txt", ".md")         # licences and notes may lie beside the listed files
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_ .-]{0,62}[A-Za-z0-9]|[A-Za-z0-9]")
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")      # no folder or file may be called so on Windows
ADVICE = "do not use this pack; get it again from where it was offered"
Tick = Callable[[float], None]


@dataclass(frozen=True)
class PackFile:
    """One file of a pack as its pack.json describes it; size in bytes as the zip states it."""

    name: str
    path: str
    size: int
    licence: str
    source: str
    commercial: bool


@dataclass(frozen=True)
class Description:
    """What a pack says of itself: its name (the folder it gets), version, a sentence, its files, bytes unpacked, and texts beside."""

    name: str
    version: str
    text: str
    files: tuple[PackFile, ...]
    size: int
    texts: tuple[str, ...] = ()

    @property
    def commercial(self) -> bool:
        """Whether all of it may be used for work that is sold."""
        return all(file.commercial for file in self.files)


def describe(archive: Path) -> Description:
    """Look into the zip of a pack without unpacking it; raise PackError when it is damaged, unsafe or incomplete."""
    with opened(archive) as (stored, members, values):
        del stored
        return description(values, members, archive)


def install(archive: Path, packs: Path, *, tick: Tick = lambda fraction: None) -> Path:
    """Unpack a pack's zip into a folder of its own in `packs`, verified, and return that folder; another version is replaced.

    tick: takes the fraction that is done, 0..1. Raises PackError when the zip is damaged, unsafe or incomplete, when a file differs
    from its sha256, or when there is no room; `packs` is then as it was.
    """
    with opened(archive) as (stored, members, values):
        found = description(values, members, archive)
        target, temporary = packs / found.name, packs / f".{found.name}.{os.getpid()}.part"
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            done = 0
            for path in ("pack.json", *(file.path for file in found.files), *found.texts):
                done += unpack(stored, members[path], temporary / path, archive)
                tick(done / max(found.size, 1))
            Pack.open(temporary)                            # every sum
            replace(target, temporary)
        except OSError as error:
            raise PackError(f"the pack cannot be installed ({error.strerror or error})", packs,
                            "make room, or make the folder writable") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


def installed(packs: Path) -> tuple[Path, ...]:
    """Return the folders of the packs in `packs`, by name; what is half there is none."""
    try:
        return tuple(sorted(path for path in packs.iterdir() if not path.name.startswith(".") and (path / "pack.json").is_file()))
    except OSError:
        return ()


def remove(folder: Path) -> None:
    """Delete an installed pack; raise PackError when that cannot be done, and the pack is then gone or whole."""
    doomed = folder.with_name(f".{folder.name}.removed")
    try:
        shutil.rmtree(doomed, ignore_errors=True)
        put(folder, doomed)
    except OSError as error:
        raise PackError(f"the pack cannot be removed ({error.strerror})", folder, "close what uses it and try again") from error
    shutil.rmtree(doomed, ignore_errors=True)


def replace(target: Path, ready: Path) -> None:
    """Put the folder `ready` in the place of `target`, which comes back if that fails."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        put(target, old)
    try:
        put(ready, target)
    except OSError:
        if old.exists():
            put(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def opened(archive: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo], dict[str, Any]]]:
    """Give the open zip, its members by path inside the pack, and the values of pack.json; raise PackError for whatever is wrong."""
    try:
        with zipfile.ZipFile(archive) as stored:
            members = safe_members(stored, archive)
            yield stored, members, read_index(stored, members, archive)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise PackError(f"the pack is no zip that can be read ({error})", archive, ADVICE) from error


def safe_members(stored: zipfile.ZipFile, archive: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the zip's files by path, a folder around all of them left out; raise PackError for one that leads elsewhere."""
    listed = [member for member in stored.infolist() if not member.filename.endswith("/")]
    if len(listed) > MOST_MEMBERS or sum(member.file_size for member in listed) > LARGEST_PACK:
        raise PackError(f"the pack has more than {MOST_MEMBERS} files, or unpacks to more than {LARGEST_PACK >> 30} GB", archive,
                        ADVICE)
    for member in listed:
        if fault := fault_of(member):
            raise PackError(f"the pack holds {fault} ({member.filename[:80]!r})", archive, ADVICE)
    indices = [member.filename for member in listed if PurePosixPath(member.filename).name == "pack.json"]
    if len(indices) != 1 or indices[0].count("/") > 1:
        raise PackError("the zip holds no model pack", archive, "choose a zip with one pack.json in it")
    around = indices[0].removesuffix("pack.json")
    if strays := [member.filename for member in listed if not member.filename.startswith(around)]:
        raise PackError(f"the pack holds a file beside its folder ({strays[0][:80]!r})", archive, ADVICE)
    if len({member.filename.casefold() for member in listed}) != len(listed):
        raise PackError("the pack holds two files of one name", archive, ADVICE)
    return {member.filename.removeprefix(around): member for member in listed}


def fault_of(member: zipfile.ZipInfo) -> str:
    """Return what makes a member of a zip unsafe, "" if nothing does."""
    path, kind = PurePosixPath(member.filename), stat.S_IFMT(member.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or set("\\:\0") & set(member.filename) or str(path) != member.filename:
        return "a path that leads out of its folder"
    if kind not in (0, stat.S_IFREG):
        return "a link or a device"
    if member.flag_bits & 0x1:
        return "an encrypted file"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "a file of an unknown compression"
    if any(part.startswith(".") or part.endswith((".", " ")) or RESERVED.match(part) for part in path.parts):
        return "a file of a name that is hidden or reserved"
    return ""


def read_index(stored: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], archive: Path) -> dict[str, Any]:
    """Return pack.json's values; raise PackError when it is too large, damaged or of another format."""
    with stored.open(members["pack.json"]) as file:
        content = file.read(LARGEST_INDEX + 1)
    if len(content) > LARGEST_INDEX:
        raise PackError("the pack's pack.json is larger than 1 MB", archive, ADVICE)
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PackError(f"the pack's pack.json is damaged ({error})", archive, ADVICE) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise PackError(f"the pack is not of format {FORMAT}, which this version reads", archive,
                        "get a pack for this version of ECAvatar")
    return values


def description(values: dict[str, Any], members: dict[str, zipfile.ZipInfo], archive: Path) -> Description:
    """Return what a pack says of itself; raise PackError when it lacks a file, or holds one that it does not list."""
    entries, name = values.get("files"), str(values.get("name", ""))
    if not NAME.fullmatch(name) or RESERVED.match(name):
        raise PackError(f"the pack's name cannot be that of a folder ({name[:80]!r})", archive, ADVICE)
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise PackError("the pack lists no files", archive, ADVICE)
    needed = (*NEEDED, VOICE_ENCODER) if lacks_encoder(entries) else NEEDED
    if missing := [one for one in needed if one not in entries]:
        raise PackError(f"the pack lacks {', '.join(missing)}", archive, "get a complete pack")
    files = []
    for key, entry in entries.items():
        path = str(entry.get("path", ""))
        if path not in members or path == "pack.json":
            raise PackError(f"the pack lacks the file of its {key} ({path[:80]!r})", archive, ADVICE)
        if not entry.get("licence") or not entry.get("source"):
            raise PackError(f"the pack does not say under which licence its {key} is, or where it comes from", archive, ADVICE)
        files.append(PackFile(key, path, members[path].file_size, str(entry["licence"]), str(entry["source"]),
                              entry.get("commercial", True) is True))
    texts = tuple(sorted(set(members) - {"pack.json", *(file.path for file in files)}))
    for text in texts:
        named = text.lower().endswith(TEXTS) or PurePosixPath(text).name == "LICENSE"
        if not named or members[text].file_size > LARGEST_INDEX:
            raise PackError(f"the pack holds a file that it does not list ({text[:80]!r})", archive, ADVICE)
    return Description(name, str(values.get("version", "")), str(values.get("description", "")), tuple(files),
                       sum(member.file_size for member in members.values()), texts)


def unpack(stored: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, archive: Path) -> int:
    """Write one member to `path` and return its bytes; raise PackError when they are not as many as it claims."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done = 0
    with stored.open(member) as source, path.open("xb") as target:
        while block := source.read(BLOCK):
            target.write(block)
            done += len(block)
    if done != member.file_size:                            # longer than it claims it cannot get: zipfile stops there
        raise PackError(f"a file of the pack is shorter than it claims ({member.filename[:80]!r})", archive, ADVICE)
    with suppress(OSError):
        path.chmod(0o644)                                   # nothing in a pack is ever run
    return done
