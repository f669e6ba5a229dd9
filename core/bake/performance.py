"""What a speaker does besides speaking: blinks, gaze and head motion from the rhythm of the voice, another one for each take."""

import zlib

import numpy as np

from ..types import EmotionTrack, Performance, Rhythm
from .blinks import blink_keys, blink_times
from .gaze import gaze_keys
from .head_motion import head_keys

STILL = Performance(np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros((0, 2), np.float32), np.zeros(0, np.float32),
                    np.zeros((0, 3), np.float32))


def perform(rhythm: Rhythm, *, take: int = 0, felt: EmotionTrack | None = None) -> Performance:
    """Return blinks, gaze and head motion: the same ones for the same recording and take, others for another take, from 0 on.

    felt: emotions that lower or raise the head; they change nothing else.
    """
    seeds = np.random.SeedSequence([zlib.crc32(rhythm.loudness.tobytes()), take]).spawn(3)
    blinking, gazing, moving = map(np.random.default_rng, seeds)
    gaze_times, gaze_angles, far = gaze_keys(rhythm, gazing)
    head_times, head_angles = head_keys(rhythm, moving, felt)
    return Performance(blink_keys(blink_times(rhythm, far, blinking)), gaze_times, gaze_angles, head_times, head_angles)
