"""Write the lip network as ONNX, with its configuration in the file's metadata."""

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import torch

from core.speech.articulation import CHANNELS
from core.speech.log_mel import FRAME_RATE

from .network import LipModel
from .phones import INVENTORY

SMALL = 256                     # arrays with fewer values stay in single precision


def export(model: LipModel, path: Path) -> None:
    """Write `model` to `path`: encoder (1, T, 288) and spectrum (1, T, 80) in, motion and phones out, any T.

    Weights are stored in half precision, which halves the file; ONNX Runtime computes in single precision.
    """
    model.eval()
    config = model.config
    example = torch.zeros(1, 60, config.encoder), torch.zeros(1, 60, config.spectrum)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)         # the newer exporter needs two more packages
        torch.onnx.export(model, example, str(path),
                          input_names=["encoder", "spectrum"], output_names=["motion", "phones"],
                          dynamic_axes={name: {1: "frames"} for name in ("encoder", "spectrum", "motion", "phones")},
                          opset_version=17, dynamo=False)
    graph = onnx.load(str(path))
    halve(graph)
    metadata = {"format": 1, "fps": FRAME_RATE, "reach": model.reach, "channels": CHANNELS, "phones": INVENTORY}
    onnx.helper.set_model_props(graph, {"ecavatar": json.dumps(metadata)})
    onnx.save(graph, str(path))


def halve(model: onnx.ModelProto) -> None:
    """Store the large arrays of weights as float16, with a cast to float32 where they are used."""
    casts = []
    for array in model.graph.initializer:
        values = onnx.numpy_helper.to_array(array)
        if values.dtype != np.float32 or values.size < SMALL:
            continue
        name = array.name
        array.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), name + "_half"))
        casts.append(onnx.helper.make_node("Cast", [array.name], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
