"""What the landmark net draws elsewhere in all people moves; what differs between them does not."""

from dataclasses import replace

import numpy as np

from core.errors import InputError
from core.face_fit import SKIN_LANDMARKS
from core.files import read_arrays
from core.pack import DEFAULT
from tests.core.own_heads import SIDE, TASK, anchors, basis, face_of, needs_nets, subject
from training.head import anchors as placing
from training.head.landmark_moves import FIXED, Portrait, moves

FOLD, NOSE, CHEEK = (257, 27), 4, 50        # the fold above either eye, which all show higher; the nose's tip, at random; as it is
ARRAYS = "landmark_vertices", "landmark_weights"
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


def test_a_landmark_that_all_show_higher_moves_there():
    found = moves(portraits(5), basis(), anchors())
    assert found.shape == (SKIN_LANDMARKS, 2)
    for fold in FOLD:
        assert abs(found[fold, 1] - HIGHER) < 0.0012            # metres: neighbours on the lids hold it back, and so does the surface
    assert np.linalg.norm(found[NOSE]) < 0.002 and np.linalg.norm(found[CHEEK]) < 0.0008
    assert not found[list(FIXED)].any()


@needs_nets
def test_the_pack_has_the_moved_landmarks(tmp_path):
    placing.build(DEFAULT / "head.npz", TASK, tmp_path / "anchors.npz")
    made, shipped = (read_arrays(folder / "anchors.npz", ARRAYS, InputError) for folder in (tmp_path, DEFAULT))
    np.testing.assert_array_equal(made["landmark_vertices"], shipped["landmark_vertices"])
    np.testing.assert_allclose(made["landmark_weights"], shipped["landmark_weights"], atol=1e-6)  # the last digits differ by machine
    placing.build(DEFAULT / "head.npz", TASK, tmp_path / "still.npz", still=True)
    with np.load(tmp_path / "anchors.npz") as with_moves, np.load(tmp_path / "still.npz") as without:
        points = [np.einsum("lk,lkc->lc", one["landmark_weights"], basis().vertices[one["landmark_vertices"]])
                  for one in (with_moves, without)]
    moved = np.linalg.norm(points[0] - points[1], axis=1)
    assert moved[257] > 0.003 and not moved[list(FIXED)].any()
