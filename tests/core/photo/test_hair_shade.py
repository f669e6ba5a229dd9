"""Shade beside hair is cut out of the mask; even skin, marks further in and beards are not."""

import numpy as np
import pytest

from core.face.skin_mask import CORE, find_skin, inside_polygon, square_places
from core.photo.hair_shade import unshaded
from core.types import Photo
from tests.core.own_heads import face_of, photograph, plain_colours

INSIDE, CHIN = (5, 280, 425), 152       # landmarks of nose, the other cheek, and chin


def masks(one, photo):
    """The mask as it is found and as it is left."""
    found = find_skin(photo, face_of(one), one.camera.focal / 0.75)
    return found, unshaded(found, face_of(one))


def beside_hair(one, plain, darkest):
    """Hair up to the right cheek of the face, and its shade on the skin (a photo); places on the skin beside it."""
    face, millimetre = face_of(one).landmarks[:, :2], 0.001 * one.camera.focal / 0.75
    down, across = np.mgrid[: plain.pixels.shape[0], : plain.pixels.shape[1]] + 0.5
    line, top, bottom = face[116, 0], face[127, 1], face[132, 1]
    rows = (down > top) & (down < bottom)
    shade = 1 - darkest * np.exp(-((np.clip(across - line, 0, None) / (12 * millimetre)) ** 2))[..., None] * [0.7, 1.0, 1.2]
    pixels = np.where(rows[..., None], plain.pixels * shade, plain.pixels)
    pixels[rows & (across < line)] = (60, 45, 30)
    beside = line + np.arange(9, 13) * millimetre
    return Photo(pixels.astype(np.uint8)), np.column_stack([beside, np.full(4, (top + bottom) / 2)]).astype(np.float32)


def test_even_skin_stays(one, plain):
    found, left = masks(one, plain)
    assert (found.share * (found.share - left.share)).sum() < 0.01 * found.share.sum()


def test_shade_beside_hair_is_cut(one, plain):
    photo, places = beside_hair(one, plain, 0.5)
    found, left = masks(one, photo)
    assert found.at(places)[0].mean() > 0.5
    assert left.at(places)[0].mean() < 0.5 * found.at(places)[0].mean()
    cheeks = face_of(one).landmarks[list(INSIDE), :2]
    assert left.at(cheeks)[0].min() > 0.95


def test_the_edge_of_hair_without_shade_stays(one, plain):
    photo, places = beside_hair(one, plain, 0.0)
    found, left = masks(one, photo)
    assert np.allclose(found.at(places)[0], left.at(places)[0], atol=0.02)


def test_a_mole_well_inside_and_brows_stay(one, plain):
    face = face_of(one).landmarks[:, :2]
    down, across = np.mgrid[: plain.pixels.shape[0], : plain.pixels.shape[1]] + 0.5
    mole = np.hypot(across - face[50, 0], down - face[50, 1]) < 0.002 * one.camera.focal / 0.75
    found, left = masks(one, Photo(np.where(mole[..., None], plain.pixels * 0.5, plain.pixels).astype(np.uint8)))
    places = face[[50, 66, 296]]
    assert np.allclose(found.at(places)[0], left.at(places)[0], atol=0.02)


def test_a_beard_stays(one, plain):
    """Dark skin along the jaw, below the lips' contact, is not hair's shade."""
    face = face_of(one).landmarks[:, :2]
    down = np.arange(plain.pixels.shape[0])[:, None, None]
    bearded = np.where(down > face[17, 1], plain.pixels * 0.65, plain.pixels).astype(np.uint8)
    found, left = masks(one, Photo(bearded))
    below = np.array([face[CHIN], face[176], face[400]]) - [0, 0.006 * one.camera.focal / 0.75]
    assert np.allclose(found.at(below.astype(np.float32))[0], left.at(below.astype(np.float32))[0], atol=0.02)


@pytest.mark.parametrize("light", [(0.0, 0.2, 0.98), (0.5, 0.3, 0.8)])
def test_a_lamp_on_a_bare_head_cuts_hardly_any_of_the_face(one, light):
    """Skin turns away from the lamp towards the outline, and darkens there as it does beside hair."""
    found, left = masks(one, photograph(one, plain_colours(), light))
    face = inside_polygon(square_places(face_of(one).landmarks[list(CORE), :2], found.centre, found.side, found.angle))
    lost = found.share - left.share
    assert lost[face].sum() < 0.015 * found.share[face].sum() and lost.sum() < 0.08 * found.share.sum()
    cheeks = face_of(one).landmarks[list(INSIDE), :2]
    assert left.at(cheeks)[0].min() > 0.99
