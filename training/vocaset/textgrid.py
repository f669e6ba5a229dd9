"""Phones with their times from a TextGrid of Praat, as the Montreal Forced Aligner writes them: ARPAbet or IPA, long or short form."""

import codecs
import re
from itertools import pairwise
from pathlib import Path

from core.errors import InputError
from training.speech.phones import Phone, from_arpabet, from_ipa_phoneme

LARGEST = 16 << 20              # bytes
LONGEST = 3600.0                # seconds: more than any recording lasts that lips are judged by
TOKEN = re.compile(r'"((?:[^"]|"")*)"|\[\d*\]|(?<![\w.])(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])')
ARPABET = re.compile(r"[A-Z]{1,2}[012]?")
SILENT = ("", "sil", "sp", "spn", "<eps>", "<unk>")      # spn: a word that the aligner did not know
ADVICE = "align the recording again, for example with the Montreal Forced Aligner"


def read_phones(path: Path) -> tuple[Phone, ...]:
    """Return the phones of the tier "phones"; labels of training.speech.phones.INVENTORY, "sil" where nothing is said.

    Raises InputError when the file is missing or damaged, has no such tier, or a label that is no phone.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError("the file is larger than any such file", path, ADVICE)
        content = path.read_bytes()
        text = content.decode("utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig")
    except OSError as error:
        raise InputError("there is no TextGrid", path, ADVICE) from error
    except UnicodeDecodeError as error:
        raise InputError("the TextGrid is no text", path, ADVICE) from error
    found = tier(tokens(text), path)
    return tuple(Phone(start, end, label) for start, end, name in found for start, end, label in labelled(start, end, name, path))


def tokens(text: str) -> list[str | float]:
    """Return the strings and numbers of a TextGrid in sequence; what stands in brackets only counts."""
    return [float(one[2]) if one[2] else one[1].replace('""', '"') for one in TOKEN.finditer(text) if not one[0].startswith("[")]


def tier(found: list[str | float], path: Path) -> list[tuple[float, float, str]]:
    """Return the intervals of the tier of phones; raise InputError when there is none, or it is damaged."""
    place = next((index for index, token in enumerate(found) if token == "IntervalTier" and index + 4 < len(found)
                  and str(found[index + 1]).lower().endswith("phones")), None)
    if found[:2] != ["ooTextFile", "TextGrid"] or place is None:
        raise InputError('the TextGrid has no tier "phones"', path, ADVICE)
    count, first = found[place + 4], place + 5
    whole = isinstance(count, float) and 0 < 3 * count <= len(found) - first
    rows = [found[at:at + 3] for at in range(first, first + 3 * round(float(count)), 3)] if whole else []
    intervals = [(start, end, name) for start, end, name in (row for row in rows if len(row) == 3)
                 if isinstance(start, float) and isinstance(end, float) and isinstance(name, str) and 0 <= start < end]
    if not rows or len(intervals) != len(rows) or any(one[1] > two[0] + 1e-6 for one, two in pairwise(intervals)):
        raise InputError("the TextGrid is damaged or cut off", path, ADVICE)
    if intervals[-1][1] > LONGEST:
        raise InputError(f"the TextGrid ends after {intervals[-1][1]:g} seconds, more than any recording", path, ADVICE)
    return intervals


def labelled(start: float, end: float, name: str, path: Path) -> list[tuple[float, float, str]]:
    """Return an interval's phones, in equal parts where its name stands for several; raise InputError for a name that is none."""
    if name.lower() in SILENT:
        return [(start, end, "sil")]
    try:
        labels = (from_arpabet(name),) if ARPABET.fullmatch(name) else from_ipa_phoneme(name)
    except ValueError as error:
        raise InputError(f"the phone {name!r} is not known", path, "align with an ARPAbet or IPA dictionary of English") from error
    step = (end - start) / max(len(labels), 1)
    return [(start + index * step, start + (index + 1) * step, label.removesuffix("~")) for index, label in enumerate(labels)]
