"""Which side hair is parted at and how it waves is read off its grain in a photo, and nothing is said where it cannot be seen."""

from functools import cache

import numpy as np
import pytest

from core.face.camera import Camera
from core.head.scalp import Scalp, inside_hairline
from core.photo.hair_grain import ASIDE, STEP, Grain, directions
from core.photo.hair_parting import parting
from core.photo.hair_waves import of_hair, turns, waves
from core.pictures.raster import rasterise
from core.types import Photo
from tests.core.own_heads import basis

SIDE, SKIN, HAIR = 400, (214, 170, 138), (70, 48, 36)
CAMERA = Camera(np.eye(3), np.array([0.0, 0.02, 0.7]), 900.0, (SIDE / 2, SIDE / 2))     # 0.8 mm a pixel


@cache
def places():
    """Return where pixels (SIDE, SIDE) lie, metres to the person's left and above the eyes, which show the head, and which hair."""
    model = basis()
    eyes = Scalp.of(model.vertices, model).eyes
    vertices = model.vertices[model.part("skin").vertices]
    covered = rasterise(CAMERA.project(vertices), model.skin_triangles, width=SIDE, height=SIDE)
    inside = covered.interpolate(model.skin_triangles, inside_hairline(vertices)[:, None].astype(np.float32))[..., 0]
    head = covered.triangle >= 0
    column, row = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    x, y = ((column - SIDE / 2) * 0.7 / 900, (SIDE / 2 - row) * 0.7 / 900 + 0.02 - eyes[1])
    return x, y, head, head & ((inside > 0) | ((y > 0.036) & (y < 0.09)))


def drawn(across, full=False):
    """Return a photo of hair whose strands are the lines along which `across` (SIDE, SIDE), metres, does not change; full: beside the
    face as well."""
    x, y, head, hair = places()
    if full:
        hair = hair | ((np.hypot(x / 0.115, (y - 0.03) / 0.125) < 1) & ~(head & (y < 0.036) & (np.abs(x) < 0.06)))
    noise = np.random.default_rng(0).normal(size=4001)
    place = np.clip((across + 0.5) / 0.0005 * 2, 0, 3999)                              # strands of 0.25 mm, seen 0.8 mm wide
    streaks = np.convolve(noise, np.ones(9) / 3, mode="same")[place.astype(int)]
    shade = np.clip(1 + 0.2 * streaks, 0.4, 1.8)[..., None]
    pixels = np.where(hair[..., None], np.array(HAIR) * shade, np.where(head[..., None], SKIN, (150, 165, 190)))
    return Photo(np.clip(pixels, 0, 255).astype(np.uint8))


def grain(photo, camera=CAMERA, colour=HAIR):
    return Grain.of(photo, basis().vertices, hair=np.array([colour], np.float32), skin=np.array([SKIN], np.float32), camera=camera,
                    basis=basis())


def parted(place):
    """Return the photo of hair that falls away at 45 degrees on both sides of a parting so far to the person's left, metres."""
    x, y, *_ = places()
    return drawn(y + np.abs(x - place))


def test_directions_are_those_of_lines():
    y, x = np.mgrid[:60, :60]
    for angle in (0.0, 0.6, 1.2, 2.2):
        light = np.sin(1.1 * (np.sin(angle) * x + np.cos(angle) * y))           # rows count downwards
        across, up = (value[20:40, 20:40] for value in directions(light))
        np.testing.assert_allclose(across, np.cos(2 * angle), atol=0.1)         # slopes by differences of neighbours
        np.testing.assert_allclose(up, np.sin(2 * angle), atol=0.1)


@pytest.mark.parametrize(("place", "side"), [(0.035, "LEFT"), (-0.035, "RIGHT"), (0.0, "MIDDLE")])
def test_the_partings_side_is_the_photos(place, side):
    assert parting(grain(parted(place))) == side


def test_a_mirrored_photo_is_parted_at_the_other_side():
    photo = parted(0.035)
    assert parting(grain(Photo(np.ascontiguousarray(photo.pixels[:, ::-1])))) == "RIGHT"


def test_hair_swept_to_one_side_is_parted_at_the_other():
    x, y, *_ = places()
    assert parting(grain(drawn(x + y))) == "RIGHT" and parting(grain(drawn(x - y))) == "LEFT"


def test_hair_without_a_side_has_none():
    x, *_ = places()
    assert parting(grain(drawn(x))) == "PHOTO"                          # straight down


def waved(length, height=0.004):
    x, y, *_ = places()
    return drawn(x + height * np.sin(2 * np.pi * y / length), full=True)


@pytest.mark.parametrize("length", [0.018, 0.024, 0.034])
def test_the_length_of_waves_is_the_photos(length):
    found = grain(waved(length, 0.2 * length))
    bent, seen = turns(found, of_hair(found, 0.05))
    assert bent > 0.3 and abs(seen / length - 1) < 0.25                 # steps of 2.5 mm, and grain evened over 3


def test_straight_hair_is_straight_and_waves_are_told_from_curls():
    x, *_ = places()
    assert waves(grain(drawn(x, full=True)), 0.05) == "STRAIGHT"
    assert waves(grain(waved(0.034, 0.006)), 0.05) == "WAVY"
    assert waves(grain(waved(0.018, 0.0036)), 0.05) == "CURLY"


@pytest.mark.parametrize("block", [1, 8])
def test_noise_and_a_jpegs_blocks_are_no_curls(block):
    x, *_ = places()
    pixels = drawn(x, full=True).pixels.astype(float)
    dark = (pixels < 130).all(axis=2)
    coarse = np.random.default_rng(1).normal(size=(SIDE // block, SIDE // block)).repeat(block, axis=0).repeat(block, axis=1)
    pixels[dark] = np.array(HAIR) * (1 + 0.25 * coarse[dark])[:, None]
    assert waves(grain(Photo(np.clip(pixels, 0, 255).astype(np.uint8))), 0.05) == "PHOTO"


def test_nothing_is_said_of_too_little_hair_or_of_a_coarse_photo():
    x, y, *_ = places()
    cropped = np.where(((x > 0) | (y < 0.04))[..., None], SKIN, parted(0.035).pixels).astype(np.uint8)
    assert waves(grain(Photo(cropped)), 0.0) == "PHOTO"
    assert parting(grain(Photo(np.full((SIDE, SIDE, 3), SKIN, np.uint8)))) == "PHOTO"
    far = Camera(CAMERA.rotation, np.array([0.0, 0.02, 4.0]), CAMERA.focal, CAMERA.centre)
    assert not grain(parted(0.035), far).hair.any()
    assert not grain(parted(0.035), colour=(40, 60, 190)).hair.any()    # a hat
    nobody = Grain.of(parted(0.035), basis().vertices, hair=np.zeros((0, 3), np.float32), skin=np.array([SKIN], np.float32),
                      camera=CAMERA, basis=basis())
    assert parting(nobody) == "PHOTO" and nobody.x.shape[1] == round(2 * ASIDE / STEP)


def test_a_photo_that_ends_beside_the_face_is_read_without_complaint():
    photo = parted(0.035)
    moved = Camera(CAMERA.rotation, CAMERA.translation, CAMERA.focal, (SIDE / 2 - 150, SIDE / 2 - 150))
    assert parting(grain(Photo(photo.pixels[150:, 150:].copy()), moved)) in ("PHOTO", "LEFT")
