"""The table of a batch: a row a clip and character, as CSV (docs/batch.md)."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..choices import HAIRCUT
from ..emotion.windows import EmotionSettings, chosen
from ..errors import InputError
from ..files import read_json
from ..job import AUTO, MOST_PHOTOS, MOST_RECORDINGS, MOST_TAKES, Request, check_rate
from ..pack import DEFAULT
from ..speech.lip_controls import LipControls

NEEDED = ("name", "photo", "audio")
OPTIONS = ("emotion", "fps", "fusion", "take", "controls", "emotions", "same_voice", "pack", *HAIRCUT, "format", "note")
FORMATS = ("none", "blend", "gltf")     # what Blender makes of a finished job
SEPARATORS = (",", ";", "\t")           # of cells, as spreadsheets write them
BETWEEN = "|"                           # paths in one cell
MOST_ROWS = 1_000_000
LONGEST_NAME = 100
NAME = re.compile(r"[^\x00-\x1f<>:\"/\\|?*]+")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|summary\.(csv|json)", re.IGNORECASE)     # by Windows, and by us
ADVICE = "correct the table"


@dataclass(frozen=True)
class Row:
    """One row: its name, which is its folder's, the line it stands on, and its other cells by column, as written."""

    name: str
    line: int
    cells: dict[str, str]
    base: str                   # folder that relative paths start from
    surplus: bool = False       # whether it has more cells than there are columns

    def to_json(self) -> dict[str, Any]:
        """Return it for a worker."""
        return asdict(self)

    @property
    def inputs(self) -> tuple[frozenset[str], ...]:
        """What stages are made from: the photos, and the recording, each as a set of paths."""
        return tuple(frozenset(map(str, self.paths(column))) for column in ("photo", "audio"))

    @property
    def format(self) -> str:
        """What Blender is asked to make, "" where the row does not say."""
        return self.cells.get("format", "")

    def paths(self, column: str) -> list[Path]:
        """Return the paths of a cell."""
        return [Path(self.base, part.strip()) for part in self.cells.get(column, "").split(BETWEEN) if part.strip()]

    def request(self) -> Request:
        """Return what this row asks for; raise InputError for a cell that cannot be used."""
        if self.surplus:
            raise InputError("the row has more cells than there are columns", f"line {self.line}", ADVICE)
        photos, recordings, voices = (self.paths(column) for column in ("photo", "audio", "same_voice"))
        if not 1 <= len(photos) <= MOST_PHOTOS or len(recordings) != 1 or len(voices) > MOST_RECORDINGS:
            raise InputError(f"the row has {len(photos)} photos, {len(recordings)} recordings, {len(voices)} more of the voice",
                             f"line {self.line}", f"give 1 to {MOST_PHOTOS}, one, and up to {MOST_RECORDINGS}")
        if self.format and self.format not in FORMATS:
            raise InputError(f"there is no format {self.format!r}", f"line {self.line}", f"choose of {', '.join(FORMATS)}")
        emotion = self.cells.get("emotion") or AUTO
        if emotion != AUTO:
            chosen(emotion)
        settings = EmotionSettings.from_json(self.options("emotions"))
        if fusion := self.cells.get("fusion"):
            settings = replace(settings, fusion=fusion)         # type: ignore[arg-type]    # it checks the value
        photo, *more = map(str, photos)
        pack = self.paths("pack")
        request = Request(photo, str(recordings[0]), str(pack[0]) if pack and pack[0].resolve() != DEFAULT else "",
                          self.number("fps", 24.0), tuple(more), LipControls.from_json(self.options("controls")), emotion, settings,
                          tuple(map(str, voices)), self.whole("take"), **self.haircut())
        check_rate(request.fps)
        return request

    def haircut(self) -> dict[str, Any]:
        """Return how hair is to be worn, by a request's names; raise InputError for what there is not. Capitals do not count."""
        worn = {column: (self.cells.get(column) or "photo").upper() for column in HAIRCUT}
        for column, one in worn.items():
            if one not in HAIRCUT[column]:
                raise InputError(f"there is no {column} {self.cells[column]!r}", f"line {self.line}",
                                 f"choose of {', '.join(HAIRCUT[column]).lower()}")
        return worn

    def options(self, column: str) -> dict[str, Any]:
        """Return the JSON object of a cell, or of the file it names; {} where it is empty."""
        text = self.cells.get(column, "")
        if not text.startswith("{"):
            return read_json(Path(self.base, text), InputError) if text else {}
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{column} is no JSON ({error})", f"line {self.line}", ADVICE) from error
        return dict(values)

    def number(self, column: str, usual: float) -> float:
        """Return the number of a cell; raise InputError when it is none."""
        text = self.cells.get(column) or str(usual)
        try:
            return float(text)
        except ValueError as error:
            raise InputError(f"{column} is {text!r}", f"line {self.line}", "give a number") from error

    def whole(self, column: str) -> int:
        """Return the whole number of a cell; raise InputError when it is none, or out of range."""
        text = self.cells.get(column) or "0"
        if not (text.isascii() and text.isdecimal() and int(text[:8]) < MOST_TAKES and len(text) <= 8):
            raise InputError(f"{column} is {text!r}", f"line {self.line}", f"give a whole number from 0 to {MOST_TAKES - 1}")
        return int(text)


def read_table(path: Path) -> list[Row]:
    """Return the rows of the table at `path`.

    Raises InputError when it cannot be read, lacks a column or has an unknown one, holds no row or too many, and for names that are
    missing, occur twice or would leave the folder of the results. Other cells are looked at when their row's turn comes.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            file.seek(0)
            separator = max(SEPARATORS, key=header.count)
            reader = csv.DictReader(file, delimiter=separator, strict=True)
            reader.fieldnames = named(reader.fieldnames or ())
            check_columns(tuple(reader.fieldnames), path)
            rows = list(read_rows(reader, path))
    except UnicodeDecodeError as error:
        raise InputError("the table is not in UTF-8", path, "save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise InputError(f"the table is no CSV ({error})", path, "save it as CSV in UTF-8") from error
    except OSError as error:
        raise InputError(f"the table cannot be read ({error.strerror})", path, "choose an existing CSV file") from error
    if not rows:
        raise InputError("the table holds no rows", path, "add a row for each clip and character")
    check_names(rows, path)
    return rows


def named(cells: Sequence[str]) -> list[str]:
    """Return the names of columns: without spaces around them, and without the empty ones that spreadsheets leave at the end."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def check_columns(columns: tuple[str, ...], path: Path) -> None:
    """Raise InputError unless the columns are those of a batch, each once."""
    if missing := [name for name in NEEDED if name not in columns]:
        raise InputError(f"the table lacks the column {', '.join(missing)}", path, f"begin it with a line {','.join(NEEDED)}")
    if unknown := [name for name in columns if name not in (*NEEDED, *OPTIONS)]:
        raise InputError(f"the table has an unknown column {', '.join(map(repr, unknown))}", path,
                         f"choose of {', '.join((*NEEDED, *OPTIONS))}")
    if len(set(columns)) < len(columns):
        raise InputError("the table has a column twice", path, ADVICE)


def read_rows(reader: "csv.DictReader[str]", path: Path) -> Iterator[Row]:
    """Yield the rows; raise InputError when there are too many."""
    for count, values in enumerate(reader, 1):
        if count > MOST_ROWS:
            raise InputError(f"the table holds more than {MOST_ROWS} rows", path, "cut it into several")
        cells = {column: value.strip() for column, value in values.items() if isinstance(value, str)}       # a short row lacks some
        surplus = any(cell.strip() for cell in values.get(None) or ())                # type: ignore[call-overload]
        if surplus or any(cells.values()):              # spreadsheets leave rows of empty cells
            yield Row(cells.pop("name", ""), reader.line_num, cells, str(path.resolve().parent), surplus)


def check_names(rows: list[Row], path: Path) -> None:
    """Raise InputError unless each row's name can be a folder's, on every system, and is there once."""
    seen: dict[str, int] = {}
    for row in rows:
        where = f"{path}, line {row.line}"
        if not row.name:
            raise InputError("a row has no name", where, "give each row a name; its results get a folder of that name")
        if (not NAME.fullmatch(row.name) or row.name.startswith(".") or row.name.endswith((".", " ")) or len(row.name) > LONGEST_NAME
                or RESERVED.fullmatch(row.name)):
            raise InputError(f"the name {row.name[:LONGEST_NAME]!r} cannot be a folder's", where,
                             "use letters, digits, spaces and - _ . and no dot at its ends")
        if (first := seen.setdefault(row.name.casefold(), row.line)) != row.line:
            raise InputError(f"the name {row.name!r} is on line {first} already", where, "give each row a name of its own")
