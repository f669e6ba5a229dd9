"""How the photo shows the brows: as dense as they are darker than the skin, where hair does not hang over them."""

import numpy as np
import pytest

from core.photo.brow_look import ACROSS, ALONG, brow_look, brow_places
from core.types import Photo
from tests.core.own_heads import SIDE, SKIN, face_of, subject

FACE = face_of(subject(3))
FRINGE = 0.15                                   # times as bright as the skin


def look(right, left, *, light=1.0, fringe=None):
    """Return what is seen of brows so many times as bright as the skin; fringe: where along the left one hair begins to cover it."""
    pixels = np.tile(SKIN, (SIDE, SIDE, 1))
    for side, factor in enumerate((right, left)):
        paint(pixels, side, factor, along=(-0.03, 1.03), across=(0.0, 1.0))
    if fringe is not None:
        paint(pixels, 1, FRINGE, along=(fringe, 1.2), across=(-0.5, 2.6))
    return brow_look(Photo((pixels * light).astype(np.uint8)), FACE)


def paint(pixels, side, factor, *, along, across):
    places = np.meshgrid(np.linspace(*across, 200), np.linspace(*along, 300))
    columns, rows = brow_places(FACE.landmarks[:, :2], side, *places).reshape(-1, 2).astype(int).T
    pixels[rows, columns] = factor * SKIN


def test_the_darker_the_denser():
    looks = [look(factor, factor) for factor in (1.0, 0.9, 0.8, 0.6, 0.3)]
    assert all(one.density.shape == (2, ALONG, ACROSS) and one.density.dtype == np.float32 for one in looks)
    density = [one.density.mean() for one in looks]
    assert density[0] == 0 and (np.diff(density) > 0.02).all() and looks[-1].density.max() == 1
    edge, middle = looks[-1].density[:, :, [0, -1]], looks[-1].density[:, 2:-2, ACROSS // 2]
    assert middle.min() > 0.9 and edge.mean() < 0.5                             # beyond its landmarks a brow ends


@pytest.mark.parametrize("factor", [0.8, 0.5, 0.3])
def test_the_colour_is_the_hairs(factor):
    np.testing.assert_allclose(look(factor, factor).colour, factor * SKIN, atol=3)          # 0..255


def test_brows_that_are_not_there_are_darker_than_skin_all_the_same():
    colour = np.array(look(1.0, 1.0).colour)
    assert (colour < 0.85 * SKIN).all() and (colour > 0.3 * SKIN).all()


def test_each_brow_has_a_look_of_its_own():
    right, left = look(0.5, 1.0).density.mean(axis=(1, 2)), look(1.0, 0.5).density.mean(axis=(1, 2))
    assert right[0] > 1.1 * right[1] > 0 and left[1] > 1.1 * left[0] > 0        # alike, but not the same


def test_less_light_changes_the_colour_and_not_the_density():
    bright, dim = look(0.5, 0.5), look(0.5, 0.5, light=0.5)
    np.testing.assert_allclose(dim.density, bright.density, atol=0.06)          # the least luminance is added to both
    np.testing.assert_allclose(dim.colour, np.array(bright.colour) / 2, atol=2)


def test_hair_over_a_brow_is_not_taken_for_it():
    free, covered = look(0.6, 0.6), look(0.6, 0.6, fringe=0.5)
    assert np.abs(covered.density[1].mean() - free.density[1].mean()) < 0.05    # the other one tells what it hides
    np.testing.assert_allclose(covered.colour, free.colour, atol=3)
