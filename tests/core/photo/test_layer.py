"""What a photo's layer takes for the photo's hue: not a flush, not a beard."""

import numpy as np
import pytest

from core.face.skin_mask import BROWS
from core.head.model import REGIONS
from core.head.skin_surface import skin_edges
from core.photo.hue_curve import hue
from core.photo.layer import View, beardless, peeled
from core.photo.vermilion import Lips
from tests.core.own_heads import SKIN, anchors, basis, face_of, photograph, plain_colours, skin_places, subject

BEARDS = [(0.62, 0.52, 0.45), (0.72, 0.58, 0.42)]          # brown and ginger ones by channel, of the skin's colour


@pytest.fixture(scope="module")
def mouth():
    return Lips.of(basis(), anchors(), skin_edges(basis().skin_triangles))


def redness_kept(where, light, mouth):
    """The share of a paint's log red/green over the skin's that a layer keeps in even light, median over the places (V_skin,)."""
    one, colour = subject(3, deviation=0.4), plain_colours()
    colour[: len(where)][where] *= np.float32(light)
    view = View(photograph(one, colour), face_of(one), one.head, one.camera)
    layer = peeled(view, one.neutral, skin_edges(basis().skin_triangles), basis=basis(), anchors=anchors(), mouth=mouth)
    seen = where & (layer.weight > 0.6)
    painted = np.log(light[0] / light[1])
    assert seen.sum() > 20 and painted > 0.1
    return float(np.median(hue(layer.seen.colour[seen])[:, 0] - hue(SKIN[None])[0, 0]) / painted)


def test_flushed_cheeks_and_nose_keep_their_red(mouth):
    places, eyes = skin_places(), basis().vertices[basis().part("eye_left").vertices].mean(axis=0)
    flush = (basis().regions == REGIONS.index("face")) & (places[:, 1] < eyes[1] - 0.012) & (mouth.depth < -0.004)
    flush &= places[:, 1] > anchors().points(basis().vertices)[0, 1]
    assert redness_kept(flush, (1.0, 0.88, 0.86), mouth) > 0.8


@pytest.mark.parametrize("light", BEARDS)
def test_beards_keep_their_brown(light, mouth):
    """Moustache, cheeks below the nose, and chin."""
    below = skin_places()[:, 1] < anchors().points(basis().vertices)[2, 1] - 0.004
    beard = below & np.isin(basis().regions, [REGIONS.index("face"), REGIONS.index("chin")]) & (mouth.depth < -0.002)
    assert redness_kept(beard, light, mouth) > 0.8


def test_brows_and_what_lies_below_the_nose_are_not_bare():
    bare, points = beardless(basis(), anchors()), anchors().points(basis().vertices)
    brows = [points[list(brow)].mean(axis=0) for brow in BROWS]
    places = [*brows, *points[[164, 152, 50, 280, 151, 4]]]
    seen = [np.linalg.norm(skin_places() - place, axis=1).argmin() for place in places]
    assert bare[seen].tolist() == [False] * 4 + [True] * 4
