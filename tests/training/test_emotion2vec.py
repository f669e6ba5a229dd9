"""emotion2vec's published checkpoint becomes a pack's recogniser, on a small one made up in its layout."""

import argparse
import io
import pickle
import zipfile

import numpy as np
import pytest
import torch

from core.emotion.network import EmotionNetwork
from core.errors import InputError
from core.types import HEARD
from tests.training.emotion2vec_stand_in import TOKENS, made_up, sound
from training.checkpoint_weights import read_weights
from training.emotion import emotion2vec
from training.emotion.emotion2vec_network import load, slopes

PLACE = "modality_encoders.AUDIO.relative_positional_encoder.1.0.weight"
FIRST = "modality_encoders.AUDIO.local_encoder.conv_layers.0.0"
pytestmark = pytest.mark.once
# what the published code (FunASR 1.4.16, models/emotion2vec) gives for the made-up weights and sound
LOGITS = {1: [-0.1678, 1.0559, 0.0128, -0.5229, 1.3415, -0.4281, -1.5641, 0.0261, 0.6939],
          5: [-0.5298, 0.7493, 0.7789, 0.4001, -0.3024, -0.6032, -0.6584, 0.3412, 0.6454]}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("emotion2vec") / "model.pt"
    named = {name if name.startswith("proj") else f"d2v_model.{name}": values for name, values in made_up().items()}
    torch.save({"model": named, "cfg": argparse.Namespace(depth=[1, {"of": 2}]), "step": 3}, path)
    return path


def normalised():
    return torch.from_numpy((sound() - sound().mean()) / np.sqrt(sound().var() + 1e-5))[None]


@pytest.mark.parametrize("scales", LOGITS)
@torch.no_grad()
def test_it_computes_what_the_published_code_does(tmp_path, scales):
    torch.save(made_up(scales), tmp_path / "model.pt")
    assert np.allclose(load(tmp_path / "model.pt")(normalised()), LOGITS[scales], atol=1e-4)         # four digits are written above


def test_the_pack_s_network_hears_the_same(checkpoint, tmp_path):
    (tmp_path / "tokens.txt").write_text(TOKENS, encoding="utf-8")
    out = tmp_path / "out.onnx"
    assert emotion2vec.main(["--checkpoint", str(checkpoint), "--tokens", str(tmp_path / "tokens.txt"), "--out", str(out)]) == 0
    shares = np.exp(LOGITS[1])[[4, 3, 0, 6, 2, 7, 1]]                   # neutral, happy, angry, sad, fear, surprise, disgust
    network = EmotionNetwork.load(out)
    judged = network.judge_samples([sound(), 0.5 * sound() + 0.1, sound()[:5000]])
    assert np.allclose(judged.probabilities[0], shares / shares.sum(), atol=5e-3)       # weights in half precision
    assert np.allclose(judged.probabilities[1], judged.probabilities[0], atol=1e-3)     # level and offset do not matter
    assert judged.probabilities[0].argmax() == HEARD.index("neutral")
    assert not np.allclose(judged.probabilities[2], judged.probabilities[0])


def test_slopes_of_heads():
    assert slopes(8) == [2.0 ** -index for index in range(1, 9)]
    assert np.allclose(slopes(12)[8:], [2 ** -0.5, 2 ** -1.5, 2 ** -2.5, 2 ** -3.5])    # of a row for 16, every second


@pytest.mark.parametrize(("change", "told"), [
    (lambda weights: weights.pop("proj.weight"), "not emotion2vec's with a classifier"),
    (lambda weights: weights.update({"blocks.1.mlp.fc1.bias": torch.zeros(3)}), "does not fit together"),
    (lambda weights: weights.pop("blocks.2.norm1.bias"), r"does not fit together \(blocks.2.norm1.bias"),
    (lambda weights: weights.update({"modality_encoders.AUDIO.fixed.weight": torch.zeros(3)}), "not known here"),
    (lambda weights: weights["proj.bias"].fill_(torch.nan), "not finite"),
    (lambda weights: weights.clear(), "holds no weights"),
    (lambda weights: weights.update({f"{FIRST}.weight": torch.zeros(32, 1, 9)}), "another way"),
    (lambda weights: weights.update({"modality_encoders.AUDIO.alibi_scale": torch.zeros(2, 1, 6, 1, 1)}), "another way"),
    (lambda weights: weights.update({PLACE: torch.zeros(48, 9, 19)}), "another way"),
    (lambda weights: weights.update({PLACE: torch.zeros(48, 96, 19)}), "another way")])
def test_other_checkpoints_are_told(tmp_path, change, told):
    weights = made_up()
    change(weights)
    torch.save(weights, tmp_path / "model.pt")
    with pytest.raises(InputError, match=told):
        load(tmp_path / "model.pt")


def test_a_checkpoint_executes_nothing(tmp_path):
    class Harm:
        def __reduce__(self):
            return (tmp_path.joinpath("harm").touch, ())

    weights = {"a": torch.ones(2, 3).T, "half": torch.ones(2, dtype=torch.bfloat16), "whole": torch.arange(3)}
    torch.save({"model": weights, "cfg": Harm()}, tmp_path / "model.pt")
    found = read_weights(tmp_path / "model.pt")
    assert not (tmp_path / "harm").exists() and set(found) == {"a", "half"}
    assert found["a"].shape == (3, 2) and (found["a"] == 1).all() and (found["half"] == 1).all()


def test_a_module_s_own_state_is_read(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    module.register_buffer("mask", torch.ones(4, dtype=torch.uint8))
    torch.save(module.state_dict(), tmp_path / "model.pt")              # an OrderedDict with a state of its own
    found, expected = read_weights(tmp_path / "model.pt"), module.state_dict()
    assert set(found) == set(expected) - {"mask", "1.num_batches_tracked"}
    assert all((found[name] == expected[name].numpy()).all() for name in found)


def test_damaged_checkpoints_are_told(checkpoint, tmp_path):
    content = checkpoint.read_bytes()
    for name, harmed in (("cut", content[:len(content) // 2]), ("empty", b""), ("other", pickle.dumps({"a": 1}))):
        (tmp_path / name).write_bytes(harmed)
        with pytest.raises(InputError, match="missing or damaged"):
            read_weights(tmp_path / name)
    with pytest.raises(InputError, match="missing or damaged"):
        read_weights(tmp_path / "none")
    for old, new in ((b"FloatStorage", b"CharStorage\n"), (b"data.pkl", b"data.pkx")):
        (tmp_path / "changed").write_bytes(repacked(content, old, new))
        with pytest.raises(InputError, match="damaged|no checkpoint"):
            read_weights(tmp_path / "changed")


def repacked(content, old, new, method=zipfile.ZIP_STORED):
    """Return the archive with bytes of its pickle and of its files' names changed."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(result, "w", method) as target:
        for name in source.namelist():
            inside = source.read(name)
            changed = inside.replace(old, new) if name.endswith("pkl") else inside
            target.writestr(name.encode().replace(old, new.strip()).decode(), changed)
    return result.getvalue()


def test_a_tensor_outside_of_its_storage_is_told(tmp_path):
    torch.save({"a": torch.zeros(4, 4)}, tmp_path / "model.pt")
    content = (tmp_path / "model.pt").read_bytes()
    (tmp_path / "large.pt").write_bytes(repacked(content, b"K\x04K\x04\x86", b"K\x04K\x09\x86"))
    with pytest.raises(InputError, match="larger than its storage"):
        read_weights(tmp_path / "large.pt")


def test_what_unpacks_to_far_more_than_the_file_is_not_read(tmp_path, monkeypatch):
    torch.save({"a": torch.zeros(1).expand(1 << 20, 1 << 20)}, tmp_path / "wide.pt")            # 4 TB of one number
    with pytest.raises(InputError, match="larger than its storage"):
        read_weights(tmp_path / "wide.pt")
    torch.save({"a": torch.zeros(77)}, tmp_path / "model.pt")
    content, read = (tmp_path / "model.pt").read_bytes(), zipfile.ZipFile.read
    bombs = repacked(content, b"K\x4d", b"K\x4e"), repacked(content, b"", b"", zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda archive, inside: read(archive, {"model/data.pkl": inside}[inside]))
    for bomb in bombs:
        (tmp_path / "bomb.pt").write_bytes(bomb)
        with pytest.raises(InputError, match="storage 0 holds 308 bytes or is compressed"):
            read_weights(tmp_path / "bomb.pt")


def test_another_list_of_classes_is_told(checkpoint, tmp_path, capsys):
    (tmp_path / "tokens.txt").write_text("angry\nhappy\n")
    tokens, out = str(tmp_path / "tokens.txt"), str(tmp_path / "o")
    assert emotion2vec.main(["--checkpoint", str(checkpoint), "--tokens", tokens, "--out", out]) == 2
    assert "not emotion2vec's nine" in capsys.readouterr().err and not (tmp_path / "o").exists()
