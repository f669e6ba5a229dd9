"""Hair is as wide as in the photo, at each side, covers the temples and ends densely above the chin."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.hair.haircut import Haircut
from core.hair.look import styled
from core.hair.outline import BAND, FARTHER, OUTERMOST, Outline, Reached, filled_out, told
from core.hair.styles import hair_strands
from core.head.scalp import Scalp
from core.head.silhouette import NO_SIDES, PIVOT, PLACES, along
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


def reached(head, strands, between=(1.0,)):
    """Return how far out the outermost strands reach at PLACES (2, H), metres: their points, or what is `between` them, too."""
    points = strands.points if len(between) == 1 else np.concatenate(
        [strands.points[:, :-1] * (1 - share) + strands.points[:, 1:] * share for share in between], axis=1)
    x, y, _ = np.moveaxis(points - Scalp.of(head, basis()).eyes, 2, 0)
    result = []
    for sign in (-1, 1):
        place, out = along((sign * x)[sign * x > 0], y[sign * x > 0])
        result.append([np.quantile(out[np.abs(place - one) < BAND], OUTERMOST) for one in PLACES])
    return np.array(result)


def test_each_side_is_as_wide_and_as_high_as_wished(head):
    wished = np.stack([FULL + 0.004, FULL])
    plain, full = (reached(head, grown(head, sides)) for sides in (NO_SIDES, wished))
    assert (full - plain)[:, 3:6].mean() > 0.006 and (full - plain)[:, OVER].mean() > 0.003         # metres
    for part in (BESIDE, OVER):
        off = (full - wished)[:, part]
        assert np.abs(off).max() < 0.006 and np.abs(off.mean(axis=1)).max() < 0.004                 # metres


@pytest.mark.parametrize("volume", [0.0, 0.03])
@pytest.mark.parametrize("fringe", [0.0, 0.034])
@pytest.mark.parametrize("below", [BOB, 0.26])
@pytest.mark.parametrize("parting", [1.0, 0.0, -1.0])
def test_hair_is_round_on_top_wherever_it_is_parted(parting, below, fringe, volume):
    """Beside a parting all of it lies flat; straight up both sides are the same place, and one may be bare skin of the parting."""
    head, wished = basis().vertices, np.stack([FULL + 0.004, FULL])
    strands = hair_strands(head, basis(), np.random.default_rng(0), below_eyes=below, above_eyes=fringe, volume=volume, sides=wished,
                           side=parting, count=COUNT)
    off = (reached(head, strands, np.linspace(0.05, 0.95, 8)) - wished)[:, OVER]
    most, mean, uneven, low = (0.009, 0.005, 0.004, 0.010) if below == BOB else (0.013, 0.007, 0.005, 0.012)      # metres
    assert np.abs(off[:, :5]).max() < most and np.abs(off[:, :5].mean(axis=1)).max() < mean
    assert abs(off[0, :5].mean() - off[1, :5].mean()) < uneven and off[:, 5].max() > -low              # neither lopsided nor flat


def test_a_head_of_hair_stays_round_from_the_side(head):
    """What is drawn out over the top is no flat roof that ends in an edge behind."""
    eyes = Scalp.of(head, basis()).eyes
    falls = []
    for sides in (NO_SIDES, np.stack([FULL, FULL])):
        x, up, ahead = (grown(head, sides).points.astype(np.float64) - eyes).reshape(-1, 3).T
        top, behind = (np.quantile(up[(np.abs(x) < 0.03) & (np.abs(ahead - place) < 0.008)], 0.98) for place in (-0.08, -0.15))
        falls.append(top - behind)
    assert falls[1] > 0.8 * falls[0] > 0.010                            # metres


def test_hair_is_drawn_in_where_it_is_narrower_and_not_into_the_skin_or_the_ears(head):
    plain, scalp = grown(head), Scalp.of(head, basis())
    wished = reached(head, plain) - 0.010
    wished[:, :5] = 0                                                   # over the ears nothing is seen
    narrow = grown(head, wished.astype(np.float32))
    drawn = reached(head, narrow) - reached(head, plain)
    assert np.abs(drawn[:, 5:9].mean() + 0.010) < 0.003                 # metres
    skin = [(scalp.off(one.points.astype(np.float64))[0][:, 1:] < -0.0005).mean() for one in (plain, narrow)]
    assert skin[1] <= skin[0] + 0.001
    ears = [scalp.touched(one.points.astype(np.float64)[one.points[..., 1].min(axis=1) > scalp.eyes[1] - 0.05]).mean()
            for one in (plain, narrow)]
    assert ears[1] <= ears[0] + 0.002


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


def test_an_absurd_width_is_held_and_a_side_that_tells_nothing_stays(head):
    plain = grown(head)
    wide = grown(head, np.stack([np.zeros(len(PLACES)), np.full(len(PLACES), 0.4)]))
    left = plain.points[..., 0] > Scalp.of(head, basis()).eyes[0]
    np.testing.assert_array_equal(plain.points[~left], wide.points[~left])
    assert np.abs(wide.points[left]).max() <= FARTHER + np.abs(plain.points).max() and reached(head, wide)[1].max() > 0.12
    low = plain.points[..., 1] < Scalp.of(head, basis()).eyes[1] + PIVOT
    np.testing.assert_allclose(wide.points[..., 1:][low], plain.points[..., 1:][low], atol=1e-6)  # metres: below the fan nothing rises


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
        beside = (np.abs(points[:-COUNT // 4, -1, 0]) > 0.06) & (tips > 0.02)
        spread.append(np.ptp(np.quantile(tips[beside], [0.1, 0.9])))
    assert spread[0] < 0.03 < spread[1]                                                 # metres


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


def test_where_hair_may_reach_near_its_end_rises_steeply_but_nowhere_jumps():
    """Else a strand would end in the middle between a point above and one below instead of where it crosses the outline."""
    bare, side = np.full(len(PLACES), 0.07), FULL.astype(np.float64)
    outline = Outline.of(Reached(np.full(len(PLACES), 0.11), np.full(len(PLACES), 0.02)), side, bare=bare, hangs=False)
    limit = outline.limit(np.arange(-0.08, 0.08, 0.0001))
    steps = np.diff(limit)
    assert (steps > -1e-9).all() and 0.0005 < steps.max() < 0.004 and limit[-1] > 0.5               # metres


def test_growing_hair_loads_no_face_nets():
    """Blender itself does when another cut is chosen, and must not hold the nets' libraries."""
    found = subprocess.run([sys.executable, "-c", "import core.hair.styles, sys; print('ai_edge_litert' in sys.modules)"],
                           cwd=Path(__file__).resolve().parents[3], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
