"""Triangles cover the pixels whose centres they hold, the nearest wins, and what is interpolated is exact."""

import numpy as np

from core.pictures.raster import rasterise, vertex_normals
from core.pictures.sampling import bilinear, crop, halve


def square(depth=1.0):
    points = np.array([[2.0, 2, depth], [6, 2, depth], [6, 6, depth], [2, 6, depth]])
    return points, np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_a_square_covers_its_pixels_once():
    covered = rasterise(*square(), width=10, height=8)
    inside = np.zeros((8, 10), bool)
    inside[2:6, 2:6] = True
    assert np.array_equal(covered.triangle >= 0, inside)
    assert set(np.unique(covered.triangle)) == {-1, 0, 1}


def test_a_linear_function_is_reproduced_at_pixel_centres():
    points, triangles = square()
    values = 3 * points[:, :1] - 2 * points[:, 1:2] + 1
    drawn = rasterise(points, triangles, width=10, height=8).interpolate(triangles, values)[..., 0]
    down, across = np.mgrid[2:6, 2:6] + 0.5
    assert np.allclose(drawn[2:6, 2:6], 3 * across - 2 * down + 1, atol=1e-5)
    assert (drawn[:2] == 0).all()


def test_the_nearest_wins_in_any_order():
    near, triangles = square(1.0)
    far, _ = square(2.0)
    for first, second, expected in ((near, far, {0, 1}), (far, near, {2, 3})):
        covered = rasterise(np.concatenate([first, second]), np.concatenate([triangles, triangles + 4]), width=10, height=8)
        assert set(np.unique(covered.triangle)) - {-1} == expected
        assert (covered.depth[2:6, 2:6] == 1).all() and np.isinf(covered.depth[0, 0])


def test_what_lies_outside_or_has_no_area_is_left_out():
    points = np.array([[-9.0, -9], [-5, -9], [-5, -5], [1, 1], [3, 3], [5, 5], [-2, -2], [4, -2], [-2, 4]])
    covered = rasterise(points, np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8]], np.int32), width=5, height=5)
    assert set(np.unique(covered.triangle)) == {-1, 2}


def test_only_what_faces_the_viewer():
    points, triangles = square()
    assert (rasterise(points, triangles, width=10, height=8, facing=True).triangle >= 0).any()
    assert not (rasterise(points, triangles[:, ::-1], width=10, height=8, facing=True).triangle >= 0).any()


def test_normals_of_a_plane_and_of_a_folded_one():
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert np.allclose(vertex_normals(points, np.array([[0, 1, 2]]))[:3], [0, 0, 1])
    folded = vertex_normals(points, np.array([[0, 1, 2], [0, 2, 3]]))
    assert np.allclose(folded[0], [2**-0.5, 0, 2**-0.5]) and np.allclose(folded[3], [1, 0, 0])


def test_bilinear_is_exact_between_pixels_and_keeps_the_border_outside():
    image = np.arange(12, dtype=np.float32).reshape(3, 4, 1)
    assert bilinear(image, np.float32([1.5]), np.float32([0.5]))[0, 0] == 1
    assert bilinear(image, np.float32([2.0]), np.float32([1.0]))[0, 0] == np.mean([1, 2, 5, 6])
    assert bilinear(image, np.float32([-9]), np.float32([99]))[0, 0] == 8


def test_halving_averages_and_drops_odd_edges():
    image = np.array([[0, 4, 9], [8, 4, 9], [7, 7, 7]], np.uint8)[..., None]
    assert halve(image).tolist() == [[[4]]]


def test_a_crop_is_turned_and_black_outside():
    image = np.zeros((8, 8, 3), np.uint8)
    image[:4, 4:] = 200                                                     # top right quarter
    upright = crop([image], 4, 4, 8, 0.0, 8)
    assert np.allclose(upright, image)
    quarter = crop([image], 4, 4, 8, np.pi / 2, 8)                          # its x axis runs down the photo
    assert quarter[1, 1].tolist() == [200] * 3 and quarter[6, 6].tolist() == [0] * 3 and quarter[1, 6].tolist() == [0] * 3
    assert (crop([image], 100, 100, 8, 0.0, 8) == 0).all()
