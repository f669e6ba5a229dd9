"""Eyeballs keep their shape and go with their lids."""

import numpy as np
import pytest

from training.head.eyes import eyeball, sphere, taken_along

RADIUS, MIDDLE = 0.0125, np.array([0.031, 0.027, 0.015])            # metres


def test_lids_are_to_stay_off_the_eyeball_where_it_is_placed() -> None:
    placed = eyeball().placed(MIDDLE, RADIUS)
    np.testing.assert_allclose(placed.middle, MIDDLE, atol=1e-5)
    beside, before = MIDDLE + [[0.0, 0.02, 0.0], [0.0, 0.0, 0.02]]
    assert placed.height(beside[None])[0] == pytest.approx(0.02 - RADIUS, abs=1e-5)
    assert placed.height(before[None])[0] < 0.02 - RADIUS - 0.0003                  # the cornea stands out


def test_an_eyeball_goes_with_its_lids_and_stays_round() -> None:
    ball = eyeball().vertices * RADIUS + MIDDLE
    lids, cheek = MIDDLE + np.eye(3) * 0.015, MIDDLE + [[0.0, -0.05, 0.0]]
    head = np.concatenate([lids, cheek, ball])
    moves = np.random.default_rng(0).normal(size=head.shape) * 0.001
    wanted = moves[:3].mean(axis=0)
    middle, radius = sphere((head + taken_along(moves, head, slice(0, 4), [slice(4, len(head))]))[4:])
    start, same = sphere(ball)
    np.testing.assert_allclose(middle - start, wanted, atol=1e-9)
    assert radius == pytest.approx(same, abs=1e-9)
