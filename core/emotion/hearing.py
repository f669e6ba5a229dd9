"""Listen to a recording for emotion (Sec. 4.1): passages of about t seconds, cut at pauses, and what is heard in each."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import JobError
from ..files import Arrays, read_arrays
from ..speech.denoise import without_noise
from ..speech.encoder import levelled
from ..speech.prosody import HOP, RATE, prosody
from ..speech.voice import LEAST, LEVEL, STEP, Voice, active_frames
from ..speech.voice_encoder import VoiceEncoder
from ..spool import Recording, Samples
from ..threads import both
from ..types import HEARD, AudioClip, Floats, check
from .network import EmotionNetwork, Judgement

ARRAYS = ("cuts", "spoken", "probabilities", "strength", "clip_probabilities", "clip_strength")
NEUTRAL = HEARD.index("neutral")
REACH = 0.35                    # share of a passage that its end may move to reach a pause
QUIET = 9                       # frames, 0.2 s, over which the level is averaged to find a pause
AWAY = 3.0                      # dB that a pause at the end of that reach must be quieter than one in the middle
BLOCK = 60.0                    # seconds described at once, which bounds the memory; a recording as long is judged as a whole
CONTEXT = 4.0                   # seconds that the encoder hears before and after


@dataclass(frozen=True)
class Heard:
    """cuts: (M + 1,) float32, seconds, between which the passages lie; spoken: (M,) bool, whether there is speech in them;
    passages: what is heard in each; whole: in the recording, one row."""

    cuts: Floats
    spoken: NDArray[np.bool_]
    passages: Judgement
    whole: Judgement

    def __post_init__(self) -> None:
        check("cuts", self.cuts, np.float32, (len(self.spoken) + 1,))
        check("probabilities", self.passages.probabilities, np.float32, (len(self.spoken), None))

    def arrays(self) -> Arrays:
        """Return it as arrays for a file (docs/job_folder.md)."""
        return {"cuts": self.cuts, "spoken": self.spoken, "probabilities": self.passages.probabilities,
                "strength": self.passages.strength, "clip_probabilities": self.whole.probabilities,
                "clip_strength": self.whole.strength}

    @classmethod
    def read(cls, path: Path) -> "Heard":
        """Read what `arrays` gave to a file; raise JobError when it is damaged."""
        stored = read_arrays(path, ARRAYS, JobError)
        try:
            return cls(stored["cuts"], stored["spoken"], Judgement(stored["probabilities"], stored["strength"]),
                       Judgement(stored["clip_probabilities"], stored["clip_strength"]))
        except ValueError as error:
            raise JobError(f"the file is damaged ({error})", path, "delete it and make it again") from error


def listen(clip: AudioClip | Recording, *, encoder: VoiceEncoder | None, network: EmotionNetwork, window: float,
           same_voice: Floats | None = None, tick: Callable[[float], None] = lambda fraction: None) -> Heard:
    """Return what is heard in the passages, about `window` seconds long, of a recording (16 kHz); without speech it is neutral.

    encoder: what the network hears with, None for one that hears plain samples; same_voice: (R, P) other recordings
    of the voice, as `describe` gives them.
    """
    samples, ear = levelled(without_noise(clip)), None if network.hears_samples else encoder
    spoken, layers = frames_of(samples, ear if clip.duration <= BLOCK else None)
    active = active_frames(spoken)
    cuts = cut_at_pauses(spoken[:, LEVEL], clip.duration, window)
    if ear is None:
        return listen_to_samples(clip, active, cuts, network, tick)
    described: list[Floats | None] = []
    while len(described) < len(cuts) - 1:
        first = len(described)
        last = max(first + 1, int(np.searchsorted(cuts, cuts[first] + BLOCK, side="right")) - 1)
        voice = (voice_between(samples, spoken, active, cuts[first], cuts[last], ear) if layers is None
                 else Voice(layers, spoken, active))
        edges = cuts[first:last + 1] - cuts[first]
        described += [voice.pool(start, end) for start, end in pairwise(edges)]
        tick(last / (len(cuts) - 1))
    has_speech = np.array([vector is not None for vector in described])
    if layers is not None:
        whole = described[0] if len(described) == 1 else Voice(layers, spoken, active).pool(0.0, clip.duration)
        judged = judge(network, [*described, whole], same_voice)
        return Heard(cuts, has_speech, judged[:-1], judged[-1:])
    passages = judge(network, described, same_voice)
    if not has_speech.any():
        return Heard(cuts, has_speech, passages, passages[:1])
    # of a long recording, what is heard on the average
    return Heard(cuts, has_speech, passages, Judgement(passages.probabilities[has_speech].mean(axis=0, keepdims=True),
                                                       passages.strength[has_speech].mean(keepdims=True)))


def frames_of(samples: Samples, encoder: VoiceEncoder | None) -> tuple[Floats, Floats | None]:
    """Return prosody (N, 17) of a recording and, worked out at the same time, the encoder's layers (N, L), None without one."""
    count = max(len(samples) // HOP, 1)
    if encoder is None:
        return prosody(samples, count), None
    whole = samples[:]                                          # a spool must not be read by two threads
    return both(lambda: prosody(whole, count), lambda: encoder.layers(whole, times_of(count)))


def listen_to_samples(clip: AudioClip | Recording, active: NDArray[np.bool_], cuts: Floats, network: EmotionNetwork,
                      tick: Callable[[float], None]) -> Heard:
    """Return what a network that hears plain samples hears in the passages between `cuts` (M + 1,), seconds; active: (N,) frames of
    speech. What is heard in the recording is the passages' mean, by their length."""
    spoken = np.array([active[round(start / STEP):round(end / STEP)].sum() >= LEAST for start, end in pairwise(cuts)])
    probabilities = np.tile(np.eye(len(HEARD), dtype=np.float32)[NEUTRAL], (len(spoken), 1))
    strength = np.zeros(len(spoken), np.float32)
    for index in np.flatnonzero(spoken):
        judged = network.judge_samples([clip.samples[round(float(cuts[index]) * RATE):round(float(cuts[index + 1]) * RATE)]])
        probabilities[index], strength[index] = judged.probabilities[0], judged.strength[0]
        tick((index + 1) / len(spoken))
    passages = Judgement(probabilities, strength)
    share = np.where(spoken, np.diff(cuts), 0) if spoken.any() else np.diff(cuts)
    share = (share / share.sum()).astype(np.float32)
    return Heard(cuts, spoken, passages, Judgement((share @ probabilities)[None], (share @ strength)[None]))


def describe(clip: AudioClip | Recording, encoder: VoiceEncoder) -> Floats | None:
    """Return one vector (P,) for the first minute of a recording of a voice, None if there is hardly any speech in it."""
    samples = levelled(without_noise(Recording(clip.samples[:round(BLOCK * RATE)], clip.rate)))
    spoken, layers = frames_of(samples, encoder)
    assert layers is not None
    return Voice(layers, spoken, active_frames(spoken)).pool(0.0, len(samples) / RATE)


def voice_between(samples: Samples, spoken: Floats, active: NDArray[np.bool_], start: float, end: float,
                  encoder: VoiceEncoder) -> Voice:
    """Return the description of a recording from `start` to `end`, seconds, heard with what is said before and after."""
    first, last = round(start / STEP), min(round(end / STEP), len(spoken))
    before = max(round((start - CONTEXT) / STEP), 0)
    part = samples[before * HOP:(last + round(CONTEXT / STEP)) * HOP]
    return Voice(encoder.layers(part, times_of(last - before)[first - before:]), spoken[first:last], active[first:last])


def times_of(count: int) -> Floats:
    """Return the times (N,), seconds, in the middle of so many frames."""
    return (np.arange(count, dtype=np.float32) + np.float32(0.5)) * np.float32(STEP)


def judge(network: EmotionNetwork, described: list[Floats | None], same_voice: Floats | None) -> Judgement:
    """Return what is felt in passages; one that is not described is neutral, and not strong."""
    probabilities = np.tile(np.eye(len(HEARD), dtype=np.float32)[NEUTRAL], (len(described), 1))
    strength = np.zeros(len(described), np.float32)
    known = [index for index, vector in enumerate(described) if vector is not None]
    if known:
        judged = network.judge(np.stack([vector for vector in described if vector is not None]), same_voice)
        probabilities[known], strength[known] = judged.probabilities, judged.strength
    return Judgement(probabilities, strength)


def cut_at_pauses(level: Floats, duration: float, window: float) -> Floats:
    """Return the edges (M + 1,), seconds, of passages about `window` long: the quietest places near even steps.

    level: (N,) dB, STEP seconds apart.
    """
    count = max(round(duration / window), 1)
    smooth = np.convolve(np.pad(level, QUIET // 2, mode="edge"), np.ones(QUIET) / QUIET, "valid")
    reach = REACH * duration / count / STEP
    cuts = [0.0]
    for even in duration * np.arange(1, count) / count / STEP:
        places = np.arange(round(even - reach), min(round(even + reach), len(smooth) - 1) + 1)
        quiet = smooth[places] + AWAY * np.abs(places - even) / max(reach, 1)
        cuts.append((places[np.argmin(quiet)] + 0.5) * STEP)
    return np.round([*cuts, duration], 4).astype(np.float32)
