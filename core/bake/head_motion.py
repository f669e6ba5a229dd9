"""Head motion that follows the speech: nods on stressed syllables, slow turns between phrases, another posture at pauses; smooth.

The head hardly ever rests in speech and mostly does in pauses (Hadar et al. 1983); it nods by a few degrees with accents (Graf et al.
2002), beginning a little before them, and its motion goes along with pitch and loudness (Munhall et al. 2004). A sad head is lowered,
a proud or frightened one drawn back (Wallbott 1998).
"""

import numpy as np
from numpy.typing import NDArray

from ..speech.rhythm import phrases, stresses
from ..types import MOST_LEVEL, Emotion, EmotionTrack, Floats, Rhythm
from .curves import smooth_at

# a nod: seconds before and after the stress, and share of its depth; at the end a small rebound
NOD = ((-0.22, 0.0), (0.03, 1.0), (0.36, -0.2), (0.7, 0.0))
DEPTH = (2.0, 4.0)              # degrees of a nod, by stress
DEVIATIONS = np.array([1.0, 2.6, 1.2])                  # degrees of a posture's pitch, yaw and roll
DRIFT = 0.45                    # of them, between the waypoints of one phrase
BOUNDS = np.array([2.0, 6.0, 3.0])                      # degrees
MOVE = (0.5, 0.9)               # seconds that a change of posture takes
WAYPOINT = (0.9, 1.7)           # seconds between waypoints of a slow turn
IDLE = 2.6                      # seconds between waypoints in silence
CLOSEST = 0.06                  # seconds between keys
Degrees = NDArray[np.float64]
# degrees by which the head is lowered, negative raised, at the highest level of an emotion
MOOD: dict[Emotion, float] = {"sad": 5.0, "angry": 2.5, "fear": -2.5, "surprise": -3.5, "happy": -1.5, "contempt": -2.5,
                            "disgust": -1.0}


def head_keys(rhythm: Rhythm, random: np.random.Generator, felt: EmotionTrack | None = None) -> tuple[Floats, Floats]:
    """Return times (J,), seconds, and angles (J, 3), radians: pitch (down), yaw (to the left), roll (to the right shoulder).

    felt: emotions that lower or raise the head. It begins straight. Between keys: curves.smooth_at.
    """
    places, postures = waypoints(rhythm, random)
    nods = [nod(float(time), float(stress), random) for time, stress in stresses(rhythm) if time + NOD[0][0] >= 0]
    mood = mood_keys(felt) if felt is not None else np.zeros((0, 2), np.float32)
    times = np.unique(np.concatenate([places, mood[:, 0], *(keys[:, 0] for keys in nods)]).astype(np.float32))
    times = spread(times[(times >= 0) & (times <= rhythm.duration)])
    angles = smooth_at(places, postures, times)
    for keys in nods:
        angles[:, 0] += smooth_at(keys[:, 0], keys[:, 1:], times)[:, 0]
    angles[:, 0] += smooth_at(mood[:, 0], mood[:, 1:], times)[:, 0]
    return times, np.radians(angles).astype(np.float32)


def waypoints(rhythm: Rhythm, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Return times (W,), seconds, and postures (W, 3), degrees, between which the head drifts; a new one at each pause."""
    times, postures, before = [0.0], [np.zeros(3)], 0.0
    for start, end in phrases(rhythm):
        idle(times, postures, before, float(start), random)
        leave = max(before, times[-1] + CLOSEST)
        if leave > times[-1] + CLOSEST:
            times.append(leave)                                 # up to the end of the phrase it drifts on
            postures.append(bounded(postures[-1] + DRIFT / 2 * random.normal(0, DEVIATIONS)))
        posture = bounded(random.normal(0, DEVIATIONS))
        times.append(max(leave + random.uniform(*MOVE), float(start) + 0.1))
        postures.append(posture)
        while (step := times[-1] + random.uniform(*WAYPOINT)) < end:
            times.append(step)
            postures.append(bounded(posture + DRIFT * random.normal(0, DEVIATIONS)))
        before = float(end)
    idle(times, postures, before, rhythm.duration, random)
    kept = np.asarray(times) <= rhythm.duration
    return np.asarray(times, np.float32)[kept], np.asarray(postures, np.float32)[kept]


def idle(times: list[float], postures: list[Degrees], start: float, end: float, random: np.random.Generator) -> None:
    """Append the waypoints of a silence from `start` to `end`, seconds, in which the head hardly moves."""
    while end - max(times[-1], start) > IDLE:
        times.append(max(times[-1], start) + IDLE * random.uniform(0.7, 0.9))
        postures.append(bounded(postures[-1] + DRIFT / 2 * random.normal(0, DEVIATIONS)))


def bounded(posture: Degrees) -> Degrees:
    """Return a posture (3,), degrees, within BOUNDS."""
    return np.clip(posture, -BOUNDS, BOUNDS)


def nod(time: float, stress: float, random: np.random.Generator) -> Floats:
    """Return the keys (4, 2) of a nod: seconds, and degrees of pitch added to the posture."""
    depth = float(np.clip((DEPTH[0] + (DEPTH[1] - DEPTH[0]) * stress) * random.uniform(0.9, 1.1), *DEPTH))
    return np.array([(time + step, depth * share) for step, share in NOD], np.float32)


def mood_keys(felt: EmotionTrack) -> Floats:
    """Return keys (M, 2) of the pitch that emotions add: seconds, degrees; level within each window, from its edge's transition on."""
    keys: list[tuple[float, float]] = []
    for window in felt.windows:
        degrees = MOOD.get(window.category, 0.0) * window.level / MOST_LEVEL
        inset = min(max(felt.transition, 0.3), 0.4 * (window.end - window.start))
        first = 0.0 if window.start == 0 else window.start + inset
        keys += [(first, degrees), (max(window.end - inset, first + CLOSEST), degrees)]
    table = np.asarray(keys, np.float32)
    if len(table) and table[0, 1]:
        table = np.concatenate([np.array([[0.0, 0.0], [0.6, table[0, 1]]], np.float32), table[1:][table[1:, 0] > 0.6]])
    table = table[np.concatenate([[True], np.diff(table[:, 0]) > 0])]
    changes = np.diff(table[:, 1]) != 0                 # two windows of one emotion are as one
    return table[np.concatenate([[True], changes]) | np.concatenate([changes, [False]])]


def spread(times: Floats) -> Floats:
    """Return those of rising times (J,) that are CLOSEST after the one before."""
    kept: list[float] = []
    for time in times:
        if not kept or time - kept[-1] >= CLOSEST:
            kept.append(float(time))
    return np.asarray(kept, np.float32)
