"""The worker's protocol survives a round trip and strangers' lines."""

import pytest

from core.messages import Message, parse, progress


@pytest.mark.parametrize("message", [
    Message("status", text="starting"),
    Message("progress", stage="head", fraction=0.25),
    Message("warning", text="Größe\nzwei Zeilen"),
    Message("done", ok=True, manifest="/tmp/ä b/manifest.json"),
])
def test_a_message_is_one_ascii_line_and_comes_back(message):
    line = message.line()
    assert line.isascii() and line.count("\n") == 1 and line.endswith("\n")
    assert parse(line) == message


@pytest.mark.parametrize("line", [
    "", "INFO: Created TensorFlow Lite XNNPACK delegate", "[1]", "{}", '{"kind": "other"}',
    '{"kind": "progress", "stage": 3}', '{"kind": "progress", "fraction": "half"}', '{"kind": "error", "text": null}',
])
def test_lines_of_others_are_not_messages(line):
    assert parse(line) is None


def test_progress_bounds_the_fraction():
    said = []
    tick = progress(said.append, "speech")
    for fraction in (-1.0, 0.5, 7.0):
        tick(fraction)
    assert [message.fraction for message in said] == [0.0, 0.5, 1.0]
