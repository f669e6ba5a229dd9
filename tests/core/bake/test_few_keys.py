"""The few keys of a bake: speech and lips as they are keyed by themselves, all layers together where they are meant to be."""

from functools import cache

import numpy as np

from core.bake.few_keys import few_keys, lips_keys, speech_keys
from core.bake.key_error import LIMIT
from core.bake.shape_keys import lips_under
from core.emotion.motion import EmotionCurves

from ..real_speech import real_head
from .test_key_reduction import error, shown, spoken

FRAMES = 96                     # of ten seconds: all there is to be seen, and quick


def smile():
    """An emotion that comes and goes within the clip."""
    weights = np.zeros((4, len(real_head().expression_names)), np.float32)
    weights[1:3, real_head().indices(("mouthSmileLeft", "mouthSmileRight", "cheekSquintLeft", "mouthUpperUpLeft"))] = 0.7
    return EmotionCurves(np.array([0.5, 1, 3, 3.6], np.float32), weights)


def speech():
    return spoken(24.0)[:FRAMES]


@cache
def made(felt=True):
    return few_keys(speech(), smile() if felt else None, real_head(), fps=24.0)


def same(first, second):
    return list(first) == list(second) and all(np.array_equal(getattr(first[place], part), getattr(second[place], part))
                                               for place in first for part in ("points", "left", "right"))


def test_the_speech_is_keyed_as_it_is_alone():
    alone = speech_keys(speech(), real_head(), fps=24.0)
    assert len(alone) > 8 and same(made().speech, alone) and same(made(felt=False).speech, alone)


def test_all_layers_together_are_within_the_limit():
    felt = smile().at(np.arange(FRAMES, dtype=np.float32) / np.float32(24))
    lips = lips_under(smile(), speech(), basis=real_head(), fps=24.0)
    meant, beside = np.clip(speech() + felt + lips, 0, 1), shown(made().speech, range(FRAMES)) + felt
    without, together = (error(np.clip(beside + added, 0, 1), meant).max() for added in (0, shown(made().lips, range(FRAMES))))
    assert together <= LIMIT < without


def test_what_was_fused_on_the_mesh_has_no_few_keys_of_the_lips():
    assert made(felt=False).lips == {}


def test_the_same_emotion_gets_the_same_keys_and_progress_is_told():
    told = []
    again = few_keys(speech(), smile(), real_head(), fps=24.0, tick=told.append)
    assert same(again.speech, made().speech) and same(again.lips, made().lips) and told == [0.5, 1.0]


def test_ends_that_are_held_have_a_level_key_of_each_shape_with_its_weight():
    felt = smile().at(np.arange(FRAMES, dtype=np.float32) / np.float32(24))
    lips = lips_under(smile(), speech(), basis=real_head(), fps=24.0)
    held = {0: lips[0] + np.float32(0.001), FRAMES - 1: lips[-1] + np.float32(0.001)}
    keyed = lips_keys(lips, real_head(), meant=speech() + felt + lips, shown=speech() + felt, felt=felt, fps=24.0, held=held)
    assert len(keyed) > 2
    for place, keys in keyed.items():
        for frame, weights in held.items():
            here = keys.points[:, 0] == frame
            assert keys.points[here, 1] == weights[place] == keys.left[here, 1] == keys.right[here, 1]
