"""Samples and rows of features of any number in bounded memory: few stay there, many lie in a temporary file."""

from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Protocol

import numpy as np

from .types import Floats

IN_MEMORY = 8 << 20             # bytes: two minutes of samples at 16 kHz
ITEM = 4                        # bytes of a float32


class Samples(Protocol):
    """What can be sliced like an array of floats (N,) or (N, W): an array, or a Spool; a slice of it is an array."""

    def __len__(self) -> int:
        """Return N."""
        ...

    def __getitem__(self, part: slice, /) -> Floats:
        """Return a part."""
        ...


class Spool:
    """Numbers (N,), or rows (N, W), of float32 that are appended once and read in slices."""

    def __init__(self, width: int = 0) -> None:
        """width: W, 0 for numbers."""
        self._file = SpooledTemporaryFile(IN_MEMORY)        # noqa: SIM115 -- it goes with this object
        self._shape = (width,) if width else ()
        self._row = ITEM * max(width, 1)
        self._count = 0

    def append(self, values: Floats) -> None:
        """Add values (M,) or (M, W) at the end."""
        self._file.seek(self._count * self._row)
        self._file.write(np.ascontiguousarray(values, np.float32).tobytes())
        self._count += len(values)

    def __del__(self) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: slice, /) -> Floats:
        first, last, step = part.indices(self._count)
        if step != 1:
            raise ValueError("a spool is read in one go, without steps")
        self._file.seek(first * self._row)
        content = self._file.read(max(last - first, 0) * self._row)
        return np.frombuffer(content, np.float32).reshape(-1, *self._shape)


@dataclass(frozen=True)
class Scaled:
    """Samples (N,) times a factor; nothing is multiplied before it is sliced."""

    samples: Samples
    factor: np.float32

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, part: slice, /) -> Floats:
        return np.asarray(self.samples[part] * self.factor, np.float32)


@dataclass(frozen=True)
class Recording:
    """A recording as AudioClip is one, of any length: samples (N,) in [-1, 1]; rate: Hz; warnings: for the user."""

    samples: Samples
    rate: int
    warnings: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate


def stretch(samples: Samples, first: int, last: int) -> Floats:
    """Return samples `first` to `last` (without it), silence where there are none."""
    result = np.zeros(max(last - first, 0), np.float32)
    known = samples[max(first, 0):max(last, 0)]
    begin = max(-first, 0)
    result[begin:begin + len(known)] = known
    return result
