"""Write FuNet as ONNX, with what it is for in the file's metadata."""

import json
import warnings
from pathlib import Path

import onnx
import torch

from core.funet import FORMAT
from training.speech.export import halve

from .network import FuNet


def export(model: FuNet, path: Path) -> None:
    """Write `model` to `path`: lip and emo (T, N, 3) in, fused (T, N, 3) out, metres; weights in half precision."""
    model.eval()
    example = tuple(torch.zeros(2, model.config.vertices, 3) for _ in range(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)         # the newer exporter needs two more packages
        torch.onnx.export(model, example, str(path), input_names=["lip", "emo"], output_names=["fused"],
                          dynamic_axes={name: {0: "frames"} for name in ("lip", "emo", "fused")}, opset_version=17, dynamo=False)
    graph = onnx.load(str(path))
    halve(graph)
    onnx.helper.set_model_props(graph, {"ecavatar": json.dumps({"format": FORMAT, "vertices": model.config.vertices})})
    onnx.save(graph, str(path))
