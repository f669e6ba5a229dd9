"""Model packs: a folder with pack.json and the files it lists, each verified before use (docs/pack.md)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from .errors import PackError
from .files import digest, read_json

FORMAT = 1
DEFAULT = Path(__file__).resolve().parent.parent / "assets"
EMOTION_NETWORK = "emotion_network"
VOICE_ENCODER = "voice_encoder"     # Whisper's layers; a pack without a network that hears with them may lack them


T = TypeVar("T")


@dataclass(frozen=True)
class Pack:
    """A verified model pack: where it is, its name, what pack.json says of each file, and, if wanted, what was loaded from it."""

    folder: Path
    name: str
    entries: dict[str, dict[str, Any]]
    loaded: dict[tuple[str, str], Any] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def open(cls, folder: Path = DEFAULT, *, keep: bool = False, only: Collection[str] | None = None) -> "Pack":
        """Read `folder`/pack.json and verify every file it lists; keep: hold on to what is loaded, for the next job; only: names
        of the files that are wanted.

        Raises PackError when a file is missing, differs from its sha256, lies outside the folder, or the format is
        another one than this version reads.
        """
        index = folder / "pack.json"
        if not index.is_file():
            raise PackError("there is no model pack", index, "choose a folder that holds a pack.json")
        values = read_json(index, PackError)
        if values.get("format") != FORMAT:
            raise PackError(f"the pack has format {values.get('format')!r}, this version reads {FORMAT}", index,
                            "install a pack for this version of ECAvatar")
        entries = values.get("files")
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise PackError("the pack lists no files", index, "install the pack again")
        wanted = {name: entry for name, entry in entries.items() if only is None or name in only}
        for entry in wanted.values():
            verify(folder, entry, index)
        return cls(folder, str(values.get("name", folder.name)), wanted, {} if keep else None)

    def path(self, name: str) -> Path:
        """Return the path of the file called `name` in pack.json; raise PackError when the pack has none."""
        if name not in self.entries:
            raise PackError(f"the pack has no {name!r}", self.folder / "pack.json", "install a complete pack")
        return self.folder / str(self.entries[name]["path"])

    def load(self, name: str, make: Callable[[Path], T], variant: str = "") -> T:
        """Return what `make` gives for the file called `name`; a pack that keeps gives it again for the same name and variant.

        Raises PackError when the pack has no such file, and what `make` raises.
        """
        if self.loaded is None:
            return make(self.path(name))
        if (name, variant) not in self.loaded:
            self.loaded[name, variant] = make(self.path(name))
        return self.loaded[name, variant]

    def digests(self, *names: str) -> list[str]:
        """Return the sha256 of the named files, as keys for caches; raise PackError when the pack lacks one."""
        for name in names:
            self.path(name)
        return [str(self.entries[name]["sha256"]) for name in names]


def lacks_encoder(entries: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a pack with these entries has an emotion network without the encoder that it hears with."""
    return EMOTION_NETWORK in entries and VOICE_ENCODER not in entries and entries[EMOTION_NETWORK].get("input") != "samples"


def verify(folder: Path, entry: dict[str, Any], index: Path) -> None:
    """Raise PackError unless the file of this `entry` of pack.json lies inside `folder` and has its sha256."""
    relative = PurePosixPath(str(entry.get("path", "")))
    if not relative.parts or relative.is_absolute() or ".." in relative.parts or set("\\:") & set(str(relative)):
        raise PackError(f"the pack names a file outside its folder ({relative})", index, "do not use this pack")
    path = folder / relative
    if not path.is_file():
        third_party = relative.parts[0] == "third_party"
        advice = "run `python3 build.py assets`, or install the extension again" if third_party else "install the pack again"
        raise PackError("a file of the model pack is missing", path, advice)
    found = digest(path)
    if found != entry.get("sha256"):
        raise PackError(f"a file of the model pack is damaged (sha256 {found[:12]}, expected {str(entry.get('sha256'))[:12]})",
                        path, "install the pack again")
