"""Tied hair comes from all over the scalp to a knot behind the head, outside skin and ears; it goes on as a tail, a ball or a bun."""

import numpy as np
import pytest

from core.hair.short_hair import STRANDS
from core.hair.styles import hair_strands
from core.hair.tied_hair import ALONG, BEYOND, KNOT, RING, TAIL, TUBE
from core.head.scalp import CRANIUM, RADII, Scalp
from tests.core.own_heads import basis
from training.head.surface import project

COUNT = 6000


@pytest.fixture(scope="module", params=[0, 1, 2])
def head(request):
    """Three people, the first of them the mean one."""
    identity = np.random.default_rng(request.param).normal(size=len(basis().identity_basis)).astype(np.float32)
    return basis().neutral(identity * bool(request.param))


def tied(head, style, waves="STRAIGHT", hairline="FULL", above_eyes=0.0, count=COUNT):
    return hair_strands(head, basis(), np.random.default_rng(0), below_eyes=0.0, above_eyes=above_eyes, style=style, waves=waves,
                        hairline=hairline, count=count)


def knot(head):
    return Scalp.of(head, basis()).skin(KNOT[None])[0]


def is_tied(strands):
    """Return which strands (N,) are: the others are sideburns."""
    return np.linalg.norm(strands.points[:, -1] - strands.points[:, 0], axis=1) > 0.03


def heights(head, points):
    """Return how far points (N, 3) lie off the nearest triangle of the skin, metres, negative within."""
    points = points.astype(np.float64)
    corners, weights = project(points, head.astype(np.float64), basis().skin_triangles)
    off = points - np.einsum("nk,nkc->nc", weights, head[corners])
    facing = np.cross(head[corners[:, 1]] - head[corners[:, 0]], head[corners[:, 2]] - head[corners[:, 0]])
    return np.linalg.norm(off, axis=1) * np.sign((off * facing).sum(axis=1))


@pytest.mark.parametrize("style", ["PONYTAIL", "BUN"])
def test_strands_lie_on_the_head_and_meet_at_the_knot(head, style):
    strands = tied(head, style)
    assert 0.5 * COUNT < len(strands) <= COUNT and strands.points.shape[1] == ALONG + BEYOND and np.isfinite(strands.points).all()
    assert heights(head, strands.points[::60, 1:ALONG].reshape(-1, 3)).min() > 0.0003                # metres
    chosen = is_tied(strands)
    assert chosen.mean() > 0.9
    assert np.linalg.norm(strands.points[chosen, ALONG - 1] - knot(head), axis=1).max() < 0.035      # metres: within the bun's edge
    corners = head[basis().skin_triangles[strands.triangle]]
    np.testing.assert_allclose(np.einsum("nk,nkc->nc", strands.weights, corners), strands.points[:, 0], atol=1e-5)


@pytest.mark.parametrize(("style", "above_eyes"), [("PONYTAIL", 0.0), ("BUN", 0.031)])
def test_face_ears_and_neck_are_free(head, style, above_eyes):
    points, scalp = tied(head, style, above_eyes=above_eyes).points, Scalp.of(head, basis())
    x, y, z = np.moveaxis(points - scalp.eyes, 2, 0)
    assert y[(np.abs(x) < 0.045) & (z > 0)].min() > 0.016                                            # metres: above the brows
    near = points.reshape(-1, 3)
    low, high = scalp.ears.min(axis=0) - 0.01, scalp.ears.max(axis=0) + 0.01
    near = near[((near > low) & (near < high)).all(axis=1)][::5]
    assert np.linalg.norm(near[:, None] - scalp.ears[None], axis=2).min() > 0.0015
    grown = points[:, 1:]
    behind = grown[..., 1] < scalp.eyes[1] - 0.04                                                    # the tail, and hair at the nape
    assert heights(head, grown[behind][::40]).min() > 0.0


def test_a_tail_hangs_behind_the_head_and_curls(head):
    straight = tied(head, "PONYTAIL")
    drop = knot(head)[1] - straight.points[is_tied(straight), -1, 1]
    assert np.quantile(drop, 0.02) > 0.5 * TAIL and drop.max() < TAIL                                # metres
    curly = tied(head, "PONYTAIL", "CURLY")
    assert curly.points.shape[1] > straight.points.shape[1] + BEYOND / 2 and len(curly) < 0.7 * len(straight)
    bends = [np.linalg.norm(np.diff(one.points[is_tied(one), ALONG:], 2, axis=1), axis=2).mean() for one in (straight, curly)]
    assert bends[1] > 2 * bends[0]                                                                   # turns, though of more points


def test_a_tail_of_coils_is_a_ball_and_a_bun_is_round(head):
    ball, bun = (one.points[is_tied(one), ALONG:] for one in (tied(head, "PONYTAIL", "COILY"), tied(head, "BUN")))
    axis = KNOT / RADII / np.linalg.norm(KNOT / RADII)
    for points, across in ((ball, (0.07, 0.13)), (bun, (0.05, 2.3 * (RING + TUBE)))):
        points = points.reshape(-1, 3)
        width = points @ np.eye(3)[0]
        assert across[0] < np.ptp(width) < across[1]                                                 # metres
        assert ((points - knot(head)) @ axis).min() > -0.005                                         # on its own side of the skin


def test_hair_that_has_gone_back_is_tied_without_a_fringe(head):
    full, back = tied(head, "BUN", above_eyes=0.04), tied(head, "BUN", hairline="RECEDING", above_eyes=0.04)
    eyes = Scalp.of(head, basis()).eyes
    assert (full.points[:, -1, 2] > eyes[2] - 0.02).sum() > 0.1 * len(full)
    assert not (back.points[..., 1] < eyes[1] + 0.06)[back.points[..., 2] > eyes[2]].any()


def test_it_is_the_same_each_time_and_no_more_than_of_other_hair():
    first, second = (tied(basis().vertices, "PONYTAIL", count=STRANDS) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)
    assert len(first) < STRANDS and first.points.size < 1.0 * 16 * 3 * STRANDS                       # those of long hair
    place = (first.points[:, 0] - CRANIUM) / RADII
    assert (place[:, 2] > 0.3).sum() > 1500                                                          # dense at the forehead
