"""What the interface offers is what the engine knows."""

from dataclasses import astuple, fields, replace

from core import choices
from core.emotion.windows import EmotionSettings
from core.hair.haircut import Haircut
from core.job import Request
from core.render.skin_optics import PRESETS
from core.render.studio import STUDIOS
from core.speech.lip_controls import NEUTRAL


def test_presets_are_those_of_the_engine():
    assert tuple(PRESETS) == choices.SKINS and tuple(STUDIOS) == choices.LIGHTS


def test_a_request_has_the_hair_that_can_be_chosen():
    for place, (name, offered) in enumerate(choices.HAIRCUT.items()):
        for one in offered:
            cut = Request("a.jpg", "a.wav", **{name: one}).cut
            assert cut.known and astuple(cut)[place] == one
        assert not replace(Haircut(), **{fields(Haircut)[place].name: "BOB"}).known


def test_neutral_settings_are_the_engines():
    usual = EmotionSettings()
    assert (usual.window, usual.transition, usual.sensitivity) == (choices.WINDOW, choices.TRANSITION, choices.SENSITIVITY)
    for name in set(choices.LIP_RANGES) - {"gains", "offsets"}:
        assert getattr(NEUTRAL, name) == choices.LIP_NEUTRAL.get(name, 0.0)
