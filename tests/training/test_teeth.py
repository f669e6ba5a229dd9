"""The crowns and tongue that the head model is furnished with."""

from itertools import pairwise

import numpy as np
import pytest

from training.head import teeth, tongue

pytestmark = pytest.mark.once
ROWS = {"upper": (teeth.UPPER_WIDTHS, teeth.UPPER_HEIGHTS), "lower": (teeth.LOWER_WIDTHS, teeth.LOWER_HEIGHTS)}
MM = 1e-3


def crown(index, row="lower"):
    widths, heights = ROWS[row]
    return teeth.crown(index, widths[index], heights[index])


def ring(index, number):
    """One ring of a crown, from inside the gum, number 0, to the middle of what chews."""
    count = teeth.FINE_RING if index in teeth.FINE else teeth.RING
    return crown(index)[count * number:][:count]


@pytest.mark.parametrize(("index", "cusps"), [(3, 2), (4, 2), (5, 4), (6, 4)])
def test_premolars_and_molars_have_cusps_and_a_groove_between_them(index, cusps):
    heights = ring(index, 6)[:, 1]
    peak = (heights > np.roll(heights, 1) + 1e-9) & (heights >= np.roll(heights, -1) - 1e-9)
    assert peak.sum() == cusps
    assert heights.max() - ring(index, 8)[:, 1].mean() > 0.8 * MM               # deep enough to be seen as a groove
    assert heights.max() - heights.min() > 0.5 * MM


@pytest.mark.parametrize("index", range(7))
@pytest.mark.parametrize("row", ROWS)
def test_a_crown_is_as_wide_and_as_tall_as_that_tooth_is(index, row):
    widths, heights = ROWS[row]
    points = crown(index, row)
    assert np.ptp(points[:, 0]) == pytest.approx(widths[index], abs=1.0 * MM)   # it leans, and neighbours touch without piercing
    assert -0.2 * MM <= -points[:, 1].max() < 0.7 * MM
    assert points[:, 1].min() < -heights[index]                                 # its root ends inside the gum


@pytest.mark.parametrize("index", range(7))
def test_the_faces_of_a_crown_look_outwards_and_leave_only_the_root_open(index):
    points, quads = crown(index), teeth.crown_quads(index)
    corners = points[quads]
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    middle = points.mean(axis=0)
    assert ((normals * (corners.mean(axis=1) - middle)).sum(axis=1) > 0).mean() > 0.9    # all but the slopes of cusps into a groove
    edges = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    _, times = np.unique(edges, axis=0, return_counts=True)
    assert (times == 1).sum() == (teeth.FINE_RING if index in teeth.FINE else teeth.RING) and times.max() == 2


@pytest.mark.parametrize("row", ROWS)
def test_neighbours_touch_and_do_not_stand_in_each_other(row):
    widths, _ = ROWS[row]
    centres = np.cumsum(widths) - widths / 2
    for (index, first), (following, second) in pairwise(enumerate(centres)):
        near, far = crown(index, row), crown(following, row)
        for level in (-2 * MM, -4 * MM):                    # below the edge, where crowns touch
            right = first + near[np.abs(near[:, 1] - level) < 1.5 * MM, 0].max()
            left = second + far[np.abs(far[:, 1] - level) < 1.5 * MM, 0].min()
            assert -0.6 * MM < left - right < 1.2 * MM      # a contact; on the arch, which is bent, they stand a little freer


@pytest.mark.parametrize("upper", [True, False])
def test_both_sides_of_a_row_are_each_others_mirror_image_and_look_outwards(upper):
    row = teeth.arch(upper=upper)
    faces = row.quads[row.material == teeth.TEETH]
    points = row.vertices[np.unique(faces)]
    away = np.linalg.norm(points[:, None] - points[None] * [-1, 1, 1], axis=2).min(axis=1)
    assert away.max() < 0.01 * MM
    corners = row.vertices[faces]
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    right = corners[..., 0].mean(axis=1) < 0
    flow = np.einsum("fc,fc->f", corners.mean(axis=1) - points.mean(axis=0) * [0, 1, 1], normals)
    assert flow[right].sum() == pytest.approx(flow[~right].sum(), rel=1e-6)     # turned inside out it would be its negative


def test_the_lower_arch_lies_behind_the_upper_incisors_when_the_jaw_is_shut():
    from training.head.mouth import LOWER_SEAT
    _, overbite, behind = LOWER_SEAT
    assert 1.5 * MM < overbite < 3.5 * MM and -4 * MM < behind < -1.5 * MM     # 2 to 3 mm each (Proffit et al. 2007)


def test_the_tongue_has_a_groove_and_rises_towards_its_back():
    body = tongue.tongue().vertices
    tops = [body[tongue.RING * row:][:tongue.RING] for row in range(4, 9)]
    for points in tops:
        middle = points[np.argsort(np.abs(points[:, 0]))[:4], 1].max()      # two below, two above
        assert points[:, 1].max() > middle + 0.1 * MM
    assert (np.diff([points[:, 1].max() for points in tops]) > -0.3 * MM).all()
