"""A stretch of a curve keyed anew leaves the curve before and after it as it is."""

import numpy as np
import pytest

from core.bake.bezier import BezierKeys
from core.bake.key_stretch import between_keys, level_frames, spliced

NONE = BezierKeys(*np.zeros((3, 0, 2), np.float32))


def curve(*points, rise=()):
    """Keys with handles a third long, level but on the frames of `rise`."""
    points = np.array(points, np.float32)
    off = np.array([[1 / 3, 0.1 * (frame in rise)] for frame in points[:, 0]], np.float32)
    return BezierKeys(points, points - off, points + off)


OLD = curve((0, 0.1), (4, 0.5), (6, 0.4), (10, 0.2), (15, 0.9), (20, 0.0), rise=(4, 15))
NEW = curve((6, 0.4), (7, 0.8), (9, 0.6), (10, 0.2), rise=(7, 9))


def test_level_keys_are_found_on_whole_frames():
    assert level_frames(OLD) == [0, 6, 10, 20]
    assert level_frames(curve((1.5, 0), (3, 0))) == [3]


def test_the_nearest_frames_on_which_all_have_a_level_key():
    other = curve((0, 0), (6, 1), (9, 0), (20, 0))
    assert between_keys([OLD, other], 7, 8) == (6, 20)
    assert between_keys([OLD, other], 0, 0) == (0, 0)
    assert between_keys([OLD, curve((5, 0))], 7, 8) == (None, None) == between_keys([], 7, 8)


@pytest.mark.parametrize(("begin", "end"), [(6, 10), (None, 10), (6, None)])
def test_outside_the_curve_is_the_old_one_and_inside_the_new(begin, end):
    made = spliced(OLD, NEW, begin, end)
    assert (np.diff(made.points[:, 0]) > 0).all()
    frames = np.linspace(0, 20, 401)
    outside = (frames <= (-1 if begin is None else begin)) | (frames >= (21 if end is None else end))
    np.testing.assert_array_equal(made.at(frames[outside]), OLD.at(frames[outside]))
    np.testing.assert_array_equal(made.at(frames[~outside]), NEW.at(frames[~outside]))


def test_what_does_not_move_on_one_side_has_no_keys_there():
    assert spliced(NONE, NEW, 6, 10) is NEW
    still = spliced(OLD, NONE, 6, 10)
    assert still.points[:, 0].tolist() == [0, 4, 6, 10, 15, 20]
    assert not len(spliced(NEW, NONE, None, None).points)
