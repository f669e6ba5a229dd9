"""What surfaces mirror and let through: energy, and where highlights lie."""

import numpy as np
import pytest

from core.render.materials import LIPS, MATTER, SKIN, Gloss, params_of, passing
from core.render.skin_optics import SKIN1, SKIN2, total_reflectance, transmittance

MATERIALS = {"skin1": SKIN1, "skin2": SKIN2, "lips": LIPS, **{name: params_of(name, np.zeros(3)) for name in MATTER}}


@pytest.mark.parametrize("name", MATERIALS)
def test_white_furnace(name):
    """Even surroundings of radiance 1: what is mirrored and what comes from below are no more than came, from wherever one looks.

    What comes from below has passed in, on average, and out again at the view's angle (Eq. 10).
    """
    params = MATERIALS[name]
    gloss, cosine = Gloss.of(params), np.linspace(0.05, 1, 20)
    up = (np.arange(200) + 0.5) / 200
    entered = 2 * (passing(params, up) * up).mean()
    total = gloss.around(cosine)[:, None] + passing(params, cosine)[:, None] * entered * total_reflectance(params)
    assert total.max() <= 1 and total.min() > 0
    # skin that absorbs nothing gives nearly all back: the model itself loses no more than its shine and its boundary take
    white = gloss.around(cosine) + passing(params, cosine) * entered
    assert white.max() <= 1.12 and white[cosine > 0.3].min() > 0.85


def test_rough_facets_let_light_out_at_the_outline_and_are_smooth_from_in_front():
    smooth = transmittance(np.array([0.0, 1.0]), SKIN.eta)
    rough = passing(SKIN, np.array([0.0, 1.0]))
    assert rough[0] > 0.8 > smooth[0] + 0.7 and rough[1] == pytest.approx(smooth[1])


def on_sphere(light, view):
    """Directions on a sphere, and what it mirrors there."""
    down, turn = np.meshgrid(np.linspace(0.01, 1.5, 120), np.linspace(-np.pi, np.pi, 240))
    normals = np.stack([np.sin(down) * np.cos(turn), np.sin(down) * np.sin(turn), np.cos(down)], axis=-1).reshape(-1, 3)
    given = [np.broadcast_to(way / np.linalg.norm(way), normals.shape) for way in (light, view)]
    return normals, Gloss.of(SKIN).shine(normals, *given)


@pytest.mark.parametrize("angle", [0.0, 20.0, 40.0])
def test_the_highlight_goes_half_as_far_as_the_light(angle):
    """It lies where the normal halves the angle between light and eye; the light's cosine pulls it a little towards the light."""
    light = np.array([np.sin(np.radians(angle)), 0, np.cos(np.radians(angle))])
    normals, values = on_sphere(light, np.array([0.0, 0, 1]))
    brightest = normals[values.argmax()]
    found = np.degrees(np.arctan2(brightest[0], brightest[2]))
    assert angle / 2 - 1 <= found <= angle / 2 + 3 and abs(brightest[1]) < 0.05


def test_a_highlight_grows_towards_grazing_light():
    near, far = (on_sphere(np.array([np.sin(angle), 0, np.cos(angle)]), np.array([0.0, 0, 1]))[1].max() for angle in (0.2, 2.0))
    assert far > 2 * near                           # Schlick's Fresnel term, and h . h falls with the angle


@pytest.mark.parametrize("name", MATERIALS)
def test_light_that_grazes_towards_the_eye_is_mirrored_less_the_more_it_grazes(name):
    """Lamps behind a head: Eq. 9 alone rises without end there."""
    up = np.radians([0.25, 0.5, 1.0, 2.0])
    light = np.stack([-np.cos(up), np.zeros(4), np.sin(up)], axis=1)
    values = Gloss.of(MATERIALS[name]).shine(np.broadcast_to([0.0, 0, 1], light.shape), light, light * [-1, 1, 1])
    assert (np.diff(values) > 0).all()
