"""How far a hairline has gone back is read off the photo, or nothing is said."""

from functools import cache

import numpy as np
import pytest

from core.face.camera import Camera, turn
from core.head.scalp import from_bare, inside_hairline
from core.photo.hairline import hairline
from core.pictures.raster import rasterise, vertex_normals
from core.render.preview import lit
from core.types import Photo
from tests.core.own_heads import basis

SKIN, HAIR, HAT, WALL, SIDE = (214, 170, 138), (70, 48, 36), (40, 60, 190), (150, 165, 180), 400


def camera(yaw=0.0):
    return Camera(turn(np.array([0.0, np.radians(yaw), 0.0])), np.array([0.0, 0.05, 0.7]), 900.0, (SIDE / 2, SIDE / 2))


@cache
def drawn(line, hair=HAIR, skin=SKIN, yaw=0.0):
    """Return a photo of the mean head whose hairline has gone back so far; None for a bald one."""
    model = basis()
    vertices, triangles = model.vertices[model.part("skin").vertices], model.skin_triangles
    covered = rasterise(camera(yaw).project(vertices), triangles, width=SIDE, height=SIDE)
    grown = np.full(len(vertices), -1.0) if line is None else np.minimum(inside_hairline(vertices), from_bare(vertices, line))
    values = np.column_stack([grown, lit(vertex_normals(vertices, triangles).astype(np.float64))[:, 0]]).astype(np.float32)
    values = covered.interpolate(triangles, values)
    painted = np.where(values[..., :1] > 0, hair, skin) * np.clip(values[..., 1:], 0.5, 1.1)
    return Photo(np.clip(np.where((covered.triangle >= 0)[..., None], painted, WALL), 0, 255).astype(np.uint8))


def found(photo, hair=HAIR, skin=SKIN, yaw=0.0, seen=camera):
    return hairline(photo, basis().vertices, hair=np.array([hair], np.float32), skin=np.array([skin], np.float32), camera=seen(yaw),
                    basis=basis())


@pytest.mark.parametrize("line", ["FULL", "TEMPLES", "RECEDING"])
@pytest.mark.parametrize("yaw", [0.0, 15.0])
def test_it_is_read_as_far_back_as_it_is(line, yaw):
    assert found(drawn(line, yaw=yaw), yaw=yaw) == line
    dark, brown = (34, 28, 26), (112, 72, 52)
    assert found(drawn(line, dark, brown, yaw), dark, brown, yaw) == line


def test_a_high_forehead_is_full():
    """The line lies farther back everywhere, and no farther at the temples."""
    pixels = drawn("FULL").pixels.copy()
    dark = pixels.sum(axis=2) < sum(HAIR) + 60
    lowest = np.flatnonzero(dark[:, SIDE // 2])[-1]
    shaved = dark & (np.arange(SIDE)[:, None] > lowest - 12) & (np.arange(SIDE)[:, None] < lowest + 12)     # pixels: a centimetre
    pixels[shaved] = SKIN
    assert shaved.sum() > 500 and found(Photo(pixels)) == "FULL"


def test_where_no_hair_is_seen_nothing_is_said():
    assert found(drawn(None)) == "PHOTO" and found(drawn("BALDING")) == "PHOTO"
    assert found(drawn("RECEDING", HAT), HAT) == "PHOTO"                                     # no one's hair is blue
    assert hairline(drawn("RECEDING"), basis().vertices, hair=np.zeros((0, 3), np.float32), skin=np.array([SKIN], np.float32),
                    camera=camera(), basis=basis()) == "PHOTO"


def test_a_photo_that_ends_at_the_forehead_says_nothing():
    photo = drawn("RECEDING")
    top = int(camera().project(np.array([0.0, 0.105, 0.03]))[1])
    moved = Camera(camera().rotation, camera().translation, camera().focal, (SIDE / 2, SIDE / 2 - top))
    assert found(Photo(photo.pixels[top:]), seen=lambda yaw: moved) == "PHOTO"
