"""What fitted people have in common moves the average face, what differs does not; noses end round and go along in smiles."""

import numpy as np
import pytest

from core.errors import InputError
from core.face.fit import SKIN_LANDMARKS
from tests.core.own_heads import SIDE, TASK, anchors, basis, face_of, needs_nets, subject
from training.head.anchors import landmarks_of
from training.head.average import average_face, canonical, similarity
from training.head.landmark_moves import Portrait, pairs
from training.head.nose import rounded, smiled, tip_of
from training.head.people import common, differences

CHIN, TIP, BASE, CHEEK = 152, 4, 2, 50
ALAE = (64, 294)
SEEN_LANDMARKS = list(range(SKIN_LANDMARKS))
MILLIMETRE = 1e-3


@needs_nets
def test_what_people_have_in_common_is_found_and_chance_is_not():
    across, random = pairs(canonical(TASK)), np.random.default_rng(3)
    differ = np.zeros((12, SKIN_LANDMARKS, 3))
    differ[:, CHIN, 1] = 4 * MILLIMETRE + random.normal(0, MILLIMETRE, 12)
    differ[:, CHEEK] = random.normal(0, 2 * MILLIMETRE, (12, 3))
    differ[:, ALAE[0], 0] = -2 * MILLIMETRE                                     # one side only: half of it on both
    face = canonical(TASK)
    tilt = 0.05 * (face[:, 2] - face[:, 2].mean())[:, None] * [0, 1, 0]         # as heads look that are tilted by 3 degrees
    found = common(differ + tilt, across, face)
    assert abs(found[CHIN, 1] - 4 * MILLIMETRE) < 0.7 * MILLIMETRE              # two standard errors, and what doubt takes
    assert not found[:, 2].any()
    assert np.linalg.norm(found[CHEEK]) < 0.7 * MILLIMETRE                      # below a standard error, halved by the doubt
    np.testing.assert_allclose(found[across], found * [-1, 1, 1], atol=1e-9)
    np.testing.assert_allclose(found[list(ALAE), 0], [-MILLIMETRE, MILLIMETRE], atol=1e-6)


@needs_nets
def test_a_person_is_told_from_the_mean_by_shape_alone():
    one = subject(2)
    portrait = Portrait("2", (SIDE, SIDE), face_of(one))
    found = differences([portrait, portrait], basis(), anchors(), landmarks_of(basis(), TASK, still=True)[0])
    assert found.shape == (1, SKIN_LANDMARKS, 3)                                # two photos are one person
    assert np.abs(found.mean(axis=1)).max() < 1e-9                              # neither a shift
    assert 0.5 * MILLIMETRE < np.linalg.norm(found, axis=2).mean() < 6 * MILLIMETRE
    with pytest.raises(InputError, match="no face was found"):
        differences([], basis(), anchors(), anchors())


@needs_nets
def test_the_packs_mean_head_is_the_average_face():
    still = landmarks_of(basis(), TASK, still=True)[0].points(basis().vertices)[:SKIN_LANDMARKS].astype(np.float64)
    face = average_face(TASK)
    away = np.linalg.norm(similarity(face, still, np.array(SEEN_LANDMARKS))[0] - still, axis=1)
    assert np.median(away) < 0.8 * MILLIMETRE                                   # the head is smooth, and its lips meet
    # millimetres of adults, the mean of women and men (Farkas 1994), two standard deviations of people around it
    for first, second, mean, spread in ((*ALAE, 33.2, 2.4), (168, CHIN, 118.1, 6.0), (168, BASE, 52.7, 3.3), (BASE, TIP, 19.6, 2.0)):
        assert abs(np.linalg.norm(still[first] - still[second]) / MILLIMETRE - mean) < 2 * spread


def test_a_smile_lowers_the_tip_of_the_nose_and_lifts_its_base():
    base = basis()
    skin = base.part("skin").vertices
    rest = base.vertices[skin].astype(np.float64)
    eye = base.vertices[base.part("eye_left").vertices].mean(axis=0)
    moved = smiled(np.zeros_like(rest), rest, eye) / MILLIMETRE
    tip = np.argmax(np.where(abs(rest[:, 0]) < 0.004, rest[:, 2], -1))
    assert -1.2 < moved[tip, 1] < -0.4                                          # one side's half
    assert 0.05 < moved[:, 1].max() < 0.5 and not moved[rest[:, 1] > rest[tip, 1] + 0.02].any()


def test_a_nose_like_a_cone_gets_a_round_tip():
    base = basis()
    rest = base.vertices[base.part("skin").vertices].astype(np.float64)
    eye = base.vertices[base.part("eye_left").vertices].mean(axis=0)
    tip = tip_of(rest, eye)
    away = np.linalg.norm((rest - tip)[:, :2], axis=1)
    cone = rest.copy()
    near = (away < 0.012) & (rest[:, 2] > tip[2] - 0.02)
    cone[near, 2] = tip[2] - away[near]                                         # as steep as a cone of 45 degrees
    moved = rounded(cone, eye)
    ring = near & (away > 0.005) & (away < 0.008) & (rest[:, 1] > tip[1] - 0.005)
    assert ring.sum() >= 6
    before, after = ((tip[2] - skin[ring, 2]).mean() / away[ring].mean() for skin in (cone, moved))
    assert before > 0.99 and after < 0.75                                       # a ball falls off by half as much there
    far = np.linalg.norm(rest - tip, axis=1) > 0.025
    assert np.abs(moved - cone)[far].max() < 0.2 * MILLIMETRE
    assert np.abs(rounded(rest, eye) - rest).max() < 1.2 * MILLIMETRE           # the model's own is round
