"""Describe the corpora for training: `python -m training.emotion.features --data DIR --work DIR`, with the encoders of a pack.

Writes WORK/voices_COPY.npz, float32, the same order as `recordings`: whole (R, P), each recording, and words (R, L), how the layers'
means over half a second of it differ from those of the whole. Copy 0 is clean; the others are changed as rooms, microphones and other
speakers would.
WORK/nonspeech.npz: whole (M, P), music, hum and noise, in which no emotion is to be heard.
With --unacted FOLDER ... also WORK/unacted.npz, whole (R, P) and speakers (R,) of unacted speech (training/emotion/unacted.py), to
measure on.
"""

import argparse
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from core.emotion.hearing import voice_between
from core.errors import InputError
from core.pack import DEFAULT, Pack
from core.speech.denoise import reduce_noise
from core.speech.encoder import normalise
from core.speech.prosody import HOP, RATE, prosody
from core.speech.voice import LEAST, Voice, active_frames, pooled
from core.speech.voice_encoder import VOICE_ENCODER, VoiceEncoder
from core.types import AudioClip
from training.speech.augmentation import colour, make_chords, make_nonspeech

from .recordings import Recording, recordings
from .unacted import unacted

log = logging.getLogger(__name__)
Array = NDArray[np.float32]
SPEED = (0.9, 1.12)             # of the changed copies: pitch and formants rise with it
MOMENT = 20                     # frames with speech, half a second: as many hold other sounds than the recording, but no other emotion
NONSPEECH = 60                  # sounds of each of two kinds
NEIGHBOURS = 5                  # voices that babble is made of


@dataclass(frozen=True)
class Task:
    """A recording of a copy; data: the corpora that its neighbours are of; seed: the numbers that all that is drawn follows from."""

    recording: Recording
    data: Path
    pack: Path
    copy: int
    seed: tuple[int, ...]


def sound(path: Path) -> Array:
    """Return the samples of a recording at 16 kHz; raise ValueError for another rate."""
    samples, rate = soundfile.read(path, dtype="float32")
    if rate != RATE:
        raise ValueError(f"{path} has {rate} Hz, not {RATE} Hz")
    return np.asarray(samples, np.float32)


def recorded(recording: Recording) -> Array:
    """Return the samples of a recording, or of the piece of a file that it is."""
    samples, first = sound(recording.path), round(recording.start * RATE)
    return samples[first:] if recording.length is None else samples[first:first + round(recording.length * RATE)]


def changed(samples: Array, everything: Sequence[Recording], rng: np.random.Generator) -> Array:
    """Return a recording as another room, microphone and neighbourhood, and a somewhat higher or lower speaker, would give it."""
    faster = soxr.resample(samples, RATE * float(rng.uniform(*SPEED)), RATE).astype(np.float32)
    babble = [sound(everything[index].path) for index in rng.integers(len(everything), size=NEIGHBOURS)]
    return colour(faster, rng, babble=babble)


def voice_of(samples: Array, encoder: VoiceEncoder) -> Voice:
    """Return the description of a whole recording, as the product hears it."""
    level = normalise(AudioClip(reduce_noise(samples), RATE))
    spoken = prosody(level, max(len(level) // HOP, 1))
    return voice_between(level, spoken, active_frames(spoken), 0.0, len(level) / RATE, encoder)


def describe(samples: Array, encoder: VoiceEncoder, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the vector (P,) of a whole recording, and how the layers' means (L,) over a moment of it, drawn at random, differ."""
    voice = voice_of(samples, encoder)
    active = voice.active if voice.active.sum() >= LEAST else np.ones_like(voice.active)
    return pooled(voice.layers, voice.prosody, active), words_of(voice.layers[active], rng)


def words_of(spoken: Array, rng: np.random.Generator) -> Array:
    """Return how the means (L,) of the layers (N, L) over a moment, drawn at random, differ from those over all frames."""
    first = int(rng.integers(max(len(spoken) - MOMENT, 0) + 1))
    return np.asarray(spoken[first:first + MOMENT].mean(axis=0) - spoken.mean(axis=0))


def run(task: Task) -> tuple[Array, Array]:
    """Describe one recording."""
    rng, samples = np.random.default_rng(task.seed), recorded(task.recording)
    return describe(changed(samples, corpora(task.data), rng) if task.copy else samples, opened(task.pack), rng)


@cache
def corpora(data: Path) -> list[Recording]:
    """Return the recordings, listed once in a process."""
    return recordings(data)


@cache
def opened(pack: Path) -> VoiceEncoder:
    """Return the encoders of a pack, opened once in a process."""
    return VoiceEncoder.of(Pack.open(pack, only=("speech_encoder", VOICE_ENCODER)))


def prepare(data: Path, work: Path, pack: Path, *, copy: int, workers: int = 1, seed: int = 7) -> Path:
    """Write one copy, the same for any number of workers. Return the file's path."""
    tasks = [Task(recording, data, pack, copy, (seed, copy, index)) for index, recording in enumerate(recordings(data))]
    whole, words = describe_all(tasks, workers)
    path = work / f"voices_{copy}.npz"
    np.savez(path, whole=whole, words=words)
    log.info("copy %d: %d recordings", copy, len(whole))
    return path


def prepare_unacted(folders: list[Path], data: Path, work: Path, pack: Path, *, workers: int = 1, seed: int = 7) -> Path:
    """Write the unacted speech in some folders, the same for any number of workers. Return the file's path. Raises InputError where
    there is none."""
    listed = unacted(folders)
    if not listed:
        raise InputError("no unacted speech was found", ", ".join(map(str, folders)), "name folders of FLAC files, 16 kHz")
    tasks = [Task(recording, data, pack, 0, (seed, 0, index, 1)) for index, recording in enumerate(listed)]
    path = work / "unacted.npz"
    np.savez(path, whole=describe_all(tasks, workers)[0], speakers=np.array([recording.speaker for recording in listed]))
    log.info("%d recordings of unacted speech", len(listed))
    return path


def describe_all(tasks: list[Task], workers: int) -> tuple[Array, Array]:
    """Return the vectors (R, P) of recordings, and how moments of them differ (R, L)."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        whole, words = zip(*processes.map(run, tasks, chunksize=8), strict=True)
    return np.stack(whole), np.stack(words)


def prepare_nonspeech(work: Path, pack: Path, *, seed: int = 7) -> Path:
    """Write sounds without a voice. Return the file's path."""
    rng = np.random.default_rng(seed)
    sounds = [make_nonspeech(float(rng.uniform(2, 5)), rng).samples for _ in range(NONSPEECH)]
    sounds += [0.1 * make_chords(np.arange(round(rng.uniform(2, 5) * RATE)) / RATE, rng).astype(np.float32) for _ in range(NONSPEECH)]
    path = work / "nonspeech.npz"
    np.savez(path, whole=np.stack([describe(samples, opened(pack), rng)[0] for samples in sounds]))
    return path


def main() -> None:
    """Prepare several copies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of ravdess, tess and emodb")
    parser.add_argument("--unacted", type=Path, nargs="+", default=[], help="folders of unacted speech, to measure on")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--pack", type=Path, default=DEFAULT, help="a model pack with the encoders")
    parser.add_argument("--copies", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    options.work.mkdir(parents=True, exist_ok=True)
    prepare_nonspeech(options.work, options.pack)
    if options.unacted:
        prepare_unacted(options.unacted, options.data, options.work, options.pack, workers=options.workers)
    for copy in options.copies:
        prepare(options.data, options.work, options.pack, copy=copy, workers=options.workers)


if __name__ == "__main__":
    main()
