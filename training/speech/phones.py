"""Phone labels: one inventory for every synthesiser, and stops divided into closure and release."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Phone:
    """One phone: start and end in seconds, label of INVENTORY."""

    start: float
    end: float
    label: str


VOWELS = ("aa", "ae", "ah", "ao", "aw", "ax", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw", "ue", "oe")
CONSONANTS = ("b", "ch", "d", "dh", "dx", "f", "g", "hh", "jh", "k", "l", "m", "n", "ng", "p", "r", "s", "sh", "t",
              "th", "v", "w", "y", "z", "zh")
CLOSURES = {"p": "pcl", "b": "bcl", "t": "tcl", "d": "dcl", "k": "kcl", "g": "gcl", "ch": "tcl", "jh": "dcl"}
INVENTORY = ("sil", *VOWELS, *CONSONANTS, "pcl", "bcl", "tcl", "dcl", "kcl", "gcl")

_ARPABET = {"pau": "sil", "axr": "er", "ix": "ih", "ux": "uw", "hv": "hh", "em": "m", "en": "n", "el": "l", "nx": "n",
            "brth": "sil", "h#": "sil", "ssil": "sil", "": "sil", "q": "sil", "ax-h": "ax", "eng": "ng", "epi": "sil"}
# "b~" and "g~" are b and g without a closure: lips or tongue come near and never meet
_IPA = {"A": "ey", "I": "ay", "O": "ow", "Q": "ow", "W": "aw", "Y": "oy", "ᵊ": "ax", "ᵻ": "ih", "T": "dx", "ʤ": "jh",
        "ʧ": "ch", "ʨ": "ch", "ʥ": "jh", "S": "s",
        "ɑ": "aa", "a": "aa", "ɐ": "ah", "ɒ": "ao", "æ": "ae", "ɔ": "ao", "ə": "ax", "ɚ": "er", "ɛ": "eh", "ɜ": "er",
        "ɝ": "er", "ɞ": "er", "ɘ": "ax", "e": "ey", "i": "iy", "ɪ": "ih", "o": "ow", "u": "uw", "ʊ": "uh", "ʌ": "ah",
        "ɤ": "ah", "y": "ue", "ʏ": "ue", "ʉ": "ue", "ø": "oe", "œ": "oe", "ɵ": "oe", "ɯ": "ih", "ɨ": "ih", "ɥ": "ue",
        "ɡ": "g", "g": "g", "h": "hh", "ɦ": "hh", "ħ": "hh", "ʕ": "hh", "x": "hh", "χ": "hh", "ç": "hh", "j": "y",
        "ʝ": "y", "ɹ": "r", "ɻ": "r", "r": "dx", "ɾ": "dx", "ɽ": "dx", "ʁ": "g~", "ʀ": "g~", "ɣ": "g~", "ɰ": "g~",
        "β": "b~", "ɸ": "f", "ʋ": "v", "ɱ": "m", "ʍ": "w", "ʔ": "t", "θ": "th", "ð": "dh", "ʃ": "sh", "ʒ": "zh",
        "ɕ": "sh", "ʑ": "zh", "ʂ": "sh", "ʐ": "zh", "ŋ": "ng", "ɴ": "ng", "ɲ": "n", "ɳ": "n", "ɬ": "l", "ɫ": "l",
        "ɭ": "l", "ʎ": "l", "ʟ": "l", "c": "k", "ɟ": "g", "q": "k", "ɢ": "g", "ʈ": "t", "ɖ": "d",
        **{letter: letter for letter in "bdfklmnpstvwz"}}
_IPA_PAIRS = {"aɪ": "ay", "ai": "ay", "aɪ̯": "ay", "ɑɪ": "ay", "ɑi": "ay", "aʊ": "aw", "au": "aw", "ɑu": "aw", "ɑʊ": "aw",
              "eɪ": "ey", "ei": "ey", "ɛi": "ey", "oʊ": "ow", "ou": "ow", "əʊ": "ow", "ɔɪ": "oy", "ɔø": "oy", "ɔi": "oy",
              "ɔy": "oy", "tʃ": "ch", "dʒ": "jh", "tɕ": "ch", "dʑ": "jh", "tʂ": "ch", "dʐ": "jh", "ts": "t s", "ʦ": "t s",
              "dz": "d z", "ʣ": "d z", "pf": "p f"}
_IPA_MARKS = "ːˑʰʲˠʷˤᵝʼˈˌ0123456789-^_.͡"


def from_arpabet(label: str) -> str:
    """Return the inventory's label for an ARPAbet or TIMIT label; stress digits are ignored."""
    label = label.lower().rstrip("012")
    label = _ARPABET.get(label, label)
    if label not in INVENTORY:
        raise ValueError(f"unknown ARPAbet label {label!r}")
    return label


def from_ipa(symbol: str) -> str:
    """Return the inventory's label for one IPA symbol (misaki's capitals included)."""
    try:
        return _IPA[symbol]
    except KeyError:
        raise ValueError(f"unknown IPA symbol {symbol!r}") from None


def from_ipa_phoneme(name: str, changes: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the labels, in sequence, of a phoneme of one or more IPA symbols with diacritics.

    changes: a language's own readings, "labels with spaces" by phoneme or by symbol, looked up first.
    """
    changes = changes or {}
    if name in changes:
        return tuple(changes[name].split())
    letters = "".join(letter for letter in unicodedata.normalize("NFD", name)
                      if letter not in _IPA_MARKS and not unicodedata.combining(letter))
    if "ç" in name:
        letters = letters.replace("c", "ç")
    pair = changes.get(letters) or _IPA_PAIRS.get(letters)
    if pair:
        return tuple(pair.split())
    return tuple(label for letter in letters for label in (changes.get(letter) or from_ipa(letter)).split())


def split_stops(phones: list[Phone], samples: NDArray[np.float32], rate: int) -> tuple[Phone, ...]:
    """Divide every stop into closure and release at its burst; equal silences in sequence are joined; no label ends in ~.

    A stop before a pause or another stop is all closure unless a burst is heard.
    """
    divided: list[Phone] = []
    following = [*phones[1:], Phone(0.0, 0.0, "sil")]
    for phone, successor in zip(phones, following, strict=True):
        if phone.label in CLOSURES and phone.end - phone.start > 0.01:
            unreleased = successor.label in CLOSURES or successor.label in ("sil", "m", "n")
            burst = find_burst(samples, rate, phone, needed_db=9.0 if unreleased else 3.0)
            if burst is None:
                burst = phone.end if unreleased else phone.start + 0.6 * (phone.end - phone.start)
            if burst > phone.start:
                divided.append(Phone(phone.start, burst, CLOSURES[phone.label]))
            if phone.end > burst:
                divided.append(Phone(burst, phone.end, phone.label))
        elif divided and phone.label == divided[-1].label == "sil":
            divided[-1] = Phone(divided[-1].start, phone.end, "sil")
        else:
            divided.append(Phone(phone.start, phone.end, phone.label.removesuffix("~")))
    return tuple(divided)


def trim_into_silence(phones: tuple[Phone, ...], samples: NDArray[np.float32], rate: int) -> tuple[Phone, ...]:
    """Give the inaudible end of a phone before a pause to the pause; synthesisers let last phones last too long.

    Inaudible: 40 dB below the loudest 10 ms. A closure that is never released keeps 80 ms.
    """
    block = rate // 100
    power = np.add.reduceat(samples.astype(np.float64) ** 2, np.arange(0, len(samples), block)) / block
    heard = power > power.max() * 10 ** -4.0
    trimmed = list(phones)
    for index in range(len(phones) - 1):
        phone, pause = trimmed[index], trimmed[index + 1]
        if pause.label != "sil" or phone.label == "sil":
            continue
        first, last = int(phone.start * 100), int(np.ceil(phone.end * 100))
        audible = np.flatnonzero(heard[first:last])
        end = (first + audible[-1] + 1) / 100 if len(audible) else phone.start + 0.03
        if phone.label in CLOSURES.values():
            end = max(end, phone.start + 0.08)
        end = min(max(end, phone.start + 0.03), phone.end)
        trimmed[index], trimmed[index + 1] = Phone(phone.start, end, phone.label), Phone(end, pause.end, "sil")
    return tuple(trimmed)


def find_burst(samples: NDArray[np.float32], rate: int, phone: Phone, *, needed_db: float) -> float | None:
    """Return the time of the steepest rise of high-frequency energy inside a stop, None when it rises too little.

    Energy of the first difference (which lifts high frequencies) in 5 ms windows each ms; the rise is over 8 ms.
    """
    hop, window, span = rate // 1000, rate // 200, 8
    first = max(int(phone.start * rate) - window, 0)
    piece = np.diff(samples[first:int(phone.end * rate) + window + span * hop].astype(np.float64))
    if len(piece) < window + (span + 4) * hop:
        return None
    power = np.convolve(piece ** 2, np.ones(window) / window, "valid")[::hop]
    level = 10 * np.log10(power + 1e-9)
    rise = level[span:] - level[:-span]
    times = (first + window / 2) / rate + np.arange(len(rise)) / 1000 + span / 2000
    length = phone.end - phone.start
    inside = (times > phone.start + min(0.015, 0.3 * length)) & (times < phone.end)
    if not inside.any():
        return None
    rise = np.where(inside, rise, -np.inf)
    best = int(rise.argmax())
    return float(times[best]) if rise[best] >= needed_db else None


def check_contiguous(phones: tuple[Phone, ...]) -> None:
    """Raise ValueError unless phones follow one another without gap or overlap."""
    for earlier, later in pairwise(phones):
        if abs(earlier.end - later.start) > 1e-6 or later.end <= later.start:
            raise ValueError(f"phones are not contiguous at {earlier} {later}")
