"""The canonical face is moved to where people have mouth and nose."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import InputError
from core.face.fit import SKIN_LANDMARKS
from tests.core.own_heads import SIDE, TASK, anchors, basis, face_of, needs_nets, subject
from training.head.average import average_face, canonical
from training.head.average_moves import MOVED, from_line, moves
from training.head.landmark_moves import Portrait, pairs

TIP, WINGS, UPPER, LOWER, CHEEK, EYE = 4, (129, 358), 0, 17, 50, 133
LOWERED, WIDER = 0.003, 0.002               # metres


def portraits(count: int, *, lower: float = 0.0, wider: float = 0.0) -> list[Portrait]:
    """Return people whose noses are seen to end `lower` and with wings `wider` each, metres, and cheeks at random."""
    random, seen = np.random.default_rng(3), []
    for seed in range(count):
        one = subject(seed, deviation=0.3)
        face = face_of(one)
        marks, points = face.landmarks.copy(), anchors().points(one.head)
        shift = {TIP: [0, -lower, 0], WINGS[0]: [-wider, 0, 0], WINGS[1]: [wider, 0, 0], CHEEK: [*random.normal(0, 0.002, 2), 0]}
        for mark, move in shift.items():
            marks[mark, :2] = one.camera.project(points[mark][None] + move)[0, :2]
        seen.append(Portrait(str(seed), (SIDE, SIDE), replace(face, landmarks=marks)))
    return seen


@needs_nets
def test_what_all_people_have_elsewhere_moves() -> None:
    across = pairs(canonical(TASK))
    (plain, count), (found, _) = (moves(portraits(5, **seen), basis(), anchors(), across)
                                  for seen in ({}, {"lower": LOWERED, "wider": WIDER}))
    assert count == 5 and found.shape == (SKIN_LANDMARKS, 3) and not found[:, 2].any()
    np.testing.assert_allclose(found[across], found * [-1, 1, 1], atol=2e-5)
    assert (found - plain)[TIP, 1] == pytest.approx(-LOWERED, abs=0.0012)
    assert (found - plain)[WINGS[1], 0] == pytest.approx(WIDER, abs=0.0007)
    assert not found[[CHEEK, EYE]].any() and not {CHEEK, EYE} & set(MOVED)


@needs_nets
def test_people_like_the_mean_head_move_nothing() -> None:
    mean = face_of(subject(deviation=0.0))
    found, _ = moves([Portrait(name, (SIDE, SIDE), mean) for name in "ab"], basis(), anchors(), pairs(canonical(TASK)))
    assert np.abs(found).max() < 1e-4                                               # metres


@needs_nets
def test_one_person_is_not_people() -> None:
    with pytest.raises(InputError, match="fewer than two people"):
        moves(portraits(1), basis(), anchors(), pairs(canonical(TASK)))


def test_lips_are_measured_from_the_line_between_them() -> None:
    mean = anchors().points(basis().vertices)[:SKIN_LANDMARKS, :2].astype(np.float64)
    lower = from_line(np.full((SKIN_LANDMARKS, 2), -0.004), mean)
    assert not lower[[UPPER, LOWER], 1].any() and lower[CHEEK, 1] == lower[UPPER, 0] == -0.004


@needs_nets
def test_peoples_lips_are_thinner_and_their_noses_wider_than_the_canonical_face_has_them() -> None:
    face, ours = canonical(TASK), average_face(TASK)
    assert np.array_equal(face[CHEEK], ours[CHEEK])
    assert ours[UPPER, 1] - ours[LOWER, 1] < face[UPPER, 1] - face[LOWER, 1] - 0.001
    assert ours[WINGS[1], 0] - ours[WINGS[0], 0] > face[WINGS[1], 0] - face[WINGS[0], 0] + 0.002
