"""The first layers of Whisper base's encoder (Radford et al., 2023; MIT licence) as a small network, out of a CTranslate2 file.

Of them the emotion recogniser hears mean and deviation over a passage, so few bits a number are enough (docs/emotion.md). Where rows
are multiplied with weights, the rows become 8 bits as they come, with one scale for all that go through at once, and the weights have
7: the sum of two products then fits the 16 bits that processors without instructions of their own for it add in, so that all hear the
same.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import BuildError
from .onnx_file import FLOAT, HALF, INT8, Graph

FIRST = b"encoder/conv1/bias\0"     # name of the encoder's first variable; its others follow in sequence
LAYERS = 3                          # of six
WIDTH, HEADS, BANDS, HIDDEN, PLACES = 512, 8, 80, 2048, 1500
MOST_FRAMES = 600                   # of the PLACES, 12 s: what can be heard at once
FORMAT = 1
HALF_KIND = 4                       # CTranslate2's name for half precision
LARGEST = 63                        # of a weight, 7 bits
LARGEST_TAP = 127                   # of a convolution's, which is worked out in single precision
LONGEST_NAME, MOST_SIZES = 200, 3
ADVICE = "do not use it"
METADATA = json.dumps({"format": FORMAT, "layers": LAYERS, "width": WIDTH})


@dataclass(frozen=True)
class Variable:
    """Numbers in half precision: shape, and their bytes, rows in sequence."""

    shape: tuple[int, ...]
    content: memoryview

    def values(self) -> list[float]:
        """Return the numbers."""
        return list(struct.unpack(f"<{len(self.content) // 2}e", self.content))


def read_encoder(content: bytes) -> dict[str, Variable]:
    """Return the encoder's variables by name, from a CTranslate2 file or an end of one that holds the whole encoder.

    Each is its name's length and name, number of sizes, sizes, kind, length, content. Raises BuildError when it is damaged.
    """
    place = content.find(struct.pack("<H", len(FIRST)) + FIRST)
    found: dict[str, Variable] = {}
    view = memoryview(content)
    try:
        while place >= 0:
            (length,) = struct.unpack_from("<H", content, place)
            name = bytes(view[place + 2:place + 1 + length]).decode("ascii")
            if not name.startswith("encoder/"):
                break
            place += 2 + length
            count = content[place]
            if length > LONGEST_NAME or count > MOST_SIZES or name in found:
                raise ValueError(name[:LONGEST_NAME])
            shape = struct.unpack_from(f"<{count}I", content, place + 1)
            kind, size = struct.unpack_from("<BI", content, place + 1 + 4 * count)
            place += 6 + 4 * count
            if place + size > len(content):
                raise ValueError(name)
            if kind == HALF_KIND and count:
                found[name] = Variable(shape, view[place:place + size])
            place += size
    except (ValueError, IndexError, struct.error) as error:
        raise BuildError(f"the file of Whisper base is damaged near {error}; its variables; {ADVICE}") from error
    return found


def take(variables: Mapping[str, Variable], name: str, *shape: int) -> Variable:
    """Return the encoder's variable of this name; raise BuildError unless it is there and has this shape."""
    found = variables.get(f"encoder/{name}")
    wanted = 2
    for size in shape:
        wanted *= size
    if found is None or found.shape != shape or len(found.content) != wanted:
        raise BuildError(f"the file of Whisper base has no {name} of shape {shape}; its variables; {ADVICE}")
    return found


def network(content: bytes) -> bytes:
    """Return the network as ONNX, always the same bytes: `mel` (1, 80, 2T) spectra -> `layers` (1, T, 1536), T up to MOST_FRAMES.

    content: a CTranslate2 file or an end of one that holds the whole encoder. Raises BuildError when it is not there or damaged.
    """
    return Writer(read_encoder(content)).write()


@dataclass
class Writer:
    """Write the encoder's layers, operation by operation; every method returns the name of its result."""

    variables: Mapping[str, Variable]
    graph: Graph = field(default_factory=Graph)

    def write(self) -> bytes:
        """Return the file's content."""
        graph = self.graph
        for name, values in (("root", (2 ** 0.5,)), ("one", (1.0,)), ("half", (0.5,)), ("scale", ((WIDTH // HEADS) ** -0.5,))):
            graph.floats(name, *values)
        graph.integers("apart", 0, 0, HEADS, WIDTH // HEADS)
        graph.integers("together", 0, 0, WIDTH)
        value = self.bent(self.convolution("mel", "conv1", BANDS, 1))
        value = self.bent(self.convolution(value, "conv2", WIDTH, 2))
        value = self.placed(graph.node("Transpose", [value], "frames", perm=[0, 2, 1]))             # (1, T, 512)
        layers = []
        for index in range(LAYERS):
            value = self.layer(value, f"layer_{index}/")
            layers.append(value)
        graph.node("Concat", layers, "layers", axis=2)
        return graph.model({"mel": (1, BANDS, "spectra")}, {"layers": (1, "T", LAYERS * WIDTH)}, {"ecavatar": METADATA})

    def layer(self, value: str, name: str) -> str:
        """One block: attention to all frames, then a network of two layers for each."""
        seen = self.attention(self.normalised(value, f"{name}self_attention/"), f"{name}self_attention/")
        value = self.graph.node("Add", [value, self.linear(seen, f"{name}self_attention/linear_1", WIDTH, WIDTH)], f"{name}seen")
        inner = self.bent(self.linear(self.normalised(value, f"{name}ffn/"), f"{name}ffn/linear_0", WIDTH, HIDDEN))
        return self.graph.node("Add", [value, self.linear(inner, f"{name}ffn/linear_1", HIDDEN, WIDTH)], f"{name}said")

    def attention(self, value: str, name: str) -> str:
        """Attention of several heads, before its last linear map."""
        graph, parts = self.graph, [f"{name}{part}" for part in ("query", "key", "value")]
        graph.node("Split", [self.linear(value, f"{name}linear_0", WIDTH, 3 * WIDTH)], parts, axis=2)
        turns = ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        apart = [graph.node("Reshape", [part, "apart"], f"{part}/apart") for part in parts]
        query, key, said = (graph.node("Transpose", [part], f"{part}/heads", perm=turn)
                            for part, turn in zip(apart, turns, strict=True))
        near = graph.node("MatMul", [graph.node("Mul", [query, "scale"], f"{query}/scaled"), key], f"{name}near")
        heard = graph.node("MatMul", [graph.node("Softmax", [near], f"{name}shares", axis=-1), said], f"{name}heard")
        turned = graph.node("Transpose", [heard], f"{name}turned", perm=[0, 2, 1, 3])
        return graph.node("Reshape", [turned, "together"], f"{name}together")

    def linear(self, value: str, name: str, inputs: int, outputs: int) -> str:
        """A linear map of whole numbers: rows are brought to 8 bits as they come, with one scale for all (dynamic quantisation)."""
        graph = self.graph
        whole, scales = quantised(take(self.variables, f"{name}/weight", outputs, inputs).values(), inputs, LARGEST)
        columns = bytearray(inputs * outputs)
        for row in range(outputs):
            columns[row::outputs] = whole[row * inputs:(row + 1) * inputs]
        weight = graph.constant(f"{name}/weight", INT8, (inputs, outputs), bytes(columns))
        steps = graph.constant(f"{name}/steps", FLOAT, (outputs,), scales)
        parts = [f"{name}/{part}" for part in ("whole", "step", "zero")]
        graph.node("DynamicQuantizeLinear", [value], parts)
        product = graph.node("MatMulInteger", [parts[0], weight, parts[2]], f"{name}/product")
        step = graph.node("Mul", [parts[1], steps], f"{name}/both")
        real = graph.node("Mul", [graph.node("Cast", [product], f"{name}/cast", to=FLOAT), step], f"{name}/real")
        return graph.node("Add", [real, self.plain(f"{name}/bias", outputs)], f"{name}/result")

    def convolution(self, value: str, name: str, inputs: int, stride: int) -> str:
        """A convolution of three frames, its weights made single precision again when the network is opened."""
        graph, taps = self.graph, 3 * inputs
        whole, scales = quantised(take(self.variables, f"{name}/weight", WIDTH, inputs, 3).values(), taps, LARGEST_TAP)
        stored = graph.constant(f"{name}/weight", INT8, (WIDTH, inputs, 3), whole)
        steps = graph.constant(f"{name}/steps", FLOAT, (WIDTH, 1, 1), scales)
        weight = graph.node("Mul", [graph.node("Cast", [stored], f"{name}/cast", to=FLOAT), steps], f"{name}/real")
        return graph.node("Conv", [value, weight, self.plain(f"{name}/bias", WIDTH)], f"{name}/result", kernel_shape=[3], pads=[1, 1],
                          strides=[stride])

    def normalised(self, value: str, name: str) -> str:
        """Each frame at mean 0 and deviation 1, then scaled and moved."""
        weights = [self.plain(f"{name}layer_norm/{part}", WIDTH) for part in ("gamma", "beta")]
        return self.graph.node("LayerNormalization", [value, *weights], f"{name}normalised")

    def bent(self, value: str) -> str:
        """The Gaussian error linear unit (Hendrycks and Gimpel, 2016)."""
        graph = self.graph
        error = graph.node("Erf", [graph.node("Div", [value, "root"], f"{value}/scaled")], f"{value}/error")
        share = graph.node("Add", [error, "one"], f"{value}/share")
        return graph.node("Mul", [graph.node("Mul", [value, share], f"{value}/twice"), "half"], f"{value}/bent")

    def placed(self, value: str) -> str:
        """Frames (1, T, 512) with their places in time."""
        graph = self.graph
        places = take(self.variables, "position_encodings/encodings", PLACES, WIDTH).content[:2 * MOST_FRAMES * WIDTH]
        stored = graph.constant("places", HALF, (MOST_FRAMES, WIDTH), bytes(places))
        sizes, real = graph.node("Shape", [value], "sizes"), graph.node("Cast", [stored], "places/real", to=FLOAT)
        count = graph.node("Slice", [sizes, graph.integers("from", 1), graph.integers("to", 2)], "count")
        return graph.node("Add", [value, graph.node("Slice", [real, graph.integers("start", 0), count], "first")], "placed")

    def plain(self, name: str, size: int) -> str:
        """A vector, kept in half precision."""
        stored = self.graph.constant(f"{name}/half", HALF, (size,), bytes(take(self.variables, name, size).content))
        return self.graph.node("Cast", [stored], name, to=FLOAT)


def quantised(values: list[float], length: int, largest: int) -> tuple[bytes, bytes]:
    """Return rows of `length` numbers as whole ones from -largest to largest, and each row's step, in single precision."""
    whole, steps = bytearray(), []
    for first in range(0, len(values), length):
        row = values[first:first + length]
        step = max(map(abs, row)) / largest or 1.0
        whole += struct.pack(f"{length}b", *(round(one / step) for one in row))
        steps.append(step)
    return bytes(whole), struct.pack(f"<{len(steps)}f", *steps)
