"""Turn the corpus into training arrays: `python -m training.speech.features --work DIR --encoder PATH`.

Writes DIR/features_COPY.npz: encoder (N, E) and spectrum (N, 80) float16, motion (N, C) float16, phones (N,) int16,
all on the 60 Hz frames of the animation; starts (U + 1,) where each utterance begins; names (U,).
"""

import argparse
import logging
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.speech.articulation import CHANNELS
from core.speech.denoise import reduce_noise
from core.speech.encoder import RATE, normalise
from core.speech.log_mel import FRAME_RATE, log_mel
from core.types import AudioClip

from .augmentation import augment, make_nonspeech, pad
from .corpus import names_in, read_one
from .encoders import Encoder, open_encoder
from .phones import INVENTORY, Phone
from .synthesis import Utterance
from .teacher import teach

log = logging.getLogger(__name__)
Array = NDArray[np.float32]
NONSPEECH = 40                  # clips of sound without speech in every copy


def describe(samples: Array, encoder: Encoder) -> tuple[Array, Array]:
    """Return the network's two inputs for a clip: encoder features (T, 288) and log-mel spectra (T, 80) at 60 Hz."""
    clip = AudioClip(reduce_noise(samples.astype(np.float32)), RATE)
    frames = int(np.ceil(clip.duration * FRAME_RATE)) + 1
    times = np.arange(frames, dtype=np.float32) / FRAME_RATE
    return encoder.encode(clip).at(times), log_mel(normalise(clip), frames)


def label_frames(phones: tuple[Phone, ...], frames: int) -> NDArray[np.int16]:
    """Return each frame's phone as an index into INVENTORY."""
    ends = np.array([phone.end for phone in phones])
    index = np.minimum(np.searchsorted(ends, np.arange(frames) / FRAME_RATE, side="right"), len(phones) - 1)
    labels = np.array([INVENTORY.index(phone.label) for phone in phones], np.int16)
    return np.asarray(labels[index], np.int16)


def effort(samples: Array, frames: int) -> Array:
    """Return the factor of loudness on the motion's amplitude (T,): 0.75 in quiet passages to 1.15 in loud ones."""
    hop = RATE / FRAME_RATE
    power = np.add.reduceat(np.pad(samples.astype(np.float64) ** 2, (0, int(hop) + 1)),
                            np.minimum((np.arange(frames) * hop).astype(int), len(samples)))
    kernel = np.hanning(26)[1:-1]
    level = 10 * np.log10(np.convolve(power, kernel / kernel.sum(), "same")[:frames] + 1e-8)
    loud = np.quantile(level, 0.85)
    return np.asarray(np.clip(1.05 + (level - loud) / 40, 0.75, 1.15), np.float32)


def frames_of(utterance: Utterance, encoder: Encoder, clean: Array | None = None
              ) -> dict[str, NDArray[np.generic]]:
    """Return inputs and targets of one utterance; clean: the speech that loudness is taken from, itself if None."""
    encoded, spectrum = describe(utterance.samples, encoder)
    frames = len(encoded)
    motion = teach(utterance.phones, frames, FRAME_RATE,
                   effort=effort(utterance.samples if clean is None else clean, frames))
    return {"encoder": encoded.astype(np.float16), "spectrum": spectrum.astype(np.float16),
            "motion": motion.astype(np.float16), "phones": label_frames(utterance.phones, frames)}


@dataclass(frozen=True)
class Task:
    """One utterance of one copy: number `index` of the corpus, clean in copy 0, augmented in every other."""

    work: Path
    encoder: str
    copy: int
    seed: int
    index: int
    name: str | None            # None: sound without speech


def run(task: Task) -> dict[str, NDArray[np.generic]]:
    """Prepare one utterance; all that is drawn follows from the task's numbers."""
    torch.set_num_threads(1)
    rng = np.random.default_rng((task.seed, task.copy, task.index))
    encoder = opened(task.encoder)
    if task.name is None:
        return frames_of(make_nonspeech(float(rng.uniform(1, 5)), rng), encoder)
    utterance = read_one(task.work / "speech", task.name)
    if task.copy == 0:
        return frames_of(pad(utterance, rng), encoder)
    names = names_in(task.work / "speech")
    voices = [read_one(task.work / "speech", names[index]).samples for index in rng.integers(len(names), size=8)]
    return frames_of(augment(utterance, rng, babble=voices), encoder)


@cache
def opened(encoder: str) -> Encoder:
    """Return the encoder, opened once in a process."""
    return open_encoder(encoder, threads=1)


def prepare(work: Path, encoder: str, *, copy: int, workers: int = 1, seed: int = 5) -> Path:
    """Write one copy of the corpus, the same for any number of workers. Return the file's path."""
    names: list[str | None] = [*names_in(work / "speech"), *[None] * NONSPEECH]
    tasks = [Task(work, encoder, copy, seed, index, name) for index, name in enumerate(names)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(run, tasks, chunksize=8))
    starts = np.cumsum([0, *(len(part["phones"]) for part in parts)])
    path = work / f"features_{copy}.npz"
    joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    np.savez(path, **joined, starts=starts, names=np.array([name or "nonspeech" for name in names]), channels=np.array(CHANNELS))
    log.info("copy %d: %.0f min", copy, starts[-1] / FRAME_RATE / 60)
    return path


def main() -> None:
    """Prepare several copies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--encoder", required=True, help="Moonshine's .ort file, or a folder or hub name of transformers")
    parser.add_argument("--copies", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    for copy in options.copies:
        prepare(options.work, options.encoder, copy=copy, workers=options.workers)


if __name__ == "__main__":
    main()
