"""Teeth, gums and tongue have places of their own in one square, and a row of teeth lies there unrolled."""

from dataclasses import replace

import numpy as np
import pytest

from core.head.model import MATERIALS
from core.head.mouth_atlas import BANDS, MARGIN, faces_of, laid_out
from core.head.mouth_light import mouth_image, mouth_light
from tests.core.own_heads import basis

ROW = [(part, material) for part, material in BANDS if material == "teeth"]


def places(model, part, material):
    """Return the UVs of a part's faces of one material (F, 4, 2)."""
    return model.uv[model.quad_uv[faces_of(model, part, material)]]


def area(corners):
    """Return the area with its sign (F,) of quads (F, 4, 2)."""
    (ax, ay), (bx, by) = (corners[:, 2] - corners[:, 0]).T, (corners[:, 3] - corners[:, 1]).T
    return (ax * by - ay * bx) / 2


def test_each_has_a_band_of_its_own():
    model = laid_out(basis())
    ends = np.array([(found[..., 1].min(), found[..., 1].max()) for found in (places(model, *band) for band in BANDS)])
    assert (ends[1:, 0] - ends[:-1, 1] > 1.9 * MARGIN).all() and ends.min() > 0 and ends.max() < 1
    for part, material in BANDS:
        across = places(model, part, material)[..., 0]
        assert MARGIN / 2 < across.min() < 2 * MARGIN and 1 - 2 * MARGIN < across.max() < 1 - MARGIN / 2


@pytest.mark.parametrize(("part", "material"), ROW)
def test_hardly_a_side_of_a_tooth_lies_on_another(part, material):
    found = area(places(laid_out(basis()), part, material))
    stored = area(places(basis(), part, material))
    assert abs(found.sum()) > 0.6 * np.abs(found).sum()                # what is turned over, between two teeth, lies on others
    assert abs(stored.sum()) < 0.1 * np.abs(stored).sum()


@pytest.mark.parametrize(("part", "material"), ROW)
def test_cheek_and_tongue_lie_at_its_two_borders(part, material):
    model = laid_out(basis())
    faces = faces_of(model, part, material)
    centres, up = model.vertices[model.quads[faces]].mean(axis=1), model.uv[model.quad_uv[faces]].mean(axis=1)[:, 1]
    incisors = np.abs(centres[:, 0]) < 0.006
    front = centres[incisors, 2] > np.median(centres[incisors, 2])
    assert up[incisors][front].mean() < up[incisors][~front].mean() - 0.02


def test_the_rest_stays_and_what_a_model_lacks_is_left_out():
    model = basis()
    others = np.setdiff1d(np.arange(len(model.uv)), np.unique(np.concatenate(
        [model.quad_uv[model.part(part).faces].ravel() for part in {part for part, _ in BANDS}])))
    assert np.array_equal(laid_out(model).uv[others], model.uv[others])
    mute = replace(model, part_names=tuple("other" if name == "tongue" else name for name in model.part_names))
    tongue = model.quad_uv[model.part("tongue").faces].ravel()
    assert np.array_equal(laid_out(mute).uv[tongue], model.uv[tongue])


@pytest.mark.parametrize(("lacking", "instead"), [("gums", "teeth"), ("teeth", "gums")])
def test_teeth_without_gums_and_gums_without_teeth_are_laid_out_and_drawn(lacking, instead):
    model = basis()
    bare = replace(model, material=np.where(model.material == MATERIALS.index(lacking), MATERIALS.index(instead), model.material))
    found = laid_out(bare)
    bands = [(part, material) for part, material in BANDS if material != lacking]
    assert all(np.isfinite(places(found, *band)).all() and np.ptp(places(found, *band)[..., 0]) > 0.9 for band in bands)
    assert mouth_image(found, mouth_light(found)).any()


def test_what_is_laid_out_stays_so():
    once = laid_out(basis())
    np.testing.assert_allclose(laid_out(once).uv, once.uv, atol=1e-5)
