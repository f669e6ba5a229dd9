"""Speech encoders that hear plain samples (HuBERT, wav2vec 2.0) as networks of a model pack; recordings of any length in windows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import PackError
from ..network_file import is_count, metadata_of
from ..types import AudioClip, Floats
from .encoder import RATE, Session, SpeechFeatures, open_session

FORMAT = 1
WINDOW_S, OVERLAP_S = 11.5, 1.9         # of what the encoder is given at once, as core/speech/encoder.py does
COUNTS = "hop", "field", "width"          # that its file must state
QUIET = 1e-7                            # variance that is added to a recording's own, as transformers does


def crossfaded(count: int, run: Callable[[int, int], Floats], *, window: int, overlap: int,
               tick: Callable[[float], None] = lambda fraction: None) -> Floats:
    """Return what `run` gives for rows first to last, put together to `count` rows; where windows overlap, one passes over linearly
    into the next."""
    result, first = np.zeros((0,), np.float32), 0
    while True:
        last = min(first + window, count)
        values = run(first, last)[:last - first]
        if not first:
            result = np.zeros((count, *values.shape[1:]), np.float32)
        shared = min(overlap, last - first) if first else 0
        share = ((np.arange(shared) + 0.5) / max(shared, 1)).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
        result[first:first + shared] += share * (values[:shared] - result[first:first + shared])
        result[first + shared:last] = values[shared:]
        tick(last / count)
        if last == count:
            return result
        first += window - overlap


@dataclass(frozen=True)
class Hearing:
    """How an encoder hears: hop and field, samples between features and that one hears; lead: samples of silence put before."""

    hop: int
    field: int
    lead: int = 0

    def features(self, samples: Floats, run: Callable[[Floats], Floats], tick: Callable[[float], None]) -> SpeechFeatures:
        """Return the features of samples (N,) at 16 kHz; run: samples (n,) -> features (T, W)."""
        wanted = max(-(-len(samples) // self.hop), 1)
        padded = np.pad(samples, (self.lead, self.field + self.hop)).astype(np.float32)
        values = crossfaded(wanted, lambda first, last: run(padded[first * self.hop:(last - 1) * self.hop + self.field]),
                            window=int(WINDOW_S * RATE) // self.hop, overlap=int(OVERLAP_S * RATE) // self.hop, tick=tick)
        return SpeechFeatures(values, 0.0, self.hop / RATE)


class WaveEncoder:
    """A speech encoder in ONNX Runtime: samples (1, N) at 16 kHz -> features (1, T, W) (training/export.py)."""

    def __init__(self, session: Session, metadata: dict[str, Any]) -> None:
        self._session = session
        self.hearing = Hearing(int(metadata["hop"]), int(metadata["field"]))
        self.normalise, self.width = bool(metadata["normalise"]), int(metadata["width"])

    @classmethod
    def load(cls, path: Path) -> "WaveEncoder":
        """Open the encoder at `path`. Raises PackError when it is missing, damaged or of another format or rate."""
        session = open_session(path)
        metadata = metadata_of(session, path)
        found = metadata.get("format"), metadata.get("rate")
        if found != (FORMAT, RATE) or "normalise" not in metadata or not all(is_count(metadata.get(name)) for name in COUNTS):
            raise PackError(f"the lip encoder has format {metadata.get('format')} and {metadata.get('rate')} Hz, this version reads "
                            f"{FORMAT} and {RATE} Hz", path, "export it again with python -m training.export")
        return cls(session, metadata)

    def encode(self, clip: AudioClip, tick: Callable[[float], None] = lambda fraction: None) -> SpeechFeatures:
        """Return the features of a recording; feature i is that of the network's training at i hops."""
        samples = clip.samples
        if self.normalise and len(samples):
            samples = (samples - samples.mean()) / np.float32(np.sqrt(samples.var() + QUIET))
        return self.hearing.features(samples, self._run, tick)

    def _run(self, samples: Floats) -> Floats:
        result: list[Any] = self._session.run(None, {"samples": samples[None]})
        return np.asarray(result[0][0], np.float32)
