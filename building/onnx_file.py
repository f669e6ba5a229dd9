"""Networks written as ONNX with Python's own library alone: Protocol Buffers, of which ONNX uses whole numbers, texts and messages."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.protobuf import integer, message, text

FLOAT, UINT8, INT8, INT64, HALF = 1, 2, 3, 7, 10      # ONNX's kinds of numbers
OPSET = 17
IR_VERSION = 8                              # of the file format that came with that opset
Attribute = int | str | Sequence[int]
Shape = Sequence[int | str]


@dataclass
class Graph:
    """A network in the making, in the order in which it is worked out; `constant` and `node` return the name of what they add."""

    nodes: list[bytes] = field(default_factory=list)
    constants: list[bytes] = field(default_factory=list)

    def constant(self, name: str, kind: int, shape: Sequence[int], content: bytes) -> str:
        """Add numbers of a `kind`, little-endian, rows in sequence."""
        sizes = b"".join(integer(1, size) for size in shape)
        self.constants.append(sizes + integer(2, kind) + text(8, name) + message(9, content))
        return name

    def floats(self, name: str, *values: float) -> str:
        """Add a vector of numbers in single precision, or one number without a shape."""
        return self.constant(name, FLOAT, (len(values),) if len(values) > 1 else (), struct.pack(f"<{len(values)}f", *values))

    def integers(self, name: str, *values: int) -> str:
        """Add a vector of whole numbers."""
        return self.constant(name, INT64, (len(values),), struct.pack(f"<{len(values)}q", *values))

    def node(self, kind: str, inputs: Sequence[str], outputs: Sequence[str] | str, **attributes: Attribute) -> str:
        """Add an operation; return the name of its first output."""
        named = [outputs] if isinstance(outputs, str) else list(outputs)
        parts = [text(1, name) for name in inputs] + [text(2, name) for name in named] + [text(4, kind)]
        self.nodes.append(b"".join([*parts, *(message(5, attribute(*pair)) for pair in attributes.items())]))
        return named[0]

    def model(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], metadata: Mapping[str, str]) -> bytes:
        """Return the file's content; inputs, outputs: names and shapes in single precision, a word for a size that may vary."""
        graph = b"".join([*(message(1, node) for node in self.nodes), text(2, "network"),
                          *(message(5, constant) for constant in self.constants),
                          *(message(11, value(*pair)) for pair in inputs.items()),
                          *(message(12, value(*pair)) for pair in outputs.items())])
        properties = [message(14, text(1, name) + text(2, content)) for name, content in metadata.items()]
        return b"".join([integer(1, IR_VERSION), message(7, graph), message(8, integer(2, OPSET)), *properties])


def attribute(name: str, content: Attribute) -> bytes:
    """Return an operation's option: a whole number, a text, or whole numbers."""
    if isinstance(content, int):
        return text(1, name) + integer(3, content) + integer(20, 2)
    if isinstance(content, str):
        return text(1, name) + text(4, content) + integer(20, 3)
    return text(1, name) + b"".join(integer(8, one) for one in content) + integer(20, 7)


def value(name: str, shape: Shape) -> bytes:
    """Return what is known of an input or output: its name, that it has single precision, its shape."""
    sizes = b"".join(message(1, text(2, size) if isinstance(size, str) else integer(1, size)) for size in shape)
    return text(1, name) + message(2, message(1, integer(1, FLOAT) + message(2, sizes)))
