"""Products of bytes: a processor that cuts them off is noticed."""

from typing import Any

import numpy as np
import pytest

from core.errors import PackError
from core.speech import byte_products
from core.speech.byte_products import COLUMNS, LARGEST, LARGEST_WEIGHT, LENGTH, ROWS, are_cut_off


class Processor:
    """A stand-in for the runtime on a processor whose sums of two products end at `most`."""

    most = 0

    def __init__(self, *_given: object, **_options: object) -> None:
        pass

    def run(self, _outputs: None, inputs: dict[str, Any]) -> list[Any]:
        pair = min(2 * int(inputs["rows"][0, 0]) * LARGEST_WEIGHT, self.most)
        return [np.full((ROWS, COLUMNS), LENGTH // 2 * pair)]


@pytest.mark.parametrize(("most", "cut"), [(2 ** 15 - 1, True), (2 ** 31 - 1, False)])
def test_a_processor_that_adds_in_sixteen_bits_is_noticed(monkeypatch: pytest.MonkeyPatch, most: int, cut: bool) -> None:
    monkeypatch.setattr(Processor, "most", most)
    monkeypatch.setattr(byte_products.onnxruntime, "InferenceSession", Processor)
    assert are_cut_off.__wrapped__() is cut


def test_a_runtime_that_cannot_multiply_so_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(byte_products, "product", lambda: b"no network")
    with pytest.raises(PackError, match="cannot multiply whole numbers"):
        are_cut_off.__wrapped__()


def test_the_network_multiplies() -> None:
    session = byte_products.onnxruntime.InferenceSession(byte_products.product(), providers=["CPUExecutionProvider"])
    rows = np.zeros((ROWS, LENGTH), np.uint8)
    rows[:, 0] = np.arange(ROWS)                                # single products fit into 16 bits everywhere
    np.testing.assert_array_equal(session.run(None, {"rows": rows})[0], np.outer(np.arange(ROWS) * LARGEST_WEIGHT, np.ones(COLUMNS)))
    assert 2 * LARGEST * LARGEST_WEIGHT > 2 ** 15 - 1
