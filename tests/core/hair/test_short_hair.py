"""Short hair lies on the scalp and not on the face; its colour is the photo's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.face.detection import FaceDetector
from core.face.fit import Anchors, fit
from core.hair.short_hair import POINTS, STRANDS, short_hair
from core.head.model import HeadBasis
from core.pack import DEFAULT
from core.photo.hair_colour import hair_colour, seen_hair
from core.pictures.image import read_photo
from core.types import Photo
from training.head.surface import project

PHOTO = Path(DEFAULT) / "examples" / "astronaut.jpg"


@pytest.fixture(scope="module")
def basis():
    return HeadBasis.load(DEFAULT / "head.npz")


@pytest.fixture(scope="module")
def detector():
    return FaceDetector.load(DEFAULT / "third_party" / "face_landmarker.task")


@pytest.fixture(scope="module", params=[0, 1, 2])
def head(request, basis):
    """Three people, the first of them the mean one."""
    identity = np.random.default_rng(request.param).normal(size=len(basis.identity_basis)).astype(np.float32)
    return basis.neutral(identity * bool(request.param))


@pytest.fixture(scope="module")
def heights(head, basis):
    """Heights (N, POINTS), metres, of some strands above the nearest triangle of the skin."""
    points = short_hair(head, basis, np.random.default_rng(0)).points[::60].reshape(-1, 3).astype(float)
    corners, weights = project(points, head.astype(float), basis.skin_triangles)
    off = points - np.einsum("nk,nkc->nc", weights, head[corners])
    facing = np.cross(head[corners[:, 1]] - head[corners[:, 0]], head[corners[:, 2]] - head[corners[:, 0]])
    return (np.linalg.norm(off, axis=1) * np.sign((off * facing).sum(axis=1))).reshape(-1, POINTS)


def test_the_face_is_free(head, basis):
    strands = short_hair(head, basis, np.random.default_rng(0)).points
    assert 0.9 * STRANDS < len(strands) <= STRANDS and strands.shape[1:] == (POINTS, 3) and np.isfinite(strands).all()
    eyes = head[basis.part("eye_left").vertices].mean(axis=0)
    before = (strands[..., 2] > eyes[2]) & (np.abs(strands[..., 0]) < 1.2 * eyes[0])
    assert before.any() and strands[..., 1][before].min() > eyes[1] + 0.016  # metres: a fringe ends above the brows


def test_roots_lie_on_the_skin_and_tips_stand_off(heights):
    assert np.abs(heights[:, 0]).max() < 1e-5                               # metres
    assert 0.002 < np.median(heights[:, -1]) < 0.008
    assert heights[:, 1:].min() > 0                                         # none dips below the skin


def test_strands_are_short(head, basis):
    strands = short_hair(head, basis, np.random.default_rng(0)).points.astype(np.float64)
    length = np.linalg.norm(np.diff(strands, axis=1), axis=2).sum(axis=1)
    assert np.quantile(length, 0.05) > 0.008 and np.median(length) < 0.04 and length.max() < 0.08      # 75 mm on tall heads


@pytest.fixture(scope="module")
def hair_in(basis, detector):
    """Return what the scalp of the fitted astronaut shows in pixels that stand in for her photo's, from a row on."""
    photo = read_photo(PHOTO)
    face = detector.detect(photo)
    anchors = Anchors.load(DEFAULT / "anchors.npz")
    found = fit([face], [(photo.pixels.shape[1], photo.pixels.shape[0])], basis=basis, anchors=anchors)
    fitted, camera = basis.neutral(found.identity), found.sights[0].camera

    def look(pixels, first=0):
        shifted = replace(face, landmarks=(face.landmarks - [0, first, 0]).astype(np.float32))
        place = replace(camera, centre=(camera.centre[0], camera.centre[1] - first))
        return seen_hair(Photo(pixels[first:]), shifted, fitted, camera=place, basis=basis)[0]
    return look, photo.pixels, face


def test_the_colour_is_the_photos(hair_in):
    look, pixels, _ = hair_in
    red, green, blue = hair_colour(look(pixels))
    assert red > green > blue and 90 < red < 200                            # she is blonde
    dark = hair_colour(look((pixels * 0.3).astype(np.uint8)))
    assert dark is not None and dark[0] < 0.45 * red


def test_the_wall_behind_is_not_hair(hair_in):
    look, pixels, face = hair_in
    scene = pixels.copy()
    away = np.hypot(*(np.indices(pixels.shape[:2]) - face.landmarks[6, 1::-1, None, None]))
    wall = away > 0.95 * np.ptp(face.landmarks[:, 1])
    scene[wall] = (30, 30, 200)
    assert np.abs(np.subtract(hair_colour(look(scene)), hair_colour(look(pixels)))).max() <= 2


def test_grey_hair_on_dark_skin_is_hair(hair_in):
    look, pixels, face = hair_in
    scene = np.empty_like(pixels)
    scene[:] = (92, 58, 42)
    top = int(face.landmarks[10, 1])
    scene[:top + 4] = (175, 172, 168)
    assert np.abs(np.subtract(hair_colour(look(scene)), (175, 172, 168))).max() <= 2


def test_no_ones_hair_is_blue(hair_in):
    look, pixels, face = hair_in
    scene = pixels.copy()
    scene[:int(face.landmarks[10, 1]) + 2] = (40, 60, 190)                  # a cap
    red, green, blue = hair_colour(look(scene))
    assert blue < 1.1 * green and red > 0.93 * green                        # a cap is far beyond: 3.2 and .67


def test_a_fringe_over_the_whole_forehead_is_hair(hair_in):
    look, pixels, face = hair_in
    scene = pixels.copy()
    scene[:int(face.landmarks[[105, 334], 1].min()) - 2] = (70, 48, 36)
    assert np.abs(np.subtract(hair_colour(look(scene)), (70, 48, 36))).max() <= 2


def test_a_photo_that_ends_below_the_scalp_says_nothing(hair_in):
    look, pixels, face = hair_in
    assert look(pixels, int(face.landmarks[10, 1]) + 8) is None


def test_a_bald_head_gets_none(hair_in):
    look, pixels, face = hair_in
    bald = pixels.copy()
    forehead = face.landmarks[10, :2].astype(int)
    bald[:forehead[1] + 12] = pixels[forehead[1] + 14, forehead[0]]
    assert hair_colour(look(bald)) is None
