"""Bake: motion of one head -> shapes and their weights on the scene's frames, for Blender to key."""

import zlib

import numpy as np

from .blinks import blink_keys
from .head_model import HeadBasis
from .mouth import jaw_angle
from .types import Correctives, Floats, MotionTrack, ShapeKeyBake

JAW_SHAPE = "jawOpen"
JAW_PARTS = ("teeth_lower", "tongue")
JAW_STEPS = np.linspace(0, 1, 6, dtype=np.float32)


def bake(neutral: Floats, motion: MotionTrack, *, basis: HeadBasis, fps: float) -> ShapeKeyBake:
    """Return every shape of the head, and the motion's weights sampled on whole frames at `fps`.

    neutral: (V, 3) float32, metres; the jaw pivot, known for the mean head, moves with the point below this one's ear.
    Lower teeth and tongue turn rigidly by the jaw angle (Sec. 3.4), so their share of jawOpen is left out.
    Shapes the motion does not use are kept with weight 0: an artist can animate them. The motion seeds the blinks.
    """
    names = tuple(basis.expression_names)
    offsets = basis.expressions.copy()
    jaw = names.index(JAW_SHAPE)
    for part in JAW_PARTS:
        offsets[jaw, basis.part(part).vertices] = 0.0
    weights = np.zeros((len(motion.weights), len(names)), np.float32)
    weights[:, [names.index(name) for name in motion.names]] = motion.weights
    pivot = basis.jaw_pivot + (neutral - basis.vertices)[basis.below_ear_vertex] * np.array([0, 1, 1], np.float32)
    blinks = blink_keys((len(weights) - 1) / motion.fps, np.random.default_rng(zlib.crc32(motion.weights.tobytes())))
    angles = jaw_angle(basis, (JAW_SHAPE,), JAW_STEPS[:, None])
    correctives = Correctives(basis.corrective_names, basis.corrective_pairs, basis.corrective_gains,
                              basis.corrective_basis.astype(np.float32))
    return ShapeKeyBake(names, offsets, correctives, resample(weights, motion.fps, fps), angles, pivot, blinks, fps)


def resample(curves: Floats, rate: float, fps: float) -> Floats:
    """Return curves (T, K) at `rate` sampled linearly at the times of frames 0, 1, ... at `fps`; ends are held.

    The last frame is the first one at or past the end, so that nothing of the motion is cut off.
    """
    duration = (len(curves) - 1) / rate
    times = np.arange(int(np.ceil(duration * fps - 1e-6)) + 1) / fps
    source = np.arange(len(curves)) / rate
    return np.stack([np.interp(times, source, curve) for curve in curves.T], axis=1).astype(np.float32)
