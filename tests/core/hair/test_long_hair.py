"""Long hair hangs beside the face and over the ears as far down as wished; its length is read off the photo."""

import numpy as np
import pytest

from core.face.camera import Camera, turn
from core.face.detection import BLENDSHAPES, LANDMARKS, Face
from core.hair.long_hair import POINTS, long_hair
from core.hair.short_hair import STRANDS
from core.hair.styles import BELOW_EYES, hair_strands
from core.head.model import HeadBasis
from core.head.scalp import Scalp
from core.pack import DEFAULT
from core.photo.hair_length import Likeness, hair_length
from core.types import Photo


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(DEFAULT / "head.npz")


@pytest.fixture(scope="module", params=[0, 1])
def head(request, basis):
    identity = np.random.default_rng(request.param).normal(size=len(basis.identity_basis)).astype(np.float32)
    return basis.neutral(identity * bool(request.param))


@pytest.fixture(scope="module")
def chin(head, basis):
    return long_hair(head, basis, np.random.default_rng(0), below_eyes=BELOW_EYES["CHIN"])


def test_hair_ends_where_it_is_wished(head, basis, chin):
    scalp = Scalp.of(head, basis)
    assert 0.8 * STRANDS < len(chin.points) <= STRANDS and chin.points.shape[1:] == (POINTS, 3) and np.isfinite(chin.points).all()
    below = scalp.eyes[1] - chin.points[:, -1, 1]
    assert abs(np.median(below) - BELOW_EYES["CHIN"]) < 0.01                    # metres
    assert (below > BELOW_EYES["CHIN"] + 0.04).mean() < 0.02                    # strands of the nape


def test_the_face_is_free_and_the_ears_are_covered(head, basis, chin):
    scalp = Scalp.of(head, basis)
    x, y, z = np.moveaxis(chin.points, 2, 0)
    before = (z > scalp.eyes[2] - 0.012) & (np.abs(x) < 0.045) & (y < scalp.eyes[1] + 0.02)
    assert not before.any()
    for side in (-1, 1):
        ear = scalp.ears[np.sign(scalp.ears[:, 0]) == side]
        beside = (np.sign(x) == side) & (np.abs(y - ear[:, 1].mean()) < 0.01) & (np.abs(z - ear[:, 2].mean()) < 0.012)
        assert (np.abs(x[beside]) > np.abs(ear[:, 0]).max()).mean() > 0.5       # most of it passes outside


def test_strands_are_smooth(chin):
    steps = np.diff(chin.points.astype(np.float64), axis=1)
    steps /= np.maximum(np.linalg.norm(steps, axis=2, keepdims=True), 1e-9)
    turns = np.degrees(np.arccos(np.clip((steps[:, 1:] * steps[:, :-1]).sum(axis=2), -1, 1)))
    assert np.quantile(turns[:, 1:], 0.95) < 40


def test_no_length_is_a_short_cut(head, basis):
    strands = hair_strands(head, basis, np.random.default_rng(0), below_eyes=0.0).points.astype(np.float64)
    assert np.linalg.norm(np.diff(strands, axis=1), axis=2).sum(axis=1).max() < 0.08      # 75 mm on tall heads


SKIN, HAIR, WALL, SIDE = (214, 170, 138), (70, 48, 36), (150, 165, 180), 400


def drawn(down, wall=WALL):
    """A face as discs: hair above, and beside it down to so many pixels below the eyes."""
    yy, xx = np.mgrid[:SIDE, :SIDE]
    pixels = np.empty((SIDE, SIDE, 3), np.uint8)
    pixels[:] = wall
    wide = (np.abs(xx - 200) < 100) & (yy > 70) & (yy < 180 + down)
    pixels[wide] = HAIR
    pixels[((xx - 200) / 62) ** 2 + ((yy - 200) / 88) ** 2 < 1] = SKIN
    return Photo(pixels)


def face(yaw=0.0):
    marks = np.zeros((LANDMARKS, 3), np.float32)
    marks[:] = (200, 200, 0)
    marks[10, :2], marks[152, :2] = (200, 118), (200, 288)
    for side, sign in (((234, 93, 132, 58, 172), -1), ((454, 323, 361, 288, 397), 1)):
        marks[list(side), 0] = 200 + sign * np.array([62, 62, 60, 54, 44])
        marks[list(side), 1] = (180, 200, 215, 240, 262)
    marks[[33, 133], :2], marks[[362, 263], :2] = (170, 180), (230, 180)
    return Face(marks, np.zeros(len(BLENDSHAPES), np.float32), yaw, 170.0, 0.05)


def length(photo, yaw=0.0, bent=0.0):
    return hair_length(photo, face(yaw), hair=np.array([HAIR], np.float32), skin=np.array([SKIN], np.float32),
                       camera=Camera(turn(np.array([bent, 0.0, 0.0])), np.array([0.0, 0.0, 0.7]), 900.0, (200.0, 200.0)))


@pytest.mark.parametrize("down", [60, 110, 160])
def test_the_length_is_the_photos(down):
    assert abs(length(drawn(down)) - 0.185 * down / 170) < 0.012


def test_a_head_that_is_bent_forward_shows_the_hair_behind_the_face_higher_up():
    bent = length(drawn(60), bent=np.radians(14)) - length(drawn(60))
    assert 0.014 < bent < 0.018                                         # metres: 65 mm behind
    assert length(drawn(60), bent=np.radians(-14)) < length(drawn(60)) - 0.014


def test_a_photo_that_ends_beside_the_hair_tells_the_length_if_something_else_is_seen_behind_the_head():
    """Portraits are cut so; far out, where the background is looked for, there is no photo."""
    for wall, wanted in ((WALL, 0.185 * 110 / 170), (HAIR, 0.0)):
        photo = Photo(drawn(110, wall).pixels[:, 80:320].copy())
        there = face()
        there.landmarks[:, 0] -= 80
        found = hair_length(photo, there, hair=np.array([HAIR], np.float32), skin=np.array([SKIN], np.float32),
                            camera=Camera(np.eye(3), np.array([0.0, 0.0, 0.7]), 900.0, (120.0, 200.0)))
        assert abs(found - wanted) < 0.012                              # metres


def test_hair_that_hangs_below_the_chin_on_one_side_is_long_though_the_other_ear_is_free():
    pixels = drawn(170).pixels.copy()
    pixels[180:, 200:] = drawn(-20).pixels[180:, 200:]
    assert abs(length(Photo(pixels)) - 0.185) < 0.012                   # metres


def test_free_ears_mean_short_hair_and_so_does_a_wall_of_the_hairs_colour():
    assert length(drawn(-20)) == 0
    assert length(drawn(110, HAIR)) == 0


def test_one_free_ear_means_short_hair_unless_the_head_is_turned():
    pixels = drawn(110).pixels.copy()
    pixels[:, 262:] = WALL
    assert length(Photo(pixels)) == 0 and length(Photo(pixels), yaw=25.0) > 0.1


def test_hair_in_shadow_is_hair_and_skin_is_not():
    likeness = Likeness(np.array([[141.0, 119, 79]], np.float32), np.array([[210.0, 179, 150]], np.float32))
    assert likeness.of(np.array([[62.0, 46, 11], [130, 105, 70]], np.float32)).all()
    assert not likeness.of(np.array([[210.0, 175, 150], [215, 204, 200], [90, 110, 150]], np.float32)).any()


def test_a_blunt_cut_ends_in_one_line(head, basis):
    scalp, spread = Scalp.of(head, basis), []
    for blunt in (True, False):
        points = long_hair(head, basis, np.random.default_rng(0), below_eyes=BELOW_EYES["BLUNT"], blunt=blunt, count=3000).points
        ends = scalp.eyes[1] - points[:, -1, 1]
        spread.append(np.ptp(np.quantile(ends[ends > 0.08], [0.05, 0.95])))            # without the nape's, which lie on the skin
        assert abs(np.median(ends) - BELOW_EYES["BLUNT"]) < 0.012                       # metres
    assert spread[0] < 0.014 < 0.03 < spread[1]                                         # metres


def test_no_strand_comes_out_at_the_throat(head, basis):
    scalp = Scalp.of(head, basis)
    for below in (0.03, BELOW_EYES["CHIN"]):
        x, y, z = np.moveaxis(long_hair(head, basis, np.random.default_rng(0), below_eyes=below).points, 2, 0)
        assert not ((np.abs(x) < 0.05) & (z > -0.05) & (y < scalp.eyes[1] - 0.03)).any()        # metres: in front of the neck's axis
