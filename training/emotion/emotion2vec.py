"""emotion2vec (Ma et al. 2023), the paper's recogniser, as a pack's emotion network: python -m training.emotion.emotion2vec
--checkpoint model.pt --tokens tokens.txt --out emotion_network.onnx

--checkpoint is FunASR's model.pt of a sister with a classifier (iic/emotion2vec_plus_base, _plus_large, emotion2vec_base_finetuned).
Of the nine classes the two that Emolib lacks are left out, and the others brought to a sum of 1 (Sec. 4.1). Contempt is never heard.
--onnx instead takes a network that is ONNX already, samples (1, N) at 16 kHz -> nine classes (1, 9) or, for each frame, (1, T, 9),
with --logits where it gives no probabilities, --normalise where it wants samples of mean 0 and deviation 1. (FunASR's own export is
not such a one: it ends before the classifier.)
"""

import argparse
import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from core.emotion.network import FORMAT
from core.errors import InputError
from core.files import write_atomically
from core.speech.encoder import RATE
from core.types import HEARD

from ..command import told
from ..speech.export import halve
from .emotion2vec_network import Emotion2vec, load

NAMES = {"angry": "angry", "disgusted": "disgust", "fearful": "fear", "happy": "happy", "neutral": "neutral", "sad": "sad",
         "surprised": "surprise"}
LEFT_OUT = ("other", "unknown")
LARGEST_PROTO = 1 << 31
SMALL = 1e-5                    # what is added to the variance


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the classes in the network's order; lines as "生气/angry", "angry" or "<unk>". Raises InputError unless they are
    emotion2vec's nine."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError("the list of classes is missing or damaged", path, "choose tokens.txt of emotion2vec") from error
    words = [line.rpartition("/")[2].strip("<>").lower() for line in lines]
    labels = tuple({"unk": "unknown"}.get(word, word) for word in words)
    if sorted(labels) != sorted((*NAMES, *LEFT_OUT)):
        raise InputError(f"the classes are {', '.join(labels) or 'none'}, not emotion2vec's nine", path,
                         "choose tokens.txt of emotion2vec")
    return labels


def places(labels: tuple[str, ...]) -> list[int]:
    """Return where each of HEARD stands among the classes."""
    return [labels.index(next(own for own, name in NAMES.items() if name == heard)) for heard in HEARD]


def read_network(path: Path) -> onnx.ModelProto:
    """Return the network in a file; raise InputError when it cannot be read."""
    try:
        return onnx.load(str(path))
    except Exception as error:          # protobuf's own exceptions share no base class but Exception
        raise InputError(f"the network cannot be read ({type(error).__name__})", path, "export emotion2vec as ONNX again") from error


def exported(network: Emotion2vec) -> onnx.ModelProto:
    """Return a network read from a checkpoint as ONNX, normalised samples (1, N) in, logits (1, C) out, weights in half precision."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")                 # the exporter's, about constants; the result is compared in tests
        path = Path(folder, "network.onnx")
        torch.onnx.export(network, (torch.randn(1, RATE),), str(path), input_names=["normalised"], output_names=["logits"],
                          dynamic_axes={"normalised": {1: "count"}}, opset_version=17, dynamo=False)
        model = onnx.load(str(path))
    halve(model)
    return model


def adapt(model: onnx.ModelProto, labels: tuple[str, ...], *, path: Path, logits: bool, normalise: bool) -> onnx.ModelProto:
    """Return the network with samples in and the probabilities (1, 7) of HEARD out; raise InputError for another network than one of
    these classes; path: where it is from."""
    graph = model.graph
    if len(graph.input) != 1 or not graph.output:
        raise InputError(f"the network has {len(graph.input)} inputs, not samples alone", path, "export emotion2vec with samples in")
    shape = graph.output[0].type.tensor_type.shape.dim
    if len(shape) not in (2, 3) or shape[-1].dim_value not in (0, len(labels)):
        raise InputError(f"the network gives {shape[-1].dim_value if shape else 0} classes, not {len(labels)}", path,
                         "export emotion2vec with its classifier")
    before, source = [], graph.input[0].name
    if normalise:
        before = normalising(graph, source)
    result = graph.output[0].name
    if len(shape) == 3:
        graph.node.append(helper.make_node("ReduceMean", [result], ["ecavatar_mean"], axes=[1], keepdims=0))
        result = "ecavatar_mean"
    if logits:
        graph.node.append(helper.make_node("Softmax", [result], ["ecavatar_shares"], axis=-1))
        result = "ecavatar_shares"
    graph.initializer.append(numpy_helper.from_array(np.array(places(labels), np.int64), "ecavatar_places"))
    graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "ecavatar_axis"))
    graph.node.append(helper.make_node("Gather", [result, "ecavatar_places"], ["ecavatar_seven"], axis=1))
    graph.node.append(helper.make_node("ReduceSum", ["ecavatar_seven", "ecavatar_axis"], ["ecavatar_sum"], keepdims=1))
    graph.node.append(helper.make_node("Div", ["ecavatar_seven", "ecavatar_sum"], ["probabilities"]))
    for node in reversed([helper.make_node("Identity", ["samples"], [source if not normalise else "ecavatar_plain"]), *before]):
        graph.node.insert(0, node)
    del graph.input[:], graph.output[:]
    graph.input.append(helper.make_tensor_value_info("samples", TensorProto.FLOAT, [1, "samples_count"]))
    graph.output.append(helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, len(HEARD)]))
    helper.set_model_props(model, {"ecavatar": json.dumps({"format": FORMAT, "emotions": HEARD, "input": "samples"})})
    return model


def normalising(graph: onnx.GraphProto, source: str) -> list[onnx.NodeProto]:
    """Return the nodes that bring samples to mean 0 and deviation 1, as emotion2vec was trained on, under the name of its input."""
    graph.initializer.append(numpy_helper.from_array(np.array(SMALL, np.float32), "ecavatar_small"))
    return [helper.make_node("ReduceMean", ["ecavatar_plain"], ["ecavatar_level"], axes=[1], keepdims=1),
            helper.make_node("Sub", ["ecavatar_plain", "ecavatar_level"], ["ecavatar_even"]),
            helper.make_node("Mul", ["ecavatar_even", "ecavatar_even"], ["ecavatar_square"]),
            helper.make_node("ReduceMean", ["ecavatar_square"], ["ecavatar_variance"], axes=[1], keepdims=1),
            helper.make_node("Add", ["ecavatar_variance", "ecavatar_small"], ["ecavatar_more"]),
            helper.make_node("Sqrt", ["ecavatar_more"], ["ecavatar_deviation"]),
            helper.make_node("Div", ["ecavatar_even", "ecavatar_deviation"], [source])]


@told
def main(arguments: list[str] | None = None) -> None:
    """Adapt; 2 with one line on bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    for name in ("checkpoint", "onnx"):
        source.add_argument(f"--{name}", type=Path)
    for name in ("tokens", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--logits", action="store_true", help="the network gives logits, not probabilities")
    parser.add_argument("--normalise", action="store_true", help="the export leaves the samples' normalisation to the caller")
    options = parser.parse_args(arguments)
    labels, path = read_labels(options.tokens), options.checkpoint or options.onnx
    if options.checkpoint:
        model = adapt(exported(load(path)), labels, path=path, logits=True, normalise=True)
    else:
        model = adapt(read_network(path), labels, path=path, logits=options.logits, normalise=options.normalise)
    content = model.SerializeToString()
    if len(content) >= LARGEST_PROTO:
        raise InputError("the network is larger than 2 GB", path, "export it in half precision")
    write_atomically(options.out, lambda file: file.write(content))
    sys.stdout.write(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    sys.exit(main())
