"""From a photo to a neutral head, as a whole, on the photo that comes with the project."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from core.errors import InputError
from core.face.fit import IBUG68, landmarks68
from core.head.lids import Lids
from core.head.model import REGIONS
from core.head.skin_surface import from_contact, skin_edges
from core.photo import reconstruction
from core.photo.reconstruction import reconstruct
from core.photo.texture import texture
from core.pictures.image import read_photo
from core.types import Photo
from tests.core.own_heads import (
    ASTRONAUT,
    anchors,
    at_vertices,
    basis,
    detector,
    needs_nets,
    photograph,
    plain_colours,
    skin_places,
    subject,
)

pytestmark = needs_nets


def run(photo, ticks=None):
    return reconstruct([photo], basis=basis(), anchors=anchors(), detector=detector(),
                       tick=(ticks if ticks is not None else []).append)


@pytest.fixture(scope="module")
def found():
    ticks = []
    result = run(read_photo(ASTRONAUT), ticks)
    return result, ticks


def test_it_fits_and_says_what_it_does(found):
    result, ticks = found
    assert result.reprojection_percent < 1.6                                # of the inter-ocular distance
    assert ticks == sorted(ticks) and ticks[0] > 0 and 0.8 < ticks[-1] <= 1
    assert any("smiles" in warning for warning in result.warnings) and any("soft" in warning for warning in result.warnings)


def test_the_head_is_neutral_and_fits_its_landmarks(found):
    head = found[0].head
    model = basis()
    bare = model.neutral(head.identity) + model.expression(model.expression_names, head.rest)
    assert np.allclose(head.neutral, Lids(model).seated(bare, landmarks68(bare, anchors())))
    gap = np.abs(head.neutral[model.inner_lip_upper, 1] - head.neutral[model.inner_lip_lower, 1]).max()
    assert gap < 0.0015 and found[0].sights[0].expression[model.expression_names.index("mouthSmileLeft")] > 0.3
    assert np.allclose(head.landmarks68, anchors().points(head.neutral)[list(IBUG68)])
    assert np.abs(head.identity).max() <= 3


def test_her_hair_teeth_and_collar_are_not_on_the_skin(found):
    colours = at_vertices(found[0].head.albedo)
    places, model = skin_places(), basis()
    cheeks = (model.regions == REGIONS.index("face")) & (np.abs(np.abs(places[:, 0]) - 0.035) < 0.01) & (np.abs(places[:, 1]) < 0.012)
    tone = np.median(colours[cheeks], axis=0)
    scalp = (places[:, 1] > 0.075)
    neck = places[:, 1] < -0.095
    ears = np.abs(places[:, 0]) > 0.074
    for area in (scalp, neck, ears):
        assert area.sum() > 20 and np.abs(np.median(colours[area], axis=0) - tone).max() < 25
        assert np.abs(colours[area] - tone).max() < 60                      # nothing dark or blond at all
    rims = colours[np.unique(np.concatenate([model.inner_lip_upper, model.inner_lip_lower]))]
    lips = np.median(colours[model.regions == REGIONS.index("lips")], axis=0)
    assert rims.sum(axis=1).max() < lips.sum() + 60 and rims.sum(axis=1).min() > 0.6 * lips.sum()
    assert lips[0] / lips[1] > 1.05 * tone[0] / tone[1]                     # redder than the cheeks


def test_the_line_where_her_lips_meet_is_dark(found):
    colours, model = at_vertices(found[0].head.albedo), basis()
    edges = skin_edges(model.skin_triangles)
    off, lips = from_contact(model, edges), model.regions == REGIONS.index("lips")
    line, beside = (colours[chosen].sum(axis=1).mean() for chosen in (off == 0, lips & (off > 0.004)))
    assert 0.5 * beside < line < 0.85 * beside


def test_her_eyes_are_brown(found):
    red, green, blue = found[0].iris_colour
    assert red > green > blue and 40 < red < 150


def test_the_same_photo_gives_the_same_head(found):
    again = run(read_photo(ASTRONAUT))
    assert np.array_equal(again.head.neutral, found[0].head.neutral) and np.array_equal(again.head.albedo, found[0].head.albedo)


def test_a_turned_and_larger_photo_gives_nearly_the_same_head(found, monkeypatch):
    monkeypatch.setattr(reconstruction, "texture", partial(texture, side=512))              # its size decides nothing here
    image = Image.open(ASTRONAUT).convert("RGB").resize((900, 900), Image.Resampling.LANCZOS).rotate(90)
    head = run(Photo(np.asarray(image))).head
    face = np.flatnonzero(basis().regions < 3)
    assert np.linalg.norm((head.neutral - found[0].head.neutral)[face], axis=1).mean() < 0.0015         # metres


def test_our_own_head_looks_like_itself_again(monkeypatch):
    monkeypatch.setattr(reconstruction, "texture", partial(texture, side=512))              # seen at the vertices
    one = subject(8)
    photo = photograph(one, plain_colours(), (0.1, 0.2, 0.97))
    result = run(photo)
    again = photograph(type(one)(one.identity, one.expression, one.neutral, result.head.neutral, result.sights[0].camera),
                       np.concatenate([at_vertices(result.head.albedo),
                                       plain_colours()[len(skin_places()):]]).astype(np.float32))
    middle = (slice(180, 340), slice(190, 320))
    difference = np.abs(again.pixels[middle].astype(float) - photo.pixels[middle]).mean()
    assert difference < 22 and not any("smiles" in warning for warning in result.warnings)


def test_no_face_is_told():
    with pytest.raises(InputError, match="no face"):
        run(Photo(np.full((128, 128, 3), 90, np.uint8)))
