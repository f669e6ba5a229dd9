"""The first layers of Whisper base's encoder (Radford et al., 2023), which knows many languages, for recordings of any length.

The encoder attends over everything it is given, so a long recording goes through it in windows that overlap, and nothing is padded
to the thirty seconds that the whole of Whisper takes.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import PackError
from ..network_file import metadata_of
from ..spool import Samples, stretch
from ..types import Floats
from .encoder import ADVICE, RATE, Session, SpeechFeatures, open_session
from .log_mel import in_bands
from .wave_encoder import crossfaded

FORMAT = 1
LAYERS = 3                      # of six
LAYER_WIDTH = 512
WIDTH = LAYERS * LAYER_WIDTH
BANDS = 80
SIZE, HOP = 400, 160            # samples of a spectrum, and between spectra
PER_FRAME = 2                   # spectra
STEP = PER_FRAME * HOP / RATE   # seconds between frames, 20 ms
WINDOW, OVERLAP = 575, 95       # frames heard at once, 11.5 s, and shared by neighbouring windows
KNEE, PER_MEL, STEPS = 1000.0, 200 / 3, 27 / np.log(6.4)   # of the mel scale: straight to the knee, Hz a mel, mels to a factor e above
RANGE = 8.0                     # powers of ten under the loudest band that are told apart
FLOOR = 1e-10                   # power


class WhisperEncoder:
    """The layers in ONNX Runtime: spectra (1, 80, 2T) -> layers (1, T, WIDTH), made by building/whisper.py."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def load(cls, path: Path, *, threads: int = 0) -> "WhisperEncoder":
        """Open the encoder at `path`; threads: that it may use, 0 for as many as this process is allowed.

        Raises PackError when it is missing, damaged or another network.
        """
        session = open_session(path, threads)
        metadata = metadata_of(session, path)
        if (metadata.get("format"), metadata.get("layers"), metadata.get("width")) != (FORMAT, LAYERS, LAYER_WIDTH):
            raise PackError("this is not the encoder made of Whisper's first layers", path, ADVICE)
        if [value.name for value in session.get_inputs()] != ["mel"] or session.get_outputs()[0].shape[-1] != WIDTH:
            raise PackError("the encoder made of Whisper's first layers takes or gives something else", path, ADVICE)
        return cls(session)

    def encode(self, samples: Samples) -> SpeechFeatures:
        """Return the layers side by side, (T, WIDTH), of levelled samples (N,) at 16 kHz; frame i hears the sound around i * STEP."""
        count = max(-(-len(samples) // (PER_FRAME * HOP)), 1)
        rows = crossfaded(count, lambda first, last: self._layers(spectra(samples, PER_FRAME * first, PER_FRAME * last)),
                          window=WINDOW, overlap=OVERLAP)
        return SpeechFeatures(rows, 0.0, STEP)

    def _layers(self, mel: Floats) -> Floats:
        result: list[Any] = self._session.run(None, {"mel": mel[None]})
        return np.asarray(result[0][0], np.float32)


def spectra(samples: Samples, first: int, last: int) -> Floats:
    """Return the log-mel spectra (80, T) around i * HOP, i from `first` to `last`, as Whisper was trained on; outside is silence."""
    piece = stretch(samples, first * HOP - SIZE // 2, (last - 1) * HOP + SIZE // 2)
    frames = np.lib.stride_tricks.sliding_window_view(piece, SIZE)[::HOP] * np.hanning(SIZE + 1)[:-1].astype(np.float32)
    power = in_bands(np.square(np.abs(np.fft.rfft(frames, axis=1))).astype(np.float32), mel_filters())
    bands = np.log10(np.maximum(power, FLOOR))
    return np.asarray((np.maximum(bands, bands.max() - RANGE).T + 4) / 4, np.float32)


@cache
def mel_filters() -> Floats:
    """Return triangular filters (201, 80) of equal area, evenly spaced from 0 to 8 kHz on the mel scale of Slaney (1998)."""
    highest = KNEE / PER_MEL + STEPS * np.log(RATE / 2 / KNEE)
    mels = np.linspace(0, highest, BANDS + 2)
    edges = np.where(mels < KNEE / PER_MEL, mels * PER_MEL, KNEE * np.exp((mels - KNEE / PER_MEL) / STEPS))
    hertz = np.arange(SIZE // 2 + 1)[:, None] * RATE / SIZE
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(np.minimum(rising, falling), 0) * 2 / (edges[2:] - edges[:-2]), np.float32)
