"""Shade along the nose and under the brows is found and not taken for the skin's colour; marks and the rest of the face are."""

from dataclasses import replace

import numpy as np

from core.face.skin_mask import find_skin
from core.photo.furrows import FOLDS, NOSE, SMILE, SOCKETS, Furrows
from core.types import Photo
from tests.core.own_heads import face_of

SHADE = np.float32([0.82, 0.74, 0.70])      # light of a streak, by channel
ELSEWHERE = (205, 425, 152, 10, 151, 206, 426, 50, 280)       # cheeks, chin, forehead, folds to the mouth


def furrows_of(photo, one, smile=0.0):
    """smile: of both sides, or of the person's right and left one."""
    face = face_of(one)
    scores = face.scores.copy()
    scores[list(SMILE)] = smile
    face = replace(face, scores=scores)
    return Furrows.of(photo, face, find_skin(photo, face, one.camera.focal / 0.75)), face.landmarks[:, :2]


def spotted(photo, places, radius, light):
    """The photo with round spots of pixels multiplied by `light`, their edges soft."""
    down, across = np.mgrid[: photo.pixels.shape[0], : photo.pixels.shape[1]] + 0.5
    share = np.max([np.exp(-(((across - x) ** 2 + (down - y) ** 2) / radius**2) ** 2) for x, y in places], axis=0)
    return Photo((photo.pixels * (1 + share[..., None] * (light - 1))).astype(np.uint8))


def test_even_skin_has_no_shade(one, plain):
    furrows, landmarks = furrows_of(plain, one)
    assert furrows.at(landmarks[list(NOSE[0] + NOSE[1])]).min() > 0.93
    assert np.abs(furrows.at(landmarks[list(ELSEWHERE)]) - 1).max() < 1e-3


def test_a_streak_beside_the_nose_is_found_with_its_colour(one, plain):
    face = face_of(one).landmarks[:, :2]
    streak = np.linspace(face[188], face[198], 20)
    furrows, landmarks = furrows_of(spotted(plain, streak, 0.004 * one.camera.focal / 0.75, SHADE), one)
    left = furrows.at(landmarks[[174]])[0]
    assert (left < 0.92).all() and left[0] > left[1] > left[2]                  # darker, and browner
    assert (left > SHADE).all()                                                  # never lighter than the skin around
    assert furrows.at(landmarks[[399]]).min() > 0.93                             # the other side has none


def test_dark_lids_are_found_and_brows_are_not_taken_for_skin(one, plain):
    face = face_of(one).landmarks[:, :2]
    furrows, landmarks = furrows_of(spotted(plain, face[list(SOCKETS[0][1:6])], 0.003 * one.camera.focal / 0.75, SHADE), one)
    right, left = furrows.at(landmarks[[27]])[0, 1], furrows.at(landmarks[[257]])[0, 1]
    assert right < 0.96 and right < left - 0.03


def test_a_small_mark_stays(one, plain):
    """A mole of two millimetres beside the nose keeps most of its darkness."""
    face = face_of(one).landmarks[:, :2]
    furrows, landmarks = furrows_of(spotted(plain, face[[174]], 0.001 * one.camera.focal / 0.75, SHADE), one)
    assert furrows.at(landmarks[[174]]).min() > 0.88 > SHADE.max()


def test_folds_of_a_smile_are_found_and_those_of_a_face_at_rest_stay(one, plain):
    face = face_of(one).landmarks[:, :2]
    fold = np.linspace(face[FOLDS[0][1]], face[FOLDS[0][3]], 20)
    shaded = spotted(plain, fold, 0.003 * one.camera.focal / 0.75, SHADE)
    (smiling, landmarks), (resting, _) = furrows_of(shaded, one, smile=0.9), furrows_of(shaded, one)
    left = smiling.at(landmarks[[206]])[0]
    assert left[1] < 0.96 and left[0] > left[1] > SHADE[1]
    assert np.abs(resting.at(landmarks[[206]]) - 1).max() < 1e-3
    assert smiling.at(landmarks[[426]]).min() > 0.97                             # the other side has none


def test_a_smirk_leaves_the_resting_sides_fold(one, plain):
    face, radius = face_of(one).landmarks[:, :2], 0.003 * one.camera.focal / 0.75
    shaded = spotted(plain, np.concatenate([np.linspace(face[fold[1]], face[fold[3]], 20) for fold in FOLDS]), radius, SHADE)
    for side, (smiling, resting) in enumerate(((206, 426), (426, 206))):
        furrows, landmarks = furrows_of(shaded, one, smile=np.float32([0.9, 0.0])[[side, 1 - side]])
        assert furrows.at(landmarks[[smiling]])[0, 1] < 0.96
        assert np.abs(furrows.at(landmarks[[resting]]) - 1).max() < 1e-3
