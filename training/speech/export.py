"""Write the lip network as ONNX, with its configuration in the file's metadata."""

import json
import warnings
from pathlib import Path

import onnx
import torch

from core.articulation import CHANNELS
from core.log_mel import FRAME_RATE

from .network import LipNetwork
from .phones import INVENTORY


def export(network: LipNetwork, path: Path) -> None:
    """Write `network` to `path`: encoder (1, T, 288) and spectrum (1, T, 80) in, motion and phones out, any T."""
    network.eval()
    config = network.config
    example = torch.zeros(1, 60, config.encoder), torch.zeros(1, 60, config.spectrum)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)         # the newer exporter needs two more packages
        torch.onnx.export(network, example, str(path),
                          input_names=["encoder", "spectrum"], output_names=["motion", "phones"],
                          dynamic_axes={name: {1: "frames"} for name in ("encoder", "spectrum", "motion", "phones")},
                          opset_version=17, dynamo=False)
    graph = onnx.load(str(path))
    metadata = {"format": 1, "fps": FRAME_RATE, "reach": config.reach, "channels": CHANNELS, "phones": INVENTORY}
    onnx.helper.set_model_props(graph, {"ecavatar": json.dumps(metadata)})
    onnx.save(graph, str(path))
