"""A curve through points on a circle is that circle."""

import numpy as np

from core.pictures.polygons import curve, nearest, within


def test_a_circle_is_one():
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = curve(np.column_stack([np.cos(turns), np.sin(turns), np.zeros(24)]))
    np.testing.assert_allclose(np.linalg.norm(circle, axis=1), 1, atol=1e-3)
    points = np.array([[0.0, 0, 0], [0.5, 0.5, 0], [1.5, 0, 0], [0, -3, 0]])
    assert within(points, circle).tolist() == [True, True, False, False]
    np.testing.assert_allclose(nearest(points, circle), [1, 1 - 0.5**0.5, 0.5, 2], atol=0.01)
