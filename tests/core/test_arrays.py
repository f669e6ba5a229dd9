"""Few keys go into a bake's file and come back to the bit, or not at all."""

import numpy as np
import pytest

from core import arrays
from core.bake.bezier import BezierKeys
from core.bake.few_keys import FewKeys
from core.errors import JobError
from core.files import write_arrays

SHAPES = 5


def curve(count, *, seed):
    random = np.random.default_rng(seed)
    points, left, right = random.normal(size=(3, count, 2)).astype(np.float32)
    return BezierKeys(points, left, right)


FEW = FewKeys({1: curve(3, seed=1), 4: curve(1, seed=2)}, {0: curve(2, seed=3), 4: curve(7, seed=4)})


def stored(folder, **changes):
    """Write a bake's file with few keys, some arrays changed, those that are None left out; return its path."""
    values = {"names": np.array([f"shape{place}" for place in range(SHAPES)])} | arrays.from_keys(FEW, SHAPES) | changes
    write_arrays(folder / "bake.npz", {name: value for name, value in values.items() if value is not None})
    return folder / "bake.npz"


@pytest.mark.parametrize("few", [FEW, FewKeys(FEW.speech, {}), FewKeys({}, {})])
def test_few_keys_come_back(tmp_path, few):
    back = arrays.to_keys(stored(tmp_path, **arrays.from_keys(few, SHAPES)))
    for layer, before in ((back.speech, few.speech), (back.lips, few.lips)):
        assert list(layer) == list(before)
        for place, keys in layer.items():
            for part in ("points", "left", "right"):
                np.testing.assert_array_equal(getattr(keys, part), getattr(before[place], part))


def test_a_bake_without_them_has_none(tmp_path):
    assert arrays.to_keys(stored(tmp_path, keys_by=None, keys=None, key_counts=None)) is None


def test_those_of_another_version_are_not_taken(tmp_path):
    assert arrays.to_keys(stored(tmp_path, keys_by=np.array("0" * 64))) is None


@pytest.mark.parametrize("harm", [
    {"keys": None}, {"keys": arrays.from_keys(FEW, SHAPES)["keys"][1:]}, {"keys": np.full((13, 3, 2), np.nan, np.float32)},
    {"keys": np.zeros((13, 3, 2))}, {"keys": np.zeros((13, 2), np.float32)}, {"keys": np.zeros((13, 4, 2), np.float32)},
    {"keys": np.zeros((), np.float32)}, {"keys": np.zeros(13, np.float32)},
    {"key_counts": np.zeros((2, SHAPES + 1), np.int32)}, {"key_counts": np.array([[14, 0, 0, 0, -1], [0] * 5], np.int32)},
    {"key_counts": np.full((2, SHAPES), 1.3)}])
def test_those_that_do_not_fit_are_refused(tmp_path, harm):
    with pytest.raises(JobError, match="few keys|lacks keys"):
        arrays.to_keys(stored(tmp_path, **harm))
