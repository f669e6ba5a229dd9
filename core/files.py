"""Files that are whole or not there: atomic writing, and reading of arrays that trusts nothing."""

import contextlib
import hashlib
import io
import json
import os
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .errors import ECAvatarError, JobError

Arrays = dict[str, NDArray[Any]]
LARGEST_ARRAYS = 2 << 30        # bytes an .npz may unpack to
PATIENCE = (0.02, 0.05, 0.1, 0.3, 0.6)          # seconds between tries to replace a file that is in use
LARGEST_JSON = 64 << 20         # bytes of a JSON file; ours have some kilobytes
# what zipfile and numpy raise for harmed files: an unknown compression, a password, a header that is no header, room for a false shape
UNREADABLE = (OSError, ValueError, EOFError, zlib.error, NotImplementedError, RuntimeError, KeyError, TypeError,
              SyntaxError, OverflowError, MemoryError)


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Call `write` with a temporary file beside `path` and put it in place only when it is complete on disk.

    Raises JobError when the folder cannot be written or the disk is full.
    """
    if not path.name:
        raise JobError("a folder was given for a file", path, "give the result a name")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        put(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise JobError(f"cannot write ({error.strerror or error})", path,
                       "choose a folder that is writable and has free space") from error


def put(temporary: Path, path: Path) -> None:
    """Move a file or folder into place; raise OSError when that cannot be done.

    On Windows nothing is moved or replaced while another program reads it, as virus scanners and search indexes do with what is new:
    they are waited for, a second at most.
    """
    for seconds in PATIENCE if sys.platform == "win32" else ():
        try:
            temporary.replace(path)
        except PermissionError:
            time.sleep(seconds)
        else:
            return
    temporary.replace(path)


def place(source: Path, target: Path) -> None:
    """Let `target` be the same file as `source`, which nobody changes in place, or a copy where the file system has no such links.

    Raises JobError when the folder cannot be written or the disk is full.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        os.link(source, temporary)
        put(temporary, target)
        temporary.unlink(missing_ok=True)           # POSIX leaves it where both are the same file already
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        write_atomically(target, lambda copy: copy.write(source.read_bytes()))


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as a compressed .npz, atomically."""
    packed = io.BytesIO()           # first in memory: on a full disk numpy's archive would end with a traceback of its own
    for name, values in arrays.items():
        if values.dtype.hasobject:          # which numpy would pickle; before 2.1 it cannot be told not to
            raise TypeError(f"{name} holds objects, not numbers or text")
    np.savez_compressed(packed, **arrays)
    write_atomically(path, lambda file: file.write(packed.getbuffer()))


def write_image(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) uint8 sRGB as PNG, atomically."""
    write_atomically(path, lambda file: file.write(png(pixels)))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return (H, W, 3) uint8 sRGB as a PNG file."""
    from PIL import Image  # not for those who only read: it takes longer to load than all of ours
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, format="PNG", compress_level=3)
    return packed.getvalue()


def write_json(path: Path, values: object) -> None:
    """Write `values` as indented JSON, atomically."""
    text = json.dumps(values, indent=1, sort_keys=True, allow_nan=False) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def read_arrays(path: Path, names: tuple[str, ...], error: type[ECAvatarError], *,
                later: Mapping[str, object] | None = None) -> Arrays:
    """Return the named arrays of the .npz at `path`; raise `error` when it is damaged, too large or lacks one.

    later: further ones, which files of before lack, and what they are then.
    """
    import zipfile  # not for those who only write
    advice = "delete it and make it again"
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_ARRAYS:
                raise error("the file unpacks to more than 2 GB", path, advice)
        with np.load(path, allow_pickle=False) as stored:
            missing = [name for name in names if name not in stored.files]
            if missing:
                raise error(f"the file lacks {', '.join(missing)}", path, advice)
            return {name: stored[name] for name in names} | {
                name: stored[name] if name in stored.files else np.asarray(value) for name, value in (later or {}).items()}
    except (*UNREADABLE, zipfile.BadZipFile) as reason:
        raise error(f"the file is damaged or unreadable ({str(reason).splitlines()[0] if str(reason) else reason!r})", path,
                    advice) from reason


def read_json(path: Path, error: type[ECAvatarError]) -> dict[str, Any]:
    """Return the JSON object at `path`; raise `error` when it cannot be read or is no object."""
    advice = "delete it and make it again"
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise error(f"the file is larger than {LARGEST_JSON >> 20} MB", path, advice)
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as reason:
        raise error(f"the file is damaged or unreadable ({reason})", path, advice) from reason
    if not isinstance(values, dict):
        raise error("the file holds no JSON object", path, advice)
    return values


def digest(path: Path) -> str:
    """Return the sha256 of the file at `path`, in hexadecimal; raise JobError when it is gone or cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise JobError(f"a file was deleted or cannot be read ({error.strerror})", path,
                       "put it back, or generate it again") from error
