"""An open mouth lets light in as through a window: front teeth have most of it, molars, palate and cheeks little."""

import numpy as np
import pytest

from core.head.mouth_atlas import faces_of, laid_out
from core.head.mouth_light import SIDE, form_factor, mouth_image, mouth_light
from core.head.skin_surface import in_mouth, skin_edges
from core.pictures.colours import linear
from tests.core.own_heads import basis

FRONT, BACK = 0.008, 0.018      # metres from the middle: incisors', and beyond the canines


def green(part, material):
    """Return the light (F,) on the faces of a part of one material, their middles and normals (F, 3)."""
    model = basis()
    quads = model.quads[faces_of(model, part, material)]
    corners = model.vertices[quads].astype(np.float64)
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    return mouth_light(model)[quads][..., 1].mean(axis=1), corners.mean(axis=1), normals / np.linalg.norm(normals, axis=1)[:, None]


def test_the_form_factor_of_a_rectangle_is_that_of_the_books():
    """Parallel plate over its corner: Howell, A Catalog of Radiation Heat Transfer Configuration Factors, B-3."""
    wide, tall, far = 0.03, 0.02, 0.025
    outline = np.array([[0, 0, far], [wide, 0, far], [wide, tall, far], [0, tall, far]])
    a, b = wide / far, tall / far
    expected = (a / np.hypot(1, a) * np.arctan(b / np.hypot(1, a)) + b / np.hypot(1, b) * np.arctan(a / np.hypot(1, b))) / (2 * np.pi)
    found = form_factor(np.zeros((2, 3)), np.array([[0, 0, 1.0], [0, 0, -1.0]]), outline)
    np.testing.assert_allclose(found, [expected, -expected], rtol=1e-9)


@pytest.mark.parametrize(("part", "least"), [("teeth_upper", 0.7), ("teeth_lower", 0.4)])
def test_a_row_of_teeth_falls_into_shadow_at_its_back(part, least):
    light, middle, normal = green(part, "teeth")
    away = np.abs(middle[:, 0])
    front = light[(away < FRONT) & (normal[:, 2] > 0.8)]
    back = light[away > BACK]
    assert np.median(front) > least
    assert np.quantile(back, 0.9) < 0.55 * np.median(front) and np.median(back) < 0.3
    steps = [light[(away > low) & (away < low + 0.006)].mean() for low in (0.0, 0.010, 0.020)]
    assert steps[0] > steps[1] > steps[2]


def test_the_cheeks_inside_is_dark_and_the_face_is_not():
    model = basis()
    light = mouth_light(model)
    skin = light[model.part("skin").vertices]
    assert all((light[model.part(part).vertices] == 1).all() for part in ("eye_left", "eye_right", "lashes"))
    inside = in_mouth(model, skin_edges(model.skin_triangles))
    assert (skin[~inside] == 1).all()
    assert np.median(skin[inside]) < 0.25 and skin.min() > 0.05
    assert (skin[inside, 0] >= skin[inside, 1]).all()                   # mucous membrane is red


def test_the_image_has_that_light_where_the_teeth_lie():
    model = laid_out(basis())
    image = linear(mouth_image(model, mouth_light(model)))
    assert image.shape == (SIDE, SIDE, 3)
    for chosen in (faces_of(model, part, "teeth") for part in ("teeth_upper", "teeth_lower")):
        place = model.uv[model.quad_uv[chosen]].mean(axis=1)
        shown = image[((1 - place[:, 1]) * SIDE).astype(int), (place[:, 0] * SIDE).astype(int), 1]
        away = np.abs(model.vertices[model.quads[chosen]].mean(axis=1)[:, 0])
        assert np.quantile(shown[away < FRONT], 0.9) > 2 * np.quantile(shown[away > BACK], 0.9)
