"""A voice described for emotion recognition: frames of the speech encoder's middle layers and of prosody, pooled over a passage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..types import Floats, check
from .prosody import CEPSTRUM, HOP, RATE

LAYERS = (0, 1, 2, 3, 4)        # of the encoder; its last one hears words rather than voices
STEP = HOP / RATE               # seconds between frames
BELOW = 30.0                    # dB under a recording's loud parts, down to which it is speech
LOUD = 0.95                     # quantile of the level that its loud parts have
QUIETEST = -55.0                # dB to full scale below which nothing is speech
LEAST = 8                       # frames of speech that a passage needs to be judged, 0.2 s
PITCH, PERIODICITY, LEVEL, TILT = range(4)
PITCHES = (0.1, 0.5, 0.9)       # quantiles


@dataclass(frozen=True)
class Voice:
    """Frames, STEP seconds apart: layers (N, L) of the encoder, prosody (N, 17), active (N,) whether somebody speaks."""

    layers: Floats
    prosody: Floats
    active: NDArray[np.bool_]

    def __post_init__(self) -> None:
        check("layers", self.layers, np.float32, (len(self.active), None))
        check("prosody", self.prosody, np.float32, (len(self.active), 4 + CEPSTRUM))

    def pool(self, start: float, end: float) -> Floats | None:
        """Return one vector for the speech between two times, seconds; None where there is hardly any."""
        part = slice(max(round(start / STEP), 0), round(end / STEP))
        active = self.active[part]
        if active.sum() < LEAST:
            return None
        return pooled(self.layers[part], self.prosody[part], active)


def active_frames(spoken: Floats) -> NDArray[np.bool_]:
    """Return which frames (N,) of a recording's prosody (N, 17) are loud enough for speech."""
    level = spoken[:, LEVEL]
    return np.asarray(level > max(float(np.quantile(level, LOUD)) - BELOW, QUIETEST))


def pooled(layers: Floats, spoken: Floats, active: NDArray[np.bool_]) -> Floats:
    """Return the mean and deviation of every layer and of the timbre, and the melody, as one vector."""
    timbre = spoken[:, [PERIODICITY, TILT, *range(4, 4 + CEPSTRUM)]]
    change = np.diff(timbre, axis=0, prepend=timbre[:1])[active]
    parts = [*moments(layers[active]), *moments(timbre[active]), change.std(axis=0), melody(spoken, active)]
    return np.concatenate(parts).astype(np.float32)


def moments(values: Floats) -> tuple[Floats, Floats]:
    """Return mean and deviation (W,) of rows (N, W)."""
    mean = values.mean(axis=0)
    return mean, np.sqrt(np.mean(np.square(values - mean), axis=0))


def melody(spoken: Floats, active: NDArray[np.bool_]) -> Floats:
    """Return 16 numbers about pitch (octaves), loudness (dB) and rhythm of the active frames."""
    pitch, level = spoken[:, PITCH], spoken[active, LEVEL]
    voiced = active & (pitch > 0)
    heard = pitch[voiced] if voiced.sum() > 1 else np.zeros(2, np.float32)
    low, middle, high = np.quantile(heard, PITCHES)
    together = voiced[1:] & voiced[:-1]
    glide = np.diff(pitch)[together] if together.any() else np.zeros(1, np.float32)
    place = np.flatnonzero(voiced) if voiced.sum() > 1 else np.arange(2)
    slope = np.polyfit((place - place.mean()) * STEP, heard, 1)[0]
    smooth = np.convolve(level, np.hanning(9)[1:-1] / np.hanning(9).sum(), "same")
    peaks = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])
    inside = np.flatnonzero(active)
    span = inside[-1] - inside[0] + 1
    return np.array([middle, high - middle, middle - low, heard.std(), np.abs(glide).mean(), glide.std(), (glide > 0).mean(), slope,
                     voiced.sum() / active.sum(), level.std(), *np.quantile(level - level.max(), (0.1, 0.5)),
                     np.abs(np.diff(level)).mean() if len(level) > 1 else 0.0, peaks.sum() / (len(level) * STEP), len(inside) / span,
                     np.polyfit(np.linspace(-1, 1, len(level)), level, 1)[0]], np.float32)
