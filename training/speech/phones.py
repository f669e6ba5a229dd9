"""Phone labels: one inventory for every synthesiser, and stops divided into closure and release."""

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
_IPA = {"A": "ey", "I": "ay", "O": "ow", "Q": "ow", "W": "aw", "Y": "oy", "ᵊ": "ax", "ᵻ": "ih", "T": "dx", "ʤ": "jh",
        "ʧ": "ch", "ɑ": "aa", "a": "aa", "ɐ": "ah", "ɒ": "ao", "æ": "ae", "ɔ": "ao", "ə": "ax", "ɚ": "er", "ɛ": "eh",
        "ɜ": "er", "e": "ey", "i": "iy", "ɪ": "ih", "o": "ow", "u": "uw", "ʊ": "uh", "ʌ": "ah", "y": "ue", "ø": "oe",
        "œ": "oe", "ɯ": "uh", "ɨ": "ih", "ɡ": "g", "g": "g", "h": "hh", "j": "y", "ɹ": "r", "r": "r", "ʁ": "r",
        "ɾ": "dx", "ʔ": "t", "θ": "th", "ð": "dh", "ʃ": "sh", "ʒ": "zh", "ŋ": "ng", "ɲ": "n", "ç": "sh", "x": "k",
        "χ": "k", "ɬ": "l", "ʎ": "l", "β": "b", "ʋ": "v", "ɣ": "g", "ɕ": "sh", "ʑ": "zh", "c": "k", "ɟ": "g",
        **{letter: letter for letter in "bdfklmnpstvwz"}}


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


def split_stops(phones: list[Phone], samples: NDArray[np.float32], rate: int) -> tuple[Phone, ...]:
    """Divide every stop into closure and release at its burst; equal silences in sequence are joined.

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
            divided.append(phone)
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
