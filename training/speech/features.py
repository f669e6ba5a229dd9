"""Turn the corpus into training arrays: `python -m training.speech.features --work DIR --encoder PATH`.

Writes DIR/features_COPY.npz: encoder (N, 288) and spectrum (N, 80) float16, motion (N, C) float16, phones (N,) int16,
all on the 60 Hz frames of the animation; starts (U + 1,) where each utterance begins; names (U,).
"""

import argparse
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.articulation import CHANNELS
from core.log_mel import FRAME_RATE, log_mel
from core.speech_encoder import RATE, SpeechEncoder, normalise
from core.types import AudioClip

from .augmentation import augment, make_nonspeech, pad
from .corpus import read
from .phones import INVENTORY, Phone
from .synthesis import Utterance
from .teacher import teach

log = logging.getLogger(__name__)
Array = NDArray[np.float32]
NONSPEECH = 40                  # clips of sound without speech in every copy


def describe(samples: Array, encoder: SpeechEncoder) -> tuple[Array, Array]:
    """Return the network's two inputs for a clip: encoder features (T, 288) and log-mel spectra (T, 80) at 60 Hz."""
    clip = AudioClip(samples.astype(np.float32), RATE)
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


def frames_of(utterance: Utterance, encoder: SpeechEncoder, clean: Array | None = None
              ) -> dict[str, NDArray[np.generic]]:
    """Return inputs and targets of one utterance; clean: the speech that loudness is taken from, itself if None."""
    encoded, spectrum = describe(utterance.samples, encoder)
    frames = len(encoded)
    motion = teach(utterance.phones, frames, FRAME_RATE,
                   effort=effort(utterance.samples if clean is None else clean, frames))
    return {"encoder": encoded.astype(np.float16), "spectrum": spectrum.astype(np.float16),
            "motion": motion.astype(np.float16), "phones": label_frames(utterance.phones, frames)}


def prepare(work: Path, encoder: SpeechEncoder, *, copy: int, seed: int = 5) -> Path:
    """Write one copy of the corpus: copy 0 clean, every other augmented in its own way. Return the file's path."""
    recordings = list(read(work / "speech"))
    rng = np.random.default_rng((seed, copy))
    babble = [recordings[i].utterance.samples for i in rng.permutation(len(recordings))[:60]]
    items = [(recording.name, recording.utterance) for recording in recordings]
    items += [(f"nonspeech_{index}", make_nonspeech(float(rng.uniform(1, 5)), rng)) for index in range(NONSPEECH)]
    parts: list[dict[str, NDArray[np.generic]]] = []
    for index, (name, utterance) in enumerate(items):
        if name.startswith("nonspeech"):
            parts.append(frames_of(utterance, encoder))
        else:
            changed = augment(utterance, rng, babble=babble) if copy else pad(utterance, rng)
            parts.append(frames_of(changed, encoder))
        if index % 200 == 0:
            log.info("copy %d: %d of %d", copy, index, len(items))
    starts = np.cumsum([0, *(len(part["phones"]) for part in parts)])
    path = work / f"features_{copy}.npz"
    joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    np.savez(path, **joined, starts=starts, names=np.array([name for name, _ in items]), channels=np.array(CHANNELS))
    return path


def main() -> None:
    """Prepare several copies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--copies", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    encoder = SpeechEncoder.load(options.encoder)
    for copy in options.copies:
        prepare(options.work, encoder, copy=copy)


if __name__ == "__main__":
    main()
