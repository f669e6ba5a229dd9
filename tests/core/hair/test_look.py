"""What Blender reads instead of working it out: the same strands, roots and tone, or none of a file that does not fit."""

import io

import numpy as np
import pytest
from PIL import Image

from core.errors import JobError
from core.files import digest, write_arrays, write_image
from core.hair.brows import brow_hairs
from core.hair.haircut import Haircut
from core.hair.look import Look, styled
from core.hair.shades import at_roots
from core.hair.short_hair import STRANDS
from core.hair.strands import NO_STRANDS
from core.hair.styles import BELOW_EYES, hair_strands
from core.head.drawn import eye_image
from core.head.mouth_atlas import laid_out
from core.head.mouth_light import mouth_image, mouth_light
from core.head.silhouette import NO_SIDES
from core.head.solid_view import made_of, solid_skin
from core.job import HEAD_ARRAYS
from core.pack import Pack
from core.pictures.colours import linear
from core.pipeline import write_look
from tests.core.own_heads import anchors, basis

COLOUR = np.array([90, 60, 40], np.uint8)
SKIN = np.array([200, 150, 120], np.uint8)
PICTURE = 64 * "a"              # the sha256 of the albedo's file


@pytest.fixture(scope="module")
def head():
    """The default head with short brown hair and dense brows, as the arrays of head.npz."""
    none = np.array(0.0)
    return {"vertices": basis().vertices, "hair_colour": COLOUR, "hair_length": none, "hair_volume": none, "hair_sides": NO_SIDES,
            "hair_parting": np.array("PHOTO"), "hair_waves": np.array("PHOTO"), "hairline": np.array("PHOTO"), "fringe": none,
            "iris_colour": COLOUR, "white_of_eye": SKIN,
            "brow_colour": COLOUR, "brow_density": np.full((2, 16, 7), 0.9, np.float32)}


@pytest.fixture(scope="module")
def look(head):
    return Look.of(head, np.broadcast_to(SKIN, (64, 64, 3)), basis(), anchors(), Haircut(), picture=PICTURE)


def same(first, second):
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in ("points", "radius", "triangle", "weights"))


def test_it_holds_what_grows_on_the_head(look, head):
    short = hair_strands(head["vertices"], basis(), np.random.default_rng(0), below_eyes=0.0)
    brows = brow_hairs(head["vertices"], basis(), anchors(), head["brow_density"], np.random.default_rng(0))
    assert same(look.hair, short) and same(look.brows, brows) and len(look.hair) > 10_000
    np.testing.assert_allclose(look.tone, linear(SKIN), rtol=1e-6)                  # single precision
    assert 0.5 < look.scalp.max() < 1 and (look.scalp > 0).mean() < 0.5             # the crown, and neither face nor throat


def test_it_comes_back_as_it_was_written(tmp_path, look):
    write_arrays(tmp_path / "look.npz", look.arrays())
    again = Look.read(tmp_path / "look.npz", basis())
    assert again.cut == Haircut() and same(again.hair, look.hair) and same(again.brows, look.brows)
    np.testing.assert_array_equal(again.scalp, look.scalp)
    np.testing.assert_array_equal(again.tone, look.tone)
    np.testing.assert_array_equal(again.light, look.light)
    assert (again.mouth, again.eye, again.skin, again.skin_of) == (look.mouth, look.eye, look.skin, look.skin_of) and look.skin_of


def test_its_pictures_are_what_solid_shading_shows(look):
    model, roots = basis(), at_roots(linear(COLOUR))
    np.testing.assert_array_equal(look.light, mouth_light(model))
    np.testing.assert_array_equal(pixels(look.mouth), mouth_image(laid_out(model), look.light))
    np.testing.assert_array_equal(pixels(look.eye), eye_image(COLOUR, SKIN))
    shown = solid_skin(np.broadcast_to(SKIN, (64, 64, 3)), model, scalp=look.scalp, roots=roots, light=look.light)
    np.testing.assert_array_equal(pixels(look.skin), shown)
    assert look.skin_of == made_of(PICTURE, model, scalp=look.scalp, roots=roots, light=look.light)


def pixels(file):
    return np.asarray(Image.open(io.BytesIO(file)))


def test_the_stage_is_told_before_anything_grows(tmp_path, monkeypatch, look):
    """Or the panel would show "Growing hair" when it is over."""
    told = []

    def grown(*arguments, picture):
        assert told == [0.0] and arguments[-1] == Haircut("CHIN", "BROWS") and picture == digest(head.with_suffix(".png"))
        return look

    monkeypatch.setattr(Look, "of", grown)
    write_arrays(tmp_path / "head.npz", {name: np.zeros(1) for name in HEAD_ARRAYS})
    write_image(tmp_path / "head.png", np.broadcast_to(SKIN, (64, 64, 3)))
    head, out = tmp_path / "head.npz", tmp_path / "look.npz"
    assert write_look(head, out, pack=Pack.open(), cut=Haircut("CHIN", "BROWS"), tick=told.append) == ()
    assert same(Look.read(tmp_path / "look.npz", basis()).hair, look.hair)


def test_another_style_is_grown_when_it_is_wanted(look, head):
    assert look.hair_as(Haircut(), head, basis()) is look.hair and len(look.hair_as(Haircut("NONE"), head, basis())) == 0
    below = look.hair_as(Haircut("CHIN"), head, basis()).points[..., 1].min()
    for other in (Haircut(fringe="BROWS"), Haircut(parting="RIGHT"), Haircut(waves="CURLY")):
        assert not same(look.hair_as(other, head, basis()), look.hair)
    eyes = head["vertices"][basis().part("eye_left").vertices][:, 1].mean()
    assert eyes - below == pytest.approx(BELOW_EYES["CHIN"], abs=0.05)              # metres: strands end unevenly


def test_the_photos_parting_and_waves_count_unless_others_are_chosen(look, head):
    seen = head | {"hair_parting": np.array("RIGHT"), "hair_waves": np.array("WAVY")}
    chosen = look.hair_as(Haircut(parting="RIGHT", waves="WAVY"), head, basis())
    assert same(styled(seen, basis(), Haircut()), chosen)
    assert same(styled(seen, basis(), Haircut(parting="LEFT", waves="STRAIGHT")), look.hair)
    assert same(styled(head | {"hair_parting": np.array("?"), "hair_waves": np.array(3.0)}, basis(), Haircut()), look.hair)


def test_the_photos_hairline_counts_unless_another_is_chosen(look, head):
    seen, chosen = head | {"hairline": np.array("RECEDING")}, Haircut(hairline="RECEDING")
    back = look.hair_as(chosen, head, basis())
    assert same(styled(seen, basis(), Haircut()), back) and len(back) < 0.95 * len(look.hair)
    assert same(styled(seen, basis(), Haircut(hairline="FULL")), look.hair)
    assert same(styled(head | {"hairline": np.array("?")}, basis(), Haircut()), look.hair)
    assert look.scalp_as(Haircut(), head, basis()) is look.scalp
    less = look.scalp_as(chosen, head, basis())
    assert (less <= look.scalp).all() and less.sum() < look.scalp.sum()


@pytest.mark.parametrize("seen", [0.0, 0.05])
def test_cropped_hair_is_some_millimetres_long_however_long_it_is_in_the_photo(look, head, seen):
    person = {**head, "hair_length": np.array(seen, np.float32)}
    points = look.hair_as(Haircut("CROPPED", "BROWS", waves="CURLY"), person, basis()).points.astype(np.float64)
    length = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(axis=1)
    assert 0.004 < np.median(length) < 0.008 and length.max() < 0.015                # metres
    assert STRANDS < len(points) < 2 * STRANDS and points.size < look.hair.points.size


def test_a_chosen_fringe_is_there_though_the_photo_seems_to_show_a_bald_forehead(look, head):
    person = {**head, "hairline": np.array("RECEDING")}
    low = [look.hair_as(Haircut("SHORT", fringe), person, basis()).points[..., 2].max() for fringe in ("NONE", "BROWS")]
    assert low[1] > low[0] + 0.005                                                  # metres, in front
    gone = look.hair_as(Haircut("SHORT", "BROWS", hairline="RECEDING"), person, basis())
    assert gone.points[..., 2].max() < low[0] + 0.002


def test_files_of_before_know_no_hairline(tmp_path, look):
    arrays = look.arrays()
    assert str(arrays.pop("hairline")) == "PHOTO"
    write_arrays(tmp_path / "look.npz", arrays)
    assert Look.read(tmp_path / "look.npz", basis()).cut == Haircut()


def test_files_of_before_have_no_pictures(tmp_path, look):
    arrays = look.arrays()
    write_arrays(tmp_path / "look.npz", {name: arrays[name] for name in arrays.keys() - {"light", "mouth", "eye", "skin", "skin_of"}})
    again = Look.read(tmp_path / "look.npz", basis())
    np.testing.assert_array_equal(again.light, look.light)              # worked out now
    assert (again.mouth, again.eye, again.skin, again.skin_of) == (b"", b"", b"", "") and same(again.hair, look.hair)


def test_a_photo_without_hair_gives_no_strands(head):
    bald = head | {"hair_colour": np.zeros(0, np.uint8)}
    found = Look.of(bald, np.broadcast_to(SKIN, (64, 64, 3)), basis(), anchors(), Haircut("LONG"), picture=PICTURE)
    assert len(found.hair) == 0 and len(found.brows) > 80
    assert found.skin == b"" and found.skin_of == "" and found.mouth


@pytest.mark.parametrize("change", [
    {"hair_triangle": np.array([10**6], np.int32)}, {"brows_triangle": np.array([-1], np.int32)},
    {"hair_points": np.full((1, 3, 3), np.nan, np.float32)}, {"hair_points": np.zeros(3, np.float32)},
    {"hair_radius": np.zeros((1, 2), np.float32)}, {"scalp": np.zeros(3, np.float32)}, {"tone": np.zeros(4, np.float32)},
    {"style": np.array("PUNK")}, {"fringe": np.array("PUNK")},
    {"parting": np.array("BACK")}, {"waves": np.array(3.0)}, {"hairline": np.array("LOW")},
    {"light": np.zeros((4, 3), np.float32)}, {"light": np.full((1, 3), np.nan, np.float32)}, {"light": np.zeros(3, np.uint8)},
    {"mouth": np.zeros(9, np.uint8)}, {"eye": np.zeros(9, np.uint8)},
    {"skin": np.frombuffer(b"GIF89a", np.uint8)}, {"skin": np.zeros(9)},
    {"mouth": np.zeros((3, 3), np.uint8)}, {"light": np.array(1.0, np.float32)}, {"skin_of": np.array("abc")}])
def test_a_file_that_does_not_fit_is_refused(tmp_path, change):
    one = {f"{kind}_{name}": values for kind in ("hair", "brows") for name, values in {
        "points": np.zeros((1, 3, 3), np.float32), "radius": np.zeros((1, 3), np.float32), "triangle": np.zeros(1, np.int32),
        "weights": np.zeros((1, 3), np.float32)}.items()}
    scalp, tone = np.zeros(len(basis().regions), np.float32), np.zeros(3, np.float32)
    whole = Look(Haircut(), NO_STRANDS, NO_STRANDS, scalp, tone, np.ones_like(basis().vertices)).arrays() | one
    write_arrays(tmp_path / "look.npz", whole)
    Look.read(tmp_path / "look.npz", basis())
    write_arrays(tmp_path / "look.npz", whole | change)
    with pytest.raises(JobError, match="does not fit the head model"):
        Look.read(tmp_path / "look.npz", basis())
