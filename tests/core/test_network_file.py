"""Networks of a model pack are untrusted: whatever their files say of themselves, they are opened or refused in one sentence."""

import json
import math

import numpy as np
import pytest

from building.onnx_file import Graph
from core.emotion.funet import FuNet
from core.emotion.network import GIVES, EmotionNetwork
from core.errors import PackError
from core.speech.articulation import CHANNELS, NEEDED
from core.speech.encoder import open_session
from core.speech.lipsync import LipNetwork
from core.speech.log_mel import FRAME_RATE
from core.speech.vertex_lips import VertexLipNetwork
from core.speech.voice_encoder import HEARS
from core.speech.wave_encoder import WaveEncoder
from core.speech.whisper_encoder import WIDTH, WhisperEncoder
from core.types import HEARD

LOADS = {"speech": LipNetwork.load, "emotion": EmotionNetwork.load, "whisper": WhisperEncoder.load, "waves": WaveEncoder.load,
         "fusion": lambda path: FuNet.load(path, vertices=7),
         "vertices": lambda path: VertexLipNetwork.load(path, vertices=7, width=3)}
EMOTION = {"format": 1, "emotions": HEARD, "hears": HEARS}
LIPS = {"format": 1, "channels": CHANNELS, "fps": FRAME_RATE}
WHISPER = {"format": 1, "layers": 3, "width": 512}


def network(path, said, taken=("passages", 7), given=("passages", 7), *, name="passages", outputs=("given",)):
    """Write a network that gives what it takes, by one name or several, and says this of itself."""
    graph = Graph()
    for output in outputs:
        graph.node("Identity", [name], output)
    content = said if isinstance(said, str) else json.dumps(said)
    path.write_bytes(graph.model({name: taken}, dict.fromkeys(outputs, given), {"ecavatar": content}))
    return path


def recogniser(path, said):
    """Write a network of seven numbers that names what an emotion network takes and gives."""
    if said.get("input") == "samples":
        return network(path, EMOTION | said, (1, "N"), (1, "N"), name="samples", outputs=GIVES[:1])
    return network(path, EMOTION | {"mean": [0.5] * 7} | said, outputs=GIVES)


@pytest.mark.parametrize("kind", LOADS)
@pytest.mark.parametrize(("said", "why"), [("{", "cannot be read"), ("[" * 100000, "cannot be read"), ("[1]", "no JSON object"),
                                           ("null", "no JSON object"), ("{}", " is | has format ")])
def test_a_network_that_says_nothing_sensible_is_refused(tmp_path, kind, said, why):
    with pytest.raises(PackError, match=why) as error:
        LOADS[kind](network(tmp_path / "net.onnx", said))
    assert "net.onnx" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(("kind", "said", "why"), [
    ("emotion", {"format": 1, "emotions": 5}, "its own emotions"), ("emotion", EMOTION | {"mean": "loud"}, "takes something else"),
    ("emotion", EMOTION | {"mean": [0.0] * 6}, "6 numbers of a mean voice, takes 7"),
    ("emotion", EMOTION | {"input": "samples"}, "takes something else"),
    ("whisper", WHISPER, "takes or gives something else"),
    ("speech", LIPS | {"channels": 1}, "its own channels"), ("speech", LIPS | {"phones": ["p"]}, "its own channels"),
    ("speech", LIPS | {"reach": 2, "phones": [["p"], None]}, "does not tell the phones"),
    ("waves", {"format": 1, "rate": 16000, "hop": 0, "field": 400, "width": 3, "normalise": True}, "reads 1"),
    ("waves", {"format": 1, "rate": 16000, "hop": "320", "field": 400, "width": 3, "normalise": True}, "reads 1"),
    ("vertices", {"format": 2, "fps": "fast", "vertices": 7, "width": 3}, "needs 2"),
    ("vertices", {"format": 2, "fps": 1e9, "vertices": 7, "width": 3}, "needs 2"),
    ("fusion", {"format": 1, "vertices": [7]}, "vertices, the head has 7")])
def test_a_network_that_says_something_else_than_it_is_is_refused(tmp_path, kind, said, why):
    with pytest.raises(PackError, match=why):
        LOADS[kind](network(tmp_path / "net.onnx", said))


def test_whispers_layers_are_as_wide_as_they_say(tmp_path):
    with pytest.raises(PackError, match="takes or gives something else"):
        WhisperEncoder.load(network(tmp_path / "net.onnx", WHISPER, (1, "T", WIDTH - 1), (1, "T", WIDTH - 1), name="mel"))
    assert WhisperEncoder.load(network(tmp_path / "net.onnx", WHISPER, (1, "T", WIDTH), (1, "T", WIDTH), name="mel"))


@pytest.mark.parametrize(("said", "why"), [
    *(({"prior": prior}, "a prior of") for prior in (10 ** 400, 5e-324, 1e-4, 1001, math.nan, math.inf, True, [3])),
    *(({"mean": [number] + [0.0] * 6}, "no voice") for number in (10 ** 400, -10 ** 400, 1e39, 1e30, math.nan, -math.inf))])
def test_an_emotion_network_with_numbers_that_cannot_be_judged_with_is_refused(tmp_path, said, why):
    with pytest.raises(PackError, match=why) as error:
        EmotionNetwork.load(recogniser(tmp_path / "net.onnx", said))
    assert len(str(error.value)) < 300 + len(str(tmp_path))


@pytest.mark.parametrize("outputs", [("given",), GIVES[:1], GIVES[::-1], (*GIVES, "more")])
def test_an_emotion_network_gives_probabilities_and_strength(tmp_path, outputs):
    with pytest.raises(PackError, match="gives something else"):
        EmotionNetwork.load(network(tmp_path / "net.onnx", EMOTION | {"mean": [0.5] * 7}, outputs=outputs))
    with pytest.raises(PackError, match="gives something else"):
        EmotionNetwork.load(network(tmp_path / "net.onnx", EMOTION | {"input": "samples"}, (1, "N"), (1, "N"), name="samples",
                                    outputs=("given",)))


def test_what_says_what_it_is_is_opened(tmp_path):
    for prior in (1e-3, 3, 1000.0):
        opened = EmotionNetwork.load(recogniser(tmp_path / "net.onnx", {"prior": prior}))
        assert opened.mean.tolist() == [0.5] * 7 and opened.prior == prior


def weighted(path, said, takes, weight):
    """Write a network that gives what it `takes`, {name: (shape, output)}, times its weight, and a strength of emotions."""
    graph = Graph()
    factor = graph.floats("weight", weight)
    gives = {output: shape for shape, output in takes.values()}
    for name, (_, output) in takes.items():
        graph.node("Mul", [name, factor], output)
    if "probabilities" in gives:
        graph.node("ReduceMean", ["probabilities"], "strength", axes=[1], keepdims=0)
        gives["strength"] = ("M",)
    path.write_bytes(graph.model({name: shape for name, (shape, _) in takes.items()}, gives, {"ecavatar": json.dumps(said)}))
    return path


def heard(path, weight):
    network = EmotionNetwork.load(weighted(path, EMOTION | {"mean": [0.5] * 7}, {"passages": (("M", 7), "probabilities")}, weight))
    return network.judge(np.full((2, 7), 1 / 7, np.float32)).probabilities


def spoken(path, weight):
    phones = sorted(NEEDED)
    network = LipNetwork.load(weighted(path, LIPS | {"reach": 0, "phones": phones}, {
        "encoder": ((1, "T", len(CHANNELS)), "motion"), "spectrum": ((1, "T", len(phones)), "phones")}, weight))
    return network.articulate(lambda times: np.full((len(times), len(CHANNELS)), 0.5, np.float32),
                              lambda first, count: np.full((count, len(phones)), -1, np.float32), 5, lambda fraction: None).channels


def fused(path, weight):
    network = FuNet.load(weighted(path, {"format": 1, "vertices": 7}, {"lip": (("F", 7, 3), "fused"), "emo": (("F", 7, 3), "rest")},
                                  weight), vertices=7)
    return network(*np.ones((2, 4, 7, 3), np.float32))


@pytest.mark.parametrize("use", [heard, spoken, fused])
@pytest.mark.parametrize("weight", [math.nan, math.inf])
def test_a_weight_that_is_no_number_is_refused_where_it_is_met(tmp_path, use, weight):
    assert np.isfinite(use(tmp_path / "good.onnx", 1.0)).all()
    with pytest.raises(PackError, match="gives values that are not finite") as error:
        use(tmp_path / "net.onnx", weight)
    assert "net.onnx" in str(error.value) and "\n" not in str(error.value)


def test_a_recogniser_of_samples_has_all_threads_and_ours_one(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("core.emotion.network.open_session",
                        lambda path, threads=0: asked.append(threads) or open_session(path, threads))
    EmotionNetwork.load(recogniser(tmp_path / "net.onnx", {}))
    assert asked == [1]
    assert EmotionNetwork.load(recogniser(tmp_path / "net.onnx", {"input": "samples"})).hears_samples
    assert asked == [1, 1, 0]           # 0: as many as this process is allowed
