"""Networks of a model pack are untrusted: whatever their files say of themselves, they are opened or refused in one sentence."""

import json

import pytest

from building.onnx_file import Graph
from core.emotion.funet import FuNet
from core.emotion.network import EmotionNetwork
from core.errors import PackError
from core.speech.articulation import CHANNELS
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


def network(path, said, taken=("passages", 7), given=("passages", 7), *, name="passages"):
    """Write a network that gives what it takes, and says this of itself."""
    graph = Graph()
    graph.node("Identity", [name], "given")
    content = said if isinstance(said, str) else json.dumps(said)
    path.write_bytes(graph.model({name: taken}, {"given": given}, {"ecavatar": content}))
    return path


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


def test_what_says_what_it_is_is_opened(tmp_path):
    assert EmotionNetwork.load(network(tmp_path / "net.onnx", EMOTION | {"mean": [0.5] * 7})).mean.tolist() == [0.5] * 7
