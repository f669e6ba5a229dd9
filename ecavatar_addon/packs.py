"""Model packs in Blender's user folder for this extension: which there are, which one is chosen, what it lacks."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import ECAvatarError, PackError
from ..core.files import read_json
from ..core.pack import DEFAULT, EMOTION_NETWORK, lacks_encoder
from .late import pack_archive

PACKAGE = __package__.rpartition(".")[0]
WITH_EXTENSION = ""             # the pack that comes with the extension, as scenes and requests name it


def folder() -> Path:
    """Return where installed packs lie; it survives upgrades of the extension."""
    return Path(bpy.utils.extension_path_user(PACKAGE, path="packs"))


def found() -> tuple[Path, ...]:
    """Return the folders of the installed packs, by name."""
    return pack_archive.installed(folder())


def chosen(settings: Any) -> str:
    """Return the folder of the pack that a scene has chosen, "" for the one that comes with the extension.

    Raises PackError when it is not installed here, as a file from another computer may have it.
    """
    if settings.pack == WITH_EXTENSION:
        return WITH_EXTENSION
    place = folder() / settings.pack
    if not pack_archive.NAME.fullmatch(settings.pack) or not (place / "pack.json").is_file():
        raise PackError(f"the model pack {settings.pack!r} is not installed", folder(), "install it, or choose another one")
    return str(place)


def index_of(settings: Any) -> dict[str, Any]:
    """Return pack.json of the scene's pack, {} where it is not there or damaged; drawing may ask for it each time."""
    try:
        return index_at(Path(chosen(settings) or DEFAULT))
    except ECAvatarError:
        return {}


def index_at(place: Path) -> dict[str, Any]:
    """Return pack.json of the pack in a folder, {} where it is not there or damaged."""
    try:
        return read_index(place / "pack.json", (place / "pack.json").stat().st_mtime_ns)
    except (ECAvatarError, OSError):
        return {}


@lru_cache(maxsize=16)
def read_index(path: Path, _changed: int) -> dict[str, Any]:
    """Return the values of a pack.json, read once for each state of the file."""
    return read_json(path, PackError)


def hears(settings: Any) -> bool:
    """Whether the scene's pack hears emotions in a voice; a pack that cannot be read is told of elsewhere."""
    files = index_of(settings).get("files")
    if not isinstance(files, dict) or not all(isinstance(entry, dict) for entry in files.values()):
        return True
    return EMOTION_NETWORK in files and not lacks_encoder(files)


def licences(values: dict[str, Any]) -> list[str]:
    """Return a line on each file of a pack.json: its licence, and whether it may be used for work that is sold."""
    files = values.get("files", {})
    entries = [(name, entry) for name, entry in files.items() if isinstance(entry, dict)] if isinstance(files, dict) else []
    return [f"{name.replace('_', ' ').capitalize()}: {entry.get('licence', 'unknown')}"
            f"{'' if entry.get('commercial', True) else ', not for work that is sold'}" for name, entry in entries]


def forget() -> None:
    """Forget what was read: the add-on is disabled, or a pack has changed."""
    read_index.cache_clear()
