"""Lashes are as long and curled as people's, and stay in front of lids that shut or hang over them."""

from functools import lru_cache

import numpy as np
import pytest

from core.face.camera import UPRIGHT
from core.head.lashes import RIM, ROWS
from core.head.lids import Lids
from core.pictures.raster import rasterise
from tests.core.own_heads import basis, subject

GRAIN, SIDE = 2e-4, 360         # metres between two lines of sight; of them across the eye
SUNK = 4e-4                     # metres that a lash may lie in the skin


def strips():
    return basis().strips


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


def before_the_skin(head, strip):
    """Return how far the rows beyond the rim lie before the skin, as seen from in front, metres."""
    model = basis()
    lashes = head[model.part("lashes").vertices]
    view = (head - lashes[strip.rows].mean(axis=(0, 1))) @ UPRIGHT / GRAIN + [SIDE / 2, SIDE / 2, 0]
    skin = rasterise(view, model.skin_triangles[:, ::-1], width=SIDE, height=SIDE, facing=True)
    hairs = view[model.part("lashes").vertices][strip.rows[RIM + 1:]]
    column, row = hairs[..., 0].astype(int), hairs[..., 1].astype(int)
    return GRAIN * (skin.depth[row, column] - hairs[..., 2])


@lru_cache
def fitted(who):
    """Return a neutral head, and the model with shapes that suit it."""
    lids = Lids(basis())
    neutral = lids.clear(subject(who).neutral)
    return neutral, lids.fit(neutral)


def posed(who, *names):
    neutral, model = fitted(who)
    both = tuple(name + side for name in names for side in ("Left", "Right"))
    return neutral + model.expression(both, np.ones(len(both), np.float32))


@pytest.mark.parametrize("who", range(16))
def test_shut_lids_hide_the_lower_lashes_and_leave_the_upper_ones_in_front(who):
    head = posed(who, "eyeBlink")
    for strip in strips():
        before = before_the_skin(head, strip)
        # at the corners the lower ones lie on the skin; their tips are seen below the upper lid
        assert (before > -SUNK).all() if strip.upper else (before[0, 3:-3] < 0).all(), (who, strip.upper, before)


@pytest.mark.parametrize("names", [(), ("browDown",), ("eyeWide", "browDown"), ("eyeLookUp",)], ids="+".join)
@pytest.mark.parametrize("who", range(16))
def test_upper_lashes_stay_before_lids_that_hang_over_them(who, names):
    for strip in strips():
        assert not strip.upper or (before_the_skin(posed(who, *names), strip) > -SUNK).all(), who


@pytest.mark.parametrize("names", [(), ("eyeBlink",), ("eyeWide", "browDown")], ids="+".join)
@pytest.mark.parametrize("who", range(16))
def test_roots_stay_at_the_rim(who, names):
    """Or they come out of the lid at its outer corner, as a dark wedge."""
    for strip in strips():
        places = posed(who, *names)[basis().part("lashes").vertices][strip.rows]
        assert np.linalg.norm(places[RIM] - places[RIM - 1], axis=1).max() < 0.0016, (who, strip.upper)


@pytest.mark.parametrize("who", range(16))
def test_lower_lashes_keep_their_length_in_a_blink(who):
    neutral, _ = fitted(who)
    long = [np.linalg.norm(np.diff(head[basis().part("lashes").vertices][strip.rows][RIM:], axis=0), axis=2)
            for strip in strips() if not strip.upper for head in (neutral, posed(who, "eyeBlink"))]
    for resting, shut in zip(long[::2], long[1::2], strict=True):
        np.testing.assert_allclose(shut / resting, 1, atol=0.15)            # they move off the eyeball, too
