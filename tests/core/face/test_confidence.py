"""The confidence in a head falls with what spoils it, and the advice names what spoils it most."""

from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.face.confidence import ONE_VIEW, confidence
from core.face.detection import BLENDSHAPES, LANDMARKS, Face
from core.photo import reconstruction
from core.photo.reconstruction import reconstruct
from core.photo.texture import texture
from core.types import Photo
from tests.core.own_heads import ASTRONAUT, anchors, basis, detector, needs_nets

GOOD = {"yaw": 2.0, "size": 450.0, "sharpness": 0.02}


def photo(**changes):
    """A face as the detector finds it in a good frontal photo, but for the changes."""
    return Face(np.zeros((LANDMARKS, 3), np.float32), np.zeros(len(BLENDSHAPES), np.float32), **GOOD | changes)


def judged(*faces, visible=0.5, percent=1.3):
    return confidence(faces, visible=visible, reprojection_percent=[percent] * len(faces))


def test_a_good_photo_leaves_only_the_profile_open():
    found = judged(photo())
    assert found.overall == pytest.approx(0.84, abs=0.02) and "side" in found.advice


def test_a_second_photo_from_the_side_settles_it():
    found = judged(photo(), photo(yaw=-40.0))
    assert found.overall > 0.95 and found.advice == ""
    assert judged(photo(), photo()).overall == judged(photo()).overall                       # a second one from the front does not
    assert judged(photo(yaw=-40.0), photo()) == found                                       # whichever comes first


@pytest.mark.parametrize(("changes", "told"), [
    ({"size": 66.0}, "larger"), ({"sharpness": 0.0105}, "sharper"), ({"yaw": 45.0}, "front"), ({"yaw": -45.0}, "front")])
def test_a_bad_photo_is_trusted_less_than_two_fifths(changes, told):
    found = judged(photo(**changes))
    assert found.overall < 0.4 and told in found.advice


@pytest.mark.parametrize(("name", "steps"), [
    ("yaw", (50.0, 40.0, 30.0, 20.0)), ("size", (64.0, 90.0, 120.0, 250.0, 400.0)), ("sharpness", (0.004, 0.008, 0.012, 0.015))])
def test_it_rises_with_the_photo(name, steps):
    figures = [judged(photo(**{name: step})).overall for step in steps]
    assert figures == sorted(figures) and len(set(figures)) == len(steps) and 0 <= figures[0] < figures[-1] <= ONE_VIEW


def test_hair_and_a_bad_fit_are_told():
    assert "glasses" in judged(photo(), visible=0.2).advice and judged(photo(), visible=0.2).overall < 0.6
    assert "one person" in judged(photo(), percent=3.5).advice and judged(photo(), percent=5.0).overall == 0.0


@needs_nets
def test_the_example_is_decent_and_blur_spoils_it(monkeypatch):
    monkeypatch.setattr(reconstruction, "texture", partial(texture, side=512))              # its size decides nothing here
    image = Image.open(ASTRONAUT).convert("RGB")
    sharp, blurred = (reconstruct([Photo(np.asarray(one))], basis=basis(), anchors=anchors(), detector=detector(),
                                  tick=lambda _: None).confidence for one in (image, image.filter(ImageFilter.GaussianBlur(1.5))))
    assert 0.58 < sharp.overall < 0.72 and "larger" in sharp.advice                          # her face is 109 pixels large
    assert blurred.overall < 0.4 and "sharper" in blurred.advice
