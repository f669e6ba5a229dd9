"""Which of our shapes drives which key of someone else's character: rows, strengths, and the JSON preset that keeps them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..errors import InputError
from ..files import read_json, write_json
from .shape_sources import ARKIT, DIRECT, EMOTIONS, GROUPS, MOST_STRENGTH, SOURCES, VISEMES, recipe_of

FORMAT = 1
MOST_KEYS, LONGEST_NAME = 2000, 63      # of a preset; Blender ends a name at 63 bytes
LARGEST_PRESET = 1 << 20                # bytes
UNWRITABLE = {"\0", *map(chr, range(0xD800, 0xE000))}            # no name in Blender, and no message, can hold these
ADVICE = "save the preset again in Blender, or correct the file"
FACIAL = ("mouthSmile", "mouthFrown", "mouthDimple", "mouthUpperUp", "mouthLeft", "mouthRight", "mouthShrug")  # no viseme has these


@dataclass(frozen=True)
class MappedKey:
    """One key of the character: what it shows (a name of SOURCES, "" nothing), how strongly (0..2), and whether it is driven."""

    key: str
    source: str
    strength: float = 1.0
    enabled: bool = True


@dataclass(frozen=True)
class CharacterMap:
    """All keys of a character, each at most once, and the strengths (0..2) of the groups of GROUPS.

    Raises InputError for a value out of range, an unknown source or group, or a key named twice.
    """

    rows: tuple[MappedKey, ...]
    strengths: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len({row.key for row in self.rows}) < len(self.rows):
            raise InputError("a shape key is named twice", "mapping", ADVICE)
        for row in self.rows:
            if row.source and row.source not in SOURCES:
                raise InputError(f"there is no source {row.source!r}", row.key, "choose one of the list")
            check_strength(row.strength, row.key)
        for group, strength in self.strengths.items():
            if group not in GROUPS:
                raise InputError(f"there is no group {group!r}", "mapping", f"use {', '.join(GROUPS)}")
            check_strength(strength, group)

    @property
    def driven(self) -> tuple[MappedKey, ...]:
        """Return the rows that move their key."""
        return tuple(row for row in self.rows if row.enabled and row.source and row.strength)

    def missing(self) -> tuple[str, ...]:
        """Return those of ARKit's shapes that no driven key shows, by name; visemes stand for the shapes of speech."""
        shown = {shape for row in self.driven for shape in recipe_of(row.source)}
        if any(row.source in VISEMES for row in self.driven):
            shown |= {shape for shape in ARKIT if shape.startswith(("mouth", "jaw")) and not shape.startswith(FACIAL)}
        return tuple(shape for shape in ARKIT if shape not in shown)

    def without(self, keys: frozenset[str]) -> "CharacterMap":
        """Return the map without the rows of some keys."""
        return CharacterMap(tuple(row for row in self.rows if row.key not in keys), self.strengths)

    def write(self, path: Path) -> None:
        """Write the preset; raise JobError when the folder cannot be written."""
        write_json(path, {"format": FORMAT, "strengths": dict(self.strengths), "keys": [asdict(row) for row in self.rows]})

    @classmethod
    def read(cls, path: Path) -> "CharacterMap":
        """Read a preset; raise InputError when it is missing, too large, or holds anything that `write` does not write."""
        if not path.is_file() or path.stat().st_size > LARGEST_PRESET:
            raise InputError("there is no such preset, or it is larger than 1 MB", path, "choose a preset that this panel saved")
        values = read_json(path, InputError)
        keys, strengths = values.get("keys"), values.get("strengths", {})
        if values.get("format") != FORMAT or not isinstance(keys, list) or not isinstance(strengths, dict):
            raise InputError("the file is no preset of this version's format", path, ADVICE)
        if len(keys) > MOST_KEYS:
            raise InputError(f"the preset has {len(keys)} keys, at most {MOST_KEYS} are read", path, ADVICE)
        try:
            return cls(tuple(map(to_row, keys)), strengths)
        except InputError as error:
            raise InputError(f"the preset is damaged: {error.what}", f"{path}, {error.where}", error.advice) from error


def to_row(values: object) -> MappedKey:
    """Read one row of a preset; raise InputError for anything that is none."""
    if not isinstance(values, dict) or not {"key", "source"} <= set(values) <= {"key", "source", "strength", "enabled"}:
        raise InputError("a row needs key and source, may have strength and enabled, and nothing else", "keys", ADVICE)
    row = MappedKey(**values)
    for name in ("key", "source"):
        text = values[name]
        if not isinstance(text, str) or len(text.encode(errors="replace")) > LONGEST_NAME or set(text) & UNWRITABLE:
            raise InputError(f"{name} is no text of at most {LONGEST_NAME} bytes", "keys", ADVICE)
    if not isinstance(row.enabled, bool):
        raise InputError("enabled is neither true nor false", row.key, ADVICE)
    return row


def check_strength(value: object, where: str) -> None:
    """Raise InputError unless this is a number from 0 to 2."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_STRENGTH:
        raise InputError(f"a strength is {value!r}", where, f"choose a number from 0 to {MOST_STRENGTH:g}")


def kind_of(source: str) -> str:
    """Return "shape", "viseme" or "emotion", or "" for no source."""
    return next((kind for kind, table in (("shape", DIRECT), ("viseme", VISEMES), ("emotion", EMOTIONS)) if source in table), "")
