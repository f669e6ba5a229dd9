"""A stretch of a curve keyed anew leaves the curve before and after it as it is."""

import numpy as np
import pytest

from core.bake.bezier import BezierKeys
from core.bake.key_stretch import between_keys, level_at, spliced

NONE = BezierKeys(*np.zeros((3, 0, 2), np.float32))


def curve(*points, rise=()):
    """Keys with handles a third long, level but on the frames of `rise`."""
    points = np.array(points, np.float32)
    off = np.array([[1 / 3, 0.1 * (frame in rise)] for frame in points[:, 0]], np.float32)
    return BezierKeys(points, points - off, points + off)


OLD = curve((0, 0.1), (4, 0.5), (6, 0.4), (10, 0.2), (15, 0.9), (20, 0.0), rise=(4, 15))


def test_a_curve_is_level_on_level_keys_and_where_it_keeps_its_value():
    frames = np.arange(-1.0, 22)
    assert frames[level_at(OLD, frames)].tolist() == [-1, 0, 6, 10, 20, 21]
    assert frames[level_at(curve((3, 0.5), (6, 0.5), (9, 0.2), rise=(9,)), frames)].tolist() == [-1, 0, 1, 2, 3, 4, 5, 6]


def test_the_nearest_frames_on_which_all_are_level():
    frames, other = np.arange(0.0, 21), curve((0, 0), (6, 1), (9, 0.5), (20, 0))
    assert between_keys([OLD, other], frames, 7, 8) == (6, 20)
    assert between_keys([OLD, other], frames, 0, 0) == (0, 0)
    assert between_keys([OLD, curve((0, 0), (20, 1), rise=(0, 20))], frames, 7, 8) == (None, None)


@pytest.mark.parametrize(("begin", "end"), [(6, 10), (None, 10), (6, None)])
@pytest.mark.parametrize("old", [OLD, curve((6, 0.4)), curve((0, 0.1), (3, 0.4), (6, 0.4), rise=(3,)), curve((2, 0.4), (16, 0.4))])
def test_outside_the_curve_is_the_old_one_and_inside_the_new(begin, end, old):
    new = curve((6, old.at(np.array([6.0]))[0]), (7, 0.8), (9, 0.6), (10, old.at(np.array([10.0]))[0]), rise=(7, 9))
    made = spliced(old, new, begin, end)
    assert (np.diff(made.points[:, 0]) > 0).all()
    frames = np.linspace(0, 20, 401)
    outside = (frames <= (-1 if begin is None else begin)) | (frames >= (21 if end is None else end))
    np.testing.assert_array_equal(made.at(frames[outside]), old.at(frames[outside]))
    np.testing.assert_array_equal(made.at(frames[~outside]), new.at(frames[~outside]))


def test_what_does_not_move_on_one_side_has_no_keys_there():
    new = curve((6, 0), (8, 0.7), (10, 0))
    assert spliced(NONE, new, 6, 10).points.tolist() == new.points.tolist()
    assert spliced(OLD, NONE, 6, 10).points[:, 0].tolist() == [0, 4, 6, 10, 15, 20]
    assert not len(spliced(new, NONE, None, None).points)
