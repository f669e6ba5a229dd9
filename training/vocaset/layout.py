"""VOCASET's public files: data_verts.npy, subj_seq_to_idx.pkl, raw_audio_fixed.pkl, templates.pkl; 60 frames a second, metres."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from core.errors import InputError
from core.files import write_atomically
from core.speech.encoder import RATE
from core.types import AudioClip, Floats
from training.flame.unpickle import read_pickle

FPS = 60
STRIDE = 2                      # every other frame is used, 30 a second
VERTICES, SENTENCES = 5023, 40
NAME = "FaceTalk_170{}_TA"
Split = Literal["train", "val", "test"]
# subjects, and the sentences of each that are used
SUBJECTS: dict[Split, tuple[str, ...]] = {
    "train": tuple(NAME.format(part) for part in ("728_03272", "904_00128", "725_00137", "915_00223", "811_03274", "913_03279",
                                                  "904_03276", "912_03278")),
    "val": tuple(NAME.format(part) for part in ("811_03275", "908_03277")),
    "test": tuple(NAME.format(part) for part in ("809_00138", "731_00024"))}
USED: dict[Split, range] = {"train": range(1, 41), "val": range(21, 41), "test": range(21, 41)}
APART = 0.5                     # seconds by which a recording may differ from its frames
ADVICE = "download it again from VOCASET's page"


@dataclass(frozen=True)
class Sequence:
    """One sentence of one subject: its rows (T,) in data_verts.npy."""

    subject: str
    sentence: str
    rows: NDArray[np.int64]

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.subject}_{self.sentence}"


@dataclass(frozen=True)
class Skipped:
    """A sequence that cannot be used, and why, one sentence."""

    name: str
    reason: str


class Vocaset:
    """The data set in a folder; vertices are read from disk when they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Open it; raise InputError when a file is missing, truncated or of another layout."""
        self.folder = folder
        self.vertices = open_array(folder / "data_verts.npy", (None, VERTICES, 3))
        self.templates = {name: np.asarray(value, np.float32) for name, value in self.values("templates.pkl").items()}
        for name, template in self.templates.items():
            if template.shape != (VERTICES, 3) or not np.isfinite(template).all():
                raise InputError(f"the template of {name} has shape {template.shape}, not ({VERTICES}, 3)", folder / "templates.pkl",
                                 ADVICE)
        self.index = self.values("subj_seq_to_idx.pkl")

    def values(self, name: str) -> dict[str, Any]:
        """Read one of its pickles."""
        return read_pickle(self.folder / name, f"file {name} of VOCASET")

    @cached_property
    def audio(self) -> Mapping[str, Any]:
        """The recordings by subject and sentence; read once, several hundred megabytes."""
        return self.values("raw_audio_fixed.pkl")

    def sequences(self) -> tuple[list[Sequence], list[Skipped]]:
        """Return all sequences by name, and those whose frames or template are missing."""
        found, skipped = [], []
        for subject, sentences in sorted(self.index.items()):
            for sentence, frames in sorted(sentences.items()):
                made = Sequence(subject, sentence, np.array([row for _, row in sorted(
                    (int(frame), int(row)) for frame, row in frames.items())], np.int64))
                if subject not in self.templates:
                    skipped.append(Skipped(made.name, "its subject has no template"))
                elif not len(made.rows) or made.rows.min() < 0 or made.rows.max() >= len(self.vertices):
                    skipped.append(Skipped(made.name, f"its frames are not among the {len(self.vertices)} of data_verts.npy"))
                else:
                    found.append(made)
        if not found:
            raise InputError("VOCASET holds no sequence that can be used", self.folder, ADVICE)
        return found, skipped

    def split(self, split: Split) -> tuple[list[Sequence], list[Skipped]]:
        """Return the sequences of the published split with a usable recording, and what is skipped of it."""
        wanted = {f"{subject}_sentence{number:02}" for subject in SUBJECTS[split] for number in USED[split]}
        found, skipped = self.sequences()
        skipped = [one for one in skipped if one.name in wanted]
        kept = []
        for one in (one for one in found if one.name in wanted):
            try:
                self.clip(one)
                kept.append(one)
            except InputError as error:
                skipped.append(Skipped(one.name, error.what))
        if not kept:
            reasons = sorted({one.reason for one in skipped})
            raise InputError(f"no sequence of VOCASET's {split} split can be used ({'; '.join(reasons) or 'none is there'})",
                             self.folder, ADVICE)
        return kept, skipped

    def clip(self, sequence: Sequence) -> AudioClip:
        """Return the recording, 16 kHz; raise InputError where there is none, or it does not last as long as the frames."""
        stored = self.audio.get(sequence.subject, {}).get(sequence.sentence)
        where = self.folder / "raw_audio_fixed.pkl"
        if not isinstance(stored, dict) or "audio" not in stored or not len(np.ravel(stored["audio"])):
            raise InputError(f"the sequence {sequence.name} has no recording", where, "leave it out, or download it again")
        samples, rate = np.ravel(stored["audio"]), int(stored.get("sample_rate", 0))
        seconds, frames = len(samples) / max(rate, 1), len(sequence.rows) / FPS
        if not 8000 <= rate <= 192000 or abs(seconds - frames) > APART:
            raise InputError(f"the recording of {sequence.name} lasts {seconds:.2f} s at its sample rate of {rate} Hz, "
                             f"its frames {frames:.2f} s", where, "download it again: rate and recording do not belong together")
        scale = np.float32(1 / np.iinfo(samples.dtype).max) if samples.dtype.kind in "iu" else np.float32(1)
        resampled = soxr.resample(samples.astype(np.float32) * scale, rate, RATE)
        return AudioClip(np.ascontiguousarray(resampled, np.float32), RATE)

    def frames(self, sequence: Sequence, stride: int = STRIDE) -> Floats:
        """Return the vertices (T, 5023, 3), metres, of every `stride`-th frame."""
        values = np.asarray(self.vertices[sequence.rows[::stride]], np.float32)
        if not np.isfinite(values).all():
            raise InputError(f"the sequence {sequence.name} holds vertices that are not finite", self.folder / "data_verts.npy",
                             ADVICE)
        return values


def write_array(path: Path, values: NDArray[Any]) -> None:
    """Write an .npy, whole or not at all."""
    write_atomically(path, lambda file: np.save(file, values, allow_pickle=False))


def open_array(path: Path, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Return the array of an .npy without reading it; raise InputError when it is missing, truncated or of another shape."""
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise InputError("there is no such file", path, ADVICE) from error
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"the array is damaged or cut off ({str(error)[:80]})", path, ADVICE) from error
    if values.ndim != len(shape) or values.dtype.kind != "f" or any(
            length not in (None, have) for length, have in zip(shape, values.shape, strict=False)):
        raise InputError(f"the array has shape {values.shape}, not {tuple('any' if n is None else n for n in shape)}", path, ADVICE)
    return values
