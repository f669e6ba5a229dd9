"""What the emotion recogniser hears with: middle layers of the speech encoder, and the first layers of Whisper's, side by side."""

from dataclasses import dataclass

import numpy as np

from ..pack import VOICE_ENCODER as VOICE_ENCODER
from ..pack import Pack
from ..threads import allowed, both
from ..types import AudioClip, Floats
from .encoder import RATE, SpeechEncoder
from .encoder import WIDTH as SPEECH_WIDTH
from .voice import LAYERS
from .whisper_encoder import LAYER_WIDTH, WhisperEncoder
from .whisper_encoder import LAYERS as WHISPER_LAYERS

WIDTHS = (SPEECH_WIDTH,) * len(LAYERS) + (LAYER_WIDTH,) * WHISPER_LAYERS     # of the layers, in the order in which they are given
HEARS = {"moonshine_tiny": [*LAYERS], "whisper_base": [*range(WHISPER_LAYERS)]}    # layers, as an emotion network's file states them


@dataclass(frozen=True)
class VoiceEncoder:
    """speech: the speech encoder, asked for its middle LAYERS; whisper: Whisper's first ones."""

    speech: SpeechEncoder
    whisper: WhisperEncoder

    @classmethod
    def of(cls, pack: Pack) -> "VoiceEncoder":
        """Open both encoders of a pack, each for half of the threads: two small networks at once are faster than one after the other
        with all threads. Raises PackError when one is missing, damaged or another network."""
        threads = max(allowed() // 2, 1)
        return cls(SpeechEncoder.load(pack.path("speech_encoder"), layers=LAYERS, threads=threads),
                   WhisperEncoder.load(pack.path(VOICE_ENCODER), threads=threads))

    def layers(self, samples: Floats, times: Floats) -> Floats:
        """Return the layers (T, L) at `times` (T,), seconds, of levelled samples (N,) at 16 kHz."""
        return np.concatenate(both(lambda: self.speech.encode(AudioClip(samples, RATE)).at(times),
                                   lambda: self.whisper.encode(samples).at(times)), axis=1)
