"""Emotion on a speaking face (Sec. 4.1): what is retrieved for each window, passing over from one to the next, lips left in sync.

The lips belong to the speech, as FuNet's loss wants them (Sec. 4.3): an emotion's shapes that part, purse or press the lips are
held back as the speech needs, and the gap between the lips stays the spoken one.
"""

from dataclasses import dataclass

import numpy as np

from ..head.model import HeadBasis
from ..head.mouth import gap
from ..speech.articulation import smoothstep
from ..speech.lip_gap import SHUT, solve_gap
from ..types import EmotionTrack, Floats, check
from .emolib import Emolib

SPEECH_ONLY = ("jaw", "tongue", "mouthClose", "mouthFunnel", "mouthPucker")     # first words of shapes that speech alone moves
PARTING = ("mouthUpperUp", "mouthLowerDown")
PRESSING = ("mouthPress", "mouthRoll", "mouthShrug")
CORNERS = ("mouthSmile", "mouthFrown", "mouthStretch", "mouthDimple", "mouthLeft", "mouthRight")
ROUND = {"mouthPucker": 1.3, "mouthFunnel": 0.7}        # how round these make the lips
PARTED = 0.1                    # share of PARTING that is left on lips that touch
PURSED = 0.35                   # share of CORNERS that is left on fully round lips
TALK = 0.25                     # seconds before and after open lips in which they are not pressed together
PRESSED, SOON = 0.002, 0.06     # metres that an emotion may press lips into each other; seconds from open lips until it does
WIDE = 0.004                    # metres of the lips' gap from which they are open


@dataclass(frozen=True)
class EmotionCurves:
    """Knots of an emotion's shapes, straight lines between them: times (J,) seconds, weights (J, K) of the head's shapes."""

    times: Floats
    weights: Floats

    def __post_init__(self) -> None:
        check("times", self.times, np.float32, (None,))
        check("weights", self.weights, np.float32, (len(self.times), None))

    def at(self, times: Floats) -> Floats:
        """Return the weights (T, K) at `times` (T,), seconds; the ends are held."""
        return np.stack([np.interp(times, self.times, column) for column in self.weights.T], axis=1).astype(np.float32)


def emotion_curves(track: EmotionTrack, identity: Floats, *, emolib: Emolib, basis: HeadBasis) -> EmotionCurves:
    """Return the retrieved expression of each window (Sec. 4.1): fixed in its middle, interpolated across its boundaries, not at the
    ends of the recording. Where a window is shorter than two transitions, its transitions are shorter.

    identity: (B,) of the person, to which the nearest of Emolib's items are retrieved; its expression alone is used. Shapes that
    speech alone moves are left out.
    """
    names = basis.expression_names
    kept = np.array([not name.startswith(SPEECH_ONLY) for name in names])
    times, weights = [], []
    windows = track.windows
    room = [min(track.transition, (window.end - window.start) / 2) for window in windows]
    for index, window in enumerate(windows):
        expression = np.zeros(len(names), np.float32)
        expression[basis.indices(emolib.names)] = emolib.expression_at(window.category, window.level, identity)
        before = min(room[index], room[index - 1]) if index else 0.0
        after = min(room[index], room[index + 1]) if index + 1 < len(windows) else 0.0
        for time in dict.fromkeys((window.start + before, window.end - after)):
            times.append(time)
            weights.append(expression * kept)
    return EmotionCurves(np.asarray(times, np.float32), np.asarray(weights, np.float32))


def fuse(speech: Floats, emotion: Floats, basis: HeadBasis, *, fps: float) -> Floats:
    """Return weights (T, K) of all shapes that show both, in 0..1.

    speech, emotion: (T, K) at `fps`, as spoken and as felt. The gap between the lips is the spoken one on the mesh; lips that touch
    may be pressed together.
    """
    names = tuple(basis.expression_names)
    opening = gap(basis, names, speech)
    apart = smoothstep((opening - SHUT) / WIDE)
    talk = spread(apart, round(TALK * fps))
    purse = np.clip(sum(weight * speech[:, names.index(name)] for name, weight in ROUND.items()), 0, 1)
    result = emotion.copy()
    for index, name in enumerate(names):
        if name.startswith(SPEECH_ONLY):
            result[:, index] = 0
        elif name.startswith(PARTING):
            result[:, index] *= PARTED + (1 - PARTED) * apart
        elif name.startswith(PRESSING):
            result[:, index] *= 1 - talk
        elif name.startswith(CORNERS):
            result[:, index] *= 1 - (1 - PURSED) * purse
    moved = np.clip(speech + result, 0, 1)
    felt = np.flatnonzero(emotion.any(axis=1))
    depth = PRESSED * (1 - spread((opening > SHUT).astype(np.float32), round(SOON * fps)))[felt]
    pressed = np.minimum(opening[felt], np.maximum(gap(basis, names, moved[felt]), -depth))
    moved[felt] = solve_gap(basis, names, moved[felt], np.where(opening[felt] <= SHUT, pressed, opening[felt]))
    return np.asarray(moved, np.float32)


def spread(curve: Floats, reach: int) -> Floats:
    """Return the greatest value of a curve (T,) within `reach` frames, smoothed over as many."""
    padded = np.pad(curve, reach, mode="edge")
    greatest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    kernel = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(np.pad(greatest, reach, mode="edge"), kernel / kernel.sum(), "valid").astype(np.float32)
