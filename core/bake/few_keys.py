"""The few keys that a bake is imported with: of its speech, and of what keeps the lips in sync under the emotion.

The engine makes them ahead, and Blender where it has not; both get the same ones, which depend on nothing in the scene.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..emotion.motion import EmotionCurves
from ..head.model import HeadBasis
from ..head.mouth import gap
from ..types import Floats
from .key_error import LIMIT, Layers
from .key_reduction import Keyed, Tick, reduce_keys, untold
from .shape_keys import lips_beside, lips_under

LIPS_VALUES = 10000             # of the lips' curves that are keyed together: what a change of the emotion keys anew, or twice that


@dataclass(frozen=True)
class FewKeys:
    """Keys on frames 0, 1, ... by the places of the shapes that move: `speech`, and `lips`, to be added to it and to the emotion."""

    speech: Keyed
    lips: Keyed


def few_keys(weights: Floats, emotion: EmotionCurves | None, basis: HeadBasis, *, fps: float, tick: Tick = untold) -> FewKeys:
    """Return the keys of a bake: of its speech `weights` (T, K) on whole frames at `fps`, and of the lips under the emotion.

    emotion: None where it was fused with the speech on the mesh, which leaves the lips to dense keys; basis: the head model as it is
    in its pack; tick: told how much is done, 0.5 when the speech is keyed.
    """
    speech = speech_keys(weights, basis, fps=fps, tick=lambda fraction: tick(0.5 * fraction))
    if emotion is None:
        return FewKeys(speech, {})
    frames, keyed = np.arange(len(weights)), np.zeros_like(weights)
    for place, keys in speech.items():
        keyed[:, place] = keys.at(frames.astype(np.float64))
    felt, lips = emotion.at(frames.astype(np.float32) / np.float32(fps)), lips_under(emotion, weights, basis=basis, fps=fps)
    return FewKeys(speech, lips_keys(lips, basis, meant=weights + felt + lips, shown=keyed + felt, felt=felt, fps=fps,
                                     tick=lambda fraction: tick(0.5 + 0.5 * fraction)))


def speech_keys(weights: Floats, basis: HeadBasis, *, fps: float, tick: Tick = untold) -> Keyed:
    """Return keys for each of the head's shapes that speech moves; weights: (T, K) on whole frames at `fps`."""
    return reduce_keys(weights, basis, opening=gap(basis, basis.expression_names, weights), fps=fps, tick=tick)


def lips_keys(lips: Floats, basis: HeadBasis, *, meant: Floats, shown: Floats, felt: Floats, fps: float,
              limit: float = LIMIT, held: Mapping[int, Floats] | None = None, tick: Tick = untold) -> Keyed:
    """Return keys of what keeps the lips in sync under an emotion, all (T, K) on whole frames at `fps`.

    lips: what is added; meant: what all amounts to with it; shown: speech and emotion as keyed; felt: the emotion; limit: metres;
    held: frame -> weights (K,) with which all shapes have a key there, a level one on the first and on the last frame.
    """
    added, face = lips_beside(lips, basis, meant=meant, shown=shown, felt=felt), np.clip(meant, 0, 1)
    for frame, weights in (held or {}).items():
        added[frame] = weights
    return reduce_keys(added, basis, opening=gap(basis, basis.expression_names, face), fps=fps, limit=limit,
                       layers=Layers(shown, face), held=tuple(held or ()), values=LIPS_VALUES, tick=tick)
