"""Where shapes that are off move a vertex too far."""

import numpy as np

from core.bake.key_error import CHUNK, LIMIT, misplaced
from core.bake.shape_keys import lips_beside
from tests.core.real_speech import real_head


def weights(frames, **shapes):
    result = np.zeros((frames, len(real_head().expression_names)), np.float32)
    for name, value in shapes.items():
        result[:, real_head().expression_names.index(name)] = value
    return result


def reach(name):
    place = real_head().expression_names.index(name)
    return float(np.linalg.norm(real_head().expressions[place], axis=1).max())


def test_a_vertex_may_be_off_by_the_limit_alone():
    meant = weights(4, jawOpen=0.2)
    off = np.array([0, 0.9, 1.1, -1.1], np.float32) * np.float32(LIMIT / reach("jawOpen"))
    np.testing.assert_array_equal(misplaced(meant + weights(4, jawOpen=off), meant, real_head()), [False, False, True, True])


def test_frames_beyond_those_looked_at_together_are_looked_at_too():
    meant = weights(3 * CHUNK, jawOpen=0.2)
    far = np.random.default_rng(0).uniform(size=len(meant)) < 0.5
    jaw, brow = np.where(far, 1.1, 0.9) * LIMIT / reach("jawOpen"), 0.9 * LIMIT / reach("browInnerUp")
    off = weights(len(meant), jawOpen=jaw, browInnerUp=brow)
    np.testing.assert_array_equal(misplaced(meant + off, meant, real_head()), far)


def test_errors_that_make_up_for_each_other_are_none():
    off = 2 * LIMIT / reach("mouthSmileLeft")
    meant, much = weights(1, mouthSmileLeft=0.5), weights(1, mouthSmileLeft=0.5 + off)
    assert misplaced(much, meant, real_head()).all() and not misplaced(meant, meant, real_head()).any()


def test_what_the_lips_layer_mends_may_not_undo_what_made_up_for_other_shapes():
    """Jaw and closing mouth are off the opposite way; only the closing mouth is the layer's to mend, at first."""
    names, said = real_head().expression_names, weights(30, jawOpen=0.3, mouthClose=0.2)
    shown = said + weights(30, jawOpen=2 * LIMIT / reach("jawOpen"), mouthClose=1.5 * LIMIT / reach("mouthClose"))
    lips, felt = weights(30, mouthClose=0.01), weights(30, browInnerUp=0.2)
    added = lips_beside(lips, real_head(), meant=said + felt + lips, shown=shown + felt, felt=felt)
    assert not misplaced(shown + felt + added, said + felt + lips, real_head()).any()
    assert added[:, names.index("jawOpen")].any()
