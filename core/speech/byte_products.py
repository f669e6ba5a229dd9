"""Whether networks of whole numbers may have signed weights here: on some processors their sums overflow.

ONNX Runtime multiplies unsigned bytes with signed ones by the fastest instructions there are. Those of older processors add two
products in 16 bits, and cut off what is more; those of newer ones add four in 32 bits, faster than unsigned with unsigned bytes.
"""

from functools import cache

import numpy as np
import onnxruntime

from ..errors import PackError
from ..protobuf import (
    GRAPH,
    INITIALIZER,
    NODE,
    NODE_INPUT,
    NODE_OUTPUT,
    OUTPUT,
    SIGNED,
    TENSOR_CONTENT,
    TENSOR_KIND,
    TENSOR_NAME,
    UNSIGNED,
    integer,
    message,
    text,
)

ADVICE = "install the extension again"
WHOLE = 6                               # ONNX's kind of whole numbers of 32 bits
NODE_KIND, GRAPH_NAME, INPUT = 4, 2, 11         # fields of NodeProto and GraphProto
ROWS, LENGTH, COLUMNS = 16, 64, 16      # enough for every kernel to take its widest steps
LARGEST, LARGEST_WEIGHT = 255, 127


@cache
def are_cut_off() -> bool:
    """Return whether a sum of the largest products comes out too small on this processor; raise PackError when ONNX Runtime cannot
    multiply so."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1                # the product is small
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(product(), options, providers=["CPUExecutionProvider"])
        found = np.asarray(session.run(None, {"rows": np.full((ROWS, LENGTH), LARGEST, np.uint8)})[0])
    except Exception as error:      # ONNX Runtime's own exceptions share no base class but Exception
        raise PackError(f"ONNX Runtime cannot multiply whole numbers here ({type(error).__name__})", "", ADVICE) from error
    return bool((found != LENGTH * LARGEST * LARGEST_WEIGHT).any())


def product() -> bytes:
    """Return a network that multiplies rows (ROWS, LENGTH) with the largest weights (LENGTH, COLUMNS), as ONNX."""
    node = text(NODE_INPUT, "rows") + text(NODE_INPUT, "weights") + text(NODE_OUTPUT, "sums") + text(NODE_KIND, "MatMulInteger")
    weights = b"".join([integer(1, LENGTH), integer(1, COLUMNS), integer(TENSOR_KIND, SIGNED), text(TENSOR_NAME, "weights"),
                        message(TENSOR_CONTENT, bytes([LARGEST_WEIGHT]) * (LENGTH * COLUMNS))])
    graph = b"".join([message(NODE, node), text(GRAPH_NAME, "product"), message(INITIALIZER, weights),
                      message(INPUT, value("rows", UNSIGNED, ROWS, LENGTH)), message(OUTPUT, value("sums", WHOLE, ROWS, COLUMNS))])
    return integer(1, 8) + message(GRAPH, graph) + message(8, integer(2, 17))


def value(name: str, kind: int, *sizes: int) -> bytes:
    """Return what ONNX says of a value: name, kind of numbers, shape."""
    shape = b"".join(message(1, integer(1, size)) for size in sizes)
    return text(1, name) + message(2, message(1, integer(1, kind) + message(2, shape)))
