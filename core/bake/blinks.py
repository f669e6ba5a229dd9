"""Blinks that follow the speech: more in pauses and at the ends of phrases, as a few keys a blink that an artist can move.

In conversation people blink about 26 times a minute, at rest 17 (Bentivoglio et al. 1997), speaking to a camera in between; speakers
blink at breakpoints of their speech (Nakano and Kitazawa 2010), and along with large shifts of gaze (Evinger et al. 1994). Lids close
in less than 0.1 s and open in more than twice that, slower and slower (VanderWerf et al. 2003).
"""

import numpy as np

from ..speech.rhythm import pause_weight, renewal
from ..types import Floats, Rhythm

PER_MINUTE, REGULARITY = 19.0, 3.0
AT_PAUSES = 5.0                 # times as many in pauses as in speech
CLOSING, CLOSED, OPENING = 0.08, 0.04, 0.2                      # seconds
HALF, LEFT = 0.4, 0.3           # after this share of the opening the lids are shut to this share
LENGTH = CLOSING + CLOSED + OPENING
FIRST = 0.5                     # seconds before the first blink at the least
LEAST_GAP = 0.7                 # seconds between blinks
DOUBLE, DOUBLE_GAP = 0.06, 0.1  # share of blinks that a second one follows at once, and seconds between the two
SHIFT_REACH = 0.6               # seconds: a large shift of gaze this near takes the blink along
SHAPE = ((0.0, 0.0), (CLOSING, 1.0), (CLOSING + CLOSED, 1.0), (CLOSING + CLOSED + HALF * OPENING, LEFT), (LENGTH, 0.0))


def blink_times(rhythm: Rhythm, shifts: Floats, random: np.random.Generator) -> Floats:
    """Return when blinks begin (N,), seconds; shifts (S,): when the gaze shifts far."""
    times = renewal(pause_weight(rhythm, AT_PAUSES), rhythm.fps, PER_MINUTE, REGULARITY, random)
    moved = times.copy()
    for shift in shifts:
        if len(times) and abs(times[nearest := int(np.abs(times - shift).argmin())] - shift) < SHIFT_REACH:
            moved[nearest] = shift - CLOSING / 2            # the lids are on their way when the eyes jump
    result: list[float] = []
    for time in np.sort(moved):
        if time >= FIRST and (not result or time - result[-1] >= LENGTH + LEAST_GAP):
            result.append(float(time))
            if random.random() < DOUBLE:
                result.append(float(time) + LENGTH + DOUBLE_GAP)
    return np.asarray([time for time in result if time + LENGTH < rhythm.duration], np.float32)


def blink_keys(times: Floats) -> Floats:
    """Return keys (5 N, 2) float32 of blinks that begin at times (N,): time in seconds, weight of both eyeBlink shapes."""
    return (np.asarray(SHAPE, np.float32) + np.stack([times, np.zeros_like(times)], axis=1)[:, None]).reshape(-1, 2)
