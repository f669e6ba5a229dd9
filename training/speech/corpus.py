"""Make the training corpus: `python -m training.speech.corpus --work DIR`.

Writes DIR/speech/NAME.flac (16 kHz) and NAME.json (voice, text, phones [[start_s, end_s, label], ...]). A run goes on
where the last one stopped. Needs flite (`apt-get install flite`) and hibari-tts; text and voices follow from the seed
alone.
"""

import argparse
import json
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from .phones import Phone, check_contiguous
from .synthesis import FLITE_VOICES, RATE, HibariVoice, Utterance, speak_with_flite
from .text import generate

log = logging.getLogger(__name__)
# pitch and formant factors of hibari's voice, and whether it whispers: as it is, men, lighter women, a child, a shout,
# whispers
HIBARI_SPEAKERS = ((1.0, 1.0, False), (0.55, 0.84, False), (0.65, 0.88, False), (0.8, 0.93, False), (1.15, 1.06, False),
                   (1.35, 1.15, False), (1.7, 1.05, False), (1.0, 0.92, True))
Speak = Callable[[str, np.random.Generator], Utterance]


def flite_speakers() -> dict[str, Speak]:
    """Return flite's voices, each with a random length and pitch."""
    def speaker(voice: str) -> Speak:
        return lambda text, rng: speak_with_flite(
            text, voice, stretch=float(rng.uniform(0.8, 1.25)), pitch=float(rng.uniform(0.8, 1.3)))
    return {f"flite_{voice}": speaker(voice) for voice in FLITE_VOICES}


def hibari_speakers() -> dict[str, Speak]:
    """Return the speakers made of hibari's voice, each with a random speed."""
    import hibari
    from hibari import dsp
    hibari.dsp = dsp
    voice = HibariVoice(hibari)

    def speaker(pitch: float, formants: float, whisper: bool) -> Speak:
        return lambda text, rng: voice.speak(text, rng, speed=float(rng.uniform(0.8, 1.3)), formants=formants,
                                             pitch=pitch * float(rng.uniform(0.92, 1.08)), whisper=whisper)
    return {f"hibari_{index}": speaker(*factors) for index, factors in enumerate(HIBARI_SPEAKERS)}


def make(folder: Path, speakers: dict[str, Speak], sentences: int, *, seed: int) -> float:
    """Speak `sentences` sentences with every speaker into `folder`; return the minutes made now."""
    folder.mkdir(parents=True, exist_ok=True)
    minutes = 0.0
    for order, (speaker, speak) in enumerate(speakers.items()):
        texts = generate(sentences, np.random.default_rng((seed, order)))
        for index, text in enumerate(texts):
            path = folder / f"{speaker}_{seed}_{index:04d}.flac"
            if path.with_suffix(".json").exists():
                continue
            utterance = speak(text, np.random.default_rng((seed, order, index)))
            check_contiguous(utterance.phones)
            soundfile.write(path, np.clip(utterance.samples, -1, 1), RATE)
            phones = [[phone.start, phone.end, phone.label] for phone in utterance.phones]
            path.with_suffix(".json").write_text(
                json.dumps({"voice": utterance.voice, "text": text, "phones": phones}), encoding="utf-8")
            minutes += len(utterance.samples) / RATE / 60
        log.info("%s: %.1f min made so far", speaker, minutes)
    return minutes


@cache
def names_in(folder: Path) -> tuple[str, ...]:
    """Return the names of a corpus folder's recordings, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.json")))


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
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    make(options.work / "speech", flite_speakers(), options.flite, seed=options.seed)
    make(options.work / "speech", hibari_speakers(), options.hibari, seed=options.seed + 1)


if __name__ == "__main__":
    main()
