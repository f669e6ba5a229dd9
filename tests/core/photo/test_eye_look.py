"""Whites are as white beside the skin as the photo shows them."""

from types import SimpleNamespace

import numpy as np
import pytest

from core.face.skin_mask import EYES
from core.photo.eye_look import CHEEKS, brightness_of_whites, white_of_eye
from core.photo.shading import LUMINANCE
from core.pictures.colours import WHITE_OF_EYE, encoded, linear
from core.types import Photo

SKIN = 120
FULL = 255 * encoded(np.array(WHITE_OF_EYE))


def portrait(white: int, width: int = 60) -> tuple[Photo, SimpleNamespace]:
    """Return a photo of grey skin with two eyes, whites of this value around black irises, and its landmarks."""
    pixels = np.full((300, 400, 3), SKIN, np.uint8)
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[list(CHEEKS), :2] = [(100 + 25 * place, 220) for place in range(len(CHEEKS))]
    rows, columns = np.mgrid[:300, :400]
    for rim, x, iris in zip(EYES, (120, 280), (468, 473), strict=True):
        turns = np.linspace(0, 2 * np.pi, len(rim), endpoint=False)
        landmarks[list(rim), :2] = np.column_stack([x + width / 2 * np.cos(turns), 120 + width / 4 * np.sin(turns)])
        radius = width / 5
        landmarks[[iris, iris + 1, iris + 3], :2] = [(x, 120), (x + radius, 120), (x - radius, 120)]
        pixels[((columns - x) / (width / 2)) ** 2 + ((rows - 120) / (width / 4)) ** 2 < 1.15] = white
        pixels[np.hypot(columns - x, rows - 120) < radius] = 10
    return Photo(pixels), SimpleNamespace(landmarks=landmarks)


def luminance(colour: tuple[int, int, int]) -> float:
    """Return the linear luminance of an sRGB colour."""
    return float(linear(np.array(colour, np.uint8)) @ LUMINANCE)


@pytest.mark.parametrize("white", [90, 150, 240])
def test_the_whites_brightness_is_measured_without_the_iris(white):
    wanted = linear(np.array(white)) / linear(np.array(SKIN))
    assert brightness_of_whites(*portrait(white)) == pytest.approx(float(wanted), rel=0.02)


def test_a_face_in_the_shade_has_no_glaring_eyes():
    photo, face = portrait(100)
    dim = luminance(white_of_eye(photo, face, np.full(3, 100.0)))
    assert dim == pytest.approx(1.6 * float(linear(np.array(100))), rel=0.05) and dim < 0.5 * luminance(tuple(FULL.astype(int)))


def test_dark_skin_in_good_light_keeps_white_eyes():
    tone = np.array([90.0, 62.0, 50.0])                                 # a dark skin's
    photo, face = portrait(230)
    assert luminance(white_of_eye(photo, face, tone)) > 3 * luminance(tuple(tone.astype(int)))


def test_light_skin_has_an_eyeballs_white():
    assert white_of_eye(*portrait(200), np.full(3, 215.0)) == tuple(np.round(FULL).astype(int))


def test_tiny_eyes_say_nothing():
    assert brightness_of_whites(*portrait(240, width=8)) is None
    assert white_of_eye(*portrait(240, width=8), np.full(3, 215.0)) == tuple(np.round(FULL).astype(int))


def test_eyes_at_the_photos_edge_are_read_as_far_as_they_are_there():
    photo, face = portrait(200)
    face.landmarks[:, 0] -= 120                                         # through the middle of one eye
    cut = Photo(np.ascontiguousarray(photo.pixels[:, 120:]))
    wanted = linear(np.array(200)) / linear(np.array(SKIN))
    assert brightness_of_whites(cut, face) == pytest.approx(float(wanted), rel=0.02)
