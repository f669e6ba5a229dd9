"""FLAME's files in their public layouts, on a made-up model: reading, skinning, the pack's head."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.emotion.fusion import fusion_regions
from core.errors import InputError
from core.face.fit import Anchors
from core.head.lids import Lids
from core.head.model import REGIONS, HeadBasis
from core.head.mouth import gap, jaw_angle
from core.speech.mouth_rig import WIDEST, pose
from tests.training import flame_stand_in as made
from training.emolib import emica
from training.emolib.layouts import Sample
from training.flame import albedo, head
from training.flame.keys import turned
from training.flame.model import EYES, FACES, JAW, VERTICES, Flame, read_landmarks, read_masks, rotation
from training.flame.texture import read_texture_data
from training.flame.unpickle import read_pickle

PEOPLE = 12


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return made.write(tmp_path_factory.mktemp("flame"), old=True)


@pytest.fixture(scope="module")
def pack(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pack")
    figures = head.build(head.Sources.read(*files.values()), out, PEOPLE)
    assert figures["face residual mm"] < 0.5        # the made-up head is ours, scaled: the fit must find it again
    return out


@pytest.fixture(scope="module")
def basis(pack: Path) -> HeadBasis:
    return HeadBasis.load(pack / "head.npz")


class Call:
    """Calls something when it is unpickled."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.function, self.arguments


def test_old_and_new_pickles_give_the_same_model(files, tmp_path):
    old = Flame.load(files["model"])
    new = tmp_path / "flame2023.pkl"
    new.write_bytes(pickle.dumps(made.arrays(), protocol=4))
    for name in ("template", "shapes", "pose_shapes", "regressor", "weights", "triangles", "parents"):
        assert np.array_equal(getattr(old, name), getattr(Flame.load(new), name)), name
    assert old.template.shape == (VERTICES, 3) and old.triangles.shape == (FACES, 3) and (old.people, old.expressions) == (300, 100)
    assert np.allclose(old.regressor, made.flame().regressor)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_calls_nothing(tmp_path, protocol):
    marker, path = tmp_path / "called", tmp_path / "evil.pkl"
    for call in (Call(os.system, f"touch {marker}"), Call(eval, f"open({str(marker)!r}, 'w')"), Call(getattr, "x", "upper"),
                 Call(os.mkdir, str(marker)), Call(np.load, str(path)), Call(pickle.loads, b"N.")):
        path.write_bytes(pickle.dumps({"v_template": call}, protocol=protocol))
        with pytest.raises(InputError, match="not to be trusted"):
            read_pickle(path, "FLAME model")
    assert not marker.exists()


def test_allowed_names_cannot_be_bent(tmp_path):
    """Setting the state of an allowed name, beginning unknown objects, arrays that lie about their size, and what never ends."""
    path = tmp_path / "evil.pkl"
    array = pickle.dumps(np.zeros(4), protocol=2)
    deep = b"]" * 20000 + b"a" * 19999 + b"."
    attempts = [b"cnumpy\ndtype\n}(Vx\nVy\nub.", b"c__builtin__\nset\n}(Vadd\nVy\nub.",
                b"ccopy_reg\n_reconstructor\n(c__builtin__\nset\nc__builtin__\nobject\nNtR.",
                array.replace(b"K\x04\x85", b"K\x7f\x85"), array[:-9], b"\x80\x02.", b"", deep, b"P123\n.",
                b"cnumpy.core.multiarray\n_reconstruct\n.",
                b"(lp0\nh\x00a.", pickle.dumps([1, 2])]
    for content in attempts:
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_pickle(path, "FLAME model")
    path.write_bytes(b"\x93NUMPY\x01\x00" + (20).to_bytes(2, "little") + b"{'descr': '<f8'     " + b"\x00" * 8)
    with pytest.raises(InputError, match="no dictionary"):
        read_pickle(path, "landmark embedding")
    with pytest.raises(InputError, match="no FLAME model that can be read"):
        read_pickle(tmp_path / "none.pkl", "FLAME model")


@pytest.mark.parametrize(("changed", "told"), [
    ({"v_template": np.zeros((6890, 3)), "f": np.zeros((13776, 3), np.uint32)}, "6890 vertices and 13776 faces"),
    ({"shapedirs": np.zeros((VERTICES, 3, 150), np.float32)}, "150 shapes"),
    ({"weights": np.zeros((VERTICES, 4))}, "weights of the FLAME model has shape"),
    ({"posedirs": np.full((VERTICES, 3, 36), np.nan, np.float32)}, "not finite"),
    ({"f": np.full((FACES, 3), VERTICES, np.uint32)}, "point outside")])
def test_other_models_are_told_in_one_sentence(tmp_path, changed, told):
    small = {"shapedirs": np.zeros((VERTICES, 3, 301), np.float32)} | changed
    path = made.write(tmp_path, **small)["model"]
    with pytest.raises(InputError, match=told):
        Flame.load(path)


def test_masks_and_landmarks(files, tmp_path):
    masks = read_masks(files["masks"])
    assert np.array_equal(masks["lips"], made.masks()["lips"])
    path = tmp_path / "masks.pkl"
    path.write_bytes(pickle.dumps({name: places for name, places in made.masks().items() if name not in ("lips", "neck")}))
    with pytest.raises(InputError, match="lack lips, neck"):
        read_masks(path)
    path.write_bytes(pickle.dumps(made.masks() | {"lips": np.array([9999])}))
    with pytest.raises(InputError, match="lips points outside"):
        read_masks(path)
    assert read_landmarks(files["landmarks"], made.flame().triangles)[0].shape == (68, 3)
    path.write_bytes(pickle.dumps({"lmk_face_idx": np.arange(51), "lmk_b_coords": np.full((51, 3), 1 / 3)}))
    with pytest.raises(InputError, match="51 landmarks"):
        read_landmarks(path, made.flame().triangles)


def test_deca_s_landmarks_hold_tensors_that_are_not_looked_at(tmp_path):
    torch = pytest.importorskip("torch")
    path, triangles = tmp_path / "landmark_embedding.npy", made.flame().triangles
    np.save(path, made.landmarks() | {"dynamic_lmk_faces_idx": torch.zeros(79, 17, dtype=torch.long)}, allow_pickle=True)
    assert read_landmarks(path, triangles)[0].shape == (68, 3)
    np.save(path, made.landmarks() | {"full_lmk_faces_idx": torch.zeros(1, 68, dtype=torch.long)}, allow_pickle=True)
    with pytest.raises(InputError, match="1 landmarks, not 68"):
        read_landmarks(path, triangles)


def test_skinning_is_as_published():
    """Without pose correctives a vertex of one joint turns rigidly about it; blended ones lie on the line between."""
    flame, angles = made.flame(), np.zeros((5, 3))
    angles[EYES[0]] = [0.1, -0.3, 0.0]
    posed, joints = flame.posed(flame.template, angles), flame.joints(flame.template)
    eye = made.parts()["left_eyeball"]
    wanted = (flame.template[eye] - joints[3]) @ rotation(angles[3]).T + joints[3]
    assert np.allclose(posed[eye], wanted, atol=1e-12)
    rest = np.setdiff1d(np.arange(VERTICES), eye)           # no pose corrective of the eyes is made up
    assert np.allclose(posed[rest], flame.template[rest], atol=1e-12)
    angles = np.zeros((5, 3))
    angles[JAW, 0] = 0.3
    bent = flame.pose_shapes[:, :, 9:18] @ (rotation(angles[JAW]) - np.eye(3)).ravel()
    share = flame.weights[:, JAW, None]
    wanted = flame.template + bent + share * turned(flame.template + bent, angles[JAW], joints[JAW])
    assert np.allclose(flame.posed(flame.template, angles), wanted, atol=1e-12)
    angles = np.zeros((5, 3))
    angles[0] = [0, 0.4, 0]                                 # the root takes everything along, its children too
    whole = (flame.template - joints[0]) @ rotation(angles[0]).T + joints[0]
    assert np.allclose(flame.posed(flame.template, angles), whole, atol=1e-12)
    coefficients = np.array([0.5, -1.0])
    assert np.allclose(flame.vertices(shape=coefficients), flame.template + flame.shapes[:, :, :2] @ coefficients)
    assert np.allclose(flame.vertices(expression=coefficients), flame.template + flame.shapes[:, :, 300:302] @ coefficients)


def test_the_head_is_one_that_core_runs(basis, pack):
    skin = basis.part("skin").vertices
    eyes = [basis.part(name).vertices for name in ("eye_left", "eye_right")]
    assert skin.stop + sum(one.stop - one.start for one in eyes) == VERTICES
    assert len(basis.identity_basis) == PEOPLE and len(basis.expression_names) == 57
    assert set(np.unique(basis.regions)) == set(range(len(REGIONS)))
    regions = fusion_regions(basis)
    assert np.mean(regions == basis.regions) > 0.98         # FLAME has next to no lining
    Lids(basis).fit(basis.vertices)
    anchors = Anchors.load(pack / "anchors.npz")
    assert np.abs(anchors.points(basis.vertices)[:, 0].mean()) < 0.002


def test_arkit_s_shapes_do_on_it_what_they_do_on_ours(basis):
    ours, place = made.basis(), made.parts()["kept"]
    scaled = {name: offsets[place] * made.SCALE for name, offsets in zip(ours.expression_names, ours.expressions, strict=True)}
    for name in ("mouthSmileLeft", "browInnerUp", "eyeBlinkLeft", "eyeBlinkRight", "mouthFunnel", "noseSneerLeft", "cheekPuff",
                 "mouthLeft"):
        found = basis.expressions[basis.expression_names.index(name)][:len(place)]
        apart = np.linalg.norm(found - scaled[name], axis=1)
        assert np.sqrt((apart**2).mean()) < 0.25 * np.sqrt((scaled[name] ** 2).sum(axis=1).mean()), name
    opened = jaw_angle(basis, ("jawOpen",), np.ones((1, 1), np.float32))[0]
    assert 0.2 < opened < 0.7


def test_the_mouth_rig_works_on_it(basis):
    assert abs(gap(basis, (), np.zeros((1, 0), np.float32))[0]) < 0.001
    channels = np.zeros((3, 11), np.float32)
    channels[1, :2], channels[2, :2] = (0.5, 0.5), (0.8, 0)
    names, weights = pose(channels, basis)
    gaps = gap(basis, names, weights)
    assert np.allclose(gaps[1:], [0.5 * WIDEST, 0], atol=0.0012)      # solved on the mesh; correctives are not there


def test_teeth_lie_behind_the_lips_and_turn_with_the_jaw(basis):
    lower, opened = basis.part("teeth_lower").vertices, basis.expressions[basis.expression_names.index("jawOpen")]
    behind, ours = (one.vertices[one.inner_lip_upper, 2].max() - one.vertices[one.upper_incisor_edge, 2].max()
                    for one in (basis, made.basis()))
    assert behind == pytest.approx(ours, rel=0.1)           # which is scaled here by up to 5 %
    before, after = basis.vertices[lower], basis.vertices[lower] + opened[lower]
    for shift in (1, 7, 100):                               # as stiff as bone, to the half precision of the shapes
        assert np.allclose(np.linalg.norm(before - np.roll(before, shift, 0), axis=1),
                           np.linalg.norm(after - np.roll(after, shift, 0), axis=1), atol=1e-4)
    assert np.abs(opened[basis.part("teeth_upper").vertices]).max() == 0 and after[:, 1].mean() < before[:, 1].mean() - 0.005


def test_textures(files, tmp_path):
    space = read_texture_data(files["texture"], FACES)
    photo = np.zeros((40, 50, 3), np.uint8)
    photo[..., 0], photo[..., 1] = np.arange(50), np.arange(40)[:, None]
    points = np.tile([20.5, 10.5], (VERTICES, 1))
    image, shown = space.unprojected(photo, points, np.ones(VERTICES))
    assert shown.sum() == 100 and (image[shown] == [20, 10, 0]).all() and not image[~shown].any()
    assert not space.unprojected(photo, points, -np.ones(VERTICES))[1].any()
    with pytest.raises(InputError, match="no texture space"):
        space.albedo(np.zeros(1))
    path = tmp_path / "FLAME_texture.npz"
    texture = made.texture()
    np.savez(path, mean=np.full((8, 8, 3), [10.0, 20, 30]), tex_dir=np.ones((8, 8, 3, 2)), vt=texture["vt"], ft=texture["ft"])
    assert (read_texture_data(path, FACES).albedo(np.array([5.0])) == [35, 25, 15]).all()
    with pytest.raises(InputError, match="no texture data"):
        read_texture_data(path, FACES).unprojected(photo, points, np.ones(VERTICES))
    np.save(tmp_path / "other.npy", texture | {"ft": texture["ft"][:-1]}, allow_pickle=True)
    with pytest.raises(InputError, match="ft of the TF_FLAME texture data has shape"):
        read_texture_data(tmp_path / "other.npy", FACES)


def test_albedos_of_emica_s_parameters(files, tmp_path, capsys):
    texture, space, emica = made.texture(), tmp_path / "FLAME_texture.npz", tmp_path / "a.npz"
    np.savez(space, mean=np.full((8, 8, 3), [10.0, 20, 30]), tex_dir=np.ones((8, 8, 3, 2)), vt=texture["vt"], ft=texture["ft"])
    np.savez(emica, texcode=np.array([5.0, -2.0]), shapecode=np.zeros(300), expcode=np.zeros(100), jawpose=np.zeros(3),
             globalpose=np.zeros(3), cam=np.array([8.0, 0.0, 0.0]))
    out = tmp_path / "albedo.png"
    assert albedo.main(["--texture", str(space), "--emica", str(emica), "--out", str(out)]) == 0
    assert (np.asarray(Image.open(out)) == [33, 23, 13]).all()
    Image.fromarray(np.dstack([np.tile(np.arange(224, dtype=np.uint8), (224, 1))] * 3)).save(tmp_path / "crop.png")
    laid = ["--texture", str(files["texture"]), "--emica", str(emica), "--out", str(out)]
    assert albedo.main([*laid, "--photo", str(tmp_path / "crop.png"), "--model", str(files["model"])]) == 0
    pixels = np.asarray(Image.open(out))
    corners, space = made.parts()["triangles"][:100], read_texture_data(files["texture"], FACES)
    across = (8 * made.flame().template[corners][..., 0].mean(axis=1) + 1) / 2 * 224           # of what each pixel shows
    towards = albedo.facing(made.flame().template, made.flame().triangles)[corners].mean(axis=1) > 0
    assert 0 < towards.sum() == (pixels[..., 3] == 255).sum()
    assert np.allclose(pixels[space.rows, space.columns, 0][towards], across[towards], atol=1)          # as bright as its column
    assert albedo.main(laid) == 2 and "texture data needs --photo and --model" in capsys.readouterr().err
    for values, told in (({"shape": np.zeros(3)}, "lack tex"), ({"tex": np.full(2, np.nan)}, "tex is damaged"),
                         ({"tex": np.zeros(9)}, "more than the texture space has")):
        np.savez(emica, **values)
        assert albedo.main(["--texture", str(tmp_path / "FLAME_texture.npz"), "--emica", str(emica), "--out", str(out)]) == 2
        assert told in capsys.readouterr().err
    emica.write_bytes(b"half")
    assert albedo.main(["--texture", str(tmp_path / "FLAME_texture.npz"), "--emica", str(emica), "--out", str(out)]) == 2


def test_the_command_tells_what_is_wrong_in_one_line(files, tmp_path, capsys):
    broken = tmp_path / "masks.pkl"
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("FLAME_masks.pkl", "x")
    arguments = [f"--{name}={path}" for name, path in (files | {"masks": broken}).items()]
    assert head.main([*arguments, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: the FLAME masks is damaged or not to be trusted") and told.count("\n") == 1
    assert not (tmp_path / "out").exists()
    assert io.BytesIO(broken.read_bytes()).read(2) == b"PK"


def test_emica_s_parameters_become_named_weights(basis, pack, tmp_path):
    """The expressions of the made-up FLAME are mixtures of the named shapes: what is one of them must be found again."""
    emica.check(basis, pack / "head.npz")
    flame, wanted = made.flame(), 0.35
    codes = np.linalg.lstsq(flame.expression_shapes.reshape(100, -1).T,
                            _whole(basis, "mouthSmileLeft", wanted).ravel(), rcond=None)[0]
    np.savez(tmp_path / "a.npz", shape=np.ones(300), exp=codes, jaw=[0.15, 0, 0], allow_pickle=False)
    item = emica.imported(Sample("1/a.jpg", tmp_path, "happy", 0.5), folder=tmp_path, people=PEOPLE, shapes=50, head=pack / "head.npz")
    weights = dict(zip(basis.expression_names, item["expression"], strict=True))
    assert len(item["identity"]) == PEOPLE and item["jaw_angle"] == 0.15
    with np.load(pack / "head.npz") as stored:
        assert weights["jawOpen"] == pytest.approx(0.15 / float(stored["flame_jaw_open"]), abs=0.06)
    assert weights["mouthSmileLeft"] == pytest.approx(wanted, abs=0.1) and weights["mouthSmileRight"] < 0.1
    item = emica.imported(Sample("1/b.jpg", tmp_path, "happy", 0.5), folder=tmp_path, people=PEOPLE, shapes=50, head=pack / "head.npz")
    assert item["reason"] == "there are no EMICA parameters"


def _whole(basis: HeadBasis, name: str, weight: float) -> np.ndarray:
    """Return a shape's offsets (5023, 3) of all of FLAME."""
    result = np.zeros((VERTICES, 3))
    skin = basis.part("skin").vertices
    result[:skin.stop] = weight * basis.expressions[basis.expression_names.index(name)][skin]
    return result
