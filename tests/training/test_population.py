"""Identities are principal components, which point the same way from build to build."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.files import write_arrays
from training.head.population import principal_components

COUNT, VERTICES, KEPT = 60, 20, 5
NOWHERE = Path("nowhere.npz")


@pytest.fixture(scope="module")
def heads():
    random = np.random.default_rng(0)
    modes = np.linalg.qr(random.normal(size=(VERTICES * 3, KEPT)))[0].T.reshape(KEPT, VERTICES, 3)
    return np.tensordot(random.normal(size=(COUNT, KEPT)) * [5, 4, 3, 2, 1], modes, 1)


def test_they_give_the_heads_back(heads):
    mean, basis, scores, kept = principal_components(heads, np.ones(VERTICES), count=KEPT, like=NOWHERE)
    np.testing.assert_allclose(mean + np.tensordot(scores, basis, 1), heads, atol=1e-8)
    assert kept == pytest.approx(1) and scores.std(axis=0, ddof=1) == pytest.approx(np.ones(KEPT))


def test_they_point_as_those_of_the_model_before(heads, tmp_path):
    signs = np.array([1, -1, -1, 1, -1])
    _, first, scores, _ = principal_components(heads, np.ones(VERTICES), count=KEPT, like=NOWHERE)
    write_arrays(tmp_path / "head.npz", {"identity_basis": signs[:, None, None] * first})
    mean, again, others, _ = principal_components(heads, np.ones(VERTICES), count=KEPT, like=tmp_path / "head.npz")
    np.testing.assert_allclose(again, signs[:, None, None] * first)
    np.testing.assert_allclose(mean + np.tensordot(others, again, 1), heads, atol=1e-8)
    np.testing.assert_allclose(others, signs * scores)


def test_a_model_of_another_shape_is_refused(heads, tmp_path):
    write_arrays(tmp_path / "head.npz", {"identity_basis": np.zeros((KEPT, VERTICES + 1, 3))})
    with pytest.raises(InputError, match="identities of shape"):
        principal_components(heads, np.ones(VERTICES), count=KEPT, like=tmp_path / "head.npz")
