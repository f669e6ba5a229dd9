"""The scalp a head's hair grows on: inside the hairline, as the head's own skin lies."""

from itertools import pairwise

import numpy as np
import pytest

from core.hair.short_hair import short_hair
from core.head.scalp import CRANIUM, EAR_MARGIN, RADII, Scalp, from_bare, inside_hairline, rooted
from tests.core.own_heads import basis


@pytest.fixture(scope="module", params=[0, 1, 2])
def head(request):
    """Three people, the first of them the mean one."""
    identity = np.random.default_rng(request.param).normal(size=len(basis().identity_basis)).astype(np.float32)
    return basis().neutral(identity * bool(request.param))


def test_the_hairline_leaves_face_ears_and_neck_free():
    model = basis()
    skin = model.vertices[model.part("skin").vertices]
    top, forehead = skin[skin[:, 1].argmax()], model.vertices[model.part("eye_left").vertices].mean(axis=0) + [0, 0.03, 0]
    inside = inside_hairline(np.stack([top, forehead, skin[skin[:, 1].argmin()], skin[skin[:, 0].argmax()]]))
    assert inside[0] > 0.03 and (inside[1:] < 0).all()
    above = skin[skin[:, 1] > 0.10]                                             # metres: the top of the head
    assert (inside_hairline(above) > 0).mean() > 0.9


def test_the_map_around_the_cranium_gives_the_skin_back(head):
    model = basis()
    skin = model.part("skin").vertices
    places = head[skin][inside_hairline(model.vertices[skin]) > 0.002]          # at its edge, ears hide some skin
    direction = (places - CRANIUM) / RADII
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    off = np.linalg.norm(Scalp.of(head, model).skin(direction) - places, axis=1)
    assert len(places) > 300 and off.max() < 0.001                              # metres


def test_strands_keep_out_of_the_ears(head):
    scalp = Scalp.of(head, basis())
    tips = short_hair(head, basis(), np.random.default_rng(1)).points[:, 1:]
    near = tips[(np.abs(tips[..., 0]) > 0.06) & (tips[..., 1] < 0.05)][::7]
    distance = np.concatenate([np.linalg.norm(block[:, None] - scalp.ears[None], axis=2).min(axis=1)
                               for block in np.array_split(near, len(near) // 2000 + 1)])
    assert len(near) > 500 and distance.min() > 0.6 * EAR_MARGIN


def test_a_strand_that_grows_into_the_face_is_cut_before_it():
    scalp = Scalp.of(basis().vertices, basis())
    start, end = scalp.eyes + [0, 0.07, 0.005], scalp.eyes + [0, -0.01, 0.03]
    strand = start + (end - start) * np.linspace(0, 1, 9)[:, None]
    cut, grown = scalp.shortened(strand[None])
    assert grown.all() and not scalp.touched(cut).any()
    assert np.linalg.norm(np.diff(cut[0], axis=0), axis=1).sum() < 0.7 * np.linalg.norm(end - start)


def test_a_hairline_that_has_gone_back_leaves_more_and_more_bare_and_the_sides_alone():
    model = basis()
    skin = model.vertices[model.part("skin").vertices]
    inside = inside_hairline(skin)
    covered = [rooted(model, line) for line in ("FULL", "TEMPLES", "RECEDING", "BALDING")]
    assert all((after <= before).all() and after.sum() < before.sum() for before, after in pairwise(covered))
    sides = (inside > 0) & (skin[:, 1] < 0.07)                                  # metres: over the ears and at the nape
    for other in covered[1:]:
        np.testing.assert_allclose(other[sides], covered[0][sides], atol=1e-6)  # single precision
    top = skin[:, 1] > 0.125
    assert covered[-1][top].max() == 0 and covered[0][top].min() > 0.8


@pytest.mark.parametrize("line", ["TEMPLES", "RECEDING", "BALDING"])
def test_hair_thins_out_to_it_over_a_centimetre(line):
    aside, up = np.meshgrid(np.arange(-0.06, 0.061, 0.002), np.arange(0.08, 0.14, 0.002), indexing="ij")
    places = np.stack([aside, up, 0.03 - 1.2 * (up - 0.09)], axis=-1)
    off = from_bare(places.reshape(-1, 3), line).reshape(aside.shape)
    slope = np.hypot(*np.gradient(off, 0.002))                                  # on a slanted plane like the forehead's top
    assert np.isfinite(off).all() and slope.max() < 1.6                         # it would be 1 to the line itself
    assert np.isinf(from_bare(places.reshape(-1, 3), "FULL")).all()
