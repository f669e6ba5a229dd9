"""The camera projects as a pinhole does, and its derivatives are those of the projection."""

import numpy as np
import pytest

from core.face.camera import Camera, turn

CAMERA = Camera(turn(np.array([0.1, -0.3, 0.2])), np.array([0.02, -0.03, 0.8]), 900.0, (320.0, 240.0))
POINTS = np.random.default_rng(0).normal(size=(6, 3)) * 0.08


def test_up_is_up_and_the_persons_left_is_on_the_right():
    camera = Camera(np.eye(3), np.array([0.0, 0, 1]), 1000.0, (500.0, 400.0))
    assert camera.project(np.zeros(3)).tolist() == [500, 400, 1]
    assert camera.project(np.array([0.1, 0.2, 0.0])) == pytest.approx([600, 200, 1])
    assert camera.project(np.array([0.0, 0.0, 0.5])) == pytest.approx([500, 400, 0.5])     # the face comes towards us
    assert camera.project(np.array([0.1, 0.0, 0.5]))[0] == pytest.approx(700)              # and is seen larger


def test_jacobian_of_the_points():
    derivative = CAMERA.jacobian(POINTS)
    for axis in range(3):
        step = np.eye(3)[axis] * 1e-6
        change = (exact(CAMERA, POINTS + step) - exact(CAMERA, POINTS - step)) / 2e-6
        assert np.allclose(derivative[:, :, axis], change, atol=1e-3)       # pixels per metre are about 1000


def test_jacobian_of_the_pose():
    derivative = CAMERA.pose_jacobian(POINTS)
    for index in range(7):
        step = np.eye(7)[index] * 1e-6
        change = (exact(CAMERA.moved(step), POINTS) - exact(CAMERA.moved(-step), POINTS)) / 2e-6
        assert np.allclose(derivative[:, :, index], change, atol=1e-3)


def exact(camera, points):
    """Project in double precision."""
    placed = camera.place(points)
    return camera.focal * placed[:, :2] / placed[:, 2:] + camera.centre


def test_turns_are_rotations():
    rotation = turn(np.array([0.0, np.pi / 2, 0.0]))
    assert np.allclose(rotation @ [0, 0, 1], [1, 0, 0])                     # the face looks to the person's left
    other = turn(np.array([0.3, -0.2, 0.9]))
    assert np.allclose(other @ other.T, np.eye(3)) and np.linalg.det(other) == pytest.approx(1)
    assert np.array_equal(turn(np.zeros(3)), np.eye(3))
