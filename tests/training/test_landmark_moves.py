"""What the landmark net draws elsewhere in all people moves; what differs between them does not."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import InputError
from core.face.fit import SKIN_LANDMARKS
from tests.core.own_heads import SIDE, TASK, anchors, basis, face_of, needs_nets, subject
from training.head.anchors import MOVES_FILE, landmarks_of
from training.head.average import canonical
from training.head.landmark_moves import FIXED, Portrait, moves, pairs

FOLD, NOSE, CHEEK = (257, 27), 4, 50        # the fold above either eye, which all show higher; the nose's tip, at random; as it is
HIGHER = 0.004                              # metres


def portraits(count: int) -> list[Portrait]:
    """Return people who look into the camera, in whose photos the folds above the eyes are seen higher than on the model."""
    random, seen = np.random.default_rng(5), []
    for seed in range(count):
        one = subject(seed)
        face = face_of(one)
        landmarks = face.landmarks.copy()
        points = anchors().points(one.head)
        for fold in FOLD:
            landmarks[fold, :2] = one.camera.project(points[fold][None] + [0, HIGHER, 0])[0, :2]
        landmarks[NOSE, :2] = one.camera.project(points[NOSE][None] + [*random.normal(0, 0.003, 2), 0])[0, :2]
        seen.append(Portrait(str(seed), (SIDE, SIDE), replace(face, landmarks=landmarks)))
    return seen


@needs_nets
def test_a_landmark_that_all_show_higher_moves_there():
    across = pairs(canonical(TASK))
    found = moves(portraits(5), basis(), anchors(), across)
    assert found.shape == (SKIN_LANDMARKS, 3)
    np.testing.assert_allclose(found[across], found * [-1, 1, 1], atol=3e-4)               # the same on both sides
    for fold in FOLD:
        assert abs(found[fold, 1] - HIGHER) < 0.0012            # metres: neighbours on the lids hold it back, and so does the surface
    assert np.linalg.norm(found[NOSE]) < 0.002 and np.linalg.norm(found[CHEEK]) < 0.0008
    assert not found[list(FIXED)].any()


@needs_nets
def test_no_photo_with_a_face_is_told():
    with pytest.raises(InputError, match="no face was found"):
        moves([], basis(), anchors(), pairs(canonical(TASK)))


@needs_nets
def test_the_pack_has_the_landmarks_where_they_were_measured():
    still, made = (landmarks_of(basis(), TASK, still=still)[0] for still in (True, False))
    # metres; on an edge of two triangles it is up to the processor's rounding in which of them a landmark lies
    np.testing.assert_allclose(made.points(basis().vertices), anchors().points(basis().vertices), atol=1e-7)
    before, after = (one.points(basis().vertices)[:SKIN_LANDMARKS] for one in (still, made))
    with np.load(MOVES_FILE) as stored:
        np.testing.assert_allclose(after - before, stored["moves"], atol=2e-5)             # metres
    assert np.linalg.norm(after - before, axis=1)[257] > 0.003 and not (after - before)[list(FIXED)].any()
    middle = pairs(canonical(TASK)) == np.arange(SKIN_LANDMARKS)
    assert np.abs(after[middle, 0]).max() < 5e-4                                           # metres: a nose has its tip in the middle
