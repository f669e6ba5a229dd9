"""The library of emotional faces: what is found in it, and what a damaged or foreign file leads to."""

from functools import lru_cache

import numpy as np
import pytest

from core.emotion.emolib import Emolib
from core.errors import InputError, PackError
from core.files import digest, read_arrays, write_arrays
from core.types import EMOTIONS
from tests.core.own_heads import ASSETS, basis, subject

PATH = ASSETS / "emolib.npz"
NAMES = ("format_version", "head_model", "names", "category", "level", "identity", "expression", "jaw_angle")


@lru_cache(1)
def library():
    return Emolib.load(PATH, basis(), head_model=digest(ASSETS / "head.npz"))


@pytest.fixture
def stored():
    return read_arrays(PATH, NAMES, PackError)


def load_changed(folder, stored, **changes):
    write_arrays(folder / "changed.npz", {**stored, **changes})
    return Emolib.load(folder / "changed.npz", basis(), head_model=str(stored["head_model"]))


def test_the_nearest_shape_of_the_cell_is_found():
    emolib = library()
    for seed, category in enumerate(EMOTIONS):
        identity = subject(seed).identity
        for level in (1, 2, 3):
            cell = np.flatnonzero((emolib.category == EMOTIONS.index(category)) & (emolib.level == level))
            distances = ((emolib.identity[cell].astype(float) - identity) ** 2).sum(axis=1)
            assert emolib.retrieve(category, level, identity) == cell[np.argmin(distances)]


def test_a_person_of_the_library_is_found_again():
    emolib = library()
    for item in (0, 5000, 10735):
        identity = emolib.identity[item].astype(np.float32)
        assert emolib.retrieve(EMOTIONS[emolib.category[item]], int(emolib.level[item]), identity) == item


def test_between_levels_both_neighbours_are_mixed():
    emolib, identity = library(), subject(3).identity
    first, second = (emolib.retrieve("sad", level, identity) for level in (1, 2))
    mixed = emolib.at("sad", 1.25, identity)
    assert mixed.items == (first, second)
    for found, values in ((mixed.expression, emolib.expression), (mixed.identity, emolib.identity)):
        assert np.allclose(found, 0.75 * values[first].astype(float) + 0.25 * values[second], atol=1e-5)    # single precision
    assert np.array_equal(emolib.expression_at("sad", 2, identity), emolib.expression[second].astype(np.float32))


def test_below_the_first_level_it_fades_into_the_person_without_expression():
    emolib, identity = library(), subject(4).identity
    none, half, first = (emolib.at("fear", level, identity) for level in (0, 0.5, 1))
    assert none.items == () and not none.expression.any() and np.allclose(none.identity, identity)
    assert half.items == first.items and np.allclose(half.expression, first.expression / 2, atol=1e-6)
    assert np.allclose(half.identity, (identity + first.identity) / 2, atol=1e-5)


@pytest.mark.parametrize(("category", "level"), [("bored", 1), ("happy", 3.5), ("happy", -0.1), ("happy", float("nan"))])
def test_what_is_not_there_is_refused(category, level):
    with pytest.raises(InputError, match="there is no emotion"):
        library().at(category, level, subject(0).identity)


def test_a_damaged_file(tmp_path):
    (tmp_path / "cut.npz").write_bytes(PATH.read_bytes()[:5000])
    with pytest.raises(PackError, match="damaged"):
        Emolib.load(tmp_path / "cut.npz", basis(), head_model="")


def test_a_file_of_another_head_names_both(tmp_path, stored):
    with pytest.raises(PackError, match=f"another head model .*{str(stored['head_model'])[:12]}.*aaaaaaaaaaaa"):
        Emolib.load(PATH, basis(), head_model="a" * 64)


def test_another_format(tmp_path, stored):
    with pytest.raises(PackError, match="format 7"):
        load_changed(tmp_path, stored, format_version=np.int32(7))


@pytest.mark.parametrize(("name", "change", "told"), [
    ("category", lambda values: values + 200, "none of 8 categories"),
    ("level", lambda values: values * 0, "none of 8 categories"),
    ("level", lambda values: values[:-1], "level has shape"),
    ("level", lambda values: np.where(values == 2, 1, values).astype(np.uint8), "no item for neutral 2, happy 2"),
    ("identity", lambda values: values[:, :40], "identity has shape"),
    ("identity", lambda values: values.astype(np.float32), "identity is float32"),
    ("expression", lambda values: values * np.float16(np.nan), "not finite"),
    ("names", lambda values: np.array(["wink", *values[1:]]), "no shape 'wink'"),
    ("names", lambda values: np.array([values[1], *values[1:]]), "different names"),
    ("names", lambda values: values[:-1], "expression has shape")])
def test_arrays_that_do_not_fit(tmp_path, stored, name, change, told):
    with pytest.raises(PackError, match=told):
        load_changed(tmp_path, stored, **{name: change(stored[name])})
