"""A lip network's vertices as weights of the head's shapes (training/export.py's tests run such networks)."""

import numpy as np
import pytest

from core.errors import PackError
from core.head.model import HeadBasis
from core.pack import DEFAULT
from core.speech.vertex_lips import VertexLipNetwork, solve, spoken_shapes


def test_vertices_become_the_weights_that_made_them():
    basis = HeadBasis.load(DEFAULT / "head.npz")
    names, shapes = spoken_shapes(basis)
    weights = np.zeros((40, len(names)), np.float32)
    time = np.linspace(0, np.pi, 40)
    weights[:, names.index("jawOpen")] = 0.6 * np.sin(time) ** 2
    weights[:, names.index("mouthFunnel")] = 0.4 * np.sin(2 * time).clip(0)
    found = solve((weights @ shapes) @ shapes.T, shapes)
    moved = np.linalg.norm(((found - weights) @ shapes).reshape(40, -1, 3), axis=2)
    assert moved.max() < 0.0015 and np.abs(found - weights)[:, names.index("jawOpen")].max() < 0.08       # smooth in time: not exact


def test_a_still_face_has_no_weights_and_bounds_hold():
    names, shapes = spoken_shapes(HeadBasis.load(DEFAULT / "head.npz"))
    assert not solve(np.zeros((5, len(names)), np.float32), shapes).any()
    far = np.zeros((5, len(names)), np.float32)
    far[:, names.index("jawOpen")], far[:, names.index("mouthLeft")] = 3.0, -2.0
    found = solve((far @ shapes) @ shapes.T, shapes)
    assert found.min() == 0 and found.max() == 1 and (found[:, names.index("jawOpen")] == 1).all()


def test_our_own_lip_network_is_not_one_of_vertices():
    with pytest.raises(PackError, match="the lip network has format 1, with a lip encoder it needs 2"):
        VertexLipNetwork.load(DEFAULT / "lip_network.onnx", vertices=4242, width=288)
