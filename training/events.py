"""Scalars for TensorBoard: event files as TensorFlow writes them (records of Protocol Buffers with masked CRC-32C)."""

import struct
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from core.protobuf import EIGHT_BYTES, FOUR_BYTES, integer, key, message, text

POLYNOMIAL, MASK = 0x82F63B78, 0xA282EAD8


class Events:
    """Appends scalars to one file; each record is whole or, if the run was cut off, ignored by TensorBoard."""

    def __init__(self, folder: Path, *, now: float | None = None) -> None:
        """Begin a file in the folder; now: seconds since 1970, of its name."""
        self.begun = time.time() if now is None else now
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"events.out.tfevents.{int(self.begun)}.ecavatar"
        if not self.path.exists():
            self.write(event(self.begun, 0) + message(3, b"brain.Event:2"))

    def scalars(self, step: int, values: Mapping[str, float], *, now: float | None = None) -> None:
        """Append values by name at a step."""
        summary = b"".join(message(1, text(1, name) + key(2, FOUR_BYTES) + struct.pack("<f", value))
                           for name, value in values.items())
        self.write(event(time.time() if now is None else now, step) + message(5, summary))

    def write(self, content: bytes) -> None:
        """Append a record."""
        length = struct.pack("<Q", len(content))
        with self.path.open("ab") as file:
            file.write(length + struct.pack("<I", masked(length)) + content + struct.pack("<I", masked(content)))


def event(seconds: float, step: int) -> bytes:
    """Return the fields of an event that all have: wall time and step."""
    return key(1, EIGHT_BYTES) + struct.pack("<d", seconds) + integer(2, step)


@cache
def table() -> tuple[int, ...]:
    """Return the remainders of all bytes."""
    rows = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


def masked(content: bytes) -> int:
    """Return the masked CRC-32C (Castagnoli) of a record."""
    rest, rows = 0xFFFFFFFF, table()
    for byte in content:
        rest = rest >> 8 ^ rows[(rest ^ byte) & 255]
    rest ^= 0xFFFFFFFF
    return ((rest >> 15 | rest << 17) + MASK) & 0xFFFFFFFF
