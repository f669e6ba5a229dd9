"""A fringe falls over the forehead as far as wished and no farther; how far it does, and how full hair is, is read off the photo."""

from functools import cache

import numpy as np
import pytest

from core.face.camera import Camera
from core.hair.fringe import HIGHEST, LOWEST
from core.hair.long_hair import VOLUMES, long_hair
from core.hair.styles import ABOVE_EYES, BELOW_EYES, hair_strands
from core.head.scalp import Scalp, inside_hairline
from core.head.silhouette import PIVOT, PLACES
from core.photo.forehead import FREE, ROWS, fringe_end
from core.photo.hair_sides import hair_sides
from core.photo.hair_volume import hair_volume
from core.pictures.raster import rasterise, vertex_normals
from core.render.preview import lit
from core.types import Photo
from tests.core.own_heads import basis

COUNT = 4000
SKIN, HAIR, HAT, SIDE = (214, 170, 138), (70, 48, 36), (40, 60, 190), 400


@pytest.fixture(scope="module", params=[0, 1])
def head(request):
    identity = np.random.default_rng(request.param).normal(size=len(basis().identity_basis)).astype(np.float32)
    return basis().neutral(identity * bool(request.param))


def grown(head, below_eyes, above_eyes, side=1.0):
    return hair_strands(head, basis(), np.random.default_rng(0), below_eyes=below_eyes, above_eyes=above_eyes, side=side, count=COUNT)


def over_forehead(head, strands):
    """Return how far above the eyes the points of strands before the forehead's middle lie, metres."""
    eyes = Scalp.of(head, basis()).eyes
    x, y, z = np.moveaxis(strands.points - eyes, 2, 0)
    return y[(np.abs(x) < 0.03) & (z > 0) & (y < 0.06)]


@pytest.mark.parametrize("below", [0.0, BELOW_EYES["CHIN"]])
def test_it_ends_where_it_is_wished(head, below):
    for above in (ABOVE_EYES["BROWS"], ABOVE_EYES["SHORT"]):
        tips = grown(head, below, above).points[-COUNT // 6:, -1] - Scalp.of(head, basis()).eyes
        heights = tips[np.abs(tips[:, 0]) < 0.02, 1]
        assert len(heights) > 50 and abs(np.median(heights) - above) < 0.006                  # metres


@pytest.mark.parametrize("below", [0.0, 0.03, BELOW_EYES["LONG"]])
def test_the_face_below_the_brows_is_free(head, below):
    strands = grown(head, below, 0.001)                                                        # far too long: held above the brows
    eyes = Scalp.of(head, basis()).eyes
    x, y, z = np.moveaxis(strands.points - eyes, 2, 0)
    assert (y[(np.abs(x) < 0.036) & (z > 0)] < 0.030).sum() > 50                                # metres: it does reach the brows
    assert y[(np.abs(x) < 0.036) & (z > 0)].min() > 0.021 and y[(np.abs(x) < 0.045) & (z > 0)].min() > 0.016  # lids end at 0.012


def test_no_strand_dips_into_the_forehead(head):
    strands, scalp = grown(head, 0.03, LOWEST), Scalp.of(head, basis())
    points = strands.points[-COUNT // 6:, 1:].reshape(-1, 3).astype(np.float64)                # the last are the fringe's
    out = scalp.outside(np.concatenate([points[:1], points])[None], 0.0)[0, 1:] - points
    assert np.abs(out).max() < 1e-6


@pytest.mark.parametrize("below", [0.0, BELOW_EYES["CHIN"]])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_it_is_ragged_and_swept_away_from_the_parting(head, below, side):
    strands = grown(head, below, 0.045, side).points[-COUNT // 6:]
    tips = strands[:, -1] - Scalp.of(head, basis()).eyes
    middle = np.abs(tips[:, 0]) < 0.02
    assert 0.002 < tips[middle, 1].std() < 0.012                                               # metres
    assert side * np.median(strands[:, -1, 0] - strands[:, 0, 0]) < -0.004


def test_a_fringe_parted_in_the_middle_falls_to_both_sides(head):
    strands = grown(head, 0.03, 0.045, 0.0).points[-COUNT // 6:]
    aside = strands[:, -1, 0] - strands[:, 0, 0]
    for sign in (-1, 1):
        assert sign * np.median(aside[sign * strands[:, 0, 0] > 0.02]) > 0.004


def test_without_one_hair_is_as_it_was(head):
    plain = hair_strands(head, basis(), np.random.default_rng(0), below_eyes=0.03, count=COUNT)
    np.testing.assert_array_equal(plain.points, grown(head, 0.03, ABOVE_EYES["NONE"]).points)
    assert (over_forehead(head, plain) < HIGHEST - 0.006).sum() < 0.02 * COUNT


def test_it_is_the_same_each_time_and_has_no_more_strands(head):
    first, second = (grown(head, 0.03, 0.04) for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)
    assert 0.8 * COUNT < len(first.points) <= COUNT and np.isfinite(first.points).all()
    corners = head[basis().skin_triangles[first.triangle]]
    np.testing.assert_allclose(np.einsum("nk,nkc->nc", first.weights, corners), first.points[:, 0], atol=1e-5)     # metres


CAMERA = Camera(np.eye(3), np.array([0.0, 0.05, 0.7]), 900.0, (SIDE / 2, SIDE / 2))


@cache
def heights():
    """Return for each pixel (SIDE, SIDE) how far above the eyes the head lies there, how far inside the hairline, and the light."""
    model = basis()
    skin, triangles = model.part("skin").vertices, model.skin_triangles
    vertices = model.vertices[skin]
    covered = rasterise(CAMERA.project(vertices), triangles, width=SIDE, height=SIDE)
    up = (vertices[:, 1] - Scalp.of(model.vertices, model).eyes[1])[:, None]
    light = lit(vertex_normals(vertices, triangles).astype(np.float64))[:, :1]
    values = np.concatenate([up, inside_hairline(vertices)[:, None], light], axis=1).astype(np.float32)
    return covered.interpolate(triangles, values), covered.triangle >= 0


def drawn(end, colour=HAIR, skin=SKIN):
    """Return a photo of the mean head whose hair comes down to so far above the eyes, metres; None for a bald one."""
    values, seen = heights()
    covered = np.zeros_like(seen) if end is None else (values[..., 1] > 0) | ((values[..., 0] > end) & (values[..., 0] < 0.09))
    painted = np.where(covered[..., None], colour, skin) * np.clip(values[..., 2:], 0.5, 1.1)
    pixels = np.where(seen[..., None], painted, (150, 165, 180))
    return Photo(np.clip(pixels, 0, 255).astype(np.uint8))


def found(photo, colour=HAIR, skin=SKIN):
    return fringe_end(photo, basis().vertices, hair=np.array([colour], np.float32), skin=np.array([skin], np.float32),
                      camera=CAMERA, basis=basis())


@pytest.mark.parametrize("end", [0.034, 0.045])
def test_a_fringe_is_seen_where_it_ends(end):
    assert abs(found(drawn(end)) - end) < 0.006                         # metres: two rows


def test_a_free_forehead_has_none():
    assert found(drawn(0.20)) == 0 and found(drawn(FREE + 0.006)) == 0
    assert found(drawn(None)) == 0
    assert fringe_end(drawn(None), basis().vertices, hair=np.zeros((0, 3), np.float32), skin=np.array([SKIN], np.float32),
                      camera=CAMERA, basis=basis()) == 0


def test_dark_hair_on_dark_skin():
    hair, skin = (34, 28, 26), (112, 72, 52)
    assert found(drawn(0.04, hair, skin), hair, skin) == pytest.approx(0.04, abs=0.006)
    assert found(drawn(0.20, hair, skin), hair, skin) == 0


def test_a_hat_is_no_fringe():
    assert found(drawn(0.034, HAT), HAT) == 0


def test_a_photo_that_ends_below_it_says_nothing():
    photo = drawn(0.034)
    top = int(CAMERA.project(np.array([0.0, 0.027 + ROWS[4], 0.04]))[1])
    moved = Camera(CAMERA.rotation, CAMERA.translation, CAMERA.focal, (SIDE / 2, SIDE / 2 - top))
    assert fringe_end(Photo(photo.pixels[top:]), basis().vertices, hair=np.array([HAIR], np.float32),
                      skin=np.array([SKIN], np.float32), camera=moved, basis=basis()) == 0


def test_locks_on_the_forehead_are_no_fringe():
    pixels = drawn(0.20).pixels.copy()
    pixels[:, 193:207] = HAIR                                           # one strand in the middle
    assert found(Photo(pixels)) == 0


def full(out, wall=(150, 165, 180)):
    """Return a photo of the mean head with hair that stands off it by so many metres."""
    pixels, seen = drawn(0.034).pixels.copy(), heights()[1]
    pixels[~seen] = wall
    around = seen.copy()
    for _ in range(round(out * CAMERA.focal / 0.72)):                   # the cranium's outline lies 0.72 m from the camera
        around[:, 1:-1] |= around[:, 2:] | around[:, :-2]
    pixels[around & ~seen] = HAIR
    return Photo(pixels)


def volume(photo):
    return hair_volume(photo, basis().vertices, hair=np.array([HAIR], np.float32), skin=np.array([SKIN], np.float32), camera=CAMERA,
                       basis=basis())


@pytest.mark.parametrize("out", [0.015, 0.03])
def test_hair_is_as_full_as_in_the_photo(out):
    assert abs(volume(full(out)) - out) < 0.005                         # metres: two pixels, and steps of 2 mm


def test_nothing_is_said_of_volume_before_a_wall_of_the_hairs_colour():
    assert volume(full(0.02, HAIR)) == 0
    assert volume(Photo(full(0.02).pixels[:, SIDE // 2:])) == 0         # the camera's middle no longer is the picture's


def sides(photo):
    return hair_sides(photo, basis().vertices, hair=np.array([HAIR], np.float32), skin=np.array([SKIN], np.float32), camera=CAMERA,
                      basis=basis())


def test_hair_is_as_wide_as_in_the_photo_on_each_side():
    thin, thick = sides(full(0.015)), sides(full(0.03))
    over = (PLACES > 0.02) & (PLACES < PIVOT + 0.001)                   # below are the ears, and no hair before them
    np.testing.assert_allclose((thick - thin)[:, over], 0.015, atol=0.004)          # metres: two pixels, and steps of 2 mm
    np.testing.assert_allclose(thick[0, over], thick[1, over], atol=0.004)
    assert (thick[:, over] > 0.095).all() and (thick[:, over] < 0.115).all()
    pixels = full(0.03).pixels.copy()
    pixels[:, SIDE // 2:] = full(0.015).pixels[:, SIDE // 2:]           # her left
    np.testing.assert_allclose(sides(Photo(pixels)), [thick[0], thin[1]], atol=0.004)


def high(out):
    """Return a photo of the mean head with hair that stands up over it by so many metres."""
    pixels, seen = full(0.02).pixels.copy(), heights()[1]
    above = seen.copy()
    for _ in range(round(out * CAMERA.focal / 0.72)):
        above[:-1] |= above[1:]
    pixels[above & ~seen] = HAIR
    return Photo(pixels)


def test_hair_is_as_high_as_in_the_photo_and_nothing_is_said_of_what_leaves_it():
    low, tall = sides(high(0.015)), sides(high(0.03))
    np.testing.assert_allclose((tall - low)[:, -1], 0.015, atol=0.004)              # metres
    np.testing.assert_allclose(tall[0, -1], tall[1, -1])
    top = int(CAMERA.project(np.array([0.0, 0.027 + PIVOT + low[0, -1], -0.04]))[1]) + 4           # pixels: the photo ends there
    moved = Camera(CAMERA.rotation, CAMERA.translation, CAMERA.focal, (SIDE / 2, SIDE / 2 - top))
    cut = hair_sides(Photo(high(0.03).pixels[top:]), basis().vertices, hair=np.array([HAIR], np.float32),
                     skin=np.array([SKIN], np.float32), camera=moved, basis=basis())
    assert not cut[:, -1].any() and cut[:, PLACES < PIVOT - 0.03].any(axis=1).all()


def test_an_outline_has_no_dents_above_the_eyes():
    """Light that glances off hair hides it from us."""
    pixels, whole = full(0.03).pixels.copy(), sides(full(0.03))
    row = int(CAMERA.project(np.array([0.0, 0.027 + 0.03, -0.04]))[1])
    pixels[row - 12:row + 13][(pixels[row - 12:row + 13] == HAIR).all(axis=2)] = (240, 240, 240)
    np.testing.assert_allclose(sides(Photo(pixels))[:, PLACES == 0.03], whole[:, PLACES == 0.03], atol=0.006)       # metres


def test_shadows_within_hair_are_hair():
    pixels = full(0.03).pixels.copy()
    dark = (pixels == HAIR).all(axis=2) & (np.arange(SIDE) % 5 < 2)[:, None]
    pixels[dark] = (4, 3, 2)
    np.testing.assert_allclose(sides(Photo(pixels)), sides(full(0.03)), atol=0.004)


def test_no_width_is_told_before_a_wall_of_the_hairs_colour_nor_of_a_hat():
    assert not sides(full(0.02, HAIR)).any()
    assert not sides(Photo(full(0.02).pixels[:, SIDE // 2:])).any()
    assert not hair_sides(full(0.02), basis().vertices, hair=np.array([HAT], np.float32), skin=np.array([SKIN], np.float32),
                          camera=CAMERA, basis=basis()).any()


def test_full_hair_stands_off_more_within_bounds(head):
    eyes, width = Scalp.of(head, basis()).eyes, []
    for volume in (VOLUMES[0], VOLUMES[1], 0.09):
        points = long_hair(head, basis(), np.random.default_rng(0), below_eyes=0.03, volume=volume, count=1000).points - eyes
        width.append(np.quantile(np.abs(points[np.abs(points[..., 1] - 0.05) < 0.01][:, 0]), 0.95))         # over the ears
    assert 0.008 < width[1] - width[0] < 0.02 and width[2] == width[1]      # metres: 16 mm, along normals that also lean up
