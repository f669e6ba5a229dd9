"""What the committed network makes of the recording that the tests share."""

from functools import cache
from pathlib import Path

from core.head.model import HeadBasis
from core.speech.audio import read_audio
from core.speech.encoder import SpeechEncoder
from core.speech.lipsync import LipNetwork, animate_lips
from core.types import MotionTrack

ASSETS = Path(__file__).parents[2] / "assets"


@cache
def real_head() -> HeadBasis:
    return HeadBasis.load(ASSETS / "head.npz")


@cache
def real_motion() -> MotionTrack:
    """Ten seconds of motion at 60 frames a second."""
    third_party = ASSETS / "third_party"
    return animate_lips(read_audio(third_party / "beckett.wav"), basis=real_head(),
                        encoder=SpeechEncoder.load(third_party / "moonshine_tiny_encoder.ort"),
                        network=LipNetwork.load(ASSETS / "lip_network.onnx"))
