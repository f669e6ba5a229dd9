"""Protocol Buffers as far as networks (ONNX) and records of training need them: fields read, written, and networks cut short."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

GRAPH = 7                       # ONNX's fields: of ModelProto
NODE, INITIALIZER, OUTPUT, VALUE = 1, 5, 12, 13     # of GraphProto
NODE_INPUT, NODE_OUTPUT, VALUE_NAME, TENSOR_NAME = 1, 2, 1, 8
TENSOR_KIND, TENSOR_CONTENT = 2, 9                  # of TensorProto
UNSIGNED, SIGNED = 2, 3                             # kinds of tensors of whole numbers of eight bits
VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5     # kinds of fields
LESS = bytes(value ^ 128 for value in range(256))   # a byte that, signed, is less by 128


@dataclass(frozen=True)
class Field:
    """A field of a message: its number, all its bytes, and what it holds if that is bytes."""

    number: int
    whole: bytes
    content: bytes


def fields(content: bytes) -> Iterator[Field]:
    """Yield the fields of a message; raise ValueError where it ends too early or has a kind that is not used any more."""
    place = 0
    while place < len(content):
        begin = place
        key, place = varint(content, place)
        kind, held = key & 7, b""
        if kind == VARINT:
            _, place = varint(content, place)
        elif kind == BYTES:
            size, place = varint(content, place)
            held = content[place:place + size]
            place += size
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            place += 8 if kind == EIGHT_BYTES else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if place > len(content):
            raise ValueError("a message ends too early")
        yield Field(key >> 3, content[begin:place], held)


def varint(content: bytes, place: int) -> tuple[int, int]:
    """Return the whole number at `place`, in groups of seven bits, and where it ends; raise ValueError when it does not."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            break
        value |= (content[place] & 127) << shift
        place += 1
        if content[place - 1] < 128:
            return value, place
    raise ValueError("a number does not end")


def groups(value: int) -> bytes:
    """Return a whole number in groups of seven bits, the lowest first; a negative one as 64 bits."""
    value &= (1 << 64) - 1
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    return bytes([*result, value])


def key(number: int, kind: int) -> bytes:
    """Return what a field begins with: its number and kind."""
    return groups(number << 3 | kind)


def integer(number: int, value: int) -> bytes:
    """Return a field that holds a whole number."""
    return key(number, VARINT) + groups(value)


def message(number: int, content: bytes) -> bytes:
    """Return a field that holds bytes: its number and kind, how many there are, themselves."""
    return key(number, BYTES) + groups(len(content)) + content


def text(number: int, content: str) -> bytes:
    """Return a field that holds a text."""
    return message(number, content.encode())


def cut_short(network: bytes, outputs: Sequence[str]) -> bytes:
    """Return an ONNX network that gives the values called `outputs` and works out nothing else; raise ValueError when it is damaged
    or has no such values.

    Its operations must come in an order in which they can be worked out, as ONNX asks, and hold no networks of their own.
    """
    return b"".join(message(GRAPH, cut_graph(field.content, outputs)) if field.number == GRAPH else field.whole
                    for field in fields(network))


def cut_graph(graph: bytes, outputs: Sequence[str]) -> bytes:
    """Return the graph without operations and constants that `outputs` do not need."""
    parts = list(fields(graph))
    needed, kept = set(outputs), set()
    for index in reversed(range(len(parts))):
        if parts[index].number == NODE and needed & (made := set(names(parts[index].content, NODE_OUTPUT))):
            kept.add(index)
            needed = (needed - made) | set(names(parts[index].content, NODE_INPUT))
    produced = {name for index in kept for name in names(parts[index].content, NODE_OUTPUT)}
    if not set(outputs) <= produced:
        raise ValueError(f"no {min(set(outputs) - produced)}")
    kept |= {index for index, part in enumerate(parts)
             if part.number == INITIALIZER and needed & set(names(part.content, TENSOR_NAME))}
    rest = [part.whole for index, part in enumerate(parts)
            if index in kept or part.number not in (NODE, INITIALIZER, OUTPUT, VALUE)]
    return b"".join([*rest, *(message(OUTPUT, text(VALUE_NAME, name)) for name in outputs)])


def signed(network: bytes) -> bytes:
    """Return an ONNX network whose constants of unsigned bytes are signed ones, each less by 128: weights, and the zeros they are
    counted from, so that the same is worked out (core/speech/byte_products.py). Raises ValueError when it is damaged."""
    return b"".join(message(GRAPH, signed_graph(field.content)) if field.number == GRAPH else field.whole for field in fields(network))


def signed_graph(graph: bytes) -> bytes:
    """Return the graph with signed constants."""
    return b"".join(message(INITIALIZER, signed_tensor(part.content)) if part.number == INITIALIZER else part.whole
                    for part in fields(graph))


def signed_tensor(tensor: bytes) -> bytes:
    """Return a constant of unsigned bytes as one of signed bytes, another as it is."""
    parts, kind = list(fields(tensor)), integer(TENSOR_KIND, UNSIGNED)
    if all(part.whole != kind for part in parts):
        return tensor
    if all(part.number != TENSOR_CONTENT for part in parts):
        raise ValueError("a constant's bytes are stored otherwise")
    changed = {TENSOR_KIND: lambda part: integer(TENSOR_KIND, SIGNED),
               TENSOR_CONTENT: lambda part: message(TENSOR_CONTENT, part.content.translate(LESS))}
    return b"".join(changed[part.number](part) if part.number in changed else part.whole for part in parts)


def names(content: bytes, number: int) -> list[str]:
    """Return the texts that a message holds in fields of a number."""
    return [field.content.decode() for field in fields(content) if field.number == number]
