"""Hair is as wide as in the photo, at each side, round from all sides, covers the temples and comes in to the nape."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.hair.around import ROWS, TURNS, Around
from core.hair.haircut import Haircut
from core.hair.look import styled
from core.hair.outline import FARTHER, filled_out, told
from core.hair.styles import hair_strands
from core.head.scalp import NAPE, Scalp
from core.head.silhouette import NO_SIDES, ORIGINS, PLACES, WAYS
from tests.core.own_heads import basis

BOB, COUNT = 0.045, 6000                    # metres that it reaches below the eyes
# a full bob's outline, metres, at PLACES: beside face and ears from 30 mm below the eyes up, then over the top
FULL = np.array([0, 0, 0.098, 0.106, 0.112, 0.114, 0.113, 0.110, 0.106, 0.100, 0.090, 0.082, 0.078, 0.076, 0.075], np.float32)
BESIDE, OVER = slice(3, 9), slice(9, 15)    # rows over the ears; the fan over the top


@pytest.fixture(scope="module", params=[0, 1])
def head(request):
    identity = np.random.default_rng(request.param).normal(size=len(basis().identity_basis)).astype(np.float32)
    return basis().neutral(identity * bool(request.param))


def grown(head, sides=NO_SIDES, below=BOB, **how):
    return hair_strands(head, basis(), np.random.default_rng(0), below_eyes=below, above_eyes=0.034, volume=0.03, sides=sides,
                        count=COUNT, **how)


def seen(head, strands, turned=0.0):
    """Return the picture (400, 400) of where hair is, one place a millimetre, the eyes' middle in its own, from in front or `turned`
    (radians): three millimetres around, at least two of the places between points of strands."""
    points = strands.points.astype(np.float64) - Scalp.of(head, basis()).eyes
    points = np.concatenate([points[:, :-1] * (1 - share) + points[:, 1:] * share for share in np.linspace(0.05, 1, 20)], axis=1)
    aside = np.cos(turned) * points[..., 0] + np.sin(turned) * points[..., 2]
    column, row = (np.rint(1000 * one.ravel()).astype(int) + 200 for one in (aside, points[..., 1]))
    there = (np.abs(row - 200) < 200) & (np.abs(column - 200) < 200)
    counts = np.zeros((400, 400))
    np.add.at(counts, (row[there], column[there]), 1)
    return sum(np.roll(counts, (up, right), (0, 1)) for up in (-1, 0, 1) for right in (-1, 0, 1)) > 2


def reached(head, strands):
    """Return how far out hair is seen at PLACES from in front (2, H), metres."""
    picture, result, way = seen(head, strands), [], np.arange(0.030, 0.170, 0.0005)
    for sign in (-1, 1):
        spots = ORIGINS[:, None] + way[:, None] * WAYS[:, None]
        column, row = (np.rint(1000 * one).astype(int) + 200 for one in (sign * spots[..., 0], spots[..., 1]))
        result.append((way * picture[row.clip(0, 399), column]).max(axis=1))
    return np.array(result)


def test_each_side_is_as_wide_and_as_high_as_wished(head):
    wished = np.stack([FULL + 0.004, FULL])
    wished[:, OVER] += 0.004                                                                        # a high crown
    plain, full = (reached(head, grown(head, sides)) for sides in (NO_SIDES, wished))
    assert (full - plain)[:, 3:6].mean() > 0.006 and (full - plain)[:, OVER].mean() > 0.003         # metres
    off = (full - wished)[:, BESIDE]
    assert np.abs(off).max() < 0.006 and np.abs(off.mean(axis=1)).max() < 0.004                     # metres


@pytest.mark.parametrize("volume", [0.0, 0.03])
@pytest.mark.parametrize("fringe", [0.0, 0.034])
@pytest.mark.parametrize("below", [BOB, 0.26])
@pytest.mark.parametrize("parting", [1.0, 0.0, -1.0])
def test_hair_is_round_on_top_wherever_it_is_parted(parting, below, fringe, volume):
    """Beside a parting all of it lies flat; straight up both sides are the same place, and one may be bare skin of the parting."""
    head, wished = basis().vertices, np.stack([FULL + 0.004, FULL])
    strands = hair_strands(head, basis(), np.random.default_rng(0), below_eyes=below, above_eyes=fringe, volume=volume, sides=wished,
                           side=parting, count=COUNT)
    off = (reached(head, strands) - wished)[:, OVER]
    away = off[0] if parting > 0 else off[1]                            # the side that hair is combed to
    assert off.max() < 0.010 and off.min() > -0.030                     # metres: nothing juts out; a parting lies at most so low
    assert parting == 0 or np.abs(away[:3]).max() < 0.016


@pytest.mark.parametrize("volume", [0.0, 0.03])
def test_a_head_of_hair_is_a_dome_from_the_side(head, volume):
    """No flat roof, no wall behind: from the crown to the nape its outline turns steadily, and its farthest place is above the ears'
    lobes, as on people."""
    strands = hair_strands(head, basis(), np.random.default_rng(0), below_eyes=BOB, above_eyes=0.034, volume=volume,
                           sides=np.stack([FULL, FULL]), count=COUNT)
    picture = seen(head, strands, np.pi / 2)                            # columns: to the front
    behind = np.array([200 - np.flatnonzero(picture[200 + up])[0] for up in range(-75, 111, 5)])
    top = np.array([np.flatnonzero(picture[:, 200 - back])[-1] - 200 for back in range(40, 171, 10)])
    assert -20 < np.arange(-75, 111, 5)[behind.argmax()] < 75           # millimetres above the eyes: the occiput
    assert top.max() - top[-1] > 20                                     # 170 mm behind the eyes it is well below the crown
    assert behind.max() - behind[-1] > 25 and behind.max() - behind[0] > 30         # round above; in to the nape below


def test_hair_that_is_short_lies_on_the_nape(head):
    """Not in a line that stands off the neck."""
    scalp = Scalp.of(head, basis())
    points = grown(head, np.stack([FULL, FULL])).points.astype(np.float64)
    tips = points[:, -1]
    nape = (tips[:, 1] < scalp.eyes[1] - 0.050) & (tips[:, 2] < -0.06)
    off = scalp.off(tips[nape][:, None])[0]
    assert nape.sum() > COUNT / 60 and np.quantile(off, 0.9) < 0.014           # metres
    assert np.ptp(np.quantile(tips[nape, 1], [0.05, 0.95])) > 0.015             # uneven ends
    assert tips[:, 1].min() > scalp.eyes[1] - NAPE - 0.045


def test_hair_is_drawn_in_where_it_is_narrower_and_not_into_the_skin_or_the_ears(head):
    plain, scalp = grown(head), Scalp.of(head, basis())
    wished = reached(head, plain) - 0.010
    wished[:, :5] = 0                                                   # over the ears nothing is seen
    narrow = grown(head, wished.astype(np.float32))
    drawn = reached(head, narrow) - reached(head, plain)
    assert np.abs(drawn[:, 5:9].mean() + 0.010) < 0.003                 # metres
    skin = [(scalp.off(one.points.astype(np.float64))[0][:, 1:] < -0.0005).mean() for one in (plain, narrow)]
    assert skin[1] <= skin[0] + 0.001
    ears = [(scalp.touched(one.points.astype(np.float64)) & (one.points[..., 1] > scalp.eyes[1] - 0.05)).mean()
            for one in (plain, narrow)]
    assert ears[1] <= ears[0] + 0.004


def test_hair_comes_in_to_the_neck_where_its_outline_ends_and_ends_raggedly(head):
    plain, full = grown(head), grown(head, np.stack([FULL, FULL]))
    low = [reached(head, one)[:, 1] for one in (plain, full)]           # 45 mm below the eyes, where the photo shows no more
    assert (low[1] < low[0] - 0.004).all() and (reached(head, full)[:, 2] > low[1] + 0.010).all()   # metres
    scalp = Scalp.of(head, basis())
    tips = full.points[:, -1] - scalp.eyes
    outermost = tips[(np.abs(tips[:, 0]) > 0.075) & (tips[:, 1] < 0)]
    assert np.ptp(np.quantile(outermost[:, 1], [0.1, 0.9])) > 0.008     # metres


def test_hair_that_hangs_on_below_what_is_seen_of_its_outline_keeps_its_length(head):
    plain, full = (grown(head, sides, below=0.15) for sides in (NO_SIDES, np.stack([FULL, FULL])))
    low = plain.points[:, -1, 1] < 0
    np.testing.assert_allclose(full.points[low, -1, 1], plain.points[low, -1, 1], atol=1e-6)        # metres


def test_an_absurd_width_is_held(head):
    plain, wide = grown(head), grown(head, np.full((2, len(PLACES)), 0.4))
    assert np.abs(wide.points[..., 0]).max() < 2 * FARTHER + np.abs(plain.points[..., 0]).max()


def test_roots_stay_on_the_skin_and_the_face_stays_free(head):
    strands, scalp = grown(head, np.stack([FULL, FULL])), Scalp.of(head, basis())
    np.testing.assert_array_equal(strands.points[:, 0], grown(head).points[:, 0])
    corners = head[basis().skin_triangles[strands.triangle]]
    roots = np.einsum("nk,nkc->nc", strands.weights, corners)
    assert np.quantile(np.abs(strands.points[:, 0] - roots), 0.99) < 0.001              # metres: the skin's map is coarse
    x, y, z = np.moveaxis(strands.points - scalp.eyes, 2, 0)
    assert not ((np.abs(x) < 0.055) & (z > -0.02) & (y < 0.01)).any()


def test_hair_lies_on_the_temples_and_hides_the_ears_from_in_front(head):
    scalp = Scalp.of(head, basis())
    x, y, z = np.moveaxis(grown(head, np.stack([FULL, FULL])).points - scalp.eyes, 2, 0)
    before = z > (scalp.ears[:, 2].max() - scalp.eyes[2])
    temple = scalp.half_width(scalp.eyes[2] - 0.03)
    for sign in (-1, 1):
        for low in (-0.020, -0.005, 0.010):
            beside = (sign * x)[before & (np.abs(y - low) < 0.0075) & (sign * x > temple - 0.008)]
            counts = np.histogram(beside, np.arange(temple - 0.006, np.abs(scalp.ears[:, 0]).max() + 0.004, 0.004))[0]
            assert counts.min() > 8                         # points of strands in each stripe of 4 mm, from face to ear


def test_no_strand_juts_out_beside_the_face(head):
    points = grown(head).points[:, :4].astype(np.float64)
    ears = Scalp.of(head, basis()).ears
    points = points[(points[:, 0, 1] < ears[:, 1].max()) & (points[:, 0, 2] > ears[:, 2].mean())]
    assert len(points) > 20
    out = np.abs(points[:, 1:, 0]) - np.abs(points[:, :1, 0])
    way = np.linalg.norm(np.diff(points, axis=1), axis=2).cumsum(axis=1)
    assert ((out > 0.8 * way) & (out > 0.01)).mean() < 0.01


def test_hair_above_the_chin_ends_more_evenly_than_longer_hair(head):
    scalp, spread = Scalp.of(head, basis()), []
    for below in (BOB, 0.12):
        points = grown(head, below=below).points
        tips = scalp.eyes[1] - points[:-COUNT // 4, -1, 1]
        beside = (np.abs(points[:-COUNT // 4, -1, 0]) > 0.06) & (tips > 0.02) & (points[:-COUNT // 4, -1, 2] > -0.06)
        spread.append(np.ptp(np.quantile(tips[beside], [0.1, 0.9])))
    assert spread[0] < 0.02 and spread[1] > 1.5 * spread[0]                             # metres; behind, a bob comes in to the nape


def test_a_look_takes_the_width_that_the_photo_shows(head):
    none = np.array(0.0)
    seen = {"vertices": head, "hair_colour": np.array([90, 60, 40], np.uint8), "hair_length": np.array(BOB),
            "hair_volume": np.array(0.03), "hair_sides": np.stack([FULL, FULL]), "hair_parting": np.array("PHOTO"),
            "hair_waves": np.array("PHOTO"), "hairline": np.array("PHOTO"), "fringe": none}
    wide, plain = (styled(seen | {"hair_sides": sides}, basis(), Haircut()).points for sides in (seen["hair_sides"], NO_SIDES))
    assert np.abs(wide[..., 0]).max() > np.abs(plain[..., 0]).max() + 0.004             # metres
    short = [styled(seen | {"hair_sides": sides}, basis(), Haircut("SHORT")).points for sides in (seen["hair_sides"], NO_SIDES)]
    np.testing.assert_array_equal(*short)


def test_an_outline_that_is_none_counts_as_not_seen(head):
    """Of a head.npz of before, of another version, or damaged."""
    for sides in (np.zeros(0), np.zeros((2, 5)), -np.stack([FULL, FULL]), np.full((2, len(PLACES)), np.nan)):
        np.testing.assert_array_equal(told(sides), NO_SIDES)
    for sides in (np.full((2, len(PLACES)), "wide"), np.full((2, len(PLACES)), None), np.ones((2, len(PLACES)), bool)):
        np.testing.assert_array_equal(told(sides), NO_SIDES)
    np.testing.assert_array_equal(told(np.stack([FULL, FULL])), np.float32([FULL, FULL]))


@pytest.mark.parametrize("other", [0, 1])
def test_an_outline_of_one_side_counts_as_not_seen(other):
    """It would tear the crown."""
    np.testing.assert_array_equal(told(np.stack([FULL, FULL]) * np.eye(2, dtype=np.float32)[other][:, None]), NO_SIDES)


def test_without_an_outline_strands_stay_what_they_are():
    """It is asked at each change of cut in Blender."""
    strands = grown(basis().vertices)
    assert filled_out(strands, Scalp.of(basis().vertices, basis()), NO_SIDES, np.random.default_rng(0)) is strands


def test_a_map_all_around_says_what_it_holds():
    """Between its places, over the seam in front, and straight up."""
    random = np.random.default_rng(0)
    points = random.normal(0, 1, (2000, 3)) * 0.1 + [0.0, 0.0, -0.04]
    there = Around.of(points, np.zeros(3))
    rows = there.read(np.broadcast_to(np.arange(len(ROWS), dtype=float)[:, None], (len(ROWS), TURNS)))
    np.testing.assert_allclose(rows, there.row, atol=1e-9)
    turning = np.cos(2 * np.pi * np.arange(TURNS) / TURNS)[None].repeat(len(ROWS), axis=0)
    np.testing.assert_allclose(there.read(turning), np.cos(2 * np.pi * there.column / TURNS), atol=0.01)
    np.testing.assert_allclose(np.linalg.norm(there.ways, axis=1), 1, atol=1e-9)


def test_growing_hair_loads_no_face_nets():
    """Blender itself does when another cut is chosen, and must not hold the nets' libraries."""
    found = subprocess.run([sys.executable, "-c", "import core.hair.styles, sys; print('ai_edge_litert' in sys.modules)"],
                           cwd=Path(__file__).resolve().parents[3], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
