"""Pores: wide on nose and cheeks, hardly any beside the face."""

import numpy as np

from core.head.pores import pores
from core.head.skin_surface import mirrored
from tests.core.own_heads import basis


def test_nose_and_cheeks_have_pores_and_ears_scalp_and_neck_have_none():
    model = basis()
    skin = model.vertices[model.part("skin").vertices]
    deep = pores(model)
    assert deep.shape == (len(skin),) and deep.dtype == np.float32 and deep.min() >= 0 and deep.max() <= 1

    def at(x, y):
        """Of the front of the mean head, metres."""
        front = np.flatnonzero(skin[:, 2] > 0)
        return deep[front[np.square(skin[front, :2] - (x, y)).sum(axis=1).argmin()]]

    assert deep[skin[:, 2].argmax()] > 0.9                                  # the nose's tip
    assert 0.6 < at(0.03, -0.006) < 1 and 0.6 < at(-0.03, -0.006) < 1       # beside it
    assert 0.2 < at(0, -0.07) < 0.6 and 0.2 < at(0, 0.065) < 0.6            # chin, middle of the forehead
    ears, crown, neck, back = np.abs(skin[:, 0]) > 0.08, skin[:, 1] > 0.12, skin[:, 1] < -0.11, skin[:, 2] < -0.03
    assert max(deep[place].max() for place in (ears, crown, neck, back)) < 0.05


def test_both_halves_are_alike():
    model = basis()
    np.testing.assert_allclose(pores(model), pores(model)[mirrored(model)], atol=0.02)      # the model is nearly even
