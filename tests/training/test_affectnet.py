"""A library from AffectNet, on made-up sets in its two layouts."""

import csv
import json
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from core.emotion.emolib import Emolib
from core.errors import InputError
from core.face.camera import turn
from core.files import digest, write_arrays
from core.types import EMOTIONS
from tests.core.own_heads import ASSETS, ASTRONAUT, anchors, basis, face_of, needs_nets, photograph, plain_colours, subject
from training.emolib import affectnet, emica, fitting
from training.emolib.alignment import rigid_icp
from training.emolib.layouts import LABELS, Sample, levels, read

COLUMNS = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks", "expression", "valence",
           "arousal")


def original(root, rows):
    """Write a set in the original layout: rows of name, expression and arousal."""
    (root / "Manually_annotated_file_lists").mkdir(parents=True)
    with (root / "Manually_annotated_file_lists" / "training.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *((name, 10, 10, 30, 30, "1;2", label, 0.0, arousal) for name, label, arousal in rows)])
    for name, *_ in rows:
        path = root / "Manually_Annotated_Images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64)).save(path)


def short(root, rows, text=False):
    """Write a set in the short layout; text: numbers as text, as AffectNet does."""
    for part in ("images", "annotations"):
        (root / "train_set" / part).mkdir(parents=True)
    for name, label, arousal in rows:
        Image.new("RGB", (64, 64)).save(root / "train_set" / "images" / f"{name}.jpg")
        for kind, value in (("exp", label), ("aro", arousal), ("val", 0.0), ("lnd", [0.0] * 136)):
            values = np.array(str(value)) if text and kind != "lnd" else np.array(value)
            np.save(root / "train_set" / "annotations" / f"{name}_{kind}.npy", values, allow_pickle=False)


def everything(step=0.05, each=9):
    """Return rows with every category at every level."""
    return [(f"{label}_{index}", label, round(index * step, 3)) for label in range(8) for index in range(each)]


def made_up(sample, seen=None):
    """Fit nothing: the arousal stands for a shape; odd ones fail."""
    if seen is not None:
        seen.append(sample.name)
    if sample.name.endswith("_1.jpg"):
        return {"name": sample.name, "reason": "no face was found"}
    identity = [sample.arousal] * len(basis().identity_basis)
    return {"name": sample.name, "identity": identity, "expression": [0.5] * len(basis().expression_names), "jaw_angle": 0.1}


def ledger(folder, source="fit"):
    return affectnet.Ledger(folder / "items.jsonl", {"head_model": "x", "source": source})


def build(root, fit, book, **options):
    return affectnet.library(root, fit, book, names=basis().expression_names, head_model="x", **options)


@pytest.mark.parametrize("text", [False, True])
def test_both_layouts_are_read_alike(tmp_path, text):
    rows = everything()
    original(tmp_path / "long", [(f"dir/{name}.jpg", *rest) for name, *rest in rows])
    short(tmp_path / "short", rows, text=text)
    (first, none), (second, nothing) = read(tmp_path / "long"), read(tmp_path / "short")
    assert not none and not nothing and len(first) == len(second) == len(rows)
    for one, other in zip(first, second, strict=True):
        assert (one.category, one.arousal) == (other.category, other.arousal) and one.image.is_file() and other.image.is_file()
    assert first[0].box == (10, 10, 30, 30) and second[0].box == ()
    assert [sample.category for sample in first if sample.name.startswith("dir/6_")] == ["angry"] * 9


def test_what_cannot_be_used_is_listed_with_its_reason(tmp_path):
    original(tmp_path, [("a.jpg", 1, 0.1), ("b.jpg", 8, 0.1), ("c.jpg", 10, -2), ("d.jpg", 2, -2), ("e.jpg", 3, "x"),
                        ("f.jpg", 4, 0.2)])
    (tmp_path / "Manually_Annotated_Images" / "f.jpg").unlink()
    samples, skipped = read(tmp_path)
    assert [sample.name for sample in samples] == ["a.jpg"]
    assert {skip.name: skip.reason for skip in skipped} == {
        "b.jpg": "no expression", "c.jpg": "no face", "d.jpg": "no arousal", "e.jpg": "the list's line is incomplete",
        "f.jpg": "the image is missing"}


def test_a_pickle_among_the_annotations_is_not_opened(tmp_path):
    short(tmp_path, [("a", 1, 0.1), ("b", 1, 0.2)])
    np.save(tmp_path / "train_set" / "annotations" / "a_exp.npy", np.array([{}], object), allow_pickle=True)
    np.save(tmp_path / "train_set" / "annotations" / "b_aro.npy", np.zeros(3))
    samples, skipped = read(tmp_path)
    assert not samples and all("an annotation is damaged" in skip.reason for skip in skipped) and len(skipped) == 2


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="none of AffectNet's layouts"):
        read(tmp_path)


def test_levels_are_thirds_between_the_category_s_lowest_and_highest_arousal(tmp_path):
    def sample(arousal, category="sad"):
        return Sample(f"{arousal}", tmp_path, category, arousal)
    cells = levels([sample(value) for value in (-0.3, -0.11, -0.09, 0.0, 0.09, 0.11, 0.3)] + [sample(0.9, "happy")])
    assert {level: [one.arousal for one in cells["sad", level]] for level in (1, 2, 3)} == {
        1: [-0.3, -0.11], 2: [-0.09, 0.0, 0.09], 3: [0.11, 0.3]}
    assert list(cells) == [("happy", 1), ("sad", 1), ("sad", 2), ("sad", 3)]


def test_a_cell_takes_so_many_at_random_and_replaces_what_fails(tmp_path):
    short(tmp_path / "set", everything())
    arrays, skipped = build(tmp_path / "set", made_up, ledger(tmp_path), most=2)
    counts = np.array([[((arrays["category"] == category) & (arrays["level"] == level)).sum() for level in (1, 2, 3)]
                       for category in range(8)])
    assert (counts == 2).all() and {skip.reason for skip in skipped} <= {"no face was found"}
    all_of_them, skipped = build(tmp_path / "set", made_up, ledger(tmp_path))
    assert len(all_of_them["category"]) == 64 and len(skipped) == 8
    again, _ = build(tmp_path / "set", made_up, ledger(tmp_path), most=2)
    assert all(np.array_equal(arrays[name], again[name]) for name in arrays)
    other, _ = build(tmp_path / "set", made_up, ledger(tmp_path), most=2, seed=5)
    assert not np.array_equal(arrays["identity"], other["identity"])


def test_it_goes_on_where_it_was_stopped(tmp_path):
    short(tmp_path / "set", everything(each=4))
    first, second = [], []
    whole, _ = build(tmp_path / "set", partial(made_up, seen=first), ledger(tmp_path))
    lines = (tmp_path / "items.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "items.jsonl").write_text("".join(lines[:11]) + lines[11][:20])           # cut off within a line
    again, _ = build(tmp_path / "set", partial(made_up, seen=second), ledger(tmp_path))
    assert len(first) == 32 and len(second) == 22 and not set(first[:10]) & set(second)
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    with pytest.raises(InputError, match="begun with another"):
        ledger(tmp_path, source="emica")


def test_several_processes_give_the_same(tmp_path):
    short(tmp_path / "set", everything(each=4))
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, _ = build(tmp_path / "set", made_up, ledger(tmp_path / "one"))
    two, _ = build(tmp_path / "set", made_up, ledger(tmp_path / "two"), workers=2)
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_icp_brings_a_posed_head_back():
    head = subject(1, jawOpen=0.4).head[: basis().part("skin").vertices.stop].astype(float)
    rotation = turn(np.array([0.1, 0.5, -0.05]))
    posed = head[::16] @ rotation.T + [0.02, -0.01, 0.7]
    start = turn(np.array([0.0, 0.5, 0.0])).T
    found, shift, left = rigid_icp(posed, head, rotation=start, translation=-start @ posed.mean(axis=0))
    assert left < 1e-5 and np.allclose(found, rotation.T, atol=1e-4) and np.allclose(posed @ found.T + shift, head[::16], atol=1e-4)


@needs_nets
def test_photos_are_fitted_cropped_to_the_face_and_laid_straight(tmp_path):
    smiling = subject(2, yaw=12, mouthSmileLeft=0.9, mouthSmileRight=0.9)
    Image.fromarray(photograph(smiling, plain_colours(), (0.2, 0.3, 0.9)).pixels).save(tmp_path / "own.png")
    for path, box in ((tmp_path / "own.png", ()), (ASTRONAUT, (165, 65, 115, 115))):
        item = fitting.fitted(Sample("x", path, "happy", 0.3, box), pack=ASSETS)
        weights = dict(zip(basis().expression_names, item["expression"], strict=True))
        assert len(item["identity"]) == len(basis().identity_basis)
        assert weights["mouthSmileLeft"] > 0.3 and 0 <= item["jaw_angle"] < 0.4
    Image.new("RGB", (200, 200), (90, 90, 90)).save(tmp_path / "grey.png")
    assert fitting.fitted(Sample("x", tmp_path / "grey.png", "sad", 0.0), pack=ASSETS)["reason"] == "no face was found"
    assert "outside the image" in fitting.fitted(Sample("x", ASTRONAUT, "sad", 0.0, (900, 900, 50, 50)), pack=ASSETS)["reason"]


def test_an_item_s_expression_is_what_goes_beyond_the_person_s_rest(tmp_path, monkeypatch):
    one = subject(3, browInnerUp=-0.4, eyeSquintLeft=0.3, eyeSquintRight=0.3, mouthSmileLeft=0.7, mouthSmileRight=0.7)
    monkeypatch.setattr(fitting, "tools", lambda pack: (basis(), anchors(), SimpleNamespace(detect=lambda photo: face_of(one))))
    Image.new("RGB", (512, 512)).save(tmp_path / "own.png")
    sample = Sample("x", tmp_path / "own.png", "happy", 0.3)
    item, whole = (fitting.fitted(sample, pack=tmp_path, whole=whole) for whole in (False, True))
    beyond, seen = (dict(zip(basis().expression_names, found["expression"], strict=True)) for found in (item, whole))
    assert seen["browInnerUp"] < 0 < seen["eyeSquintLeft"]
    assert beyond["browInnerUp"] == beyond["eyeSquintLeft"] == 0 and beyond["mouthSmileLeft"] == seen["mouthSmileLeft"] > 0.5
    assert min(beyond.values()) >= 0 and max(beyond.values()) <= 1 and item["identity"] == whole["identity"]


def flame():
    """Stand in for FLAME's head: numbered expressions, no jawOpen."""
    count = len(basis().expression_names)
    return replace(basis(), expression_names=tuple(f"expression{index:03}" for index in range(count)))


def test_emica_s_parameters_become_items_of_the_flame_head_only(tmp_path):
    with pytest.raises(InputError, match="coefficients of FLAME"):
        emica.check(basis(), tmp_path)
    model = flame()
    emica.check(model, tmp_path)
    shape, expression = np.arange(300) / 100, np.arange(100) / 100
    np.savez(tmp_path / "a.npz", shape=shape, exp=expression, jaw=[0.2, 0, 0], allow_pickle=False)
    codes = {"shapecode": [shape.tolist()], "expcode": [expression.tolist()], "jawpose": [[0.2, 0, 0]]}
    (tmp_path / "b.json").write_text(json.dumps(codes))
    (tmp_path / "c.json").write_text("{")
    np.savez(tmp_path / "d.npz", shape=shape, exp=expression[:9], jaw=[0.2, 0, 0], allow_pickle=False)
    np.savez(tmp_path / "e.npz", shape=shape, exp=expression, allow_pickle=False)
    items = [emica.imported(Sample(f"train_set/images/{name}.jpg", tmp_path, "sad", 0.0), folder=tmp_path, people=140,
                            shapes=len(model.expression_names)) for name in "abcdef"]
    assert items[0]["identity"] == items[1]["identity"] == shape[:140].tolist() and items[0]["jaw_angle"] == 0.2
    assert items[0]["expression"] == expression[:57].tolist()
    assert [item["reason"] for item in items[2:]] == [
        "the parameters are damaged", "exp has only 9 values", "the parameters lack jaw", "there are no EMICA parameters"]


def test_parameters_are_read_by_name_and_nothing_else_is(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, texcode=np.ones(5), shape=np.zeros(3), image=np.array([{}], object), allow_pickle=True)
    assert emica.parameters(path, ("tex",))["tex"].tolist() == [1] * 5             # the object beside it is not opened
    (tmp_path / "b.json").write_text('{"cam": [8, 0, 0], "globalpose": [[0.5, 0, 0]], "jaw": [0.1], "tex": "sharp", '
                                     '"shape": [1e999, 0, 0]}')
    found = emica.parameters(tmp_path / "b.json", ("global", "cam"))
    assert list(found) == ["global", "cam"] and found["global"].tolist() == [0.5, 0, 0] and found["cam"].tolist() == [8, 0, 0]
    (tmp_path / "c.json").write_text("[" * 100_000)
    np.save(tmp_path / "d.npz", np.zeros(3))
    (tmp_path / "d.npz.npy").rename(tmp_path / "d.npz")
    for name, wanted, told in (("a.npz", ("exp",), "lack exp"), ("b.json", ("jaw",), "jaw has only 1 values"),
                               ("b.json", ("tex",), "tex is no list of numbers"), ("b.json", ("shape",), "shape is damaged"),
                               ("c.json", ("tex",), "the parameters are damaged"), ("d.npz", ("tex",), "the parameters are damaged"),
                               ("e.npz", ("tex",), "there are no parameters"), ("e.json", ("tex",), "there are no parameters")):
        with pytest.raises(InputError, match=told):
            emica.parameters(tmp_path / name, wanted)


@needs_nets
def test_the_command_writes_a_library_that_loads(tmp_path, monkeypatch, capsys):
    short(tmp_path / "set", everything(each=5))
    monkeypatch.setattr(fitting, "fitted", lambda sample, pack: made_up(sample))
    monkeypatch.setattr("sys.argv", ["affectnet", "--root", str(tmp_path / "set"), "--out", str(tmp_path / "out" / "emolib.npz")])
    assert affectnet.main() == 0 and "32 items, 8 images skipped" in capsys.readouterr().out
    made = Emolib.load(tmp_path / "out" / "emolib.npz", basis(), head_model=digest(ASSETS / "head.npz"))
    assert set(made.category) == set(range(len(EMOTIONS))) and len(LABELS) == len(EMOTIONS)
    assert (tmp_path / "out" / "emolib.skipped.csv").read_text().splitlines()[0] == "image,reason"
    monkeypatch.setattr("sys.argv", ["affectnet", "--root", str(tmp_path), "--out", str(tmp_path / "emolib.npz")])
    assert affectnet.main() == 2 and capsys.readouterr().err.startswith("error: the folder has none of AffectNet's layouts")


def test_a_library_of_the_flame_head_loads_with_it(tmp_path):
    model, (category, level) = flame(), np.indices((8, 3)).reshape(2, -1)
    write_arrays(tmp_path / "flame.npz", {
        "format_version": np.int32(1), "head_model": np.array("f" * 64), "names": np.array(model.expression_names),
        "category": category.astype(np.uint8), "level": (level + 1).astype(np.uint8), "identity": np.zeros((24, 140), np.float16),
        "expression": np.ones((24, 57), np.float16), "jaw_angle": np.zeros(24, np.float32)})
    assert Emolib.load(tmp_path / "flame.npz", model, head_model="f" * 64).names == model.expression_names
