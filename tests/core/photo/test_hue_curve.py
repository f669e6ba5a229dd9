"""Hue that a photo loses in strong light comes back, what it gains in shade goes; marks, other hues and luminance stay."""

import numpy as np
import pytest

from core.photo.hue_curve import HueCurve, hue
from core.photo.shading import LUMINANCE

TONES = [(222, 182, 158), (205, 150, 118), (110, 74, 56)]
CEILING = 1.06                                  # times the tone's red: where the film's red ends


def lit(tone, light):
    """Skin (N, 3) of a tone under lights (N,), on a film whose red ends a little above that of the tone."""
    colour = np.array(tone, np.float64) * np.asarray(light)[:, None]
    ceiling = CEILING * tone[0]
    return np.minimum(colour, [ceiling, 255, 255]).astype(np.float32)


@pytest.mark.parametrize("tone", TONES)
def test_highlights_get_the_skins_hue_back(tone):
    light = np.linspace(0.6, 1.35, 400)
    skin = lit(tone, light)
    curve = HueCurve.of(skin, np.float32(tone))
    bright = skin[light > 1.25]
    lost, left = (np.abs(hue(colour) - hue(np.float32([tone])))[:, 0].max() for colour in (bright, bright / curve.at(bright)))
    assert lost > 0.14 and left < 0.25 * lost


@pytest.mark.parametrize("tone", TONES)
def test_deep_shade_is_calmed(tone):
    light = np.linspace(0.5, 1.0, 400)
    skin = (np.array(tone) * light[:, None] ** [0.8, 1.2, 1.5]).astype(np.float32)
    curve = HueCurve.of(skin, np.float32(tone))
    dark = skin[light < 0.55]
    gained, left = (np.median(hue(colour)[:, 0] - hue(np.float32([tone]))[0, 0]) for colour in (dark, dark / curve.at(dark)))
    assert gained > 0.2 and 0.25 * gained < left < 0.6 * gained


def test_luminance_stays():
    skin = lit(TONES[0], np.linspace(0.4, 1.4, 300))
    found = skin / HueCurve.of(skin, np.float32(TONES[0])).at(skin)
    assert np.abs(found @ LUMINANCE - skin @ LUMINANCE).max() < 1.5


def test_even_light_and_a_grey_photo_change_nothing():
    random = np.random.default_rng(0)
    light = random.uniform(0.6, 1.1, 300)
    for tone in (*TONES, (128, 128, 128)):
        skin = (np.array(tone) * light[:, None]).astype(np.float32)
        assert np.abs(HueCurve.of(skin, np.float32(tone)).at(skin) - 1).max() < 1e-3


def test_a_freckle_in_a_highlight_stays_redder_than_the_skin_beside_it():
    """The photo is asked for its hue a millimetre wide (SkinMask.colour), in which a freckle hardly counts."""
    skin = lit(TONES[0], np.linspace(0.6, 1.35, 400))
    curve = HueCurve.of(skin, np.float32(TONES[0]))
    around = lit(TONES[0], [1.2])
    freckle = lit(TONES[0] * np.array([0.95, 0.86, 0.82]), [1.2])
    before = hue(freckle) - hue(around)
    after = hue(freckle / curve.at(0.7 * around + 0.3 * freckle)) - hue(around / curve.at(around))
    assert before[0, 0] > 0.09 and after[0, 0] > 0.5 * before[0, 0]


def test_no_hue_goes_beyond_the_plain_tones():
    """A beard, greyer than the skin in the same shade, gets no greyer; a flush in the light no redder."""
    tone = np.float32(TONES[1])
    light = np.linspace(0.5, 1.35, 600)
    skin = np.minimum(tone * light[:, None] ** [0.8, 1.2, 1.5], [CEILING * tone[0], 255, 255]).astype(np.float32)
    curve = HueCurve.of(skin, tone)
    beard, flush = np.float32([[88, 74, 66]]), np.float32([[228, 150, 112]])
    for colour in (beard, flush):
        assert np.abs(curve.at(colour) - 1).max() < 0.02


def test_a_handful_of_places_tells_nothing():
    skin = lit(TONES[0], np.linspace(0.6, 1.35, 20))
    assert np.abs(HueCurve.of(skin, np.float32(TONES[0])).at(skin) - 1).max() < 1e-6
