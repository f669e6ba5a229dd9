"""Networks cut short: what is left says the same, and damage is told."""

import numpy as np
import onnxruntime
import pytest

from building.onnx_file import FLOAT, UINT8, Graph
from core.protobuf import cut_short, fields, message, signed


def chain() -> bytes:
    """Return a network that doubles, then adds three, then adds a vector, and beside it one that is not asked for."""
    graph = Graph()
    graph.floats("two", 2.0)
    graph.floats("three", 3.0)
    graph.floats("vector", *map(float, range(200)))
    graph.node("Mul", ["in", "two"], "doubled")
    graph.node("Add", ["doubled", "three"], "middle")
    graph.node("Exp", ["doubled"], "beside")
    graph.node("Add", ["middle", "vector"], "end")
    return graph.model({"in": (1, "count")}, {"end": (1, "count"), "beside": (1, "count")}, {"ecavatar": "{}"})


def run(content: bytes, outputs: list[str]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_outputs()] == outputs
    return session.run(None, {"in": np.arange(200, dtype=np.float32)[None]})


def test_a_network_that_is_cut_short_gives_its_middle_and_is_smaller() -> None:
    content = chain()
    cut = cut_short(content, ["middle", "doubled"])
    middle, doubled = run(cut, ["middle", "doubled"])
    np.testing.assert_array_equal(doubled[0], 2 * np.arange(200))
    np.testing.assert_array_equal(middle, doubled + 3)
    assert len(cut) < len(content) - 800                        # the vector of 200 numbers, and what adds it
    assert b"Exp" not in cut and b"ecavatar" in cut
    np.testing.assert_array_equal(run(cut_short(content, ["end"]), ["end"])[0][0], 3 * np.arange(200) + 3)


def test_a_value_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="nothing"):
        cut_short(chain(), ["middle", "nothing"])


def test_fields_are_read_as_they_were_written() -> None:
    parts = [message(3, b"x" * 300), message(1, b""), b"\x10\x96\x01", b"\x25abcd", b"\x29abcdefgh"]
    found = list(fields(b"".join(parts)))
    assert [field.whole for field in found] == parts
    assert [(field.number, field.content) for field in found] == [(3, b"x" * 300), (1, b""), (2, b""), (4, b""), (5, b"")]


@pytest.mark.parametrize("content", [b"\x1a\x05ab", b"\x10", b"\x10" + b"\xff" * 11, b"\x25ab", b"\x1b", b"\x80"])
def test_a_message_that_is_damaged_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="ends too early|does not end|of kind"):
        list(fields(content))


def test_signed_weights_say_the_same() -> None:
    rng, graph = np.random.default_rng(0), Graph()
    weights = rng.integers(65, 192, (200, 5), np.uint8)                 # signed they have 7 bits, which no processor cuts off
    graph.constant("weights", UINT8, weights.shape, weights.tobytes())
    graph.constant("zero", UINT8, (), bytes([121]))
    graph.node("DynamicQuantizeLinear", ["in"], ["whole", "step", "middle"])
    graph.node("MatMulInteger", ["whole", "weights", "middle", "zero"], "sum")
    graph.node("Cast", ["sum"], "end", to=FLOAT)
    plain = graph.model({"in": (1, 200)}, {"end": (1, 5)}, {})
    changed = signed(plain)
    assert changed != plain and signed(changed) == changed and signed(chain()) == chain()
    np.testing.assert_array_equal(run(changed, ["end"])[0], run(plain, ["end"])[0])


def test_weights_that_are_stored_otherwise_are_refused() -> None:
    tensor = b"\x10\x02" + message(8, b"weights") + message(5, b"\x07")              # one whole number, as varints
    with pytest.raises(ValueError, match="stored otherwise"):
        signed(message(7, message(5, tensor)))
