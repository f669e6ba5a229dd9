"""Make the training corpus: `python -m training.speech.corpus --work DIR`.

Writes DIR/speech/NAME.flac (16 kHz) and NAME.json (voice, text, phones [[start_s, end_s, label], ...]). A run goes on
where the last one stopped. Text and voices follow from the seed alone; espeak-ng's sound differs by a little each time. What
it needs and how long it takes is told in docs/lip_network.md.
"""

import argparse
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import soundfile

from .espeak import COMMON, READINGS, EspeakVoice, load_espeak
from .kokoro import LANGUAGES, KokoroNetwork, Phonemize, draw_blend, english_phonemizers, espeak_symbols
from .phones import Phone, check_contiguous
from .synthesis import FLITE_VOICES, RATE, HibariVoice, Utterance, speak_with_flite
from .text import generate
from .text_languages import generate_in

log = logging.getLogger(__name__)
# pitch and formant factors of hibari's voice, and whether it whispers: as it is, men, lighter women, a child, a shout,
# whispers
HIBARI_SPEAKERS = ((1.0, 1.0, False), (0.55, 0.84, False), (0.65, 0.88, False), (0.8, 0.93, False), (1.15, 1.06, False),
                   (1.35, 1.15, False), (1.7, 1.05, False), (1.0, 0.92, True))
Speak = Callable[[str, np.random.Generator], Utterance]
Write = Callable[[int, np.random.Generator], list[str]]


@dataclass(frozen=True)
class Speaker:
    """speak: from text to an utterance; write: from a count to as many texts of its language."""

    speak: Speak
    write: Write = generate


def flite_speakers() -> dict[str, Speaker]:
    """Return flite's voices, each with a random length and pitch."""
    def speaker(voice: str) -> Speaker:
        return Speaker(lambda text, rng: speak_with_flite(
            text, voice, stretch=float(rng.uniform(0.8, 1.25)), pitch=float(rng.uniform(0.8, 1.3))))
    return {f"flite_{voice}": speaker(voice) for voice in FLITE_VOICES}


def hibari_speakers() -> dict[str, Speaker]:
    """Return the speakers made of hibari's voice, each with a random speed."""
    import hibari
    from hibari import dsp
    hibari.dsp = dsp
    voice = HibariVoice(hibari)

    def speaker(pitch: float, formants: float, whisper: bool) -> Speaker:
        return Speaker(lambda text, rng: voice.speak(
            text, rng, speed=float(rng.uniform(0.8, 1.3)), formants=formants,
            pitch=pitch * float(rng.uniform(0.92, 1.08)), whisper=whisper))
    return {f"hibari_{index}": speaker(*factors) for index, factors in enumerate(HIBARI_SPEAKERS)}


def kokoro_speakers(voices: Path) -> dict[str, Speaker]:
    """Return Kokoro's voices, each with a random speed and a share of another; voices: folder of NAME.bin."""
    network, espeak = KokoroNetwork(voices), load_espeak()

    def speaker(name: str, phonemize: Phonemize, language: str | None) -> Speaker:
        others = network.names(name[0])
        readings = {**COMMON, **READINGS[language]} if language else {}
        return Speaker(lambda text, rng: network.speak(
            text, phonemize(text), draw_blend(name, others, rng), speed=float(rng.uniform(0.8, 1.25)), changes=readings),
            partial(generate_in, language) if language else _write_mixed)
    american, british = english_phonemizers()
    speakers = {f"kokoro_{name}": speaker(name, phonemize, None)
                for letter, phonemize in (("a", american), ("b", british)) for name in network.names(letter)}
    for letter, language in LANGUAGES.items():
        phonemize = partial(_transcribe, espeak, language)
        speakers |= {f"kokoro_{name}": speaker(name, phonemize, language) for name in network.names(letter)}
    return speakers


def _write_mixed(count: int, rng: np.random.Generator) -> list[str]:
    """Return sentences written and of the grammar in any order, since a slow voice may be cut short."""
    texts = generate(count, rng)
    return [texts[index] for index in rng.permutation(count)]


def _transcribe(espeak: EspeakVoice, language: str, text: str) -> str:
    return espeak_symbols(espeak.transcribe(text, language)) + (text[-1] if text[-1] in ".!?" else ".")


def espeak_speakers() -> dict[str, Speaker]:
    """Return the languages of espeak-ng, each sentence with another of its voices."""
    voice = load_espeak()

    def speaker(language: str) -> Speaker:
        return Speaker(lambda text, rng: voice.speak_at_random(text, language, rng), partial(generate_in, language))
    return {f"espeak_{language}": speaker(language) for language in READINGS}


def make(folder: Path, speakers: dict[str, Speaker], sentences: int, *, seed: int) -> float:
    """Speak `sentences` sentences with every speaker into `folder`; return the minutes made now.

    Goes from speaker to speaker with each sentence, so that what is there is balanced at any time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: speaker.write(sentences, np.random.default_rng((seed, order)))
             for order, (name, speaker) in enumerate(speakers.items())}
    minutes = 0.0
    for index in range(sentences):
        for order, (name, speaker) in enumerate(speakers.items()):
            path, text = folder / f"{name}_{seed}_{index:04d}.flac", texts[name][index]
            if path.with_suffix(".json").exists():
                continue
            utterance = speaker.speak(text, np.random.default_rng((seed, order, index)))
            write(path, utterance)
            minutes += len(utterance.samples) / RATE / 60
        if index % 20 == 19 or index == sentences - 1:
            log.info("%s: %d sentences for each voice, %.1f min made now", path.stem.split("_")[0], index + 1, minutes)
    return minutes


def write(path: Path, utterance: Utterance) -> None:
    """Write the sound to `path` and then its phones beside it, so that what has phones is complete."""
    check_contiguous(utterance.phones)
    soundfile.write(path, np.clip(utterance.samples, -1, 1), RATE)
    phones = [[phone.start, phone.end, phone.label] for phone in utterance.phones]
    values = {"voice": utterance.voice, "text": utterance.text, "phones": phones}
    unfinished = path.with_suffix(".partial")
    unfinished.write_text(json.dumps(values), encoding="utf-8")
    unfinished.replace(path.with_suffix(".json"))


@cache
def names_in(folder: Path, pattern: str = "*") -> tuple[str, ...]:
    """Return the names of a corpus folder's recordings that match, sorted."""
    return tuple(sorted(path.stem for path in folder.glob(pattern + ".json")))


def read_one(folder: Path, name: str) -> Utterance:
    """Read one recording of a corpus folder."""
    values = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    samples, _ = soundfile.read(folder / f"{name}.flac", dtype="float32")
    phones = tuple(Phone(start, end, label) for start, end, label in values["phones"])
    return Utterance(samples, phones, values["voice"], values["text"])


def main() -> None:
    """Make the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--flite", type=int, default=180, help="sentences for each of the 4 voices")
    parser.add_argument("--hibari", type=int, default=140, help="sentences for each of its speakers")
    parser.add_argument("--espeak", type=int, default=75, help="sentences for each of its 13 languages")
    parser.add_argument("--kokoro", type=int, default=60, help="sentences for each of its 41 voices")
    parser.add_argument("--kokoro-voices", type=Path, help="folder of NAME.bin; without it Kokoro is left out")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    make(options.work / "speech", flite_speakers(), options.flite, seed=options.seed)
    make(options.work / "speech", hibari_speakers(), options.hibari, seed=options.seed + 1)
    make(options.work / "speech", espeak_speakers(), options.espeak, seed=options.seed + 3)
    if options.kokoro_voices:
        make(options.work / "speech", kokoro_speakers(options.kokoro_voices), options.kokoro, seed=options.seed + 2)


if __name__ == "__main__":
    main()
