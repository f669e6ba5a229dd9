"""A head whose landmarks are known is found again: its shape, its expression, its camera."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import PackError
from core.face.detection import BLENDSHAPES
from core.face.fit import RESTING_SCORES, Anchors, bounded_least_squares, fit, landmarks68
from tests.core.own_heads import ASSETS, SIDE, anchors, basis, face_of, subject


def aligned_error_mm(found, true):
    """Mean distance of the face's vertices after the best turn, shift and scale (one photo does not show the size), mm."""
    use = np.flatnonzero(basis().regions < 3)
    first, second = found[use] - found[use].mean(axis=0), true[use] - true[use].mean(axis=0)
    left, stretch, right = np.linalg.svd(first.T @ second)
    signs = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    scale = (stretch * signs).sum() / (first**2).sum()
    return 1000 * np.linalg.norm(scale * first @ (left * signs) @ right - second, axis=1).mean()


def fitted(one, noise=0.0):
    return together([one], noise)


def together(subjects, noise=0.0):
    return fit([face_of(one, noise) for one in subjects], [(SIDE, SIDE)] * len(subjects), basis=basis(), anchors=anchors())


def test_the_shape_comes_back():
    shares = []
    for seed, yaw in ((1, 0), (2, 15), (3, -25)):
        one = subject(seed, yaw=yaw)
        found = fitted(one)
        error = aligned_error_mm(basis().neutral(found.identity), one.neutral)
        assert error < 1.2
        assert found.sights[0].reprojection_percent < 0.7
        shares.append(error / aligned_error_mm(basis().vertices, one.neutral))          # against the mean head, which some are like
    assert np.mean(shares) < 0.4 and max(shares) < 0.6


def test_the_camera_comes_back():
    one = subject(4, yaw=20)
    found = fitted(one).sights[0].camera
    turn = found.rotation @ one.camera.rotation.T
    assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 4
    assert found.focal / found.translation[2] == pytest.approx(one.camera.focal / one.camera.translation[2], rel=0.08)    # its size


def test_the_expression_is_not_taken_for_the_person():
    one = subject(5, jawOpen=0.6, mouthSmileLeft=0.7, mouthSmileRight=0.7)
    found = fitted(one)
    names = basis().expression_names
    assert found.sights[0].expression[names.index("jawOpen")] == pytest.approx(0.6, abs=0.15)
    neutral = basis().neutral(found.identity)
    gap = np.abs(neutral[basis().inner_lip_upper, 1] - neutral[basis().inner_lip_lower, 1]).max()
    assert gap < 0.0015 and aligned_error_mm(neutral, one.neutral) < 1.2


BROWS = tuple(f"brow{where}" for where in ("InnerUp", "OuterUpLeft", "OuterUpRight"))
FROWN = ("browDownLeft", "browDownRight")


def low_browed(seed=8, frown=0.0):
    """A person whose brows lie 3 to 4 mm lower than others', in whom the expression net sees a frown, as it does in such people."""
    one = subject(seed, **dict.fromkeys(BROWS, -0.5), **dict.fromkeys(FROWN, frown))
    face = face_of(one)
    scores = np.where([name in FROWN for name in BLENDSHAPES], max(RESTING_SCORES["browDown"], frown), np.maximum(face.scores, 0))
    found = fit([replace(face, scores=np.float32(scores))], [(SIDE, SIDE)], basis=basis(), anchors=anchors())
    return one.neutral + basis().expression(BROWS, np.full(3, -0.5, np.float32)), found


def brow_height(head):
    """Height of the brows over the eyes' middle, of the distance between the eyes' outer corners: one photo shows no size."""
    marks = landmarks68(head, anchors())
    return float((marks[17:27, 1].mean() - marks[36:48, 1].mean()) / np.linalg.norm(marks[36] - marks[45]))


@pytest.mark.parametrize("seed", [8, 9, 10])
def test_brows_that_lie_low_are_the_persons(seed):
    true, found = low_browed(seed)
    wanted, kept, raised = map(brow_height, (true, found.neutral(basis()), basis().neutral(found.identity)))
    assert raised - wanted > 0.01 and abs(kept - wanted) < 0.6 * (raised - wanted)      # at least 0.4 of the way
    assert found.sights[0].expression[basis().indices(FROWN)].max() < 0.1


def test_a_frown_is_taken_off():
    _, found = low_browed(frown=1.0)
    assert found.sights[0].expression[basis().indices(FROWN)].min() > 0.7 and not found.rest[basis().indices(FROWN)].any()


def test_eyes_that_another_photo_shows_open_are_not_narrow():
    squint = dict.fromkeys(("eyeSquintLeft", "eyeSquintRight"), 0.4)
    places = basis().indices(tuple(squint))
    narrow, open_eyed = subject(9, **squint), subject(9, yaw=10)
    assert together([narrow]).rest[places].min() > 0.25                     # as far as one photo tells
    both = together([narrow, open_eyed])
    assert both.rest[places].max() < 0.1 and both.sights[0].expression[places].min() > 0.25


@pytest.mark.parametrize("roll", [0, 90])
def test_depths_that_lean_as_of_a_tilted_head_change_nothing(roll):
    one, angle = subject(1), np.radians(roll)
    face = face_of(one)
    up = one.camera.rotation @ [0, 1, 0] * [1, -1, 1]                       # the head's height, in the photo's x and y
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    marks, lean = face.landmarks.copy(), face.landmarks.copy()
    lean[:, 2] += np.tan(np.radians(12)) * (marks[:, :2] - marks[:, :2].mean(axis=0)) @ up[:2]
    heads = []
    for landmarks in (marks, lean):
        landmarks[:, :2] = (landmarks[:, :2] - SIDE / 2) @ turned.T + SIDE / 2
        found = fit([replace(face, landmarks=landmarks)], [(SIDE, SIDE)], basis=basis(), anchors=anchors())
        heads.append(found.neutral(basis())[basis().part("skin").vertices])
    assert np.linalg.norm(heads[1] - heads[0], axis=1).mean() < 1.5e-4      # metres: 1.5e-3 where a lean counts


def test_noise_moves_it_little_and_everything_stays_in_bounds():
    one = subject(6, browInnerUp=0.5)
    found = fitted(one, noise=1.5)                                          # pixels
    assert aligned_error_mm(basis().neutral(found.identity), one.neutral) < 1.5
    low, high = basis().identity_bounds.T
    assert (found.identity >= low - 1e-4).all() and (found.identity <= high + 1e-4).all()
    assert found.sights[0].expression.min() >= 0 and found.sights[0].expression.max() <= 1
    assert 0.5 < found.sights[0].reprojection_percent < 3                             # and the noise is seen in the figure


def test_the_mean_head_stays_the_mean_head():
    found = fitted(subject(deviation=0.0))
    assert np.abs(found.identity).max() < 0.35 and aligned_error_mm(basis().neutral(found.identity), basis().vertices) < 0.5


def test_bounded_least_squares_meets_the_conditions_of_an_optimum():
    random = np.random.default_rng(0)
    for _ in range(20):
        design = random.normal(size=(30, 12))
        normal, right = design.T @ design, random.normal(size=12) * 20
        low, high = -np.abs(random.normal(size=12)), np.abs(random.normal(size=12))
        found = bounded_least_squares(normal, right, low, high)
        slope = normal @ found - right
        assert (found >= low - 1e-12).all() and (found <= high + 1e-12).all()
        free = (found > low + 1e-9) & (found < high - 1e-9)
        assert np.abs(slope[free]).max(initial=0) < 1e-8
        assert (slope[found <= low + 1e-9] > -1e-8).all() and (slope[found >= high - 1e-9] < 1e-8).all()


def test_without_bounds_it_is_the_plain_solution():
    random = np.random.default_rng(1)
    design = random.normal(size=(20, 6))
    normal, right, far = design.T @ design, random.normal(size=6), np.full(6, np.inf)
    assert np.allclose(bounded_least_squares(normal, right, -far, far), np.linalg.solve(normal, right))


def test_the_68_landmarks_are_in_ibug_order():
    points = landmarks68(basis().vertices, anchors())
    nose, chin, right_eye, left_eye = points[30], points[8], points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    assert nose[2] > points[:, 2].max() - 1e-3 and chin[1] == points[:, 1].min() and right_eye[0] < 0 < left_eye[0]
    assert (np.diff(points[:17, 0]) > 0).all() and (np.diff(points[48:55, 0]) > 0).all() and points[57, 1] < points[51, 1]
    assert points[0, 0] < points[17, 0] < points[21, 0] < points[22, 0] < points[26, 0]


def test_damaged_anchors_are_refused(tmp_path):
    stored = dict(np.load(ASSETS / "anchors.npz"))
    np.savez(tmp_path / "few.npz", **{**stored, "landmark_weights": stored["landmark_weights"][:5]})
    np.savez(tmp_path / "nan.npz", **{**stored, "landmark_weights": stored["landmark_weights"] * np.float32(np.nan)})
    for name in ("few.npz", "nan.npz", "none.npz"):
        with pytest.raises(PackError):
            Anchors.load(tmp_path / name)
