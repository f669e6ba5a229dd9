"""Write SelfTalk as ONNX for a model pack: its speech encoder, and its decoder for the skin of a head."""

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from core.speech.encoder import RATE
from core.speech.vertex_lips import FORMAT as LIPS_FORMAT
from core.speech.wave_encoder import FORMAT as ENCODER_FORMAT

from .export import halve
from .selftalk import FPS, SelfTalk, SelfTalkDecoder


class Hearing(nn.Module):
    """The encoder with its last hidden layer only."""

    def __init__(self, network: SelfTalk) -> None:
        super().__init__()
        self.hearing = network.hearing

    def forward(self, samples: Tensor) -> Tensor:
        """Return features (1, T, W) of samples (1, N)."""
        result: Tensor = self.hearing(samples).last_hidden_state
        return result


def write_encoder(network: SelfTalk, path: Path, *, normalise: bool) -> None:
    """Write the speech encoder: samples (1, N) in, features (1, T, W) out, any N; weights in half precision."""
    config = network.hearing.config
    field, step = 1, 1
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        field, step = field + (kernel - 1) * step, step * stride
    network.hearing.config._attn_implementation = "eager"           # what the exporter knows
    metadata = {"format": ENCODER_FORMAT, "rate": RATE, "hop": int(np.prod(config.conv_stride)), "field": field,
                "width": config.hidden_size, "normalise": normalise}
    write(Hearing(network).eval(), torch.randn(1, RATE), path, {"samples": "count", "features": "frames"}, metadata)


def write_lips(network: SelfTalk, path: Path, places: tuple[int, ...]) -> None:
    """Write the decoder for the vertices at `places` (N,): features (1, T, W) in, offsets (1, T, N, 3), metres, out, any T."""
    config = network.config
    decoder = SelfTalkDecoder(config)
    decoder.load_state_dict(network.decoder.state_dict())
    rows = (3 * torch.tensor(places)[:, None] + torch.arange(3)).flatten()
    outlet = nn.Linear(config.width, len(rows))
    with torch.no_grad():
        outlet.weight.copy_(decoder.outlet.weight[rows])
        outlet.bias.copy_(decoder.outlet.bias[rows])
    decoder.outlet = outlet
    write(decoder.eval(), torch.randn(1, 60, config.features), path, {"features": "frames", "offsets": "frames"},
          {"format": LIPS_FORMAT, "fps": FPS, "vertices": len(places), "width": config.features})


def write(model: nn.Module, example: Tensor, path: Path, names: dict[str, str], metadata: dict[str, object]) -> None:
    """Write a network of one input and one output, whose names and changing axis are `names`."""
    source, result = names
    part = path.with_suffix(".part")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                             # the exporter's, about constants; the result is compared in tests
        torch.onnx.export(model, (example,), str(part), input_names=[source], output_names=[result],
                          dynamic_axes={name: {1: axis} for name, axis in names.items()}, opset_version=17, dynamo=False)
    graph = onnx.load(str(part))
    halve(graph)
    onnx.helper.set_model_props(graph, {"ecavatar": json.dumps(metadata)})
    onnx.save(graph, str(part))
    part.replace(path)
