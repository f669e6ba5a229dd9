"""The tone of a face's skin."""

import numpy as np
import pytest

from core.head.model import HeadBasis
from core.pack import Pack
from core.photo.skin_tone import mean_tone
from core.pictures.colours import linear


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(Pack.open().path("head"))


def test_an_even_albedo_is_its_tone(basis):
    colour = np.array([200, 150, 120], np.uint8)
    np.testing.assert_allclose(mean_tone(np.broadcast_to(colour, (64, 64, 3)), basis), linear(colour), rtol=1e-9)


def test_lips_and_the_back_of_the_head_do_not_count(basis):
    albedo = np.full((256, 256, 3), 150, np.uint8)
    before = mean_tone(albedo, basis)
    for region in (0, 3):                                                           # lips, other
        inside = np.zeros(len(basis.vertices), bool)
        inside[:len(basis.regions)] = basis.regions == region
        places = basis.uv[basis.quad_uv[inside[basis.quads].all(axis=1)]].mean(axis=1)
        albedo[((1 - places[:, 1]) * 256).astype(int), (places[:, 0] * 256).astype(int)] = (255, 0, 0)
    np.testing.assert_allclose(mean_tone(albedo, basis), before, rtol=0.05)         # at the border a pixel is in both
