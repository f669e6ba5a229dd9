"""The default head: its parts, its shapes, and what a damaged file leads to."""

import numpy as np
import pytest

from core.errors import PackError
from core.files import read_arrays, write_arrays
from core.head.model import MATERIALS, REGIONS, HeadBasis
from tests.core.own_heads import ASSETS, basis, subject


def lips_gap(head):
    model = basis()
    return np.abs(head[model.inner_lip_upper, 1] - head[model.inner_lip_lower, 1]).max()


def test_parts_follow_each_other_and_hold_their_own_faces():
    model = basis()
    assert model.part_names == ("skin", "lashes", "teeth_upper", "teeth_lower", "tongue", "eye_left", "eye_right")
    assert model.part_vertices[0, 0] == 0 and model.part_vertices[-1, 1] == len(model.vertices)
    assert (model.part_vertices[1:, 0] == model.part_vertices[:-1, 1]).all()
    for name in model.part_names:
        part = model.part(name)
        quads = model.quads[part.faces]
        assert quads.min() >= part.vertices.start and quads.max() < part.vertices.stop
    assert set(np.unique(model.material)) == set(range(len(MATERIALS)))


def test_the_head_has_a_human_size_and_looks_to_plus_z():
    model = basis()
    skin = model.vertices[model.part("skin").vertices]
    across, up, _ = np.ptp(skin, axis=0)
    assert 0.14 < across < 0.20 and 0.20 < up < 0.30                        # metres
    nose = skin[np.argmax(skin[:, 2])]
    assert abs(nose[0]) < 0.002 and model.vertices[model.part("eye_left").vertices][:, 0].min() > 0.01
    assert model.vertices[model.part("eye_left").vertices][:, 1].mean() > nose[1] > model.vertices[model.lip_corners, 1].max()


def test_faces_look_outwards():
    model = basis()
    triangles = model.skin_triangles
    corners = model.vertices[triangles].astype(float)
    volume = np.einsum("fc,fc->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert volume > 0.002                                                   # about 3 litres; negative if inside out


def test_neutral_is_linear_in_identity():
    model = basis()
    one = np.zeros(len(model.identity_basis), np.float32)
    assert np.array_equal(model.neutral(one), model.vertices)
    one[3] = 2
    assert np.allclose(model.neutral(one) - model.vertices, 2 * model.identity_basis[3].astype(np.float32), atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_everyones_lips_meet(seed):
    assert lips_gap(subject(seed).neutral) < 0.0012                         # metres


def test_the_jaw_opens_the_mouth_and_takes_the_lower_teeth_along():
    model = basis()
    move = model.expression(("jawOpen",), np.ones(1))
    length = np.linalg.norm(move, axis=1)
    assert length[model.part("teeth_lower").vertices].min() > 0.01 and length[model.part("teeth_upper").vertices].max() < 1e-6
    assert lips_gap(model.vertices + move) > 0.02
    assert lips_gap(model.vertices + model.expression(("jawOpen", "mouthClose"), np.ones(2))) < 0.0012


def test_left_is_the_persons_left():
    model = basis()
    skin = model.part("skin").vertices
    for name, sign in (("eyeBlinkLeft", 1), ("eyeBlinkRight", -1), ("mouthSmileLeft", 1), ("browDownRight", -1)):
        move = np.linalg.norm(model.expression((name,), np.ones(1))[skin], axis=1)
        assert sign * np.average(model.vertices[skin, 0], weights=move) > 0.015


def test_an_animation_is_the_shapes_summed_up():
    model = basis()
    weights = np.float32([[0, 0], [0.5, 1]])
    moving = [model.expression(("jawOpen", "mouthPucker"), row) for row in weights]
    assert not moving[0].any()
    wanted = 0.5 * model.expression(("jawOpen",), np.ones(1)) + model.expression(("mouthPucker",), np.ones(1))
    assert np.allclose(moving[1], wanted, atol=1e-6)
    with pytest.raises(KeyError):
        model.indices(("noSuchShape",))


def test_uvs_lie_in_the_square_and_regions_on_the_face():
    model = basis()
    assert model.uv.min() >= 0 and model.uv.max() <= 1
    skin = model.vertices[model.part("skin").vertices]
    assert len(model.regions) == len(skin)
    lips, chin = (skin[model.regions == REGIONS.index(name)] for name in ("lips", "chin"))
    assert lips[:, 2].min() > 0.02 and chin[:, 1].mean() < lips[:, 1].mean()


@pytest.mark.parametrize(("change", "message"), [
    ({"format_version": np.int32(99)}, "format 99"),
    ({"vertices": np.zeros((5, 3), np.float32)}, "do not fit"),
    ({"vertices": np.zeros((9676, 3), np.float64)}, "vertices of the head model is float64"),
    ({"quads": np.full((10, 4), 70000, np.int32)}, "do not fit"),
    ({"expression_names": np.array(["jawOpen"])}, "do not fit")])
def test_a_model_that_does_not_fit_is_refused_in_one_sentence(tmp_path, change, message):
    names = ("format_version", *HeadBasis.__dataclass_fields__)
    write_arrays(tmp_path / "head.npz", {**read_arrays(ASSETS / "head.npz", names, PackError), **change})
    with pytest.raises(PackError, match=message) as caught:
        HeadBasis.load(tmp_path / "head.npz")
    assert "head.npz" in str(caught.value) and "\n" not in str(caught.value)


LASHES = basis().part("lashes")


@pytest.mark.parametrize(("field", "index", "value"), [
    ("part_names", 1, "whiskers"), ("part_names", 5, "eye"), ("part_vertices", 1, 4242),
    ("quads", (LASHES.faces.start, 0), 0), ("quads", (LASHES.faces.start, 0), LASHES.vertices.stop)])
def test_parts_that_do_not_hold_their_faces_are_refused(tmp_path, field, index, value):
    with pytest.raises(PackError, match="parts of the head model do not fit"):
        HeadBasis.load(changed(tmp_path, **{field: (index, value)}))


@pytest.mark.parametrize("change", [
    {"part_faces": (1, LASHES.faces.start)},                                                        # no faces
    {"quads": ((LASHES.faces, 3), basis().quads[LASHES.faces, 2])},                                 # triangles
    {"quads": (LASHES.faces, np.random.default_rng(0).integers(LASHES.vertices.start, LASHES.vertices.stop, (184, 4)))}])
def test_lashes_that_are_no_strips_stay_as_they_are(tmp_path, change):
    path = changed(tmp_path, **change)
    stored, model = read_arrays(path, ("vertices", "uv", "expression_basis"), PackError), HeadBasis.load(path)
    assert all(np.array_equal(getattr(model, name), stored[name]) for name in stored)


def test_the_uvs_of_lashes_may_lie_in_any_order(tmp_path):
    model = basis()
    order = np.random.default_rng(0).permutation(len(model.uv))
    uv = read_arrays(ASSETS / "head.npz", ("uv",), PackError)["uv"]
    path = changed(tmp_path, quad_uv=(..., order[model.quad_uv]), uv=(order, uv))
    other = HeadBasis.load(path)
    assert np.array_equal(other.uv[other.quad_uv], model.uv[model.quad_uv])


def changed(folder, **changes):
    """Return the path of a head model of which some places, by array and index, have other values."""
    stored = read_arrays(ASSETS / "head.npz", ("format_version", *HeadBasis.__dataclass_fields__), PackError)
    for name, (index, value) in changes.items():
        stored[name] = stored[name].copy()
        stored[name][index] = value
    write_arrays(folder / "head.npz", stored)
    return folder / "head.npz"


def test_a_missing_or_broken_file_is_refused(tmp_path):
    (tmp_path / "head.npz").write_bytes(b"not a zip")
    for name in ("head.npz", "none.npz"):
        with pytest.raises(PackError):
            HeadBasis.load(tmp_path / name)


def test_at_rest_the_model_goes_on_from_there():
    model = basis()
    rest = np.zeros(len(model.expression_names), np.float32)
    rest[model.indices(("eyeSquintLeft", "browInnerUp"))] = 0.4, -0.3
    weights = np.zeros_like(rest)
    weights[model.indices(("eyeBlinkLeft", "mouthSmileLeft", "jawOpen"))] = 0.7, 0.5, 0.4
    names = model.expression_names
    wanted = model.expression(names, rest + weights) - model.expression(names, rest)
    assert np.abs(model.expression(names, weights) - wanted).max() > 1e-4               # metres: blink and squint meet
    assert np.abs(model.at_rest(rest).expression(names, weights) - wanted).max() < 2e-5         # half precision


def test_of_a_shape_it_rests_in_less_is_left():
    model = basis()
    rest = np.zeros(len(model.expression_names), np.float32)
    place = model.indices(("eyeSquintLeft",))[0]
    rest[place] = 0.4
    short = np.linalg.norm(model.at_rest(rest).expressions[place]) / np.linalg.norm(model.expressions[place])
    assert abs(short - 0.8) < 0.01
