"""Training speech of espeak-ng in many languages: a formant synthesiser that tells when each of its phonemes begins.

Needs the library libespeak-ng (Debian: espeak-ng). The program is under the GPL; what it speaks is not.
"""

import ctypes
import ctypes.util
import functools
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from core.errors import ECAvatarError

from .phones import CLOSURES, VOWELS, Phone, from_ipa_phoneme
from .synthesis import RATE, Utterance, make_utterance

PHONEME_EVENTS, PHONEME_IPA, DONT_EXIT = 0x0001, 0x0002, 0x8000
SYNCHRONOUS, UTF8 = 2, 1
EVENT_END, EVENT_PHONEME = 5, 7
SHORTEST_PAUSE_S, SHORTEST_SOUND_S = 0.06, 0.015
PARAMETERS = {"rate": 1, "pitch": 3, "range": 4}
# labels for espeak-ng's IPA names, where phones.from_ipa_phoneme would read them otherwise: in all languages and in one
COMMON = {"ʔ": "hh", "??": "hh", "ʲ": "y", 'u"': "uw", "ɐʊ": "aw", "ɛɪ": "ey", "ʌʊ": "aw", "oɪ": "oy"}
READINGS: dict[str, dict[str, str]] = {
    "de": {"ɜ": "ah"}, "fr": {}, "es": {"e": "eh", "o": "ao"}, "it": {"e": "eh", "o": "ao"},
    "pt-br": {"e": "eh", "y": "ih"}, "pl": {}, "ru": {"e": "eh", "o": "ao", "y": "ih"}, "nl": {}, "tr": {"e": "eh"},
    "hi": {"c": "ch", "ɟ": "jh"},
    "cmn-latn-pinyin": {
        "ph": "p", "th": "t", "kh": "k", "tɕh": "ch", "ts.": "ch", "ts.h": "ch", "tsh": "t s", "s.": "sh", "i.": "ih",
        "i̪": "ih", "iou": "y ow", "iɛ": "y eh", "iɑ": "y aa", "iɑu": "y aw", "uo": "w ao", "uə": "w ax", "uei": "w ey",
        "ua": "w aa", "uai": "w ay", "uɑ": "w aa", "onɡ": "uh ng", "ər": "er", "yɛ": "ue eh", "yæ": "ue eh"},
    "ja": {"e": "eh", "o": "ao", "ɯᵝ": "uh", "ũ": "uh"}, "ar": {}}
# voice variants without an echo, which would fill closures; "" is the voice as it is
VARIANTS = ("", "f1", "m1", "m3", "m4", "m5", "m6", "m7", "m8", "max", "norbert", "linda", "steph", "belinda", "Annie", "Andrea",
            "grandma", "grandpa", "Denis", "Lee", "quincy", "rob", "sandro", "travis", "victor", "adam", "edward", "klatt4",
            "klatt6", "whisper", "whisperf")


class Event(ctypes.Structure):
    """espeak_EVENT; audio_position is in milliseconds, `name` the phoneme when the type is EVENT_PHONEME."""

    _fields_ = (("type", ctypes.c_int), ("identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
                ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
                ("user_data", ctypes.c_void_p), ("name", ctypes.c_char * 8))


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


class EspeakVoice:
    """The library, which keeps one voice and one setting at a time: use `load_espeak`."""

    def __init__(self) -> None:
        """Raise ECAvatarError where the library is not installed."""
        name = ctypes.util.find_library("espeak-ng")
        if name is None:
            raise ECAvatarError("libespeak-ng is not installed: apt-get install espeak-ng")
        self.library: Any = ctypes.CDLL(name)
        self.rate = self.library.espeak_Initialize(SYNCHRONOUS, 0, None, PHONEME_EVENTS | PHONEME_IPA | DONT_EXIT)
        self.sound: list[NDArray[np.int16]] = []
        self.events: list[tuple[float, str | None]] = []
        self.callback = CALLBACK(self._receive)             # kept: the library holds a bare pointer to it
        self.library.espeak_SetSynthCallback(self.callback)

    def _receive(self, wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            self.sound.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while events[index].type:
            event = events[index]
            if event.type == EVENT_PHONEME:
                self.events.append((event.audio_position / 1000, event.name.decode("utf-8", "ignore")))
            elif event.type == EVENT_END:
                self.events.append((event.audio_position / 1000, None))
            index += 1
        return 0

    def transcribe(self, text: str, language: str, tie: str = "^") -> str:
        """Return the text's IPA; `tie` joins the letters of one sound; ", " stands between clauses."""
        self.library.espeak_SetVoiceByName(language.encode())
        self.library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        rest = ctypes.c_void_p(ctypes.cast(ctypes.c_char_p(encoded := text.encode() + b"\0"), ctypes.c_void_p).value)
        clauses = []
        while encoded and rest.value:
            clauses.append(self.library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, 0x82 | ord(tie) << 8).decode())
        return ", ".join(clause.strip() for clause in clauses if clause.strip())

    def speak_at_random(self, text: str, language: str, rng: np.random.Generator) -> Utterance:
        """Synthesise one sentence with a variant, a speed and a pitch drawn from `rng`."""
        variant = str(rng.choice(VARIANTS))
        return self.speak(text, f"{language}+{variant}" if variant else language, rate=int(rng.integers(120, 215)),
                          pitch=int(rng.integers(25, 80)), span=int(rng.integers(30, 75)))

    def speak(self, text: str, voice: str, *, rate: int = 175, pitch: int = 50, span: int = 50) -> Utterance:
        """Synthesise one sentence; voice: language and variant, as "de+f2"; rate in words a minute; pitch and span 0..99."""
        self.sound, self.events = [], []
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ECAvatarError(f"espeak-ng has no voice {voice!r}")
        for name, value in (("rate", rate), ("pitch", pitch), ("range", span)):
            self.library.espeak_SetParameter(PARAMETERS[name], value, 0)
        encoded = text.encode() + b"\0"
        self.library.espeak_Synth(encoded, len(encoded), 0, 1, 0, UTF8, None, None)
        wave = np.concatenate(self.sound).astype(np.float32) / 32768
        samples = soxr.resample(wave, self.rate, RATE).astype(np.float32)
        phones = advance_stops(event_phones(self.events, len(samples) / RATE, {**COMMON, **READINGS[voice.split("+")[0]]}), samples)
        return make_utterance(samples, phones, f"espeak-{voice}", text)


@functools.cache
def load_espeak() -> EspeakVoice:
    """Return the library's only instance; it hangs when it is initialised twice."""
    return EspeakVoice()


def event_phones(events: list[tuple[float, str | None]], duration: float,
                 changes: Mapping[str, str] | None = None) -> list[Phone]:
    """Turn phoneme events, (start in seconds, IPA name; "" is a pause, None the end of a clause), into phones.

    A name of several sounds is divided equally. A pause shorter than SHORTEST_PAUSE belongs to the sound before.
    """
    spans: list[tuple[float, str]] = [(0.0, "sil")]
    for index, (start, name) in enumerate(events):
        end = next((time for time, _ in events[index + 1:] if time > start), duration)
        if not name or name.startswith("("):           # "(en)": the next word is read as English
            if (name == "" and end - start >= SHORTEST_PAUSE_S) or end == duration:
                spans.append((start, "sil"))
            continue
        labels = from_ipa_phoneme(name, changes)
        spans += [(start + (end - start) * order / len(labels), label) for order, label in enumerate(labels)]
    moved = [(start - _lead(earlier, label), label) for (_, earlier), (start, label) in pairwise(spans)]
    phones = []
    for (start, label), (end, _) in pairwise([spans[0], *moved, (duration, "sil")]):
        if end > start:
            phones.append(Phone(start, end, label))
    return phones


def _lead(earlier: str, later: str) -> float:
    """Return how much sooner than its event a sound begins, in seconds: events come after the glide to or from a nasal."""
    nasals = ("m", "n", "ng")
    if later in VOWELS and earlier in nasals:
        return 0.015
    return 0.01 if later in nasals and earlier in VOWELS else 0.0


def advance_stops(phones: list[Phone], samples: NDArray[np.float32]) -> list[Phone]:
    """Give the silence before a stop to the stop: the event comes after it, where the burst is near.

    Silent: 40 dB below the loudest 4 ms, going back from the stop's event in such steps.
    """
    block = RATE // 250
    power = np.add.reduceat(samples.astype(np.float64) ** 2, np.arange(0, len(samples), block))
    silent = power < power.max() * 1e-4
    advanced = list(phones)
    for index in range(1, len(phones)):
        earlier, stop = advanced[index - 1], advanced[index]
        if stop.label not in CLOSURES or earlier.label == "sil":
            continue
        step, first = int(stop.start * 250), int((earlier.start + SHORTEST_SOUND_S) * 250) + 1
        while step > first and silent[step - 1]:
            step -= 1
        start = min(step / 250, stop.start)
        advanced[index - 1], advanced[index] = (Phone(earlier.start, start, earlier.label),
                                                Phone(start, stop.end, stop.label))
    return advanced
