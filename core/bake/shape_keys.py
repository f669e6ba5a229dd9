"""Bake: motion of one head -> shapes and their weights on the scene's frames, for Blender to key."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..emotion.fused_shapes import FusedShapes, fuse_on_mesh
from ..emotion.fusion import Fusion
from ..emotion.motion import EmotionCurves, fuse
from ..head.lids import Lids
from ..head.model import HeadBasis
from ..head.mouth import gap, jaw_angle
from ..head.neck import fit_neck
from ..speech.lip_controls import NEUTRAL, LipControls, apply
from ..speech.lip_gap import JAW_SHAPE, SHUT, effect
from ..speech.mouth_rig import CLOSING
from ..types import Correctives, Floats, MotionTrack, Performance, ShapeKeyBake
from .key_error import misplaced
from .performance import STILL

JAW_PARTS = ("teeth_lower", "tongue")
JAW_STEPS = np.linspace(0, 1, 6, dtype=np.float32)
KEPT = 0.95                     # share of a peak that sampling may leave of it
LEAST_WEIGHT = 1e-4             # of a shape that is worth a key
BLOCK = 1440                    # frames baked at once, which bounds the memory
AROUND, BESIDE = 2.0, 2         # seconds and frames beside them that they depend on
LEAST_PARTED = 3e-6             # metres that keys in single precision part lips that touch; keying may add 2e-6
WRONG_AROUND = 4                # frames around those where something is wrong: keys begin and end there
LEAST_ERROR = 0.0001            # metres of the lips' gap below which sampling leaves mouthClose alone


def bake(neutral: Floats, motion: MotionTrack, emotion: EmotionCurves, *, basis: HeadBasis, fps: float,
         controls: LipControls = NEUTRAL, performance: Performance = STILL, fusion: Fusion | None = None) -> ShapeKeyBake:
    """Return every shape of the head, the motion's weights under `controls` on whole frames at `fps`, the emotion added to it, and
    how the head turns on the neck.

    neutral: (V, 3) float32, metres; the jaw pivot, known for the mean head, moves with the point below this one's ear.
    Lids are fitted to its eyeballs. Lower teeth and tongue turn rigidly by the jaw angle (Sec. 3.4), so their share of jawOpen is
    left out.
    fusion: how emotion and speech become one face on the mesh, with the shapes that are returned, whichever it was made with; without
    it they do so in shape weights (lips_under).
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
    if fusion is None:
        lips, rest = lips_under(emotion, weights, basis=basis, fps=fps), FusedShapes.none(weights, basis)
    else:
        felt = emotion.at(np.arange(len(weights), dtype=np.float32) / np.float32(fps))
        rest = fuse_on_mesh(weights, felt, replace(fusion, basis=lids))
        lips = rest.weights - weights - felt
        lips[np.abs(lips) < LEAST_WEIGHT] = 0
    return ShapeKeyBake(names, offsets, correctives, weights, angles, pivot, fit_neck(neutral, pivot, basis), performance,
                        emotion.times, emotion.weights, lips, rest.offsets, rest.extra,
                        np.array([rest.mean, rest.most], np.float32), fps)


def lips_under(emotion: EmotionCurves, speech: Floats, *, basis: HeadBasis, fps: float) -> Floats:
    """Return the weights (T, K) that, added to those of `speech` (T, K) at `fps` and of the emotion, keep the lips in sync.

    Nothing is taken off what Blender holds within 0..1 by itself: the other shapes have none.
    """
    mouth = [index for index, name in enumerate(basis.expression_names) if name.startswith(("mouth", "jaw"))]
    around = round(AROUND * fps)
    result = np.zeros_like(speech)
    for first in range(0, len(speech), BLOCK):
        last, begin, end = min(first + BLOCK, len(speech)), max(first - around, 0), first + BLOCK + around
        spoken = speech[begin:end]
        felt = emotion.at(np.arange(begin, begin + len(spoken), dtype=np.float32) / np.float32(fps))
        lips = (fuse(spoken, felt, basis, fps=fps) - spoken - felt)[first - begin:last - begin, mouth]
        result[first:last, mouth] = np.where(np.abs(lips) < LEAST_WEIGHT, 0, lips)
    return result


def lips_beside(lips: Floats, basis: HeadBasis, *, meant: Floats, shown: Floats, felt: Floats) -> Floats:
    """Return the weights (T, K) that make what is `shown` of speech and emotion (T, K) what was `meant` (T, K), where something is
    felt (T, K) or `lips` (T, K) move; 0 where it is that already.
    Neither is held within 0..1, as the emotion's strength may yet change.

    Keys of the speech lie beside it by up to their limit: what is added to them need not add its own error to theirs. Only shapes that
    `lips` move are, where that is enough: lips that touch stay so, and what the other shapes are off, which these may have made up
    for, moves no vertex too far.
    """
    off = np.abs(meant - shown) >= LEAST_WEIGHT
    where = (felt.any(axis=1) | lips.any(axis=1))[:, None] & off
    result = np.where(where, meant - shown, 0).astype(np.float32)
    few = result * lips.any(axis=0)
    opening, left = (gap(basis, basis.expression_names, np.clip(weights, 0, 1)) for weights in (meant, shown + few))
    wrong = (opening <= SHUT) & (left > SHUT + LEAST_PARTED)
    wrong |= misplaced(np.clip(shown + few, 0, 1), np.clip(meant, 0, 1), basis)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(wrong, WRONG_AROUND), 2 * WRONG_AROUND + 1).any(axis=1)
    return np.where(around[:, None], result, few)


def frame_weights(motion: MotionTrack, *, basis: HeadBasis, fps: float, controls: LipControls = NEUTRAL) -> Floats:
    """Return the weights (N, K) of all shapes of the head under `controls` on whole frames at `fps`.

    Each shape keeps its own peaks, so mouthClose follows to keep the gap between the lips.
    """
    total = frames_of(len(motion.weights), motion.fps, fps)
    blocks = [(first, min(first + BLOCK, total)) for first in range(0, total, BLOCK)]
    return np.concatenate([weights_between(motion, block, total, basis=basis, fps=fps, controls=controls) for block in blocks])


def weights_between(motion: MotionTrack, block: tuple[int, int], total: int, *, basis: HeadBasis, fps: float,
                    controls: LipControls) -> Floats:
    """Return the weights (N, K) of `frame_weights` on the frames of a block, the first and the one after the last, of `total`.

    They are made of what is spoken then and AROUND it, which is all they depend on.
    """
    begin = max(int((block[0] / fps - controls.sync_offset - AROUND) * motion.fps), 0)
    end = max(int((block[1] / fps - controls.sync_offset + AROUND) * motion.fps), begin + 2)
    if end > len(motion.weights):
        begin, end = min(begin, len(motion.weights) - 1), len(motion.weights)
    motion = replace(motion, weights=motion.weights[begin:end], jaw_angle=motion.jaw_angle[begin:end])
    track = apply(motion, controls, basis)
    names = tuple(basis.expression_names)
    weights = np.zeros((len(track.weights), len(names)), np.float32)
    weights[:, [names.index(name) for name in track.names]] = track.weights
    opening = gap(basis, names, weights)
    shut = gap(basis, motion.names, motion.weights) <= SHUT             # as spoken: no control moves a closure to another frame
    source = np.arange(begin, end) / track.fps + controls.sync_offset
    sampled = sample(np.column_stack([weights, opening]), source, fps, shut=shut, block=block, total=total)
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
    total = frames_of(len(curves), rate, fps)
    return sample(curves, np.arange(len(curves)) / rate + delay, fps, shut=shut, block=(0, total), total=total)


def frames_of(count: int, rate: float, fps: float) -> int:
    """Return how many frames at `fps` show `count` values at `rate` without cutting anything off."""
    return int(np.ceil((count - 1) / rate * fps - 1e-6)) + 1


def sample(curves: Floats, source: NDArray[np.float64], fps: float, *, shut: NDArray[np.bool_] | None, block: tuple[int, int],
           total: int) -> Floats:
    """Return curves (T, K) at the times `source` (T,), seconds, on the frames of a block of `total`; see `resample`.

    block: its first frame and the one after its last.
    """
    low, high = max(block[0] - BESIDE, 0), min(block[1] + BESIDE, total)        # a peak's neighbours may lie in the next block
    frames = np.arange(low, high)
    linear = np.stack([np.interp(frames / fps, source, curve) for curve in curves.T], axis=1).astype(np.float32)
    nearest = np.rint(source * fps).astype(np.int64) - low
    shown = (nearest >= 0) & (nearest < len(frames))
    result = linear.copy()
    before = np.clip((source * fps).astype(np.int64) - low, 0, len(frames) - 1)
    around = np.maximum(linear[before], linear[np.minimum(before + 1, len(frames) - 1)])
    peaks = (curves * KEPT > around) & shown[:, None]
    peaks[1:-1] &= (curves[1:-1] > curves[:-2]) & (curves[1:-1] >= curves[2:])
    moment, shape = np.nonzero(peaks)
    np.maximum.at(result, (nearest[moment], shape), curves[moment, shape])
    if shut is not None:
        keep_shut(result, curves, linear, shut, source * fps, frames=(low, total))
    return result[block[0] - low:block[1] - low]


def keep_shut(result: Floats, curves: Floats, linear: Floats, shut: NDArray[np.bool_], place: Floats, *,
              frames: tuple[int, int]) -> None:
    """Let the frames `result` (N, K) show each passage of curves (T, K) where `shut` (T,) says that the lips touch.

    place: (T,) of the curves, in frames; frames: the first of `result` and how many there are in all.
    """
    low, total = frames
    change = np.diff(np.concatenate([[False], shut, [False]]).astype(np.int8))
    for begin, end in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True):
        first = max(int(np.ceil(place[begin] - 1e-6)), 0)
        last = min(max(int(place[end - 1] + 1e-6) + 1, 0), total)
        nearest = int(np.rint(place[(begin + end - 1) // 2])) - low
        if last > first:
            inside = slice(max(first - low, 0), max(last - low, 0))
            result[inside] = linear[inside]
        elif 0 <= nearest < len(result):
            result[nearest] = curves[begin:end][np.abs(place[begin:end] - (nearest + low)).argmin()]
