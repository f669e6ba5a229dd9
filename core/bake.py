"""Bake: motion of one head -> shapes and their weights on the scene's frames, for Blender to key."""

import numpy as np
from numpy.typing import NDArray

from .emotion_motion import EmotionCurves, fuse
from .fused_shapes import FusedShapes, fuse_on_mesh
from .fusion import Fusion
from .head_model import HeadBasis
from .lids import Lids
from .lip_controls import NEUTRAL, LipControls, apply
from .lip_gap import JAW_SHAPE, SHUT, effect
from .mouth import gap, jaw_angle
from .mouth_rig import CLOSING
from .neck import fit_neck
from .performance import STILL
from .types import Correctives, Floats, MotionTrack, Performance, ShapeKeyBake

JAW_PARTS = ("teeth_lower", "tongue")
JAW_STEPS = np.linspace(0, 1, 6, dtype=np.float32)
KEPT = 0.95                     # share of a peak that sampling may leave of it
LEAST_WEIGHT = 1e-4             # of a shape that is worth a key
LEAST_ERROR = 0.0001            # metres of the lips' gap below which sampling leaves mouthClose alone


def bake(neutral: Floats, motion: MotionTrack, emotion: EmotionCurves, *, basis: HeadBasis, fps: float,
         controls: LipControls = NEUTRAL, performance: Performance = STILL, fusion: Fusion | None = None) -> ShapeKeyBake:
    """Return every shape of the head, the motion's weights under `controls` on whole frames at `fps`, the emotion added to it, and
    how the head turns on the neck.

    neutral: (V, 3) float32, metres; the jaw pivot, known for the mean head, moves with the point below this one's ear.
    Lids are fitted to its eyeballs. Lower teeth and tongue turn rigidly by the jaw angle (Sec. 3.4), so their share of jawOpen is
    left out.
    fusion: how emotion and speech become one face on the mesh; without it they do so in shape weights (lips_under).
    Shapes the motion does not use are kept with weight 0: an artist can animate them.
    """
    names = tuple(basis.expression_names)
    lids = Lids(basis).fit(neutral)
    offsets = lids.expressions.copy()
    for part in JAW_PARTS:
        offsets[names.index(JAW_SHAPE), basis.part(part).vertices] = 0.0
    pivot = basis.jaw_pivot + (neutral - basis.vertices)[basis.below_ear_vertex] * np.array([0, 1, 1], np.float32)
    angles = jaw_angle(basis, (JAW_SHAPE,), JAW_STEPS[:, None])
    correctives = Correctives(basis.corrective_names, basis.corrective_pairs, basis.corrective_gains,
                              lids.corrective_basis.astype(np.float32))
    weights = frame_weights(motion, basis=basis, fps=fps, controls=controls)
    felt = emotion.at(np.arange(len(weights), dtype=np.float32) / np.float32(fps))
    if fusion is None:
        lips, rest = lips_under(emotion, weights, basis=basis, fps=fps), FusedShapes.none(weights, basis)
    else:
        rest = fuse_on_mesh(weights, felt, fusion)
        lips = rest.weights - weights - felt
        lips[np.abs(lips) < LEAST_WEIGHT] = 0
    return ShapeKeyBake(names, offsets, correctives, weights, angles, pivot, fit_neck(neutral, pivot, basis), performance,
                        emotion.times, emotion.weights, lips, rest.offsets, rest.extra,
                        np.array([rest.mean, rest.most], np.float32), fps)


def lips_under(emotion: EmotionCurves, speech: Floats, *, basis: HeadBasis, fps: float) -> Floats:
    """Return the weights (T, K) that, added to those of `speech` (T, K) at `fps` and of the emotion, keep the lips in sync.

    Nothing is taken off what Blender holds within 0..1 by itself: the other shapes have none.
    """
    felt = emotion.at(np.arange(len(speech), dtype=np.float32) / np.float32(fps))
    lips = fuse(speech, felt, basis, fps=fps) - speech - felt
    mouth = [index for index, name in enumerate(basis.expression_names) if name.startswith(("mouth", "jaw"))]
    result = np.zeros_like(lips)
    result[:, mouth] = np.where(np.abs(lips[:, mouth]) < LEAST_WEIGHT, 0, lips[:, mouth])
    return result


def frame_weights(motion: MotionTrack, *, basis: HeadBasis, fps: float, controls: LipControls = NEUTRAL) -> Floats:
    """Return the weights (N, K) of all shapes of the head under `controls` on whole frames at `fps`.

    Each shape keeps its own peaks, so mouthClose follows to keep the gap between the lips.
    """
    track = apply(motion, controls, basis)
    names = tuple(basis.expression_names)
    weights = np.zeros((len(track.weights), len(names)), np.float32)
    weights[:, [names.index(name) for name in track.names]] = track.weights
    opening = gap(basis, names, weights)
    shut = gap(basis, motion.names, motion.weights) <= SHUT             # as spoken: no control moves a closure to another frame
    sampled = resample(np.column_stack([weights, opening]), track.fps, fps, shut=shut, delay=controls.sync_offset)
    result, wanted = sampled[:, :-1], sampled[:, -1]
    error = gap(basis, names, result) - wanted
    closing = names.index(CLOSING)
    corrected = np.clip(result[:, closing] - error / effect(basis, {CLOSING: 1.0}), 0, 1)
    result[:, closing] = np.where(np.abs(error) > LEAST_ERROR, corrected, result[:, closing])
    return np.ascontiguousarray(result)


def resample(curves: Floats, rate: float, fps: float, *, shut: NDArray[np.bool_] | None = None, delay: float = 0.0) -> Floats:
    """Return curves (T, K) at `rate` on frames 0, 1, ... at `fps`, `delay` seconds later; ends are held.

    Linear, but what falls between two frames is not lost: a peak that would be cut goes to the frame nearest to it, and so does
    the whole pose of a passage where `shut` (T,) says that the lips touch.
    The last frame is the first one at or past the end, so that nothing of the motion is cut off.
    """
    frames = np.arange(int(np.ceil((len(curves) - 1) / rate * fps - 1e-6)) + 1)
    source = np.arange(len(curves)) / rate + delay
    linear = np.stack([np.interp(frames / fps, source, curve) for curve in curves.T], axis=1).astype(np.float32)
    nearest = np.rint(source * fps).astype(np.int64)
    shown = (nearest >= 0) & (nearest < len(frames))
    result = linear.copy()
    before = np.clip((source * fps).astype(np.int64), 0, len(frames) - 1)
    around = np.maximum(linear[before], linear[np.minimum(before + 1, len(frames) - 1)])
    peaks = (curves * KEPT > around) & shown[:, None]
    peaks[1:-1] &= (curves[1:-1] > curves[:-2]) & (curves[1:-1] >= curves[2:])
    moment, shape = np.nonzero(peaks)
    np.maximum.at(result, (nearest[moment], shape), curves[moment, shape])
    if shut is None:
        return result
    change = np.diff(np.concatenate([[False], shut, [False]]).astype(np.int8))
    for begin, end in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True):
        inside = frames[max(int(np.ceil(source[begin] * fps - 1e-6)), 0):max(int(source[end - 1] * fps + 1e-6) + 1, 0)]
        middle = (begin + end - 1) // 2
        if len(inside):
            result[inside] = linear[inside]
        elif shown[middle]:
            result[nearest[middle]] = curves[begin:end][np.abs(source[begin:end] * fps - nearest[middle]).argmin()]
    return result
