"""Where avatars are generated: a folder for each main photo, in it one for each further recording."""

import re
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import JobError
from .late import job

PACKAGE = __package__.rpartition(".")[0]
PRIVATE = 0o700                 # of a job folder, where the system knows such rights; on Windows the user's folder is private


def preference(name: str) -> Any:
    """Return one of the add-on's preferences; None where the add-on runs without them, as in a script of one's own."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return getattr(addon.preferences, name) if addon is not None and addon.preferences is not None else None


def root() -> Path:
    """Return where the folders of avatars lie: in Blender's user folder, or where the preferences say."""
    chosen = preference("folder")
    return full(chosen) if chosen else Path(bpy.utils.extension_path_user(PACKAGE, path="jobs"))


def full(chosen: str) -> Path:
    """Return the full path of a folder as it is typed, with ~ or, in a saved file, // at its beginning; others stay as they are."""
    path = Path(bpy.path.abspath(chosen))
    with suppress(RuntimeError):            # the home of somebody who is not known here
        return path.expanduser()
    return path


def job_folder(photo: Path) -> Path:
    """Return the folder of this photo's avatar: a second recording of the same person finds the head ready.

    Raises JobError when it cannot be made.
    """
    folder = job_path(photo)
    make(folder)
    return folder


def job_path(photo: Path) -> Path:
    """Return where the folder of this photo's avatar lies."""
    stem = re.sub(r"[^\w-]+", "_", photo.stem)[:40]
    return root() / f"{stem}-{sha256(str(photo.resolve()).encode()).hexdigest()[:8]}"


def make(folder: Path) -> None:
    """Make a job folder, the user's alone: faces and voices are nobody else's business; raise JobError when that cannot be done."""
    if not folder.is_absolute():            # the worker runs elsewhere
        raise JobError("the job folder is not a full path", folder, "choose it again in the add-on's preferences")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(PRIVATE)
    except OSError as error:
        raise JobError(f"cannot make the job folder ({error.strerror})", folder,
                       "make room there, or choose another folder in the add-on's preferences") from error


def further_folder(home: Path, recording: Path, *, taken: set[str]) -> Path:
    """Return a folder in the avatar's `home` for a further recording, with the head as it is there, which needs not be made again.

    One whose work was cancelled is used again, one that a clip has, or that is among the `taken`, never is. Raises JobError when it
    cannot be made or written.
    """
    used = taken | {clip.job for root in bpy.data.objects for clip in root.ecavatar.clips}
    stem = re.sub(r"[^\w-]+", "_", recording.stem)[:40]
    folder = next(found for number in count(2) if str(found := home / "clips" / f"{stem}-{number}") not in used
                  and not (found / "manifest.json").exists())
    make(folder)
    job.copy_head(home, folder)
    return folder
