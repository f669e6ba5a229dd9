"""Lips come out in the colour that they have in the photo, pale or dark, smiling or not."""

import numpy as np
import pytest

from core.face.skin_mask import blurred, find_skin
from core.head.skin_surface import skin_edges
from core.photo.layer import View
from core.photo.texture import texture
from core.photo.vermilion import BLUR, Lips, clear
from core.types import Photo
from tests.core.own_heads import SKIN, anchors, at_vertices, basis, face_of, photograph, plain_colours, subject

PALE, USUAL, MADE_UP, DARK_SKIN = (196, 146, 128), (172, 114, 106), (160, 60, 66), (110, 74, 56)
SMILE = {"jawOpen": 0.2, "mouthSmileLeft": 0.7, "mouthSmileRight": 0.7}


@pytest.fixture(scope="module")
def mouth():
    return Lips.of(basis(), anchors(), skin_edges(basis().skin_triangles))


def photo_of(one, mouth, skin, lip):
    """A photo of even skin and lips up to their border, whose pixels are mixed with those beside them."""
    colour, vertices = plain_colours(), basis().part("skin").vertices
    face = colour[vertices]
    face[(np.abs(face - SKIN).max(axis=1) < 2) & (mouth.depth <= 0)] = skin
    face[mouth.outside] = lip
    return Photo(blurred(photograph(one, colour).pixels.astype(np.float32), 1.0).astype(np.uint8))


def hue(colour):
    """Logarithms of red over green and green over blue."""
    return -np.diff(np.log(colour))


@pytest.mark.parametrize(("skin", "lip", "expression"), [
    (SKIN, PALE, SMILE), (SKIN, USUAL, SMILE), (SKIN, MADE_UP, SMILE), (DARK_SKIN, (96, 60, 50), SMILE), (SKIN, USUAL, {})])
def test_lips_keep_their_hue_beside_the_skin(mouth, skin, lip, expression):
    one = subject(3, deviation=0.5, **expression)
    photo = photo_of(one, mouth, skin, lip)
    found = at_vertices(texture([View(photo, face_of(one), one.head, one.camera)], one.neutral, basis=basis(), anchors=anchors(),
                                tick=lambda share: None, side=512).albedo)
    inside = mouth.outside & (mouth.depth > 0.002) & (mouth.off > 0.002)
    around = (mouth.depth < -0.004) & (mouth.depth > -0.0095)
    assert inside.sum() > 40 and around.sum() > 40
    # a thin lip that is painted red is a little held back
    contrast = hue(np.median(found[inside], axis=0)) - hue(np.median(found[around], axis=0))
    np.testing.assert_allclose(contrast, hue(np.float32(lip)) - hue(np.float32(skin)), atol=0.03, rtol=0.12)


def test_their_colour_is_told_from_their_middle(mouth):
    """What lies along their edges is mixed with skin, teeth and the mouth's dark in a coarse photo."""
    one = subject(3, deviation=0.5, **SMILE)
    photo = photo_of(one, mouth, SKIN, USUAL)
    coarse = Photo(blurred(photo.pixels.astype(np.float32), 1.6).astype(np.uint8))
    found = find_skin(coarse, face_of(one), one.camera.focal / 0.75).lips
    np.testing.assert_allclose(hue(found), hue(np.float32(USUAL)), atol=0.02)


def test_coarse_photos_do_not_tell_lips_from_skin_along_the_border():
    depth = np.float32([-0.01, -0.001, 0, 0.001, 0.01])
    np.testing.assert_allclose(clear(depth, 0.001), [1, 1 / BLUR, 0, 1 / BLUR, 1], atol=1e-6)
    assert (clear(depth[[1, 3]], 0.0003) == 1).all()                        # a sharp one does, a millimetre off


def test_a_photo_that_ends_at_the_lips_does_not_blacken_them(mouth):
    one = subject(3, deviation=0.5)
    photo, face = photo_of(one, mouth, SKIN, USUAL), face_of(one)
    cut = Photo(photo.pixels[: int(face.landmarks[[13, 14], 1].mean()) + 2])
    found = find_skin(cut, face, one.camera.focal / 0.75).lips
    np.testing.assert_allclose(found, USUAL, rtol=0.2)
