"""VOCASET in its public layout, VOCATeeth made of it, and the error measures."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from tests.training import vocaset_stand_in as made
from training import evaluate
from training.vocaset import teeth
from training.vocaset.layout import SUBJECTS, VERTICES, Vocaset
from training.vocaset.metrics import Pair, greatest, measure, variation
from training.vocaset.mouth import MouthRig, read_obj

TRAIN, TEST = SUBJECTS["train"][0], SUBJECTS["test"][0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.write(tmp_path_factory.mktemp("vocaset"))


@pytest.fixture(scope="module")
def flame(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.flame_file(tmp_path_factory.mktemp("flame") / "flame.npz")


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.flame_head(tmp_path_factory.mktemp("head") / "head.npz")


@pytest.fixture(scope="module")
def vocateeth(folder: Path, flame: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("vocateeth")
    teeth.make(folder, flame, out)
    return out


def linked(source: Path, target: Path, **replaced: bytes) -> Path:
    """Return a folder with the same files but those replaced."""
    target.mkdir()
    for path in source.iterdir():
        if path.stem in replaced:
            (target / path.name).write_bytes(replaced[path.stem])
        else:
            (target / path.name).symlink_to(path)
    return target


def test_the_published_split_and_its_recordings(folder):
    vocaset = Vocaset(folder)
    assert {name: len(subjects) for name, subjects in SUBJECTS.items()} == {"train": 8, "val": 2, "test": 2}
    train, skipped = vocaset.split("train")
    assert [one.name for one in train] == [f"{TRAIN}_sentence01", f"{TRAIN}_sentence02"] and not skipped
    assert vocaset.frames(train[0]).shape == (made.FRAMES // 2, VERTICES, 3)
    assert np.array_equal(vocaset.frames(train[1], 1), made.sentence(TRAIN, 2))
    clip = vocaset.clip(train[0])
    assert clip.rate == 16000 and clip.duration == pytest.approx(made.FRAMES / 60, abs=0.002) and np.abs(clip.samples).max() < 0.5
    assert len(vocaset.split("test")[0]) == 2 and len(vocaset.split("val")[0]) == 1


def test_bad_data_is_told_in_one_sentence(folder, tmp_path):
    whole = pickle.loads((folder / "raw_audio_fixed.pkl").read_bytes())  # noqa: S301 - written by this test
    del whole[TEST]["sentence21"]
    whole[TEST]["sentence22"]["sample_rate"] = 8000
    vocaset = Vocaset(linked(folder, tmp_path / "audio", raw_audio_fixed=pickle.dumps(whole)))
    with pytest.raises(InputError, match="can be used .*at its sample rate of 8000 Hz, its frames 0.40 s; .* has no recording"):
        vocaset.split("test")
    assert len(vocaset.split("train")[0]) == 2
    content = (folder / "data_verts.npy").read_bytes()
    with pytest.raises(InputError, match="damaged or cut off"):
        Vocaset(linked(folder, tmp_path / "short", data_verts=content[:len(content) // 2]))
    templates = pickle.dumps({TRAIN: np.zeros((100, 3), np.float32)})
    with pytest.raises(InputError, match="template of .* has shape"):
        Vocaset(linked(folder, tmp_path / "templates", templates=templates))
    index = pickle.dumps({TRAIN: {"sentence01": {0: 10**6}}})
    with pytest.raises(InputError, match="no sequence that can be used"):
        Vocaset(linked(folder, tmp_path / "index", subj_seq_to_idx=index)).sequences()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no such file"):
        Vocaset(tmp_path / "empty")


def test_theta_is_the_turn_of_the_chin(flame):
    """Turned by hand: chin and the point below the ear about any axis through the yoz plane."""
    rig = MouthRig.read(flame)
    heads = np.repeat(rig.head[None], 3, axis=0).copy()
    for row, theta in enumerate((0.0, 0.1, 0.25)):
        segment = rig.head[rig.chin] - rig.head[rig.below_ear]
        sine, cosine = np.sin(theta), np.cos(theta)
        turned = [segment[0], cosine * segment[1] - sine * segment[2], sine * segment[1] + cosine * segment[2]]
        heads[row, rig.chin] = rig.head[rig.below_ear] + turned
    assert np.allclose(rig.angles(heads, rig.head), [0, 0.1, 0.25], atol=1e-5)
    complete = rig.complete(heads, rig.head)
    mouth = complete[:, VERTICES:] - rig.pivot
    rest = rig.mouth - rig.pivot
    assert np.allclose(mouth[:, :8], rest[:8], atol=1e-6)                                   # upper teeth
    assert np.allclose(mouth[0], rest, atol=1e-6) and (mouth[2, 8:, 1] < rest[8:, 1]).all()  # lower teeth and tongue go down
    angle = np.arctan2(rest[8:, 1], rest[8:, 2]) - np.arctan2(mouth[2, 8:, 1], mouth[2, 8:, 2])
    assert np.allclose(angle, 0.25, atol=1e-4) and np.allclose(mouth[..., 0], rest[..., 0])


def test_vocateeth_has_every_frame_and_goes_on_where_it_stopped(folder, flame, vocateeth):
    index = json.loads((vocateeth / teeth.INDEX).read_text())
    assert index["vertices"] == VERTICES + 24 and index["faces"] == 9976 + 12 and index["frames"] == 5 * made.FRAMES
    heads = np.load(vocateeth / f"{TEST}_sentence22.npy")
    assert heads.dtype == np.float32 and np.array_equal(heads[:, :VERTICES], made.sentence(TEST, 22))
    triangles = np.load(vocateeth / "triangles.npy")
    assert len(triangles) == index["faces"] and triangles.max() == index["vertices"] - 1
    path = vocateeth / f"{TEST}_sentence21.npy"
    before, content = path.with_suffix(".json").read_text(), path.read_bytes()
    path.with_suffix(".json").unlink()                     # interrupted before it was whole
    path.write_bytes(content[:1000])
    counts = teeth.make(folder, flame, vocateeth)
    assert counts["made now"] == 1 and counts["sequences"] == 5 and path.read_bytes() == content
    assert path.with_suffix(".json").read_text() == before and not list(vocateeth.glob(".*"))


def test_several_processes_give_the_same(folder, flame, vocateeth, tmp_path):
    counts = teeth.make(folder, flame, tmp_path, workers=2)
    assert counts["made now"] == 5 and (tmp_path / teeth.INDEX).read_text() == (vocateeth / teeth.INDEX).read_text()


def obj(path: Path, points: np.ndarray) -> Path:
    lines = [f"v {x} {y} {z}" for x, y, z in points] + ["f 1/1/1 2/2/2 3/3/3 4/4/4", "f -1 -2 -3"]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_template_of_the_user_s_in_place_of_ours(folder, flame, vocateeth, tmp_path):
    rig = MouthRig.read(flame)
    box = rig.mouth[:8]
    paths = [obj(tmp_path / f"{name}.obj", 1000 * (box + [0, shift, 0]) + [5, 0, 0])
             for name, shift in (("upper", 0), ("lower", -0.01), ("tongue", -0.017))]
    other = MouthRig.read(flame, paths)                    # FaceGen's millimetres, somewhere else
    assert np.allclose(other.mouth[:8], box, atol=1e-5) and other.parts == (0, 8, 16, 24)
    assert len(other.mouth_triangles) == 9 and np.allclose(other.mouth[8:16, 1], box[:, 1] - 0.01, atol=1e-5)
    with pytest.raises(InputError, match="another head or mouth template"):
        teeth.make(folder, flame, vocateeth, template=paths)
    (tmp_path / "bad.obj").write_text("v 1 2 3\nf 1 2 9\n")
    with pytest.raises(InputError, match="fit each other"):
        read_obj(tmp_path / "bad.obj")
    with pytest.raises(InputError, match="no mesh that can be read"):
        read_obj(tmp_path / "none.obj")


def test_the_paper_s_counts_with_the_paper_s_template(flame, tmp_path):
    """10,028 vertices and 19,804 faces of a mouth make 15,051 and 29,780."""
    rig, paths = MouthRig.read(flame), []
    for name, count, faces in (("upper", 4000, 8000), ("lower", 4000, 8000), ("tongue", 2028, 3804)):
        points = rig.mouth[:8].mean(axis=0) + np.random.default_rng(0).uniform(-0.02, 0.02, (count, 3))
        (tmp_path / f"{name}.obj").write_text("\n".join([f"v {x} {y} {z}" for x, y, z in points] + ["f 1 2 3"] * faces))
        paths.append(tmp_path / f"{name}.obj")
    rig = rig.with_template(paths)
    assert len(rig.neutral(rig.head)) == 15051 and rig.complete_triangles.shape == (29780, 3)


MASKS = {"lips": np.array([0, 1]), "eye_region": np.array([2]), "forehead": np.array([2, 3])}


def test_errors_by_hand():
    """Four vertices, two frames: lips off by 3 and 4 mm, then 1 mm; eyes off by 2 mm, the forehead by 5 mm in the second frame."""
    true = np.zeros((2, 4, 3), np.float32)
    predicted = true.copy()
    predicted[0, 0, 0], predicted[0, 1, 1], predicted[1, 0, 2] = 0.003, 0.004, 0.001
    predicted[:, 2, 0], predicted[1, 3] = 0.002, (0.003, 0.0, 0.004)
    assert np.allclose(greatest(predicted, true, MASKS["lips"]), [16e-6, 1e-6])
    found = measure([Pair("a", predicted, true, true[0])], MASKS)
    assert found.lve == pytest.approx(8.5e-6) and found.eve == pytest.approx((4e-6 + 25e-6) / 2) and found.frames == 2
    # the forehead's squared distance is 0, then 25e-6: its deviation 12.5e-6; the eye's does not change; two vertices
    assert variation(predicted, true[0], np.array([2, 3])) == pytest.approx(6.25e-6)
    assert found.fdd == pytest.approx(-6.25e-6)


def test_all_frames_count_alike_and_longer_predictions_are_cut():
    true = np.zeros((3, 4, 3), np.float32)
    off = true + np.float32([0.001, 0, 0])
    pairs = [Pair("long", np.concatenate([off, 9 + off]), true, true[0]), Pair("short", true[:1], true[:1], true[0])]
    assert measure(pairs, MASKS).lve == pytest.approx(0.75e-6)          # three frames of 1e-6, one of 0
    for wrong, told in ((true[:2], "2 frames"), (true[:, :2], "has shape"), (true * np.nan, "not finite")):
        with pytest.raises(InputError, match=told):
            measure([Pair("wrong", wrong, true, true[0])], MASKS)
    with pytest.raises(InputError, match="lack lips"):
        measure(pairs, {"eye_region": MASKS["eye_region"], "forehead": MASKS["forehead"]})
    with pytest.raises(InputError, match="no sequence to compare"):
        measure([], MASKS)


def test_tables_are_printed_beside_what_was_published(folder, tmp_path, capsys):
    (tmp_path / "masks.pkl").write_bytes(pickle.dumps(made.flame_stand_in.masks()))
    for name in ("still", "ravdess"):
        (tmp_path / name).mkdir()
    for number in (21, 22):
        template = made.templates()[TEST].reshape(1, -1).repeat(made.FRAMES, 0)
        np.save(tmp_path / "still" / f"{TEST}_sentence{number}.npy", template)
        np.save(tmp_path / "ravdess" / f"{TEST}_sentence{number}.npy", made.sentence(TEST, number) + np.float32([0, 0, 0.002]))
    (tmp_path / "ablation.json").write_text(json.dumps({"rows": {"all": {"lve": 2e-5, "eve": 1e-5}}}))
    arguments = ["--vocaset", str(folder), "--masks", str(tmp_path / "masks.pkl"), "--predictions", f"Still={tmp_path / 'still'}",
                 "--ravdess", str(tmp_path / "ravdess"), "--ravdess-predictions", f"Still={tmp_path / 'still'}", "--ablation",
                 str(tmp_path / "ablation.json"), "--json", str(tmp_path / "figures.json")]
    assert evaluate.main(arguments) == 0
    told = capsys.readouterr().out
    figures = json.loads((tmp_path / "figures.json").read_text())
    lips = made.flame_stand_in.masks()["lips"]
    frames = np.concatenate([made.sentence(TEST, number)[::2] for number in (21, 22)])
    wanted = (np.square(frames - made.templates()[TEST])[:, lips].sum(axis=2).max(axis=1)).mean()
    assert figures["Still"]["lve"] == pytest.approx(wanted, rel=1e-5) and figures["Still on RAVDESS"]["eve"] > 3.9e-6
    lines = {line.split("  ")[0].strip(): line for line in told.splitlines()}
    assert "2.740" in lines["Ours"] and "2.880" in told and "Table 5" in told and "748.480" in told
    assert f"{wanted / 1e-5:.3f}" in lines["Still"] and "compares with Table 3" in told and "not comparable" in told
    assert evaluate.main(["--predictions", "Still"]) == 2 and capsys.readouterr().err.startswith("error: predictions need --vocaset")
    assert evaluate.main([*arguments[:4], "--predictions", f"None={tmp_path}"]) == 2
    assert "the prediction is missing or damaged" in capsys.readouterr().err


def test_lip_sync_stands_beside_the_errors(folder, head, tmp_path, capsys):
    (tmp_path / "masks.pkl").write_bytes(pickle.dumps(made.flame_stand_in.masks()))
    phones = made.write_phones(tmp_path / "phones")
    for name in ("still", "late"):
        (tmp_path / name).mkdir()
        for number in (21, 22):
            frames = made.sentence(TEST, number)[::2]
            moved = np.repeat(frames[:1], len(frames), 0) if name == "still" else np.roll(frames, 4, axis=0)
            np.save(tmp_path / name / f"{TEST}_sentence{number}.npy", moved)
    arguments = ["--vocaset", str(folder), "--masks", str(tmp_path / "masks.pkl"), "--predictions", f"Still={tmp_path / 'still'}",
                 f"Late={tmp_path / 'late'}", "--phones", str(phones), "--head", str(head.parent), "--json",
                 str(tmp_path / "figures.json")]
    assert evaluate.main(arguments) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["LCA of VOCASET as recorded"] == 1 and figures["LCA of Still"] == 0.5 and 0.3 < figures["LCA of Late"] < 0.9
    lines = {line.split("  ")[0].strip(): line for line in capsys.readouterr().out.splitlines()}
    assert lines["VOCASET as recorded"].split()[3:6] == ["0.000", "-", "1.000"] and "0.500" in lines["Still"]
    (phones / f"{TEST}_sentence22.TextGrid").unlink()
    assert evaluate.main(arguments) == 2 and "there is no TextGrid" in capsys.readouterr().err
    assert evaluate.main(arguments[:-4] + arguments[-2:]) == 2 and "phones need --vocaset and --head" in capsys.readouterr().err
    assert evaluate.main([*arguments, "--ablation", str(tmp_path / "ablation.json")]) == 2
    assert "phones of an ablation need --model" in capsys.readouterr().err


def test_the_command_converts(folder, flame, tmp_path, capsys):
    assert teeth.main(["--vocaset", str(tmp_path), "--flame", str(flame), "--out", str(tmp_path / "out")]) == 2
    told = f"error: there is no such file; {tmp_path / 'data_verts.npy'}; download it again from VOCASET's page\n"
    assert capsys.readouterr().err == told
