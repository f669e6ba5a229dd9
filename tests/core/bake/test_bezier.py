"""Bezier keys have values where Blender has them (tests/addon/test_bezier_keys.py compares), and stay what they are when moved."""

import numpy as np
import pytest

from core.bake.bezier import BezierKeys, parameter

KEYS = BezierKeys(*(np.array(part, np.float32) for part in (
    [[1, 0.2], [4, 0.8], [9, 0.1]], [[0, 0.2], [3, 0.8], [6, 0.1]], [[2, 0.2], [6, 0.8], [10, 0.1]])))


def test_keys_lie_on_their_curve_and_its_ends_are_held():
    np.testing.assert_allclose(KEYS.at(np.array([-5.0, 1, 4, 9, 100])), [0.2, 0.2, 0.8, 0.1, 0.1], atol=1e-7)
    assert KEYS.at(np.array([2.5]))[0] == pytest.approx(0.5)                # the middle of a segment with handles alike


def test_handles_of_a_third_make_time_even():
    places = np.linspace(0, 1, 50)
    np.testing.assert_allclose(parameter(places, np.array(1 / 3), np.array(1 / 3)), places, atol=1e-12)


@pytest.mark.parametrize(("leaving", "arriving"), [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.03, 0.9), (0.7, 0.2)])
def test_a_curve_passes_every_frame_once(leaving, arriving):
    places = np.linspace(0, 1, 200)
    found = parameter(places, np.array(leaving), np.array(arriving))
    rest = 1 - found
    np.testing.assert_allclose(3 * rest**2 * found * leaving + 3 * rest * found**2 * (1 - arriving) + found**3, places, atol=1e-9)
    assert (np.diff(found) >= 0).all()


def test_a_handle_that_reaches_past_its_neighbour_is_shortened():
    long, cut = (BezierKeys(KEYS.points, KEYS.left, np.array([[1 + reach, 0.2 + 0.1 * reach], [6, 0.8], [10, 0.1]], np.float32))
                 for reach in (12, 3))
    frames = np.linspace(1, 4, 30)
    np.testing.assert_allclose(long.at(frames), cut.at(frames), atol=1e-6)


def test_moved_and_scaled_keys_are_the_same_curve():
    frames = np.linspace(0, 10, 60)
    np.testing.assert_allclose(KEYS.moved(500).at(frames + 500), KEYS.at(frames), atol=1e-6)
    np.testing.assert_allclose(KEYS.scaled(1.5).at(frames), 1.5 * KEYS.at(frames), atol=1e-6)


def test_one_key_is_a_level():
    one = BezierKeys(*(np.array([[3, 0.4]], np.float32) for _ in range(3)))
    np.testing.assert_array_equal(one.at(np.array([0.0, 3, 7])), np.float32(0.4))


def test_keys_are_checked():
    with pytest.raises(ValueError, match="left must be"):
        BezierKeys(KEYS.points, KEYS.left[:2], KEYS.right)
