"""Catmull and Clark's surfaces: what is known of their limit, and of borders."""

import numpy as np
import pytest

from core.render.subdivision import QuadMesh, Refinement

CUBE = np.array([[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]])
CORNERS = np.array([[x, y, z] for z in (-1.0, 1.0) for y in (-1.0, 1.0) for x in (-1.0, 1.0)])


def grid(side):
    place = np.arange(side * side).reshape(side, side)
    quads = np.stack([place[:-1, :-1], place[:-1, 1:], place[1:, 1:], place[1:, :-1]], axis=2).reshape(-1, 4)
    across, up = np.meshgrid(np.arange(side), np.arange(side))
    return quads, np.stack([across.ravel(), up.ravel()], axis=1).astype(float)


def test_the_limit_is_the_same_from_every_level():
    once, thrice = (Refinement.of(CUBE, 8, levels).refine(CORNERS) for levels in (1, 3))
    assert np.allclose(once[:8], thrice[:8], atol=1e-12)


def test_a_corner_of_a_cube_goes_where_the_formula_says():
    neighbours, diagonal = -1 + 2 * np.eye(3), 1 - 2 * np.eye(3)            # of the corner (-1, -1, -1)
    # valence 3: (9 v + 4 sum of neighbours + sum of diagonals) / 24 (Halstead, Kass, DeRose 1993)
    wanted = (9 * -np.ones(3) + 4 * neighbours.sum(axis=0) + diagonal.sum(axis=0)) / 24
    assert np.allclose(QuadMesh(CUBE, 8).limit(CORNERS)[0], wanted, atol=1e-12)


def test_a_flat_even_grid_stays_flat_and_even():
    quads, points = grid(6)
    fine = Refinement.of(quads, 36, 2)
    inner = [number for number, (x, y) in enumerate(points) if 1 <= x <= 4 and 1 <= y <= 4]
    assert np.allclose(fine.refine(points)[inner], points[inner], atol=1e-12)
    assert len(fine.quads) == 16 * len(quads)


@pytest.mark.parametrize("sharp", [True, False])
def test_sharp_borders_stay(sharp):
    quads, points = grid(4)
    corner = Refinement.of(quads, 16, 2, sharp=sharp).refine(points)[0]
    assert np.allclose(corner, points[0]) == sharp


def test_a_closed_surface_keeps_its_sides():
    fine = Refinement.of(CUBE, 8, 3)
    points = fine.refine(CORNERS)
    corners = points[fine.quads]
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    outwards = (normals * corners.mean(axis=1)).sum(axis=1)
    assert (outwards > 0).all() or (outwards < 0).all()
    assert np.linalg.norm(points, axis=1).max() < 1 and np.ptp(np.linalg.norm(points, axis=1)) < 0.2
