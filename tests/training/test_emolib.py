"""The library that is built: its counts, that emotions grow with the level, and what each one does to the face."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from core.files import digest
from core.types import EMOTIONS
from tests.core.emotion.test_emolib import library as shipped
from tests.core.own_heads import ASSETS, basis
from training.emolib.build import COUNTS, library
from training.emolib.facs import MIDDLE, UNITS, shapes


@lru_cache(1)
def built():
    return library(basis(), head_model=digest(ASSETS / "head.npz"))


def cell(category, level):
    """Return the weights of a cell's items by shape."""
    arrays = built()
    rows = (arrays["category"] == EMOTIONS.index(category)) & (arrays["level"] == level)
    return dict(zip(arrays["names"].tolist(), arrays["expression"][rows].astype(float).T, strict=True))


def size(category, level):
    """Return how far each item of a cell moves the face: root of the sum of squared weights."""
    return np.sqrt(sum(weights**2 for weights in cell(category, level).values()))


def by_person(category, level):
    """Return the same by the person's identity."""
    arrays = built()
    rows = (arrays["category"] == EMOTIONS.index(category)) & (arrays["level"] == level)
    return dict(zip((identity.tobytes() for identity in arrays["identity"][rows]), size(category, level), strict=True))


def test_the_counts_are_those_of_table_1():
    table = {"neutral": (500, 500, 500), "happy": (500, 500, 500), "sad": (500, 500, 359), "surprise": (262, 500, 500),
             "fear": (108, 500, 500), "disgust": (205, 500, 424), "angry": (500, 500, 500), "contempt": (378, 500, 500)}
    assert table == COUNTS
    found = {category: tuple(len(size(category, level)) for level in (1, 2, 3)) for category in EMOTIONS}
    assert found == table and len(built()["category"]) == 10736


def test_the_shipped_library_is_the_one_that_is_built():
    arrays, there = built(), shipped()
    assert there.head_model == digest(ASSETS / "head.npz") and np.array_equal(there.identity, arrays["identity"])
    assert np.array_equal(there.expression, arrays["expression"]) and np.array_equal(there.jaw_angle, arrays["jaw_angle"])


def test_every_unit_s_shapes_are_the_head_s():
    names = set(basis().expression_names)
    assert all(name in names for number in UNITS for name in shapes({number: (1.0, 1.0)}))
    assert names >= MIDDLE and shapes({12: (0.4, 0.0)}) == {"mouthSmileLeft": 0.4, "mouthSmileRight": 0.0}


def test_the_people_are_as_varied_as_the_head_model_s():
    arrays, model = built(), basis()
    identities = np.unique(arrays["identity"].astype(float), axis=0)
    assert len(identities) == 500 and 0.85 < identities.std(axis=0).mean() < 1.15 and abs(identities.mean(axis=0)).max() < 0.4
    assert (identities >= model.identity_bounds[:, 0]).all() and (identities <= model.identity_bounds[:, 1]).all()


@pytest.mark.parametrize("category", [name for name in EMOTIONS if name != "neutral"])
def test_emotions_grow_with_the_level(category):
    sizes = [by_person(category, level) for level in (1, 2, 3)]
    for low, high in pairwise(sizes):
        both = low.keys() & high.keys()
        assert len(both) > 80 and all(1.05 * low[person] < high[person] for person in both)
    assert size("neutral", 2).max() < min(sizes[0].values())


def test_a_person_has_the_same_habit_at_every_level():
    arrays = built()
    sides = np.sign(arrays["expression"][:, arrays["names"].tolist().index("mouthDimpleLeft")].astype(float)
                    - arrays["expression"][:, arrays["names"].tolist().index("mouthDimpleRight")])
    rows = arrays["category"] == EMOTIONS.index("contempt")
    habits = {}
    for identity, side in zip(arrays["identity"][rows], sides[rows], strict=True):
        habits.setdefault(identity.tobytes(), set()).add(side)
    assert all(len(found) == 1 for found in habits.values())
    assert 0.4 < np.mean([side > 0 for found in habits.values() for side in found]) < 0.6


def test_contempt_is_one_sided():
    weights = cell("contempt", 3)
    for shape in ("mouthDimple", "mouthSmile"):
        left, right = weights[f"{shape}Left"], weights[f"{shape}Right"]
        assert (np.minimum(left, right) == 0).all() and (np.maximum(left, right) > 0.25).all()


def test_happy_reaches_the_eyes_and_sad_has_the_inner_brows_up():
    assert (cell("happy", 3)["cheekSquintLeft"] > 0.4).all() and (cell("happy", 1)["cheekSquintLeft"] > 0.15).all()
    sad = cell("sad", 3)
    assert (sad["browInnerUp"] > sad["browDownLeft"] + 0.2).all() and (sad["browOuterUpLeft"] == 0).all()


def test_anger_is_not_disgust_and_fear_is_not_surprise():
    angry, disgust, fear, surprise = (cell(name, 3) for name in ("angry", "disgust", "fear", "surprise"))
    assert (angry["noseSneerLeft"] < 0.45).all() and (disgust["noseSneerLeft"] > 0.6).all()
    assert (angry["eyeWideLeft"] > 0.2).all() and (disgust["eyeWideLeft"] == 0).all()
    assert (fear["browDownLeft"] > 0.2).all() and (surprise["browDownLeft"] == 0).all()
    assert (fear["mouthStretchLeft"] > 0.5).all() and (surprise["mouthStretchLeft"] == 0).all()


def test_speech_has_room_for_its_own_jaw():
    for category in EMOTIONS:
        assert cell(category, 3)["jawOpen"].max() < (0.6 if category in ("surprise", "fear") else 0.25)
