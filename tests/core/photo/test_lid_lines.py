"""Lids have dark rims, the upper ones more so, on both sides alike, and nothing else does."""

import numpy as np
import pytest

from core.face.skin_mask import EYES
from core.head.uv_image import uv_coverage
from core.photo.lid_lines import UPPER, LidLines, shade
from tests.core.own_heads import SKIN, anchors, at_vertices, basis, skin_places


@pytest.fixture(scope="module")
def lines():
    return LidLines.of(basis(), anchors())


@pytest.fixture(scope="module")
def light(lines):
    """What is left of the light at the skin's vertices (V_skin, 3)."""
    return shade(lines.off.T, lines.dark.T)


def at(light, landmarks):
    """The light at landmarks."""
    return (light[anchors().vertices[landmarks]] * anchors().weights[landmarks][..., None]).sum(axis=1)


def test_rims_are_dark_and_upper_ones_darker(light):
    for eye in EYES:
        upper, lower = at(light, list(eye[3: UPPER - 2])), at(light, list(eye[UPPER + 3: -3]))
        assert upper.mean() < 0.45 < 0.55 < lower.mean() < 0.85


def test_what_lies_just_within_the_lower_rim_has_not_the_upper_ones_shade(lines, light):
    places, rim = skin_places(), anchors().points(basis().vertices)
    for eye in EYES:
        lower = rim[list(eye[UPPER + 3: -3])]
        near = np.linalg.norm(places[:, None] - lower, axis=2).min(axis=1) < 0.002
        within = near & (lines.off[1] == 0)
        assert within.any() and light[within].min() > 0.55


def test_the_rest_of_the_face_is_left_as_it_is(light):
    places, model = skin_places(), basis()
    eyes = [model.vertices[model.part(name).vertices].mean(axis=0) for name in ("eye_left", "eye_right")]
    far = np.min([np.linalg.norm(places - eye, axis=1) for eye in eyes], axis=0) > 0.028
    assert far.mean() > 0.6 and (light[far] > 0.999).all()


def test_both_sides_are_alike(light):
    places = skin_places()
    left = np.flatnonzero((light.min(axis=1) < 0.8) & (places[:, 0] > 0))
    across = [int(np.argmin(np.linalg.norm(places - places[vertex] * [-1, 1, 1], axis=1))) for vertex in left]
    assert len(left) > 40 and np.quantile(np.abs(light[left] - light[across]).max(axis=1), 0.95) < 0.12


def test_the_shade_is_brown(light):
    dark = light[light[:, 1] < 0.6]
    assert len(dark) > 20 and (dark[:, 0] > dark[:, 1]).all() and (dark[:, 1] > dark[:, 2]).all()


def test_skin_deep_above_the_lids_is_less_red_and_brows_and_cheeks_are_as_they_were(lines):
    image = np.broadcast_to(SKIN, (512, 512, 3)).astype(np.float32)
    drawn = at_vertices(lines.drawn(image, uv_coverage(basis(), 512), basis().skin_triangles))
    deep = (np.abs(lines.off[0] - 0.0065) < 0.001) & (lines.dark[0] > 0.95)
    redness = (drawn[:, 0] / drawn[:, 1]) / (SKIN[0] / SKIN[1])
    assert deep.sum() > 4 and np.median(redness[deep]) < 0.96 and np.median(drawn[deep, 1]) > SKIN[1]
    assert np.abs(at(redness[:, None], [105, 334, 50, 280]) - 1).max() < 0.01


def test_the_dark_is_a_line_and_no_band(lines, light):
    above = (np.abs(lines.off[0] - 0.0034) < 0.0006) & (lines.dark[0] > 0.95) & (lines.off[1] > 0.006)
    assert above.sum() > 3 and light[above].min() > 0.94


def test_the_line_is_a_neutral_brown(lines):
    """Redder, shine and scattered light leave it purple beside skin."""
    rim = shade(np.float32([[0.001, 0.02]]), np.float32([[1, 0]]))[0]
    assert 1.05 < rim[0] / rim[1] < 1.12 and rim[2] / rim[1] < 0.91


def test_the_eyes_inner_corners_are_pink_and_not_dark(lines):
    image = np.broadcast_to(SKIN, (512, 512, 3)).astype(np.float32)
    drawn = at_vertices(lines.drawn(image, uv_coverage(basis(), 512), basis().skin_triangles)) / SKIN
    between = lines.inner > 0.9
    assert 4 <= between.sum() < 120
    light = np.median(drawn[between], axis=0)
    assert 0.4 < light[1] < 0.75 and light[0] > 1.05 * light[1] and light[2] > light[1]
    places = skin_places()
    corners = anchors().points(basis().vertices)[[eye[UPPER] for eye in EYES]]
    assert np.linalg.norm(places[between][:, None] - corners[None], axis=2).min(axis=1).max() < 0.004
