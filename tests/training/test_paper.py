"""SelfTalk and FuNet as the paper trains them, on made-up data in the public layouts, with tiny networks."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import HubertConfig, HubertForCTC, Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

from core.errors import InputError
from tests.training import flame_stand_in, vocaset_stand_in
from training import evaluate
from training.flame.layer import FaceLayer
from training.flame.model import read_masks
from training.funet import paper as funet
from training.funet.network import FuNetConfig
from training.loop import CHECKPOINT, Process, Schedule, Task, read, train
from training.speech import paper as speech
from training.speech.selftalk import SelfTalkDecoder, losses_of, read_loss, resampled
from training.vocaset import teeth
from training.vocaset.layout import SUBJECTS, VERTICES, Vocaset

ALONE = Process(0, 1, torch.device("cpu"))
TEST = SUBJECTS["test"][0]
SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24, "conv_dim": (8,) * 7,
         "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2, "vocab_size": 6, "layerdrop": 0.0}
SMALL = {"width": 16, "heads": 2, "reader_layers": 1, "reader_heads": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("paper")
    files = flame_stand_in.write(folder)
    vocaset_stand_in.write(folder / "vocaset")
    for name, kind in (("hubert", HubertForCTC(HubertConfig(**SIZES))), ("wav2vec2", Wav2Vec2ForCTC(Wav2Vec2Config(**SIZES)))):
        kind.save_pretrained(folder / name)
        Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder / name)
    return {"vocaset": folder / "vocaset", "masks": files["masks"], "model": files["model"], "hubert": folder / "hubert",
            "wav2vec2": folder / "wav2vec2", "flame": vocaset_stand_in.flame_file(folder / "flame.npz")}


def task_of(data: dict[str, Path], **changes: object) -> tuple[Task, speech.Heads]:
    heads = speech.Heads.open(data["vocaset"], None, None)
    config = speech.sized(str(data["hubert"]), heads.vertices, read_masks(data["masks"])["lips"], **SMALL, **changes)
    network, normalise = speech.build(config)
    work = speech.SelfTalkTask(heads, config, normalise)
    return Task(network, config.values(), len(work.sequences), work.losses), heads


def test_selftalk_learns_and_goes_on(data, tmp_path):
    task, heads = task_of(data)
    schedule = Schedule(epochs=3, rate=5e-6)
    with torch.no_grad():
        before = task.losses(task.network.eval(), [0, 1], 0, torch.device("cpu"))
    still = float(np.mean([np.square(heads.offsets(one)).mean() for one in heads.vocaset.split("train")[0]]))
    assert float(before["position"]) == pytest.approx(still, rel=1e-4)         # zero before training: the neutral head
    means = train(task, schedule, tmp_path / "run", ALONE)
    assert means["position"] < float(before["position"]) and {"velocity", "latent", "reading", "loss"} <= set(means)
    again, _ = task_of(data)
    train(again, schedule, tmp_path / "parts", ALONE, until=1)
    resumed, _ = task_of(data)
    train(resumed, schedule, tmp_path / "parts", ALONE)
    ended, other = (read(tmp_path / name / CHECKPOINT)["weights"] for name in ("run", "parts"))
    assert all(torch.equal(ended[name], other[name]) for name in ended)
    assert not any(name.startswith("frozen") for name in ended)                 # the recogniser is no part of the checkpoint
    network, normalise = speech.load(tmp_path / "run")
    assert speech.predict(network, heads, normalise, tmp_path / "out") == 2
    predicted = np.load(tmp_path / "out" / f"{TEST}_sentence21.npy")
    assert predicted.shape == (vocaset_stand_in.FRAMES // 2, VERTICES, 3)
    assert np.abs(predicted - heads.neutral(heads.vocaset.split("test")[0][0])).max() > 0


def test_a_frozen_encoder_stays_and_its_convolutions_always_do(data, tmp_path):
    for tuned in (True, False):
        task, _ = task_of(data, tuned=tuned)
        before = {name: value.clone() for name, value in task.network.state_dict().items()}
        train(task, Schedule(epochs=1, rate=1e-2), tmp_path / str(tuned), ALONE)
        changed = {name for name, value in task.network.state_dict().items() if not torch.equal(value, before[name])}
        assert not any(name.startswith("hearing.feature_extractor") for name in changed) and "decoder.outlet.weight" in changed
        assert any(name.startswith("hearing.encoder") for name in changed) == tuned


def test_the_loss_is_the_published_one():
    config = speech.SelfTalkConfig(2, (0,), letters=3)
    wanted = torch.zeros(1, 2, 2, 3)
    offsets = wanted.clone()
    offsets[0, 1, 0, 0] = 0.012
    said = torch.log_softmax(torch.tensor([[[0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]]), dim=2)
    found = {"offsets": offsets, "thought": torch.ones(1, 2, 4), "content": torch.zeros(1, 2, 4), "said": said,
             "letters": torch.tensor([[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])}
    losses = losses_of(found, wanted, config)
    assert float(losses["position"]) == pytest.approx(0.012**2 / 12) and float(losses["velocity"]) == pytest.approx(0.012**2 / 6)
    reading = -float(said[0, 0, 1] + said[0, 1, 2]) / 2                         # one way to say it; divided by the letters
    assert float(losses["reading"]) == pytest.approx(reading) and float(losses["latent"]) == 1
    total = 1000 * 0.012**2 / 12 + 1000 * 0.012**2 / 6 + 0.001 + 0.0001 * reading
    assert float(losses["loss"]) == pytest.approx(total)
    assert float(read_loss(said, torch.tensor([[[9.0, 0, 0], [9.0, 0, 0]]]), 0)) >= 0     # silence


def test_features_are_linear_between_neighbours():
    values = torch.arange(6.0)[None, :, None]
    assert torch.allclose(resampled(values, 11)[0, :, 0], torch.linspace(0, 5, 11))
    decoder = SelfTalkDecoder(speech.SelfTalkConfig(7, (0,), features=16, width=16, heads=2))
    assert decoder(torch.randn(2, 5, 16)).shape == (2, 5, 7, 3)


def test_the_commands_train_with_teeth_and_tell_what_is_wrong(data, tmp_path, monkeypatch, capsys):
    teeth.make(data["vocaset"], data["flame"], tmp_path / "teeth")
    small = speech.sized
    monkeypatch.setattr(speech, "sized", lambda *values, **changes: small(*values, **SMALL, **changes))
    arguments = ["--vocaset", str(data["vocaset"]), "--masks", str(data["masks"]), "--device", "cpu", "--epochs", "1", "--frozen",
                 "--encoder", str(data["wav2vec2"]), "--out", str(tmp_path / "run")]
    with_teeth = ["--vocateeth", str(tmp_path / "teeth"), "--flame", str(data["flame"])]
    assert speech.main([*arguments, *with_teeth, "--precision", "bfloat16", "--predict", str(tmp_path / "predicted")]) == 0
    assert json.loads(capsys.readouterr().out)["position"] > 0
    assert np.load(tmp_path / "predicted" / f"{TEST}_sentence22.npy").shape[1] == VERTICES + 24
    for changed, told in ((["--out", str(tmp_path / "run")], "the run in this folder has precision 'bfloat16', not 'float32'"),
                          (["--encoder", str(tmp_path)], "the speech recogniser cannot be loaded"),
                          (["--vocateeth", str(tmp_path / "none")], "the file is damaged or unreadable"),
                          (["--vocateeth", str(tmp_path / "teeth")], "VOCATeeth needs the head")):
        extra = with_teeth if changed[0] == "--out" else []
        assert speech.main([*arguments, *extra, *changed]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("error: ") and told in error


def affectnet(root: Path, count: int = 16) -> None:
    """Write a set in the original layout with EMICA's parameters; of two faces they are missing or short."""
    (root / "Manually_annotated_file_lists").mkdir(parents=True)
    (root / "emica").mkdir()
    columns = ("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "facial_landmarks", "expression", "valence",
               "arousal")
    rows, rng = [], np.random.default_rng(0)
    for index in range(count):
        name = f"1/{index}.jpg"
        path = root / "Manually_Annotated_Images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(path)
        rows.append((name, 0, 0, 4, 4, "", index % 8, 0.1, 0.1))
        if index != 1:
            np.savez(root / "emica" / f"{index}.npz", shape=rng.normal(0, 1, 300), exp=rng.normal(0, 1, 9 if index == 2 else 100),
                     jaw=[0.1, 0, 0], allow_pickle=False)
    with (root / "Manually_annotated_file_lists" / "training.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def test_funet_trains_on_vocaset_and_affectnet_and_is_ablated(data, tmp_path, monkeypatch, capsys):
    affectnet(tmp_path)
    (tmp_path / "items.jsonl").write_text(json.dumps({"source": "x"}) + "\n" + json.dumps({"name": "1/3.jpg"}) + "\n")
    arguments = ["--vocaset", str(data["vocaset"]), "--affectnet", str(tmp_path), "--emica", str(tmp_path / "emica"), "--model",
                 str(data["model"]), "--masks", str(data["masks"]), "--out", str(tmp_path / "out"), "--emolib",
                 str(tmp_path / "items.jsonl"), "--pairs", "8", "--epochs", "1", "--device", "cpu", "--ablation"]
    monkeypatch.setattr(funet, "TESTED", 4)
    network = FuNetConfig(VERTICES, first=2, second=2, blocks=1, third=2, bottleneck=4)
    assert funet.main(arguments, network) == 0
    rows = json.loads((tmp_path / "out" / "ablation.json").read_text())["rows"]
    assert list(rows) == sorted(["all", *(f"without {name}" for name in ("lip", "chi", "exp", "id"))])
    assert json.loads(capsys.readouterr().out) == rows and all(one["lve"] > 0 and one["eve"] > 0 for one in rows.values())
    with np.load(tmp_path / "out" / "faces.npz") as stored:
        names = {str(name) for name in stored["names"]}
    left_out = {"1/1.jpg", "1/2.jpg", "1/3.jpg", *(f"1/{index}.jpg" for index in range(0, 16, 8))}
    assert len(names) == 8 and not names & left_out
    trained, config = funet.load(tmp_path / "out" / "without_exp")
    assert config["without"] == ["exp"] and trained.config == network
    judged = ["--ablation", str(tmp_path / "out" / "ablation.json"), "--vocaset", str(data["vocaset"]), "--model", str(data["model"]),
              "--head", str(vocaset_stand_in.flame_head(tmp_path / "head.npz").parent), "--phones",
              str(vocaset_stand_in.write_phones(tmp_path / "phones")), "--json", str(tmp_path / "figures.json")]
    assert evaluate.main(judged) == 0
    synced = json.loads((tmp_path / "figures.json").read_text())
    assert set(synced) == {f"LCA of FuNet, {name}" for name in rows} and all(0 <= value <= 1 for value in synced.values())
    capsys.readouterr()
    assert funet.main([*arguments[:-1], "--pairs", "20"], network) == 2
    assert "the faces were drawn for 8 pairs" in capsys.readouterr().err


def test_channels_last_change_the_order_in_memory_alone():
    torch.manual_seed(0)
    network, pair = funet.FuNet(FuNetConfig(7, first=4, second=4, blocks=1, third=2, bottleneck=3)), torch.randn(2, 2, 7, 3)
    before = network(*pair)
    assert funet.laid_out(network, torch.device("cpu")).second.weight.is_contiguous()
    weight = funet.laid_out(network, torch.device("cuda")).second.weight
    assert weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()
    assert torch.allclose(network(*pair), before, atol=1e-6)                    # rounding of another order of operations


def test_the_layer_in_torch_is_flame():
    flame, rng = flame_stand_in.flame(), np.random.default_rng(1)
    shape, expression, pose = rng.normal(0, 1, (2, 300)), rng.normal(0, 1, (2, 100)), np.zeros((2, 5, 3))
    pose[:, 2] = [[0.2, 0.05, -0.03], [0, 0, 0]]
    found = FaceLayer(flame)(*(torch.from_numpy(values).float() for values in (shape, expression, pose[:, 2])))
    for row in range(2):
        assert np.allclose(found[0][row], flame.vertices(shape[row]), atol=2e-6)         # single precision
        assert np.allclose(found[1][row], flame.vertices(shape[row], expression[row], pose[row]), atol=2e-6)


def test_pairs_are_offsets_of_two_people(data, tmp_path):
    flame, rng = flame_stand_in.flame(), np.random.default_rng(0)
    faces = funet.Faces(tuple(map(str, range(40))), *(rng.normal(0, 0.3, (40, size)).astype(np.float32) for size in (300, 100, 3)))
    pairs = funet.PaperPairs(flame, Vocaset(data["vocaset"]), faces)
    lip, emo = pairs.take([0, 19])
    subject, row = pairs.frames[0]
    assert np.allclose(lip[0], pairs.vocaset.vertices[row] - pairs.vocaset.templates[subject])
    assert pairs.frames[19][0] in SUBJECTS["test"] and subject in SUBJECTS["train"] and pairs.test.tolist() == [19, 39]
    eyes = flame_stand_in.parts()["left_eyeball"]
    assert emo[0, eyes].abs().max() < 1e-6 < emo[0].abs().max()                 # no pose but the jaw's
    whole, _ = funet.PaperPairs(flame, Vocaset(data["vocaset"]), faces, absolute=True).take([0])
    assert np.allclose(whole[0], pairs.vocaset.vertices[row])
    with pytest.raises(InputError, match="missing or damaged"):
        funet.names_in_emolib(tmp_path / "none.jsonl")
