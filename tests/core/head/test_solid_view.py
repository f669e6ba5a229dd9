"""The picture of the skin for solid shading: the albedo, roots, and the mouth's darkness, each where it belongs and nowhere else."""

import numpy as np
import pytest

from core.head.mouth_light import mouth_light
from core.head.scalp import rooted
from core.head.solid_view import SIDE, made_of, solid_skin
from core.head.uv_image import resized, spread
from core.pictures.colours import linear
from core.pictures.sampling import bilinear
from tests.core.own_heads import basis

ROOTS = np.array([0.02, 0.01, 0.005])


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)


def test_bare_skin_in_full_light_is_the_albedo(noise):
    model = basis()
    nothing, light = np.zeros(len(model.regions), np.float32), np.ones_like(model.vertices)
    np.testing.assert_array_equal(solid_skin(noise, model, scalp=nothing, roots=ROOTS, light=light), noise)


def test_roots_and_shadow_are_mixed_as_light_is(noise):
    model = basis()
    scalp, light = rooted(model), mouth_light(model)
    hidden = spread(scalp[:, None], model, 128, 128)
    dark = spread(1 - light[model.part("skin").vertices], model, 128, 128)
    expected = (linear(noise) * (1 - hidden) + hidden * ROOTS) * (1 - dark)
    shown = solid_skin(noise, model, scalp=scalp, roots=ROOTS, light=light)
    # what half a step of a byte is: 0.005 at the bright end
    np.testing.assert_allclose(linear(shown), expected, atol=0.005)
    assert (hidden > 0.5).any() and (dark > 0.5).any()


def test_a_large_albedo_is_halved():
    model = basis()
    scalp, light = rooted(model), mouth_light(model)
    large, small = (solid_skin(np.full((side, side, 3), 180, np.uint8), model, scalp=scalp, roots=ROOTS, light=light)
                    for side in (2 * SIDE, SIDE))
    np.testing.assert_array_equal(large, small)


def test_the_digest_tells_all_it_shows_apart():
    model = basis()
    shown = {"albedo": "a", "scalp": rooted(model), "roots": ROOTS, "light": mouth_light(model)}
    others = {"albedo": "b", "scalp": 0.9 * shown["scalp"], "roots": 0.9 * ROOTS, "light": 0.9 * shown["light"]}
    found = {made_of(basis=model, **shown)} | {made_of(basis=model, **shown | {name: other}) for name, other in others.items()}
    assert len(found) == 5
    assert made_of(basis=model, **shown | {"roots": np.float32(ROOTS)}) in found           # Blender holds single precision


@pytest.mark.parametrize("size", [(32, 32), (20, 50), (128, 64)])
def test_images_are_resized_linearly(noise, size):
    pixels = noise[:64].astype(np.float32)
    height, width = size
    x, y = np.meshgrid((np.arange(width) + 0.5) * 128 / width, (np.arange(height) + 0.5) * 64 / height)
    expected = bilinear(pixels, x.astype(np.float32), y.astype(np.float32))
    np.testing.assert_allclose(resized(resized(pixels, 1, width), 0, height), expected, atol=0.01)     # single precision of places
