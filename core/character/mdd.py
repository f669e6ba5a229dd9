"""Point cache of LightWave's Motion Designer (.mdd): where each vertex of one mesh is on each frame (docs/export.md)."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np

from ..files import write_atomically
from ..types import Floats


def write_mdd(path: Path, frames: Iterable[Floats], *, shape: tuple[int, int], fps: float) -> None:
    """Write the vertices (V, 3), metres, of frame after frame, from second 0 on; shape: T frames and V vertices.

    Raises JobError when the file cannot be written.
    """
    def write(file: IO[bytes]) -> None:
        file.write(np.array(shape, ">i4").tobytes() + (np.arange(shape[0]) / fps).astype(">f4").tobytes())
        for vertices in frames:
            file.write(vertices.astype(">f4").tobytes())
    write_atomically(path, write)
