"""Teeth and tongue of a mouth that speaks and feels at once: nothing comes through the lips that does not without emotion."""

from functools import lru_cache

import numpy as np
import pytest

from core.emotion.emolib import Emolib
from core.emotion.fusion import Fusion, felt_weights, offsets_of
from core.emotion.motion import SPEECH_ONLY, fuse
from core.pack import Pack
from core.speech.articulation import CHANNELS
from core.speech.mouth_rig import pose
from core.types import EMOTIONS
from tests.core.head.test_mouth_parts import depth_mm, surfaces, with_middles
from tests.core.own_heads import basis

SOUNDS = {"p": {"press": 0.4}, "a": {"aperture": 0.85, "jaw": 0.9}, "o": {"aperture": 0.4, "jaw": 0.4, "pucker": 0.85},
          "f": {"aperture": 0.12, "jaw": 0.2, "labiodental": 1.0}}
DEEPER_MM = 0.2                 # lips are soft: what an emotion may add to how far incisors sink into the lower lip at an f


@lru_cache(1)
def spoken():
    """Weights (4, K) of SOUNDS."""
    channels = np.zeros((len(SOUNDS), len(CHANNELS)), np.float32)
    for row, sound in enumerate(SOUNDS.values()):
        channels[row, [CHANNELS.index(channel) for channel in sound]] = list(sound.values())
    names, weights = pose(channels, basis())
    result = np.zeros((len(SOUNDS), len(basis().expression_names)), np.float32)
    result[:, basis().indices(names)] = weights
    return result


def felt(emotion):
    """Weights (4, K) of an emotion at level 3."""
    pack = Pack.open()
    emolib = Emolib.load(pack.path("emolib"), basis(), head_model=pack.digests("head")[0])
    result = np.zeros_like(spoken())
    result[:, basis().indices(emolib.names)] = emolib.expression_at(emotion, 3, np.zeros(len(basis().identity_basis), np.float32))
    return result * np.array([not name.startswith(SPEECH_ONLY) for name in basis().expression_names])


def deepest(offsets):
    """Millimetres that any tooth, gum or the tongue lies in the skin, for each of offsets (N, V, 3)."""
    skin, _, parts = surfaces()
    heads = basis().vertices + offsets.astype(float)
    return np.array([max(depth_mm(with_middles(head, quads), head, skin).max() for quads in parts.values()) for head in heads])


@lru_cache(1)
def without():
    return deepest(offsets_of(basis(), spoken()))


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_shape_weights_press_no_tooth_through_a_lip(emotion):
    each = [fuse(one[None], other[None], basis(), fps=60.0)[0] for one, other in zip(spoken(), felt(emotion), strict=True)]
    assert (deepest(offsets_of(basis(), np.stack(each))) <= without() + DEEPER_MM).all()


@pytest.mark.parametrize("emotion", ["happy", "angry", "disgust"])
def test_neither_does_the_fusion_on_the_mesh(emotion):
    lip, emo = offsets_of(basis(), spoken()), offsets_of(basis(), felt_weights(felt(emotion), spoken(), basis()))
    assert (deepest(Fusion.make(basis(), "harmonic")(lip, emo)) <= without() + DEEPER_MM).all()
