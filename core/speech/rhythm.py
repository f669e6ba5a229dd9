"""The rhythm of a voice: loudness and pitch over time, phrases between pauses, stressed syllables, and events that follow them."""

import numpy as np
from numpy.typing import NDArray

from ..spool import Samples
from ..types import Floats, Rhythm
from .lip_controls import smooth
from .prosody import HOP, RATE, prosody
from .voice import BELOW, LEVEL, LOUD, PITCH, QUIETEST

STOP = 0.2                      # seconds of silence that belong to a consonant, no pause
BURST = 0.08                    # seconds of sound below which it is no speech
PITCH_SHARE = 0.7               # of a syllable's stress, beside its loudness, in deviations of both
SYLLABLE = 0.06                 # seconds, deviation of the Gaussian that smooths loudness and pitch to syllables
APART = 0.45                    # seconds between stresses at least
LEAST_STRESS = 0.4              # deviations above the phrase's mean from which a syllable is stressed


def hear_rhythm(samples: Samples, frames: int, fps: float) -> Rhythm:
    """Return the rhythm of samples (N,) at 16 kHz on `frames` frames at `fps`."""
    spoken = prosody(samples, -(-len(samples) // HOP) + 1)
    places = np.arange(frames) / fps * RATE / HOP - 0.5
    nearest = np.clip(np.rint(places).astype(np.int64), 0, len(spoken) - 1)
    loudness = np.interp(places, np.arange(len(spoken)), spoken[:, LEVEL])
    return Rhythm(loudness.astype(np.float32), spoken[nearest, PITCH], fps)


def speaking(rhythm: Rhythm) -> NDArray[np.bool_]:
    """Return in which frames (T,) somebody speaks; pauses are at least STOP long."""
    level = smooth(rhythm.loudness, 0.02 * rhythm.fps) if len(rhythm.loudness) else rhythm.loudness
    loud = level > max(float(np.quantile(level, LOUD)) - BELOW, QUIETEST) if len(level) else np.zeros(0, bool)
    for state, shortest in ((False, STOP), (True, BURST)):
        for first, last in runs(loud == state):
            if last - first < shortest * rhythm.fps and (state or (first > 0 and last < len(loud))):
                loud[first:last] = not state
    return np.asarray(loud)


def runs(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return first frame and the one after the last (R, 2) of each run of frames that are chosen (T,)."""
    change = np.diff(np.concatenate([[0], chosen.astype(np.int8), [0]]))
    return np.stack([np.flatnonzero(change == 1), np.flatnonzero(change == -1)], axis=1)


def phrases(rhythm: Rhythm) -> Floats:
    """Return start and end (P, 2), seconds, of what is said between pauses."""
    return (runs(speaking(rhythm)) / rhythm.fps).astype(np.float32)


def stresses(rhythm: Rhythm) -> Floats:
    """Return time, seconds, and stress, 0..1, (S, 2) of the syllables that stand out from their phrase by loudness and pitch."""
    found: list[tuple[float, float]] = []
    for first, last in runs(speaking(rhythm)):
        prominence = prominences(rhythm.loudness[first:last], rhythm.pitch[first:last], rhythm.fps)
        inner = prominence[1:-1]
        peaks = 1 + np.flatnonzero((inner > prominence[:-2]) & (inner >= prominence[2:]) & (inner > LEAST_STRESS))
        chosen: list[int] = []
        for peak in peaks[np.argsort(-prominence[peaks], kind="stable")]:
            if all(abs(int(peak) - other) >= APART * rhythm.fps for other in chosen):
                chosen.append(int(peak))
        found += [(float(first + peak) / rhythm.fps, float(prominence[peak])) for peak in sorted(chosen)]
    result = np.asarray(found, np.float32).reshape(-1, 2)
    if len(result):
        result[:, 1] = np.clip((result[:, 1] - LEAST_STRESS) / max(float(result[:, 1].max()) - LEAST_STRESS, 1e-6), 0, 1)
    return result


def prominences(loudness: Floats, pitch: Floats, fps: float) -> Floats:
    """Return how far each frame (T,) of a phrase stands out, in deviations of its loudness and of its pitch, falling lines removed."""
    frames, voiced = np.arange(len(loudness)), pitch > 0
    melody = np.interp(frames, frames[voiced], pitch[voiced]) if voiced.any() else np.zeros(len(loudness))
    total = np.zeros(len(loudness))
    for values, share in ((loudness, 1.0), (melody, PITCH_SHARE)):
        curve = smooth(np.asarray(values, np.float32), SYLLABLE * fps).astype(np.float64)
        curve = curve - np.polyval(np.polyfit(frames, curve, 1), frames) if len(frames) > 2 else 0 * curve
        total += share * curve / max(float(curve.std()), 1e-3)
    return total.astype(np.float32)


def renewal(intensity: Floats, fps: float, per_minute: float, regularity: float, random: np.random.Generator) -> Floats:
    """Return times (N,), seconds, of events that come `per_minute` on average, denser where the intensity (T,) is higher.

    regularity: shape of the gamma distribution of the intervals, 1 for chance alone (a Poisson process), larger for evener ones.
    """
    if len(intensity) < 2:
        return np.zeros(0, np.float32)
    clock = np.concatenate([[0.0], np.cumsum((intensity[1:] + intensity[:-1]) / 2, dtype=np.float64)])
    expected = per_minute / 60 * (len(intensity) - 1) / fps
    clock *= expected / clock[-1]
    count = int(expected + 10 * np.sqrt(expected + 1)) + 10
    steps = random.gamma(regularity, 1 / regularity, count)
    steps[0] *= random.random()                         # the first event of the recording is not the first of the speaker's day
    ticks = np.cumsum(steps)
    return np.interp(ticks[ticks < expected], clock, np.arange(len(clock)) / fps).astype(np.float32)


def pause_weight(rhythm: Rhythm, more: float) -> Floats:
    """Return an intensity (T,): 1 in speech, `more` in pauses and up to STOP before one."""
    spoken = speaking(rhythm)
    result = np.where(spoken, 1.0, more)
    for _, last in runs(spoken):
        if last < len(spoken):
            result[max(last - round(STOP * rhythm.fps), 0):last] = more
    return result.astype(np.float32)
