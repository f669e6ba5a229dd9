"""Short hair lies on the scalp and not on the face; its colour is the photo's."""

from pathlib import Path

import numpy as np
import pytest

from core.face_detection import FaceDetector
from core.hair import POINTS, STRANDS, short_hair
from core.hair_colour import hair_colour
from core.head_model import HeadBasis
from core.image import read_photo
from core.pack import DEFAULT
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
    assert np.quantile(length, 0.05) > 0.008 and np.median(length) < 0.04 and length.max() < 0.07


def test_the_colour_is_the_photos(detector):
    photo = read_photo(PHOTO)
    red, green, blue = hair_colour(photo, detector.detect(photo))
    assert red > green > blue and 90 < red < 200                            # she is blonde
    darker = Photo((photo.pixels * np.array([0.3, 0.3, 0.3])).astype(np.uint8))
    dark = hair_colour(darker, detector.detect(darker))
    assert dark is not None and dark[0] < 0.45 * red


def test_a_bald_head_gets_none(detector):
    photo = read_photo(PHOTO)
    face = detector.detect(photo)
    bald = photo.pixels.copy()
    forehead = face.landmarks[10, :2].astype(int)
    bald[:forehead[1] + 2] = photo.pixels[forehead[1] + 14, forehead[0]]
    assert hair_colour(Photo(bald), face) is None
