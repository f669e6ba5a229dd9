"""Messages of the worker: one JSON object a line on stdout; everything else goes to stderr.

Kinds: status {text}, progress {stage, fraction}, warning {text}, error {text}, done {ok, manifest}. done is last.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["status", "progress", "warning", "error", "done"]
KINDS: tuple[Kind, ...] = ("status", "progress", "warning", "error", "done")


@dataclass(frozen=True)
class Message:
    """One line of the protocol; the fields a kind does not use stay at their defaults."""

    kind: Kind
    text: str = ""
    stage: str = ""
    fraction: float = 0.0
    ok: bool = False
    manifest: str = ""

    def line(self) -> str:
        """Return the message as one line of JSON, ASCII only."""
        filled = {name: value for name, value in asdict(self).items() if value != "" or name == "kind"}
        return json.dumps(filled) + "\n"


Report = Callable[[Message], None]


def parse(line: str) -> Message | None:
    """Read one line; None when it is not a message of this protocol (a library printed it)."""
    try:
        values: Any = json.loads(line)
    except ValueError:
        return None
    if not isinstance(values, dict) or values.get("kind") not in KINDS:
        return None
    fields = {name: values[name] for name in Message.__dataclass_fields__ if name in values}
    message = Message(**fields)
    valid = (isinstance(message.text, str) and isinstance(message.stage, str) and isinstance(message.manifest, str)
             and isinstance(message.fraction, int | float) and isinstance(message.ok, bool))
    return message if valid else None


def write(message: Message) -> None:
    """Report by printing on stdout at once."""
    sys.stdout.write(message.line())
    sys.stdout.flush()


def silent(message: Message) -> None:
    """Report to nobody."""


def progress(report: Report, stage: str) -> Callable[[float], None]:
    """Return a function that reports a fraction of `stage`, held within 0..1."""
    def tick(fraction: float) -> None:
        report(Message("progress", stage=stage, fraction=round(min(max(fraction, 0.0), 1.0), 4)))
    return tick
