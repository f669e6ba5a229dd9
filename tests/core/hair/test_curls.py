"""Curls wind around the way that straight hair would take; locks keep together; one side of the head is the other's mirror image."""

from dataclasses import replace

import numpy as np
import pytest

from core.hair.curls import HANGING, SHORT, TURN, curled
from core.hair.locks import gathered, leaders
from core.hair.long_hair import POINTS as LONG_POINTS
from core.hair.long_hair import Walk, long_hair
from core.hair.shades import SPREAD, paler
from core.hair.short_hair import CROPS, STRANDS, Cut, comb, direction, short_hair
from core.hair.short_hair import POINTS as SHORT_POINTS
from core.hair.styles import hair_strands
from core.head.scalp import CRANIUM, NAPE, RADII, Scalp
from tests.core.own_heads import basis

COUNT = 2500
MORE = 1.2                      # times the points that straight hair has


@pytest.fixture(scope="module")
def scalp():
    return Scalp.of(basis().vertices, basis())


def straight(count=40, points=60, length=0.2):
    """Return strands that hang down beside the head."""
    down = np.linspace(0, length, points)
    return np.stack([np.full((count, points), 0.09), np.broadcast_to(0.05 - down, (count, points)), np.zeros((count, points))], axis=2)


@pytest.mark.parametrize("curl", [HANGING["CURLY"], SHORT["CURLY"]])
def test_a_curl_has_its_length_and_radius(curl):
    strands, wide = straight(), replace(curl, length=0.03, flat=0.0)
    off = (curled(strands, np.zeros(40, int), wide, np.random.default_rng(0)) - strands)[:, 20:]
    across = off[..., 2]                                                # along the head; the other way a turn stays off it
    assert np.abs(across).max() == pytest.approx(curl.radius, rel=0.2)  # locks differ by 0.18
    assert off[..., 0].min() > -0.05 * curl.radius and off[..., 0].max() == pytest.approx(2 * curl.radius, rel=0.2)
    crossings = (np.diff(np.sign(across), axis=1) != 0).sum(axis=1).mean()
    assert 0.2 * 40 / 60 / crossings * 2 == pytest.approx(0.03, rel=0.25)


def test_a_turn_is_never_drawn_by_too_few_points():
    coarse = curled(straight(200, points=43), np.arange(200), SHORT["COILY"], np.random.default_rng(0)) - straight(200, points=43)
    assert (np.diff(np.sign(coarse[:, 1:, 2]), axis=1) != 0).sum(axis=1).max() <= np.ceil(2 * 42 / TURN)     # half turns, all locks


def test_roots_stay_and_strands_of_a_lock_wind_alike():
    strands, lock = straight(), np.repeat([0, 20], 20)
    found = curled(strands, lock, HANGING["CURLY"], np.random.default_rng(0))
    np.testing.assert_allclose(found[:, 0], strands[:, 0], atol=1e-12)
    within = np.linalg.norm(found[:20] - found[:20].mean(axis=0), axis=2)[:, 20:].mean()
    assert within < 0.6 * HANGING["CURLY"].radius                       # strands of chance would lie a radius apart


def test_locks_come_together_at_their_tips():
    random = np.random.default_rng(0)
    strands = straight(200) + random.normal(0, 0.01, (200, 1, 3))
    lock = leaders(strands[:, 0], 10, random)
    found = gathered(strands, lock, np.ones(200))
    np.testing.assert_array_equal(found[:, 0], strands[:, 0])
    assert np.abs(found[:, -1] - strands[lock, -1]).max() < 1e-12 and len(np.unique(lock)) == 10 and (lock[lock] == lock).all()


@pytest.mark.parametrize("waves", ["STRAIGHT", "WAVY", "CURLY", "COILY"])
@pytest.mark.parametrize("below", [0.0, 0.12])
def test_each_kind_grows_within_its_points_and_outside_the_head(scalp, waves, below):
    strands = hair_strands(basis().vertices, basis(), np.random.default_rng(0), below_eyes=below, waves=waves, count=COUNT)
    points = LONG_POINTS if below and waves != "COILY" else SHORT_POINTS
    assert 0.4 * COUNT < len(strands) <= COUNT and strands.radius.size <= MORE * COUNT * points and np.isfinite(strands.points).all()
    over = strands.points[:, 1:].reshape(-1, 3).astype(np.float64)
    over = over[over[:, 1] > CRANIUM[1] + 0.01]                         # below it "outside" leads through the neck
    pushed = scalp.outside(np.concatenate([over[:1], over])[None], 0.0)[0, 1:]
    assert np.abs(pushed - over).max() < 2e-3                           # metres: where strands end, they are cut between two points
    x, y, z = np.moveaxis(strands.points - scalp.eyes, 2, 0)
    assert not ((np.abs(x) < 0.045) & (z > 0) & (y < 0.016)).any()      # metres: neither in the face nor over the eyes


def test_coily_hair_stands_off_instead_of_hanging(scalp):
    heads = {below: short_hair(basis().vertices, basis(), np.random.default_rng(0), waves="COILY", below_eyes=below, count=COUNT)
             for below in (0.0, 0.12, 0.26)}
    wide = [np.quantile(np.linalg.norm((strands.points[:, -1] - CRANIUM) / RADII, axis=1), 0.9) for strands in heads.values()]
    assert wide[0] < wide[1] - 0.2 and wide[1] < wide[2] - 0.2          # of the cranium's radius
    assert all(strands.points[..., 1].min() > scalp.eyes[1] - NAPE - 1e-6 for strands in heads.values())
    lengths = np.linalg.norm(np.diff(heads[0.0].points.astype(np.float64), axis=1), axis=2).sum(axis=1)
    assert np.median(lengths) < 0.04 and STRANDS * SHORT["COILY"].count * round(7 * SHORT["COILY"].points) < MORE * STRANDS * 7


def test_one_side_is_the_others_mirror_image():
    """On a head that is its own."""
    random, mirror = np.random.default_rng(0), np.array([-1.0, 1.0, 1.0])
    ears, eyes = np.array([[0.09, 0.02, -0.05], [-0.09, 0.02, -0.05]]), np.array([0.0, 0.027, 0.03])
    even = Scalp(np.ones((160, 160, 1), np.float32), ears, eyes)
    place = random.normal(size=(60, 3)) * [1, 0.3, 1] + [0, 1.2, 0]
    roots = CRANIUM + RADII * place / np.linalg.norm(place, axis=1, keepdims=True)
    top = np.ones(60)
    np.testing.assert_allclose(direction(place * mirror, top, -1.0), direction(place, top, 1.0) * mirror, atol=1e-12)
    cut = Cut(np.full(60, 0.03), np.full(60, 0.01), top, top, np.arange(60), top)
    left, right = (comb(roots * sign, cut, even, np.random.default_rng(1), CROPS["STRAIGHT"], side=side, points=9)
                   for side, sign in ((1.0, 1.0), (-1.0, mirror)))
    np.testing.assert_allclose(right, left * mirror, atol=2e-6)         # metres: the map of the skin holds single precision
    left, right = (Walk(even, top, 0.02, side, np.random.default_rng(1)).paths(roots * sign, cut, 30)
                   for side, sign in ((1.0, 1.0), (-1.0, mirror)))
    np.testing.assert_allclose(right, left * mirror, atol=2e-6)


def test_hair_parted_in_the_middle_favours_no_side():
    points = long_hair(basis().vertices, basis(), np.random.default_rng(0), below_eyes=0.12, side=0.0, count=COUNT).points
    assert abs((points[:, -1, 0] > 0).mean() - 0.5) < 0.03              # three times the spread of chance
    crossing = np.sign(points[:, -1, 0]) != np.sign(points[:, 0, 0])
    assert crossing[np.abs(points[:, 0, 0]) > 0.015].mean() < 0.05


def test_locks_ends_are_uneven_but_hair_reaches_where_it_is_wished(scalp):
    points = long_hair(basis().vertices, basis(), np.random.default_rng(0), below_eyes=0.12, count=COUNT).points
    below = scalp.eyes[1] - points[:, -1, 1]
    uneven = np.diff(np.quantile(below, [0.1, 0.9]))[0]
    assert 0.015 < uneven < 0.07 and abs(np.median(below) - 0.12) < 0.01            # metres


def test_locks_differ_in_tone_and_strands_of_one_do_not():
    random = np.random.default_rng(0)
    roots = random.normal(0, 0.08, (4000, 3))
    strands = np.stack([roots, roots + [0, -0.1, 0.02]], axis=1)
    tones = paler(strands)
    assert np.abs(tones).max() <= SPREAD and abs(tones.mean()) < 0.02 and tones.std() > 0.05
    beside = paler(strands + random.normal(0, 0.0003, (len(roots), 1, 3)))
    assert np.abs(beside - tones).mean() < 0.25 * np.abs(np.roll(tones, 1) - tones).mean()
