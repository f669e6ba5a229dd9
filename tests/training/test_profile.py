"""Lips and chin that stand out of the canonical face."""

from pathlib import Path

import numpy as np
import pytest

from core.face.fit import Anchors
from core.head.model import HeadBasis
from training.head.profile import CHIN, EYES, LIDS, LIPS, SLOPE, stood_out

ASSETS = Path(__file__).resolve().parents[2] / "assets"
TIP, UPPER, LOWER, CHIN_MARK = 1, 0, 17, 199


@pytest.fixture(scope="module")
def head() -> HeadBasis:
    return HeadBasis.load(ASSETS / "head.npz")


def marks(head: HeadBasis) -> np.ndarray:
    return Anchors.load(ASSETS / "anchors.npz").points(head.vertices)[:468].astype(np.float64)


def profile(head: HeadBasis) -> np.ndarray:
    """The skin's outer line in the symmetry plane, (N, 2): up and forward from the tip of the nose, mm, from the top down."""
    skin = head.vertices[head.part("skin").vertices].astype(np.float64) * 1000
    line = skin[(np.abs(skin[:, 0]) < 0.2) & (skin[:, 2] > 0)][:, 1:]
    line -= line[line[:, 1].argmax()]
    return line[(-line[:, 0]).argsort()]


def test_what_lies_below_the_eyes_comes_forward_lips_and_chin_most(head: HeadBasis) -> None:
    face = marks(head)
    moved = stood_out(face, face)
    assert not moved[:, :2].any()
    below = face[list(EYES), 1].mean() - LIDS - face[:, 1]
    assert np.abs(moved[below < 0]).max() < 1e-9
    for places, more in (((UPPER, LOWER), 0.8 * LIPS), ((CHIN_MARK,), CHIN), ((TIP,), 0.0)):
        for place in places:
            assert moved[place, 2] - SLOPE * below[place] == pytest.approx(more, abs=0.2 * LIPS)
    assert not stood_out(face - [0, 0, 0.2], face).any()


def test_both_sides_move_alike(head: HeadBasis) -> None:
    face = marks(head)
    flip = np.array([-1.0, 1.0, 1.0])
    assert np.allclose(stood_out(face, face), stood_out(face * flip, face), atol=1e-12)


def test_the_average_profile_is_peoples(head: HeadBasis) -> None:
    """Arnett 1999, mm before the base of the nose, women's and men's means; one person's deviation is 1.5 to 2.5."""
    line = profile(head)

    def foremost(high: float, low: float) -> np.ndarray:
        part = line[(line[:, 0] < high) & (line[:, 0] > low)]
        return part[part[:, 1].argmax()]
    upper, lower, chin, brow = foremost(-20, -32), foremost(-35, -45), foremost(-55, -72), foremost(62, 46)
    between = line[(line[:, 0] < -8) & (line[:, 0] > -20) & (line[:, 1] > -20)]                # not what lines the nose
    across = np.array([-upper[1], upper[0]]) / np.hypot(*upper)
    base = between[np.abs(between @ across).argmax()]
    for point, people, tolerance in ((upper, 3.5, 2.0), (lower, 1.5, 2.0), (chin, -3.0, 2.5), (brow, -8.3, 3.0),
                                     (np.zeros(2), 16.7, 2.0)):
        assert point[1] - base[1] == pytest.approx(people, abs=tolerance)
