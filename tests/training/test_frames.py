"""EMICA's frames become heads in zero pose."""

import numpy as np
import pytest
import torch

from core.emotion.fusion import offsets_of
from core.face.camera import turn
from core.pack import DEFAULT
from tests.core import own_heads
from tests.training import flame_stand_in as made
from tests.training import vocaset_stand_in
from training.flame import frames
from training.flame.layer import FaceLayer


@pytest.fixture(scope="module")
def posed() -> tuple[np.ndarray, np.ndarray]:
    """Return two heads in zero pose, smiling and with an open jaw, and the same turned and moved as a photo shows them."""
    flame, rng = made.flame(), np.random.default_rng(3)
    heads = np.stack([flame.vertices(expression=rng.normal(0, 0.5, 100)), flame.vertices(pose=np.eye(5)[2][:, None] * [0.2, 0, 0])])
    angles = ([0.2, 0.5, 0], [0, -0.7, 0.1])
    turned = [head @ turn(np.array(one)).T + [0.1, 0, -0.6] for head, one in zip(heads, angles, strict=True)]
    return heads, np.stack(turned)


def test_meshes_come_to_zero_pose(posed):
    """What is still by less than a seventh of the strongest motion leaves a millimetre or two."""
    heads, turned = posed
    flame = made.flame()
    places = frames.still(flame)
    assert 200 < len(places) < 4000
    for head, one in zip(heads, turned, strict=True):
        found = frames.zero_pose(one, flame.template, places)
        assert np.linalg.norm(found - head, axis=1).mean() < 0.0015


def test_the_command(posed, tmp_path, capsys, monkeypatch):
    flame = made.flame()
    monkeypatch.setattr(frames.Flame, "load", lambda path: flame)
    (tmp_path / "in" / "01-01").mkdir(parents=True)
    for index in range(3):
        np.savez(tmp_path / "in" / "01-01" / f"{index}.npz", shape=np.eye(300)[0], exp=np.eye(50)[index], jaw=[0.1 * index, 0, 0],
                 allow_pickle=False)
    arguments = ["--emica", str(tmp_path / "in"), "--model", "flame.pkl", "--out", str(tmp_path / "out")]
    assert frames.main(arguments) == 0 and capsys.readouterr().out == "1 sequences made now\n"
    heads = np.load(tmp_path / "out" / "01-01.npy")
    wanted = FaceLayer(flame)(torch.eye(300)[:1], torch.eye(50)[2:3], torch.tensor([[0.2, 0, 0]]))[1][0]
    assert heads.shape == (3, 5023, 3) and np.allclose(heads[2], wanted, atol=1e-6)
    assert frames.main(arguments) == 0 and capsys.readouterr().out == "0 sequences made now\n"
    np.save(tmp_path / "in" / "clip.npy", posed[1].astype(np.float32))
    assert frames.main([*arguments, "--meshes"]) == 0
    assert np.load(tmp_path / "out" / "clip.npy").shape == (2, 5023, 3)
    (tmp_path / "in" / "02-01").mkdir()
    assert frames.main(arguments) == 2 and "the folder holds no parameters" in capsys.readouterr().err
    np.savez(tmp_path / "in" / "02-01" / "0.npz", shape=np.zeros(300), exp=np.zeros(50), jaw=[0.1], allow_pickle=False)
    assert frames.main(arguments) == 2 and "jaw has only 1 values" in capsys.readouterr().err
    assert frames.main([*arguments[2:], "--emica", str(tmp_path / "none")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_our_own_fit_in_place_of_emica(tmp_path, capsys, monkeypatch):
    flame, basis = made.flame(), own_heads.basis()
    monkeypatch.setattr(frames.Flame, "load", lambda path: flame)
    vocaset_stand_in.flame_head(tmp_path / "head.npz")
    random = np.random.default_rng(0)
    people = random.normal(0, 0.5, (3, 140))
    smiles = np.clip(random.normal(0, 0.3, (3, len(basis.expression_names))), 0, 1).astype(np.float32)

    def fit(sample, *, pack, whole):
        assert whole                                # a frame shows the person's face with its rest
        index = int(sample.image.stem)
        return ({"name": sample.name, "reason": "no face was found"} if index > 2 else
                {"name": sample.name, "identity": people[index].tolist(), "expression": smiles[index].tolist(), "jaw_angle": 0.0})

    monkeypatch.setattr(frames, "fitted", fit)
    (tmp_path / "in" / "01").mkdir(parents=True)
    for index in range(3):
        (tmp_path / "in" / "01" / f"{index}.jpg").touch()
    arguments = ["--photos", str(tmp_path / "in"), "--pack", str(tmp_path), "--model", "flame.pkl", "--out", str(tmp_path / "out")]
    assert frames.main(arguments) == 0
    heads, kept = np.load(tmp_path / "out" / "01.npy"), made.parts()["kept"]
    moved = offsets_of(basis, smiles)[:, basis.part("skin").vertices][:, kept]
    wanted = flame.vertices(shape=people.mean(axis=0))
    inner = slice(1, len(kept))                     # where the made-up head lists what FLAME lacks as its first vertex
    assert heads.shape == (3, 5023, 3) and np.allclose(heads[:, inner] - wanted[inner], moved[:, inner], atol=2e-6)
    assert np.allclose(heads[:, len(kept):], wanted[len(kept):], atol=1e-6)             # eyeballs do not move
    (tmp_path / "in" / "02").mkdir()
    assert frames.main(arguments) == 2 and "the folder holds no pictures" in capsys.readouterr().err
    (tmp_path / "in" / "02" / "7.png").touch()
    assert frames.main(arguments) == 2 and "cannot be reconstructed (no face was found)" in capsys.readouterr().err
    assert frames.main(arguments[4:]) == 2 and "give --emica, or --photos with --pack" in capsys.readouterr().err
    assert frames.main([*arguments[:3], str(DEFAULT), *arguments[4:]]) == 2 and "on FLAME's head" in capsys.readouterr().err
