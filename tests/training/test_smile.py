"""Smiles move the face as far as people's do."""

import numpy as np
import pytest

from core.errors import InputError
from tests.core.own_heads import TASK, anchors, basis, face_of, needs_nets, subject
from training.head.average import POINTS, canonical
from training.head.landmark_moves import Portrait, pairs
from training.head.smile import SIDES, as_measured, measured
from training.head.smile_moves import Model, moves_of

MILLIMETRE = 1e-3
RIGHT_CORNER, LEFT_CORNER, UPPER, LOWER, CHEEK, BROW, CHIN = 61, 291, 0, 17, 50, 105, 152


def rest() -> np.ndarray:
    return basis().vertices[basis().part("skin").vertices].astype(np.float64)


def landmarks(values: np.ndarray) -> np.ndarray:
    return anchors().points(values)[:POINTS].astype(np.float64)


def test_both_sides_together_move_the_landmarks_as_measured() -> None:
    skin, moves = rest(), measured()
    none = np.zeros_like(skin)
    left, right = as_measured(none, none, skin, anchors())
    whole = np.concatenate([left + right, np.zeros((len(basis().vertices) - len(skin), 3))])
    for mark in (RIGHT_CORNER, LEFT_CORNER, CHEEK):
        np.testing.assert_allclose(landmarks(whole)[mark, :2], moves[mark], atol=0.2 * np.linalg.norm(moves[mark]))
    assert np.abs(landmarks(whole)[[UPPER, LOWER], 1] - moves[[UPPER, LOWER], 1]).max() < 0.8 * MILLIMETRE
    assert not (left + right)[:, 2].any()                                       # forward and back is the source's
    assert not landmarks(whole)[BROW].any()                                     # and so is all about the eyes


def test_one_side_smiles_alone() -> None:
    skin = rest()
    none = np.zeros_like(skin)
    left, right = as_measured(none, none, skin, anchors())
    assert np.abs(left[skin[:, 0] < -0.03]).max() < 0.1 * MILLIMETRE < np.abs(left[skin[:, 0] > 0.02]).max()
    assert np.abs(right[skin[:, 0] > 0.03]).max() < 0.1 * MILLIMETRE < np.abs(right[skin[:, 0] < -0.02]).max()


def test_what_the_source_does_already_is_not_done_twice() -> None:
    skin = rest()
    none = np.zeros_like(skin)
    once = as_measured(none, none, skin, anchors())
    twice = as_measured(*once, skin, anchors())
    assert np.abs(sum(twice) - sum(once)).max() < 0.25 * np.abs(sum(once)).max()


def test_the_models_smile_draws_the_corners_apart_and_leaves_the_lower_lip() -> None:
    """As two people smile: corners 9 mm apart from where they were and 9 up; the drawn unit went 8 and 14, its lower lip up by 7."""
    smile = landmarks(basis().expression(SIDES, np.ones(2, np.float32))) / MILLIMETRE
    for corner, side in ((RIGHT_CORNER, -1), (LEFT_CORNER, 1)):
        assert 7 < side * smile[corner, 0] < 10.5 and 6.5 < smile[corner, 1] < 10
        assert smile[corner, 2] < -3                                            # round the teeth
    assert abs(smile[LOWER, 1]) < 2 and abs(smile[CHIN, 1]) < 1.5
    assert smile[CHEEK, 1] > 2.5


def portraits(person: str, seed: int, smiles: tuple[float, ...], yaw: float = 0.0) -> list[Portrait]:
    """Return what a perfect landmark net sees of one person who smiles as given."""
    return [Portrait(person, (512, 512), face_of(subject(seed, yaw=yaw, **dict.fromkeys(SIDES, smile)))) for smile in smiles]


@needs_nets
def test_a_smile_is_found_in_photos_of_people_at_rest_and_smiling() -> None:
    seen = portraits("one", 1, (0.0, 0.9), 8.0) + portraits("two", 2, (0.0, 0.6, 0.8)) + portraits("three", 3, (0.7,))
    found, people = moves_of(seen, Model(basis(), anchors()), pairs(canonical(TASK)))
    assert people == ["one", "two"]                                             # the third is not seen at rest
    own = landmarks(basis().expression(SIDES, np.ones(2, np.float32)))
    for mark in (RIGHT_CORNER, LEFT_CORNER, UPPER, LOWER, CHEEK):
        np.testing.assert_allclose(found[mark], own[mark, :2], atol=1.2 * MILLIMETRE)


@needs_nets
def test_photos_without_a_smile_are_told() -> None:
    with pytest.raises(InputError, match="both at rest and smiling"):
        moves_of(portraits("one", 1, (0.0, 0.1)), Model(basis(), anchors()), pairs(canonical(TASK)))
