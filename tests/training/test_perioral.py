"""The mouth at rest: a line that dips, a lower lip that stands out close to it, cheeks that pass into lips."""

import numpy as np
import pytest

from tests.core.own_heads import anchors, basis
from training.head.perioral import CORNERS, shaped

FLIP = np.array([-1.0, 1.0, 1.0])
MILLIMETRE = 1e-3
EYES = (33, 133, 362, 263, 159, 145, 386, 374)          # corners and rims of the lids
FOREMOST, FOLD = 6, 12                 # mm below the line: within the first lower lips stand out most; the fold below them lies there


def face() -> np.ndarray:
    return anchors().points(basis().vertices)[:468].astype(np.float64)


def test_both_sides_move_alike_and_what_meets_meets_again() -> None:
    marks = face()
    seam = (marks[13] + marks[14]) / 2 * [0, 1, 1]
    points = seam + np.random.default_rng(0).uniform(-0.03, 0.03, size=(500, 3))
    moved = shaped(points, marks)
    assert np.abs(moved).max() > MILLIMETRE
    np.testing.assert_allclose(shaped(points * FLIP, marks), moved * FLIP, atol=1e-12)
    step = 1e-5
    for axis in np.eye(3):                              # nothing folds: the move's slope stays well below 1
        slope = (shaped(points + step * axis, marks) - moved) / step
        assert np.linalg.norm(slope, axis=1).max() < 0.8


def test_eyes_chin_and_the_back_of_the_mouth_stay() -> None:
    marks = face()
    assert np.abs(shaped(marks[list(EYES)], marks)).max() < 0.1 * MILLIMETRE
    assert np.abs(shaped(marks[[152]], marks)).max() < 0.1 * MILLIMETRE
    deep = np.array([(marks[13] + marks[14]) / 2 - [0, 0, 0.04]])
    assert not shaped(deep, marks).any()
    assert not shaped(marks - [0, 0, 0.2], marks).any()


def test_a_larger_head_moves_by_as_much_more() -> None:
    marks = face()
    np.testing.assert_allclose(shaped(1.2 * marks, 1.2 * marks), 1.2 * shaped(marks, marks), atol=1e-12)
    assert np.linalg.norm(marks[CORNERS[0]] - marks[CORNERS[1]]) == pytest.approx(0.086, abs=0.006)


def test_the_mean_heads_line_dips_in_the_middle_and_towards_the_corners() -> None:
    head = basis()
    line = head.vertices[np.concatenate([head.lip_corners[:1], head.inner_lip_upper, head.lip_corners[1:]])].astype(np.float64)
    line = line[np.argsort(line[:, 0])]
    middle, beside, corner = (np.interp(x, line[:, 0], line[:, 1]) for x in (0.0, 0.010, line[-1, 0]))
    assert beside - middle > 0.4 * MILLIMETRE
    assert beside - corner > 0.5 * MILLIMETRE
    assert np.ptp(line[:, 1]) < 3 * MILLIMETRE


def test_the_mean_heads_lower_lip_stands_out_close_to_the_line() -> None:
    head = basis()
    skin = head.vertices[head.part("skin").vertices].astype(np.float64) * 1000
    line = head.vertices[head.inner_lip_upper][len(head.inner_lip_upper) // 2] * 1000
    middle = skin[(np.abs(skin[:, 0]) < 0.2) & (skin[:, 2] > line[2] - 4)][:, 1:] - line[1:]
    lower = middle[(middle[:, 0] < -0.5) & (middle[:, 0] > -FOLD)]
    assert -lower[lower[:, 1].argmax(), 0] < FOREMOST

