"""Write the recogniser as ONNX, with its emotions, the mean voice and neutral's prior in the file's metadata."""

import json
import warnings
from pathlib import Path

import onnx
import torch

from core.emotion.network import FORMAT, NEUTRAL
from core.speech.voice_encoder import HEARS
from core.types import HEARD

from .network import Ensemble


def export(model: Ensemble, path: Path) -> None:
    """Write `model` to `path`: passages (M, P) in, probabilities (M, 7) and strength (M,) out."""
    model.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)         # the newer exporter needs two more packages
        torch.onnx.export(model, (torch.zeros(2, len(model.mean)),), str(path), input_names=["passages"],
                          output_names=["probabilities", "strength"],
                          dynamic_axes={name: {0: "passages"} for name in ("passages", "probabilities", "strength")},
                          opset_version=17, dynamo=False)
    prior = round(float(model.expected[NEUTRAL].exp()), 5)
    graph = onnx.load(str(path))
    mean = [round(float(value), 5) for value in model.mean]
    metadata = {"format": FORMAT, "emotions": HEARD, "hears": HEARS, "prior": prior, "mean": mean}
    onnx.helper.set_model_props(graph, {"ecavatar": json.dumps(metadata)})
    onnx.save(graph, str(path))
