"""The head turns on the neck: its border stays, nothing folds, everything above goes along rigidly."""

import numpy as np
import pytest

from core.head.model import REGIONS
from core.head.neck import fit_neck, lining, lower_border, rotation, turned
from tests.core.own_heads import basis

TURNS = {"nod": (15, 0, 0), "back": (-15, 0, 0), "left": (0, 25, 0), "right": (0, -25, 0), "tilt": (0, 0, 15), "all": (10, 20, 8)}


def heads():
    model = basis()
    random = np.random.default_rng(2)
    return [model.vertices, *(model.neutral(np.clip(middle + random.normal(0, 0.6, len(middle)), -3, 3).astype(np.float32))
                              for middle in model.group_identity[::4])]


@pytest.fixture(scope="module", params=range(len(heads())))
def fitted(request):
    """Skin (V, 3) and neck of the mean head and of several people."""
    head = heads()[request.param]
    return head[basis().part("skin").vertices], fit_neck(head, basis().jaw_pivot, basis())


def angles(degrees):
    return np.radians(degrees).astype(np.float32)


def area(points):
    corners = points[basis().skin_triangles].astype(np.float64)
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def test_the_border_is_the_rim_of_the_neck():
    rim = lower_border(basis())
    points = basis().vertices[rim]
    assert 30 < len(rim) < 60 and points[:, 1].max() < -0.07 and np.ptp(points[:, 0]) > 0.1


def test_the_lining_of_the_mouth_is_inside():
    inside, model = lining(basis()), basis()
    points = model.vertices[model.part("skin").vertices]
    assert 300 < inside.sum() < 700 and points[inside, 2].max() < points[:, 2].max() - 0.015
    assert not inside[model.chin_vertex] and not inside[lower_border(model)].any()


@pytest.mark.parametrize("turn", TURNS)
def test_border_and_face_keep_their_form(fitted, turn):
    skin, neck = fitted
    moved = turned(skin, neck, angles(TURNS[turn]))
    assert np.abs(moved - skin)[lower_border(basis())].max() < 1e-4                                  # metres
    rigid = (skin - neck.pivot) @ rotation(angles(TURNS[turn])).T + neck.pivot
    face = np.isin(basis().regions, [REGIONS.index(name) for name in ("lips", "face")])
    np.testing.assert_allclose(moved[face], rigid[face], atol=1e-6)
    np.testing.assert_allclose(moved[lining(basis())], rigid[lining(basis())], atol=1e-6)


@pytest.mark.parametrize("turn", TURNS)
def test_nothing_folds_over(fitted, turn):
    skin, neck = fitted
    before, after = area(skin), area(turned(skin, neck, angles(TURNS[turn])))
    share = neck.weights[basis().skin_triangles].mean(axis=1)[:, None]
    expected = (1 - share) * before + share * before @ rotation(angles(TURNS[turn])).T
    outside = ~lining(basis())[basis().skin_triangles].any(axis=1)
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(after, axis=1)
    assert ((expected * after).sum(axis=1)[outside] > 0.6 * lengths[outside]).all()                  # within 53 degrees of it
    ratio = np.linalg.norm(after, axis=1)[outside] / np.linalg.norm(before, axis=1)[outside]
    assert ratio.min() > 0.3 and ratio.max() < 2


@pytest.mark.parametrize("turn", TURNS)
def test_the_neck_keeps_its_volume(fitted, turn):
    skin, neck = fitted
    volumes = [(points[basis().skin_triangles[:, 0]].astype(np.float64) * area(points)).sum() / 6
               for points in (skin - neck.base, turned(skin, neck, angles(TURNS[turn])) - neck.base)]
    assert volumes[1] == pytest.approx(volumes[0], rel=0.03)


def test_the_pivot_lies_behind_the_jaws_joint_and_in_the_neck(fitted):
    _, neck = fitted
    assert -0.04 < neck.pivot[1] - basis().jaw_pivot[1] < -0.01 and -0.04 < neck.pivot[2] - basis().jaw_pivot[2] < -0.01
    assert neck.base[1] < neck.pivot[1] - 0.03 and neck.pivot[0] == 0


def test_angles_turn_as_they_are_named():
    down, left, right_shoulder = (rotation(angles(turn)) for turn in ((10, 0, 0), (0, 10, 0), (0, 0, 10)))
    assert (down @ [0, 0, 1])[1] < 0 and (left @ [0, 0, 1])[0] > 0 and (right_shoulder @ [0, 1, 0])[0] < 0
