"""Weights of another project's torch checkpoint, without executing anything that it names.

torch.load reads weights alone only where a file holds nothing else; published checkpoints often hold their configuration as objects of
the packages they were trained with. Here tensors are read, and whatever else is named is answered with a class that does nothing.
The layout is that of torch.save since 1.6: a zip of one pickle (data.pkl) and a file for each storage (data/KEY).
"""

import io
import pickle
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.files import UNREADABLE

LARGEST_PICKLE = 64 << 20       # bytes: names and shapes only
KINDS: dict[str, tuple[str, int]] = {
    "FloatStorage": ("<f4", 4), "DoubleStorage": ("<f8", 8), "HalfStorage": ("<f2", 2), "BFloat16Storage": ("<u2", 2),
    "LongStorage": ("<i8", 8), "IntStorage": ("<i4", 4), "BoolStorage": ("?", 1)}
WRAPPINGS = ("state_dict", "model_state_dict", "model")         # under which trainers put the weights
Weights = dict[str, NDArray[np.float32]]


class Ignored:
    """Stands for any object that is no tensor; takes everything, does nothing."""

    def __init__(self, *arguments: object, **named: object) -> None:
        """Take whatever comes."""

    def __call__(self, *arguments: object, **named: object) -> "Ignored":
        """Do nothing."""
        return self

    def __setstate__(self, state: object) -> None:
        """Keep nothing."""

    def __setitem__(self, key: object, value: object) -> None:
        """Keep nothing."""

    def append(self, value: object) -> None:
        """Keep nothing."""

    def extend(self, values: object) -> None:
        """Keep nothing."""


class Named(dict[Any, Any]):
    """Stands for an OrderedDict; a module's has versions of its parts as a state, which are not needed."""

    def __setstate__(self, state: object) -> None:
        """Keep nothing."""


@dataclass(frozen=True)
class StorageKind:
    """What a pickle names as the type of a storage; of those that are not in KINDS nothing is read."""

    name: str


def tensor(storage: NDArray[Any] | Ignored, offset: int, size: tuple[int, ...], stride: tuple[int, ...],
           *rest: object) -> NDArray[Any] | Ignored:
    """Return a tensor's values, if they are read; raise ValueError when they would lie outside of its storage."""
    if isinstance(storage, Ignored):
        return storage
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if min((offset, *size, *stride), default=0) < 0 or prod(size) > len(storage) or (0 not in size and last >= len(storage)):
        raise ValueError(f"a tensor of shape {size} is larger than its storage")
    strides = tuple(step * storage.itemsize for step in stride)
    return np.ascontiguousarray(np.lib.stride_tricks.as_strided(storage[offset:], size, strides, writeable=False))


def parameter(values: NDArray[Any] | Ignored, *rest: object) -> NDArray[Any] | Ignored:
    """Return a parameter's values."""
    return values


NAMED = {("torch._utils", "_rebuild_tensor_v2"): tensor, ("torch._utils", "_rebuild_parameter"): parameter,
         ("collections", "OrderedDict"): Named}


class Reader(pickle.Unpickler):
    """Reads data.pkl of an archive."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{folder}data.pkl")))
        self.archive, self.folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        """Return what makes a tensor, or a class that does nothing."""
        if module in ("torch", "torch.storage") and name.endswith("Storage"):
            return StorageKind(name)
        return NAMED.get((module, name), Ignored)

    def persistent_load(self, pid: Any) -> NDArray[Any] | Ignored:
        """Return a storage, if its kind is read; raise UnpicklingError when the archive holds none such or one of another length."""
        if not isinstance(pid, tuple) or len(pid) < 5 or not isinstance(pid[1], StorageKind) or not str(pid[2]).isalnum():
            raise pickle.UnpicklingError("a storage of an unknown form")
        if pid[1].name not in KINDS:
            return Ignored()
        kind, size = KINDS[pid[1].name]
        inside = self.archive.getinfo(f"{self.folder}data/{pid[2]}")
        if inside.file_size != int(pid[4]) * size or inside.compress_type != zipfile.ZIP_STORED:     # torch never compresses
            raise pickle.UnpicklingError(f"storage {pid[2]} holds {inside.file_size} bytes or is compressed; "
                                         f"{int(pid[4]) * size} are expected")
        values = np.frombuffer(self.archive.read(inside), kind)
        return (values.astype(np.uint32) << 16).view(np.float32) if pid[1].name == "BFloat16Storage" else values


def read_weights(path: Path) -> Weights:
    """Return the tensors of floating point of a checkpoint, by name, in single precision.

    Raises InputError when the file is missing, damaged, written by torch before 1.6, or holds no weights.
    """
    advice = "choose the checkpoint as it was downloaded"
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl"]
            if len(inside) != 1 or archive.getinfo(inside[0]).file_size > LARGEST_PICKLE:
                raise InputError("the file is no checkpoint of torch", path, advice)
            values = Reader(archive, inside[0].removesuffix("data.pkl")).load()
    except (*UNREADABLE, zipfile.BadZipFile, pickle.UnpicklingError, AttributeError, IndexError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise InputError(f"the checkpoint is missing or damaged ({reason})", path, advice) from error
    for name in WRAPPINGS:
        values = values[name] if isinstance(values, dict) and isinstance(values.get(name), dict) else values
    found = {str(name): np.asarray(value, np.float32) for name, value in values.items()
             if isinstance(value, np.ndarray) and value.dtype.kind == "f"} if isinstance(values, dict) else {}
    if not found:
        raise InputError("the checkpoint holds no weights", path, advice)
    return found
