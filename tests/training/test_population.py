"""Identities are principal components, which point the same way from build to build."""

import numpy as np
import pytest

from core.errors import InputError
from core.files import write_arrays
from training.head.population import former, principal_components

COUNT, VERTICES, KEPT = 60, 20, 5


@pytest.fixture(scope="module")
def heads():
    random = np.random.default_rng(0)
    modes = np.linalg.qr(random.normal(size=(VERTICES * 3, KEPT)))[0].T.reshape(KEPT, VERTICES, 3)
    return np.tensordot(random.normal(size=(COUNT, KEPT)) * [5, 4, 3, 2, 1], modes, 1)


def test_they_give_the_heads_back(heads):
    mean, basis, scores, kept = principal_components(heads, np.ones(VERTICES), count=KEPT)
    np.testing.assert_allclose(mean + np.tensordot(scores, basis, 1), heads, atol=1e-8)
    assert kept == pytest.approx(1) and scores.std(axis=0, ddof=1) == pytest.approx(np.ones(KEPT))


def test_people_of_a_seed_stay_nearly_the_same_after_a_small_change(heads, tmp_path):
    """Whatever the signs were, which are chance."""
    random = np.random.default_rng(1)
    _, first, _, _ = principal_components(heads, np.ones(VERTICES), count=KEPT)
    first *= np.array([1, -1, -1, 1, -1])[:, None, None]
    write_arrays(tmp_path / "head.npz", {"identity_basis": first})
    changed = heads + 0.05 * random.normal(size=heads.shape)
    like = former(tmp_path / "head.npz", first.shape)
    mean, again, scores, _ = principal_components(changed, np.ones(VERTICES), count=KEPT, like=like)
    drawn = random.normal(size=(20, KEPT))
    people = np.tensordot(drawn, first, 1)
    assert np.linalg.norm(np.tensordot(drawn, again, 1) - people) < 0.25 * np.linalg.norm(people)
    np.testing.assert_allclose(mean + np.tensordot(scores, again, 1), changed, atol=0.5)


def test_where_no_model_is_there_is_none_to_be_like(tmp_path):
    assert former(tmp_path / "head.npz", (KEPT, VERTICES, 3)) is None


def test_a_model_of_another_shape_is_refused(tmp_path):
    write_arrays(tmp_path / "head.npz", {"identity_basis": np.zeros((KEPT, VERTICES + 1, 3))})
    with pytest.raises(InputError, match="identities of shape"):
        former(tmp_path / "head.npz", (KEPT, VERTICES, 3))
