"""Noses end round."""

import numpy as np

from tests.core.own_heads import basis
from training.head.nose import rounded, tip_of

MILLIMETRE = 1e-3


def test_a_nose_like_a_cone_gets_a_round_tip():
    base = basis()
    rest = base.vertices[base.part("skin").vertices].astype(np.float64)
    eye = base.vertices[base.part("eye_left").vertices].mean(axis=0)
    tip = tip_of(rest, eye)
    away = np.linalg.norm((rest - tip)[:, :2], axis=1)
    cone = rest.copy()
    near = (away < 0.012) & (rest[:, 2] > tip[2] - 0.02)
    cone[near, 2] = tip[2] - away[near]                                         # as steep as a cone of 45 degrees
    moved = rounded(cone, eye)
    ring = near & (away > 0.004) & (away < 0.009) & (rest[:, 1] > tip[1])
    assert ring.sum() >= 4
    before, after = ((tip[2] - skin[ring, 2]).mean() / np.linalg.norm((skin - tip)[ring, :2], axis=1).mean() for skin in (cone, moved))
    assert before > 0.99 and after < 0.75                                       # a ball falls off by half as much there
    assert moved[:, 2].max() < tip[2] + MILLIMETRE                              # and makes the nose hardly longer
    far = np.linalg.norm(rest - tip, axis=1) > 0.025
    assert np.abs(moved - cone)[far].max() < 0.2 * MILLIMETRE
    assert np.abs(rounded(rest, eye) - rest).max() < 1.2 * MILLIMETRE           # the model's own is round
