"""What was trained becomes a model pack that core/ runs: FLAME's head, SelfTalk, FuNet, emotion2vec, on made-up data."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import HubertConfig, HubertForCTC, Wav2Vec2FeatureExtractor

from core import pipeline
from core.emotion.emolib import Emolib
from core.emotion.funet import FuNet as FusionNetwork
from core.emotion.hearing import listen
from core.emotion.network import EmotionNetwork
from core.errors import InputError, PackError
from core.files import digest, write_arrays
from core.head.model import HeadBasis
from core.pack import DEFAULT, Pack, lacks_encoder
from core.pipeline import hears
from core.speech.audio import read_audio
from core.speech.vertex_lips import VertexLipNetwork
from core.speech.wave_encoder import WaveEncoder
from core.types import HEARD, AudioClip
from tests.core.own_heads import needs_nets
from tests.training.emotion2vec_stand_in import TOKENS
from training import export
from training.emotion import emotion2vec
from training.funet.export import SkinFuNet
from training.funet.network import FuNet, FuNetConfig
from training.loop import CHECKPOINT, Process, Schedule, Task, train
from training.speech import paper as speech

BECKETT = DEFAULT / "third_party" / "beckett.wav"
ALONE = Process(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folders of a head and of two runs: the head is ours, said to be FLAME's; the networks were not trained."""
    folder = tmp_path_factory.mktemp("runs")
    with np.load(DEFAULT / "head.npz") as stored:
        arrays = {name: stored[name] for name in stored.files if name != "allow_pickle"}
    count = HeadBasis.load(DEFAULT / "head.npz").part("skin").vertices.stop
    few = {name: arrays[name][:6] for name in ("identity_basis", "identity_bounds")}
    few["group_identity"] = arrays["group_identity"][:, :6]
    write_arrays(folder / "head" / "head.npz", {**arrays, **few, "flame_vertices": np.arange(count, dtype=np.int32)[::-1] + 5})
    (folder / "head" / "anchors.npz").write_bytes((DEFAULT / "anchors.npz").read_bytes())
    torch.manual_seed(0)
    config = HubertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24, conv_dim=(8,) * 7,
                          num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, vocab_size=6)
    HubertForCTC(config).save_pretrained(folder / "hubert")
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder / "hubert")
    vertices = count + 30
    network, _ = speech.build(speech.sized(str(folder / "hubert"), vertices, np.arange(3), width=16, heads=2, reader_layers=1,
                                           reader_heads=2))
    torch.nn.init.normal_(network.decoder.outlet.weight, 0, 1e-3)
    funet = FuNet(FuNetConfig(vertices, first=2, second=2, blocks=1, third=2, bottleneck=3))

    def nothing(model, places, epoch, device):
        return {"loss": sum(parameter.sum() * 0 for parameter in model.parameters() if parameter.requires_grad)}
    for name, model, plain in (("selftalk", network, network.config.values()),
                               ("funet", funet, {"network": funet.config.values(), "without": [], "absolute": False})):
        train(Task(model, plain, 1, nothing), Schedule(epochs=1), folder / name, ALONE)
    return {name: folder / name for name in ("head", "hubert", "selftalk", "funet")}


@pytest.fixture(scope="module")
def pack(runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Pack:
    out = tmp_path_factory.mktemp("packs") / "paper"
    arguments = [f"--{name}={runs[name]}" for name in ("head", "selftalk", "funet")]
    assert export.main(["--out", str(out), "--name", "paper", *arguments]) == 0
    return Pack.open(out)


@needs_nets
def test_the_pack_is_whole_and_says_what_it_is(pack, runs, capsys):
    assert pack.name == "paper" and pack.entries["head"]["commercial"] is False and "commercial" not in pack.entries["speech_encoder"]
    assert set(pack.entries) == {*Pack.open().entries, "lip_encoder"}
    basis = HeadBasis.load(pack.path("head"))
    library = Emolib.load(pack.path("emolib"), basis, head_model=digest(pack.path("head")))
    assert len(library.category) == 10736 and not (pack.folder / ".unfinished").exists()
    assert export.main(["--out", str(pack.folder), "--name", "paper", *(f"--{name}={runs[name]}" for name in
                                                                        ("head", "selftalk", "funet"))]) == 0      # over the old one
    figures = json.loads(capsys.readouterr().out)
    assert figures["MB"] == pytest.approx(sum(figures["files MB"].values()), abs=0.01)
    assert set(figures["files MB"]) == set(pack.entries)
    assert figures["speech, times real time"] > 0 and figures["fused heads a second"] > 0


@needs_nets
def test_the_exported_networks_say_what_the_trained_ones_do(pack, runs):
    network, normalise = speech.load(runs["selftalk"])
    basis = HeadBasis.load(pack.path("head"))
    samples = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
    encoder = WaveEncoder.load(pack.path("lip_encoder"))
    lips = VertexLipNetwork.load(pack.path("lip_network"), vertices=len(basis.regions), width=encoder.width)
    features = encoder.encode(AudioClip(samples, 16000)).features
    normalised = (samples - samples.mean()) / samples.std()
    with torch.no_grad():
        wanted = network.hearing(speech.waveform(AudioClip(samples, 16000), normalise)).last_hidden_state[0]
        offsets = network.decoder(wanted[None, :60])[0].numpy()
    assert np.allclose(encoder._run(normalised), wanted, atol=5e-3)                 # half precision
    assert np.allclose(features[:len(wanted) - 4], wanted[:-4], atol=0.05)          # it hears the silence at the end, too
    places = np.arange(len(basis.regions))[::-1] + 5
    assert np.allclose(lips(wanted[:60].numpy()), offsets[:, places], atol=2e-5) and lips.fps == 30
    with pytest.raises(PackError, match="for 4242 vertices and 16 features, the head has 7"):
        VertexLipNetwork.load(pack.path("lip_network"), vertices=7, width=16)
    with pytest.raises(PackError, match="the lip encoder has format 1 and None Hz"):
        WaveEncoder.load(DEFAULT / "emotion_network.onnx")


@needs_nets
def test_fusion_for_the_skin_alone(pack, runs):
    from training.funet.paper import load
    model, _ = load(runs["funet"])
    basis, rng = HeadBasis.load(pack.path("head")), np.random.default_rng(0)
    places = tuple(map(int, np.arange(len(basis.regions))[::-1] + 5))
    lip, emo = (rng.normal(0, 0.003, (2, len(places), 3)).astype(np.float32) for _ in range(2))
    whole = np.zeros((2, 2, model.config.vertices, 3), np.float32)
    whole[0][:, places], whole[1][:, places] = lip, emo
    with torch.no_grad():
        wanted = model(*map(torch.from_numpy, whole)).numpy()[:, places]
        assert np.allclose(SkinFuNet(model, places)(torch.from_numpy(lip), torch.from_numpy(emo)), wanted, atol=1e-7)
    fused = FusionNetwork.load(pack.path("fusion_network"), vertices=len(places))(lip, emo)
    assert np.allclose(fused, wanted, atol=1e-3 * np.abs(wanted).max())             # half precision


@needs_nets
def test_core_animates_with_it(pack, tmp_path):
    """Lips of a network that moves vertices become named shapes on the command line's way."""
    pipeline.write_motion(BECKETT, tmp_path / "motion.npz", pack=pack, tick=lambda fraction: None)
    with np.load(tmp_path / "motion.npz") as motion:
        assert float(motion["fps"]) == 30 and motion["weights"].min() >= 0 and motion["weights"].max() <= 1
        assert len(motion["weights"]) == np.ceil(read_audio(BECKETT).duration * 30) + 1 and "jawOpen" in motion["names"]


@needs_nets
def test_what_is_no_pack_is_not_written_over(runs, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("keep")
    assert export.main(["--out", str(tmp_path), "--name", "x"]) == 2
    assert "the folder holds something else" in capsys.readouterr().err and (tmp_path / "mine.txt").read_text() == "keep"
    assert export.main(["--out", str(tmp_path / "a"), "--name", "x", "--funet", str(runs["funet"])]) == 2
    assert "need FLAME's head" in capsys.readouterr().err
    with pytest.raises(PackError, match="no model pack"):       # interrupted: not a pack
        Pack.open(tmp_path / "a")
    assert export.main(["--out", str(tmp_path / "a"), "--name", "x", "--selftalk", str(tmp_path)]) == 2
    assert f"there is no checkpoint; {tmp_path / CHECKPOINT}" in capsys.readouterr().err


def nine_classes(path: Path, frames: bool) -> Path:
    """Write a network whose classes' logits are the samples' mean times 0..8, as one or for each frame."""
    nodes = [helper.make_node("ReduceMean", ["speech"], ["mean"], axes=[1], keepdims=1),
             helper.make_node("Mul", ["mean", "scale"], ["logits" if not frames else "flat"])]
    if frames:
        nodes.append(helper.make_node("Unsqueeze", ["flat", "axis"], ["logits"]))
    shape = [1, 1, 9] if frames else [1, 9]
    graph = helper.make_graph(nodes, "nine", [helper.make_tensor_value_info("speech", TensorProto.FLOAT, [1, "n"])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)],
                              [numpy_helper.from_array(np.arange(9, dtype=np.float32)[None], "scale"),
                               numpy_helper.from_array(np.array([1]), "axis")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.mark.parametrize("frames", [False, True])
def test_emotion2vec_s_nine_classes_become_seven(tmp_path, frames):
    (tmp_path / "tokens.txt").write_text(TOKENS, encoding="utf-8")
    path = nine_classes(tmp_path / "in.onnx", frames)
    out = tmp_path / "out.onnx"
    assert emotion2vec.main(["--onnx", str(path), "--tokens", str(tmp_path / "tokens.txt"), "--out", str(out), "--logits"]) == 0
    network = EmotionNetwork.load(out)
    judged = network.judge_samples([np.full(800, 0.3, np.float32), np.zeros(10, np.float32)])
    shares = np.exp(0.3 * np.arange(9))[[4, 3, 0, 6, 2, 7, 1]]          # neutral, happy, angry, sad, fear, surprise, disgust
    assert np.allclose(judged.probabilities[0], shares / shares.sum(), atol=1e-5) and np.allclose(judged.probabilities[1], 1 / 7)
    assert np.allclose(judged.levels("strength"), judged.levels("probability"))       # the paper's linear map
    assert emotion2vec.main(["--onnx", str(path), "--tokens", str(tmp_path / "tokens.txt"), "--out", str(out), "--logits",
                             "--normalise"]) == 0
    assert np.allclose(EmotionNetwork.load(out).judge_samples([np.full(800, 0.3, np.float32)]).probabilities, 1 / 7, atol=1e-4)


def test_a_recogniser_of_samples_is_listened_to(tmp_path):
    (tmp_path / "tokens.txt").write_text(TOKENS, encoding="utf-8")
    out = tmp_path / "out.onnx"
    path = nine_classes(tmp_path / "in.onnx", False)
    emotion2vec.main(["--onnx", str(path), "--tokens", str(tmp_path / "tokens.txt"), "--out", str(out), "--logits"])
    time = np.arange(6 * 16000) / 16000
    sound = (0.2 * np.sin(2 * np.pi * 180 * time) * (np.abs(time % 2 - 1) < 0.8) + 0.3 * (time < 3)).astype(np.float32)
    heard = listen(AudioClip(sound, 16000), encoder=None, network=EmotionNetwork.load(out), window=3.0)
    assert len(heard.spoken) == 2 and heard.spoken.any()
    assert heard.passages.probabilities[0, HEARD.index("surprise")] > heard.passages.probabilities[1, HEARD.index("surprise")]
    assert np.allclose(heard.whole.probabilities.sum(), 1, atol=1e-5)
    silent = replace(AudioClip(sound, 16000), samples=np.zeros(32000, np.float32))
    quiet = listen(silent, encoder=None, network=EmotionNetwork.load(out), window=3.0)
    assert quiet.passages.probabilities[0, HEARD.index("neutral")] == 1 and not quiet.spoken.any()


@needs_nets
def test_a_pack_whose_recogniser_hears_samples_has_no_voice_encoder(tmp_path, runs):
    (tmp_path / "tokens.txt").write_text(TOKENS, encoding="utf-8")
    path, out = nine_classes(tmp_path / "in.onnx", False), tmp_path / "out.onnx"
    emotion2vec.main(["--onnx", str(path), "--tokens", str(tmp_path / "tokens.txt"), "--out", str(out), "--logits"])
    assert export.main(["--out", str(tmp_path / "pack"), "--name", "paper", "--head", str(runs["head"]), "--emotion", str(out)]) == 0
    pack = Pack.open(tmp_path / "pack")
    assert "voice_encoder" not in pack.entries and not lacks_encoder(pack.entries) and hears(pack)


def test_other_recognisers_are_told(tmp_path, capsys):
    (tmp_path / "tokens.txt").write_text("happy\nsad\n")
    with pytest.raises(InputError, match="the classes are happy, sad, not emotion2vec's nine"):
        emotion2vec.read_labels(tmp_path / "tokens.txt")
    (tmp_path / "tokens.txt").write_text(TOKENS, encoding="utf-8")
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    assert emotion2vec.main(["--onnx", str(tmp_path / "bad.onnx"), "--tokens", str(tmp_path / "tokens.txt"), "--out",
                             str(tmp_path / "out.onnx")]) == 2
    assert "the network cannot be read" in capsys.readouterr().err and not (tmp_path / "out.onnx").exists()
