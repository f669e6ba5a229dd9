"""Write FuNet as ONNX, with what it is for in the file's metadata."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from core.emotion.funet import FORMAT
from training.speech.export import halve

from .network import FuNet


class SkinFuNet(nn.Module):
    """FuNet of all of FLAME's vertices for the skin alone; eyeballs, which neither M_lip nor M_emo moves, are put in at rest."""

    places: Tensor
    source: Tensor

    def __init__(self, model: FuNet, places: tuple[int, ...]) -> None:
        """places: (N,) of the skin's vertices among the model's."""
        super().__init__()
        self.model, self.config = model, replace(model.config, vertices=len(places))
        source = torch.full((model.config.vertices,), len(places))
        source[list(places)] = torch.arange(len(places))
        self.register_buffer("places", torch.tensor(places))
        self.register_buffer("source", source)

    def forward(self, lip: Tensor, emo: Tensor) -> Tensor:
        """lip and emo (B, N, 3), metres -> fused (B, N, 3)."""
        whole = [torch.cat([one, torch.zeros_like(one[:, :1])], dim=1)[:, self.source] for one in (lip, emo)]
        result: Tensor = self.model(*whole)[:, self.places]
        return result


def export_for_skin(model: FuNet, path: Path, places: tuple[int, ...]) -> None:
    """Write a network of FLAME's 5023 vertices for a head whose skin is the vertices at `places`, whole or not at all."""
    part = path.with_suffix(".part")
    export(SkinFuNet(model, places), part)
    part.replace(path)


def export(model: FuNet | SkinFuNet, path: Path) -> None:
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
