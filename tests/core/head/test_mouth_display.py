"""What one sees of teeth, gums and tongue between the lips, from in front, on every head.

Dentists' figures: lips gently parted show 1.9 mm of men's upper central incisors and 3.4 mm of women's, 1.2 and 0.5 mm of the lower
ones (Vig and Brundo 1978, J Prosthet Dent 39); a full smile shows the crown, of 10 mm, and 2 mm of gum at most (Tjan et al. 1984).
"""

from functools import lru_cache

import numpy as np
import pytest

from core.head.model import MATERIALS
from core.pictures.raster import rasterise
from tests.core.own_heads import basis

from .test_mouth_parts import SPEECH, Points, both, heads, posed, triangles_of

STEP = 0.00025                  # metres between rays
HALF = 0.004                    # metres: half of what is looked at across: both central incisors
TALL = (-0.045, 0.015)          # metres below and above the upper lip's rim
TONGUE_FRONT = 0.022            # metres behind the lower incisors
RIDGE = 0.004                   # metres from the incisors' back within which the tip is at the teeth or at the ridge over them
pytestmark = pytest.mark.once


@lru_cache(1)
def solid() -> tuple[np.ndarray, np.ndarray]:
    """Return the triangles (F, 3) of all but lashes, and the name of what each is of, as "teeth of teeth_upper"."""
    model = basis()
    names = np.empty(len(model.quads), object)
    for part in model.part_names:
        names[model.part(part).faces] = [f"{MATERIALS[kind]} of {part}" for kind in model.material[model.part(part).faces]]
    kept = model.material != MATERIALS.index("lashes")
    return triangles_of(model.quads[kept]), np.tile(names[kept], 2)


def seen_mm(vertices: Points) -> dict[str, float]:
    """Return how many millimetres of each thing are seen between the lips, on average across the middle of the mouth."""
    triangles, names = solid()
    rim = vertices[basis().inner_lip_upper].mean(axis=0)
    width, height = round(2 * HALF / STEP), round((TALL[1] - TALL[0]) / STEP)
    pixels = np.column_stack([(vertices[:, 0] + HALF) / STEP, (rim[1] + TALL[1] - vertices[:, 1]) / STEP, 1 - vertices[:, 2]])
    first = rasterise(pixels, triangles, width=width, height=height).triangle
    found, counts = np.unique(names[first[first >= 0]].astype(str), return_counts=True)
    return dict(zip(found.tolist(), (counts * STEP * 1e3 / width).tolist(), strict=True))


def tongue_front_mm(vertices: Points) -> float:
    """Return how far the top of the tongue's front lies over the lower incisors' edge, millimetres."""
    tongue = vertices[basis().part("tongue").vertices]
    lower = lower_incisors(vertices)
    near = (np.abs(tongue[:, 0]) < HALF) & (tongue[:, 2] > lower[:, 2].max() - TONGUE_FRONT)
    return 1e3 * float(tongue[near, 1].max() - lower[:, 1].max())


def lower_incisors(vertices: Points) -> Points:
    """Return the edge (N, 3) of the lower incisors: their vertices are numbered as the upper ones'."""
    first, second = (basis().part(part).vertices.start for part in ("teeth_upper", "teeth_lower"))
    return vertices[basis().upper_incisor_edge - first + second]


@pytest.mark.parametrize("opening", [0.3, 0.6])
def test_a_speaking_mouth_shows_the_edges_of_both_rows(opening):
    for number, head in enumerate(heads()):
        seen = seen_mm(head + posed({"jawOpen": opening}))
        assert 1.5 < seen["teeth of teeth_upper"] < 3.6, number
        assert 0.1 < seen["teeth of teeth_lower"] < 3.6, number         # the wider the mouth, the more
        assert seen.get("gums of teeth_lower", 0) == 0, number


def test_laughter_shows_the_upper_crowns_and_hardly_any_gum():
    for number, head in enumerate(heads()):
        seen = seen_mm(head + posed(SPEECH["laugh"]))
        assert 7.5 < seen["teeth of teeth_upper"] < 10.5, number
        assert seen.get("gums of teeth_upper", 0) < 2, number


@pytest.mark.parametrize("weights", [
    both(mouthStretch=0.35, mouthSmile=0.3, mouthLowerDown=0.35, mouthUpperUp=0.1) | {"jawOpen": 0.14},
    both(mouthStretch=0.2, mouthLowerDown=0.4) | {"jawOpen": 0.07}])
def test_ee_and_s_show_the_lower_incisors_too(weights):
    assert seen_mm(heads()[0] + posed(weights))["teeth of teeth_lower"] > 0.3


def test_the_tongue_lies_behind_the_lower_teeth_and_is_seen_over_them():
    for number, head in enumerate(heads()):
        assert -6 < tongue_front_mm(head) < 3.5, number                  # from below the edge to a little over it
        assert seen_mm(head + posed({"jawOpen": 0.6}))["tongue of tongue"] > 7, number


@pytest.mark.parametrize("weights", [{"jawOpen": 0.12, "tongueTipUp": 0.75}, {"jawOpen": 0.2, "tongueTipUp": 0.9}])
def test_the_tip_is_at_the_upper_teeth_in_t_d_n_l(weights):
    vertices = heads()[0] + posed(weights)
    tongue, edge = vertices[basis().part("tongue").vertices], vertices[basis().upper_incisor_edge]
    tip = tongue[np.argmax(tongue[:, 2])]
    assert tip[2] > edge[:, 2].min() - RIDGE - 0.003                      # 3 mm: the crown is thicker towards the gum
    assert edge[:, 1].max() - 0.001 < tongue[tongue[:, 2] > tip[2] - 0.006, 1].max() < edge[:, 1].max() + 0.012


def test_the_tip_shows_between_the_teeth_in_th():
    seen = seen_mm(heads()[0] + posed(SPEECH["th"]))
    assert seen["tongue of tongue"] > 1.5
