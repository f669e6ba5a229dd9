"""Lashes are as long and curled as people's, and stay in front of lids that shut."""

import numpy as np
import pytest

from core.face.camera import UPRIGHT
from core.head.lashes import RIM, ROWS, strips_of
from core.pictures.raster import rasterise
from tests.core.own_heads import basis, subject

GRAIN, SIDE = 2e-4, 360         # metres between two lines of sight; of them across the eye
SUNK = 4e-4                     # metres that a lash may lie in the skin


def strips():
    model = basis()
    part = model.part("lashes")
    eyes = np.stack([model.vertices[model.part(f"eye_{side}").vertices].mean(axis=0) for side in ("left", "right")])
    return strips_of(model.vertices[part.vertices], model.quads[part.faces] - part.vertices.start, eyes)


def test_there_are_four_strips_that_hold_every_lash():
    found = strips()
    assert sorted(one.upper for one in found) == [False, False, True, True]
    together = np.concatenate([one.rows.ravel() for one in found])
    assert sorted(together) == list(range(len(together))) and all(len(one.rows) == ROWS for one in found)


@pytest.mark.parametrize(("upper", "least", "most"), [(True, 0.008, 0.010), (False, 0.005, 0.006)])
def test_the_longest_are_as_long_as_peoples(upper, least, most):
    for strip in strips():
        if strip.upper == upper:
            reach = np.linalg.norm(np.diff(strip.places[RIM:], axis=0), axis=2).sum(axis=0)
            assert least < reach.max() < most and reach.min() > 0.4 * reach.max()


def test_upper_lashes_curl_up_and_lower_ones_point_down():
    for strip in strips():
        raised = np.degrees(strip.raised(np.diff(strip.places[RIM:], axis=0)))
        assert (np.diff(raised, axis=0) > 10).all() if strip.upper else (raised < -20).all()


def test_lashes_that_are_long_already_stay():
    model, again = basis(), basis().with_lashes()
    for name in ("vertices", "uv", "identity_basis", "expression_basis", "corrective_basis"):
        np.testing.assert_allclose(getattr(again, name), getattr(model, name), atol=2e-5, err_msg=name)        # half precision


def test_what_is_drawn_on_them_runs_from_root_to_tip():
    model = basis()
    part = model.part("lashes")
    places = np.empty((part.vertices.stop - part.vertices.start, 2))
    places[model.quads[part.faces] - part.vertices.start] = model.uv[model.quad_uv[part.faces]]
    for strip in strips():
        across, up = np.moveaxis(places[strip.rows], 2, 0)
        assert (np.diff(up, axis=0) > 0.05).all() and np.allclose(across, across[0])
        assert (up > 0.5).all() if strip.upper else (up < 0.5).all()


@pytest.mark.parametrize("who", range(3))
def test_shut_lids_hide_the_lower_lashes_and_leave_the_upper_ones_in_front(who):
    model, head = basis(), subject(who).neutral
    head = head + model.expression(("eyeBlinkLeft", "eyeBlinkRight"), np.ones(2, np.float32))
    lashes = head[model.part("lashes").vertices]
    for strip in strips():
        view = (head - lashes[strip.rows].mean(axis=(0, 1))) @ UPRIGHT / GRAIN + [SIDE / 2, SIDE / 2, 0]
        skin = rasterise(view, model.skin_triangles[:, ::-1], width=SIDE, height=SIDE, facing=True)
        hairs = view[model.part("lashes").vertices][strip.rows[RIM + 1:]]
        column, row = hairs[..., 0].astype(int), hairs[..., 1].astype(int)
        before = GRAIN * (skin.depth[row, column] - hairs[..., 2])
        # at the corners the lower ones lie on the skin; their tips are seen below the upper lid
        assert (before > -SUNK).all() if strip.upper else (before[0, 3:-3] < 0).all(), (who, strip.upper, before)
