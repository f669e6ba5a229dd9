"""Gaze: quick jumps of the eyes with holds between, away from the listener mostly at pauses, kept while the head turns.

Speakers look at the other's face for about 60 % of the time, at one spot for about a second (Rogers et al. 2018), away while they plan
what comes next, and back when they go on (Kendon 1967). How far and where to the eyes jump follows the statistics of a talking
person in Lee, Badler and Badler 2002; a jump lasts 25 ms and 2.4 ms a degree (Becker 1989).
"""

import numpy as np
from numpy.typing import NDArray

from ..speech.rhythm import pause_weight, renewal, runs, speaking
from ..types import Floats, Performance, Rhythm
from .curves import linear_at, smooth_at

PER_MINUTE, REGULARITY = 65.0, 2.0
AT_PAUSES = 2.5                 # times as many jumps in pauses as in speech
LEAST_HOLD = 0.22               # seconds between jumps, the latency of a saccade
AWAY_IN_PAUSE, AWAY_IN_SPEECH, STAY_AWAY = 0.65, 0.15, 0.3        # chance that a jump leads away from the listener
MEAN_AWAY, AWAY = 6.9, (4.0, 13.0)                              # degrees of a glance away, and its bounds
FLAT = 0.7                      # height of glances, of their width
# share of glances to the person's left, left and up, up, and so on
DIRECTIONS = (15.5, 6.5, 17.7, 7.4, 16.8, 7.9, 20.4, 7.8)
FACE = ((1.4, 0.3), (-1.4, 0.3), (0.0, -1.8))                   # degrees: the listener's eyes and mouth, at a good metre
FACE_SHARES = (0.4, 0.35, 0.25)
JITTER = 0.3                    # degrees
JUMP, JUMP_A_DEGREE = 0.025, 0.0024                             # seconds
FAR = 6.0                       # degrees from which a shift takes a blink along
LOOKS = tuple(f"eyeLook{way}{side}" for side in ("Left", "Right") for way in ("Down", "In", "Out", "Up"))
Degrees = NDArray[np.float64]
UP, DOWN, ACROSS = 20.0, 24.0, 28.0                             # degrees of eyeLookUp, eyeLookDown, eyeLookIn and Out at 1


def gaze_keys(rhythm: Rhythm, random: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Return times (G,), seconds, and angles (G, 2), radians to the person's left and up, of the gaze, and when it shifts far (S,).

    It begins straight ahead.
    """
    moments = renewal(pause_weight(rhythm, AT_PAUSES), rhythm.fps, PER_MINUTE, REGULARITY, random)
    planning = before_phrases(rhythm)
    keys, far = [(0.0, 0.0, 0.0)], []
    here, away, free = np.zeros(2), False, 0.0
    for moment in moments:
        chance = AWAY_IN_PAUSE if planning[min(int(moment * rhythm.fps), len(planning) - 1)] else AWAY_IN_SPEECH
        away = bool(random.random() < (STAY_AWAY if away else chance))
        there = glance(random) if away else on_face(random)
        length = JUMP + JUMP_A_DEGREE * float(np.linalg.norm(there - here))
        if moment < free or moment + length > rhythm.duration:
            continue
        keys += [(float(moment), *here), (float(moment) + length, *there)]
        if np.linalg.norm(there - here) > FAR:
            far.append(float(moment))
        here, free = there, float(moment) + length + LEAST_HOLD
    table = np.asarray(keys, np.float32)
    return table[:, 0], np.radians(table[:, 1:]).astype(np.float32), np.asarray(far, np.float32)


def before_phrases(rhythm: Rhythm) -> NDArray[np.bool_]:
    """Return in which frames (T,) of pauses a speaker plans what comes next: all but the last ones, and none after the last phrase."""
    result = ~speaking(rhythm)
    for first, last in runs(result):
        result[max(last - round(LEAST_HOLD * rhythm.fps), first):last] = False
        result[first:last] &= last < len(result)
    return result


def glance(random: np.random.Generator) -> Degrees:
    """Return where to a glance away leads (2,), degrees to the left and up."""
    angle = np.pi / 4 * random.choice(len(DIRECTIONS), p=np.array(DIRECTIONS) / sum(DIRECTIONS)) + random.normal(0, 0.2)
    return np.clip(random.exponential(MEAN_AWAY), *AWAY) * np.array([np.cos(angle), FLAT * np.sin(angle)])


def on_face(random: np.random.Generator) -> Degrees:
    """Return a spot on the listener's face (2,), degrees to the left and up."""
    return np.array(FACE[random.choice(len(FACE), p=FACE_SHARES)]) + random.normal(0, JITTER, 2)


def eye_angles(performance: Performance, *, head: float = 1.0) -> tuple[Floats, Floats]:
    """Return times (N,), seconds, and angles (N, 2), radians to the left and up, of the eyes in a head that moves `head` times as much
    as the performance says: they keep their target while the head turns (the vestibulo-ocular reflex)."""
    times = np.unique(np.concatenate([performance.gaze_times, performance.head_times]))
    between = (times[1:] + times[:-1]) / 2
    times = np.sort(np.concatenate([times, between[np.diff(times) > LEAST_HOLD]])) if head else performance.gaze_times
    turned = head * smooth_at(performance.head_times, performance.head_angles, times)
    target = linear_at(performance.gaze_times, performance.gaze_angles, times)
    return times, np.stack([target[:, 0] - turned[:, 1], target[:, 1] + turned[:, 0]], axis=1)


def look_weights(angles: Floats) -> dict[str, Floats]:
    """Return the weights (N,) of the eyeLook shapes of both eyes for angles (N, 2), radians to the person's left and up."""
    across, up = np.degrees(angles).T
    shares = {"InRight": across / ACROSS, "OutLeft": across / ACROSS, "InLeft": -across / ACROSS, "OutRight": -across / ACROSS,
              "UpLeft": up / UP, "UpRight": up / UP, "DownLeft": -up / DOWN, "DownRight": -up / DOWN}
    return {f"eyeLook{name}": np.clip(share, 0, 1).astype(np.float32) for name, share in shares.items()}
