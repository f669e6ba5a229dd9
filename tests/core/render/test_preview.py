"""Pictures of the head for the panel: the head is seen, lit from one side, with hair where there is some."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.errors import JobError
from core.face.fit import Anchors
from core.files import read_arrays
from core.hair.haircut import Haircut
from core.hair.look import Look
from core.hair.strands import NO_STRANDS
from core.head.model import HeadBasis
from core.job import HEAD_ARRAYS, HEAD_LATER
from core.pack import Pack
from core.render.preview import SIDE, TURNS, Sitter, draw_previews

BACKDROP = 8            # of 255: how much bluer than red the backdrop is at least; skin and hair are redder than blue


@pytest.fixture(scope="module")
def person(example_job):
    """Arrays and texture of the example's head."""
    with Image.open(example_job / "head.png") as picture:
        return read_arrays(example_job / "head.npz", HEAD_ARRAYS, JobError, later=HEAD_LATER), np.asarray(picture.convert("RGB"))


@pytest.fixture(scope="module")
def model(example_job):
    basis = HeadBasis.load(Pack.open().path("head"))
    return {"basis": basis, "look": Look.read(example_job / "look.npz", basis)}


@pytest.fixture(scope="module")
def drawn(person, model):
    return [picture.astype(int) for picture in draw_previews(*person, **model)]


def head_in(picture):
    return picture[..., 2] < picture[..., 0] + BACKDROP


def test_the_head_fills_each_picture(drawn):
    assert len(drawn) == len(TURNS)
    for picture in drawn:
        assert picture.shape == (SIDE, SIDE, 3)
        head = head_in(picture)
        assert 0.3 < head.mean() < 0.7 and head[SIDE // 2].any()
        assert not head[:, 0].any() and not head[0].any() and picture.std() > 30           # nothing is cut off at top and side


def test_the_front_is_even_and_the_other_turned(drawn):
    front, turned = (head_in(picture)[SIDE // 2:SIDE * 3 // 4] for picture in drawn)           # below the hair
    assert np.mean(front != front[:, ::-1]) < 0.06 < np.mean(turned != turned[:, ::-1])


def test_they_are_those_of_the_job(example_job, drawn):
    for name, picture in zip(("preview_front.png", "preview_turned.png"), drawn, strict=True):
        with Image.open(example_job / name) as image:
            np.testing.assert_array_equal(np.asarray(image), picture)


def test_brows_eyes_and_hair_are_seen(person, model, drawn):
    sitter = Sitter.of(*person, **model)
    without = replace(sitter, fibres=()).drawn(0.0).astype(int)
    changed = np.abs(without - drawn[0]).max(axis=2) > 12
    rows = np.flatnonzero(changed.mean(axis=1) > 0.05)
    assert rows[0] < SIDE * 0.2 and 0.10 < changed.mean() < 0.4 and not changed[SIDE * 3 // 4:].any()
    dark = replace(sitter, eye=0 * sitter.eye).drawn(0.0).astype(int)
    eyes = np.abs(dark - drawn[0]).max(axis=2) > 40
    assert 0.001 < eyes.mean() < 0.02 and eyes[:, :SIDE // 2].any() and eyes[:, SIDE // 2:].any()


def test_a_head_without_hair_is_drawn_bald(person, model):
    bald = Sitter.of(*person, **model | {"look": replace(model["look"], hair=NO_STRANDS)}).drawn(0.0)
    assert head_in(bald.astype(int))[SIDE // 8:SIDE // 4].mean() > 0.28


def test_the_chosen_hair_is_drawn(person, model, drawn):
    """Long hair hangs beside the neck; style NONE has neither hair nor roots nor brows."""
    anchors = Anchors.load(Pack.open().path("anchors"))
    looks = {style: Look.of(*person, model["basis"], anchors, Haircut(style), picture="") for style in ("NONE", "LONG")}
    sitters = {style: Sitter.of(*person, look=look, basis=model["basis"]) for style, look in looks.items()}
    assert sitters["NONE"].fibres == () and len(sitters["LONG"].fibres) == 2
    span = Sitter.of(*person, **model).span                              # or other hair would be drawn at another scale
    none, long = (replace(sitter, span=span).drawn(0.0).astype(int) for sitter in sitters.values())
    below = slice(SIDE * 3 // 4, None)
    assert np.abs(long - drawn[0])[below].max(axis=2).mean() > 5 > np.abs(none - drawn[0])[below].max(axis=2).mean()
    assert np.abs(none - drawn[0])[:SIDE // 2].max(axis=2).mean() > 20


def test_a_small_texture_is_enough(person, model, drawn):
    head, albedo = person
    small = Sitter.of(head, albedo[::8, ::8].copy(), **model).drawn(0.0).astype(int)
    assert np.abs(small - drawn[0]).mean() < 3


def test_hair_is_about_as_light_as_in_the_photo(person, model, drawn):
    arrays, albedo = person
    for colour in ((36, 33, 28), (110, 80, 60)):
        dyed = Sitter.of({**arrays, "hair_colour": np.array(colour, np.uint8)}, albedo, **model).drawn(0.0).astype(int)
        bald = Sitter.of(arrays, albedo, basis=model["basis"], look=replace(model["look"], hair=NO_STRANDS)).drawn(0.0).astype(int)
        seen = np.median(dyed[np.abs(dyed - bald).max(axis=2) > 30], axis=0)
        assert 0.6 * np.mean(colour) < seen.mean() < 1.8 * np.mean(colour)


def test_the_upper_lid_shades_the_eye(person, model):
    sitter = Sitter.of(*person, **model)
    iris = sitter.eye.shape[0] // 2
    assert sitter.eye[: iris // 2].mean() < 0.8 * sitter.eye[-iris // 2:].mean()     # rows from the top
    half = sitter.lashes.shape[0] // 2
    assert sitter.lashes[:half].mean() > sitter.lashes[half:].mean()                 # upper lashes fill the upper half, roots down
    assert sitter.lashes[half - 1].mean() > 0.5 > sitter.lashes[0].mean()
