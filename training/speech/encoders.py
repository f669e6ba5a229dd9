"""Speech encoders behind one interface: Moonshine (the default), or HuBERT, wav2vec 2.0 or WavLM through transformers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from core.speech.encoder import SpeechEncoder, SpeechFeatures, normalise, open_session
from core.speech.wave_encoder import Hearing
from core.types import AudioClip


class Encoder(Protocol):
    """What the lip network's training asks of a speech encoder."""

    def encode(self, clip: AudioClip, tick: Callable[[float], None] = ...) -> SpeechFeatures:
        """Return features (N, width) with their times."""
        ...


class TransformersEncoder:
    """A convolutional speech encoder of transformers with its last hidden layer as features."""

    def __init__(self, model: Any, mean_and_deviation: bool) -> None:
        """model: AutoModel; mean_and_deviation: whether it was trained on recordings brought to mean 0, deviation 1."""
        self.model, self.mean_and_deviation = model.eval(), mean_and_deviation
        self.hop = int(np.prod(model.config.conv_stride))
        self.field, step = 1, 1
        for kernel, stride in zip(model.config.conv_kernel, model.config.conv_stride, strict=True):
            self.field, step = self.field + (kernel - 1) * step, step * stride

    @torch.no_grad()
    def encode(self, clip: AudioClip, tick: Callable[[float], None] = lambda fraction: None) -> SpeechFeatures:
        """Return the features of a recording in windows that overlap and pass over linearly into one another."""
        samples = normalise(clip)
        if self.mean_and_deviation:
            samples = (samples - samples.mean()) / (samples.std() + np.float32(1e-6))
        return Hearing(self.hop, self.field, self.field // 2).features(
            samples, lambda part: self.model(torch.from_numpy(part)[None]).last_hidden_state[0].numpy(), tick)


def open_encoder(name: str, threads: int = 2) -> Encoder:
    """Open Moonshine's .ort file, or a local folder or hub name of transformers (facebook/hubert-large-ls960-ft, ...).

    Raises PackError for a damaged .ort file and OSError or ValueError, transformers' own, for a model it cannot load.
    """
    if name.endswith(".ort"):
        return SpeechEncoder(open_session(Path(name), threads))
    import transformers
    extractor: Any = transformers.AutoFeatureExtractor
    return TransformersEncoder(transformers.AutoModel.from_pretrained(name), bool(extractor.from_pretrained(name).do_normalize))
