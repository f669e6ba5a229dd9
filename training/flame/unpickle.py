"""Pickles of FLAME and VOCASET as plain values, without executing anything that they name.

A pickle may call whatever it can import. Here it can import nothing: the few names that such files need (numpy arrays, sparse matrices
of scipy, variables of chumpy, sets) are answered with classes of this module that only hold data. Any other name ends the reading.
"""

import io
import math
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

LARGEST = 8 << 30               # bytes of a file; VOCASET's recordings are the largest
MOST_VALUES = 1 << 31           # of an array
DTYPE = re.compile(r"[<>|=]?([bifu][1248]|O8?|\?)|[US]\d{1,6}")
NPY_OBJECT = re.compile(rb"'descr': '\|O'")
DAMAGE = (pickle.UnpicklingError, AttributeError, EOFError, ImportError, IndexError, KeyError, TypeError, ValueError, OverflowError,
          MemoryError, RecursionError, UnicodeError)


class Data:
    """Holds what a pickle says of an object; calls nothing."""

    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __init__(self, *arguments: Any) -> None:
        """Keep the arguments."""
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        """Keep the state."""
        self.state = state


class StoredDtype(Data):
    """numpy.dtype."""

    def dtype(self) -> np.dtype[Any]:
        """Return it; raise ValueError for one that is not of plain values."""
        name = str(self.arguments[0])
        if not DTYPE.fullmatch(name):
            raise ValueError(f"arrays of {name!r} are not read")
        order = self.state[1] if isinstance(self.state, tuple) and len(self.state) > 1 else "="
        return np.dtype(name).newbyteorder(">" if order == ">" else "<" if order == "<" else "=")


class StoredArray(Data):
    """What numpy's _reconstruct begins: state is version, shape, dtype, whether columns come first, and the content."""

    def array(self) -> NDArray[Any]:
        """Return the array; raise ValueError when shape and content do not agree."""
        if not isinstance(self.state, tuple) or len(self.state) != 5 or not isinstance(self.state[2], StoredDtype):
            raise ValueError("an array is incomplete")
        _, shape, stored, columns, content = self.state
        dtype, shape = stored.dtype(), tuple(map(int, shape))
        count = math.prod(shape)
        if min(shape, default=0) < 0 or count > MOST_VALUES:
            raise ValueError(f"an array has shape {shape}")
        if dtype.hasobject:
            return objects(content, shape)
        raw = content.encode("latin1") if isinstance(content, str) else bytes(content)
        if len(raw) != count * dtype.itemsize:
            raise ValueError(f"an array of shape {shape} holds {len(raw)} bytes")
        return np.frombuffer(raw, dtype).reshape(shape, order="F" if columns else "C")


class StoredMatrix(Data):
    """A compressed sparse column matrix of scipy."""

    def array(self) -> NDArray[np.float64]:
        """Return it as a full array; raise ValueError when its parts do not agree."""
        parts = {str(name): plain(value) for name, value in self.state.items()}
        rows, columns = parts.get("_shape", parts.get("shape", (0, 0)))
        starts, places = np.asarray(parts["indptr"], np.int64), np.asarray(parts["indices"], np.int64)
        if not 0 < rows * columns < MOST_VALUES or len(starts) != columns + 1 or len(places) != len(parts["data"]):
            raise ValueError("a sparse matrix does not fit together")
        result = np.zeros((int(rows), int(columns)))
        np.add.at(result, (places, np.repeat(np.arange(columns), np.diff(starts))), parts["data"])
        return result


class StoredVariable(Data):
    """A variable of chumpy, whose value is its state's x."""

    def array(self) -> NDArray[Any]:
        """Return its value."""
        return np.asarray(plain(self.state["x"]))


class Encoded(Data):
    """_codecs.encode, by which Python 3 writes bytes for Python 2, and bytes, which it calls for none."""

    def __new__(cls, *arguments: Any) -> Any:
        """Return the bytes; raise ValueError for anything but text in Latin-1."""
        if arguments == ():
            return b""
        if len(arguments) != 2 or not isinstance(arguments[0], str) or arguments[1] not in ("latin1", "latin-1"):
            raise ValueError("bytes are written in an unknown way")
        return arguments[0].encode("latin1")


class Begun(Data):
    """copyreg._reconstructor, which begins an object of a class: only one of these."""

    def __new__(cls, *arguments: Any) -> Any:
        """Return an object of the class named first; raise ValueError unless it is one of ours."""
        kind = arguments[0] if arguments else None
        if not (isinstance(kind, type) and issubclass(kind, Data)) or kind is Begun:
            raise ValueError("an object of an unknown class")
        return kind()


class Anything(Data):
    """What is looked at no further: builtins.object, which names a base class, and tensors of torch, which DECA's landmarks hold."""


ALLOWED: dict[tuple[str, str], type] = {
    **{(module, "_reconstruct"): StoredArray for module in ("numpy.core.multiarray", "numpy._core.multiarray")},
    ("numpy", "ndarray"): StoredArray, ("numpy", "dtype"): StoredDtype,
    **{(module, name): StoredMatrix for module in ("scipy.sparse.csc", "scipy.sparse._csc", "scipy.sparse")
       for name in ("csc_matrix", "csc_array")},
    ("chumpy.ch", "Ch"): StoredVariable, ("chumpy", "Ch"): StoredVariable, ("_codecs", "encode"): Encoded,
    ("copy_reg", "_reconstructor"): Begun, ("copyreg", "_reconstructor"): Begun,
    **{(module, name): kind for module in ("__builtin__", "builtins")
       for name, kind in (("object", Anything), ("set", set), ("bytes", Encoded))},
    **dict.fromkeys((("torch._utils", "_rebuild_tensor_v2"), ("torch.storage", "_load_from_bytes")), Anything),
    ("collections", "OrderedDict"): dict}


class Unpickler(pickle.Unpickler):
    """Reads pickles that name nothing but ALLOWED."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for a name; raise UnpicklingError for any other."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which such files do not need")
        return ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """Refuse what lies outside the file."""
        raise pickle.UnpicklingError("it refers to something outside the file")


def objects(content: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return an array of objects from the list of them; raise ValueError when there are not as many as the shape says."""
    if not isinstance(content, list) or len(content) != math.prod(shape):
        raise ValueError("an array of objects does not fit its shape")
    result = np.empty(len(content), object)
    for index, value in enumerate(content):
        result[index] = value
    return result.reshape(shape)


def plain(value: Any, known: dict[int, Any] | None = None) -> Any:
    """Return a value with arrays in place of what stood in for them; a value that is met twice is made once."""
    known = {} if known is None else known
    if id(value) in known:
        return known[id(value)]
    if isinstance(value, StoredArray | StoredMatrix | StoredVariable):
        result: Any = value.array()
        if result.dtype.hasobject:
            made = [plain(one, known) for one in result.ravel()]
            result = made[0] if result.ndim == 0 else made
    elif isinstance(value, dict):
        result = {str(name): plain(one, known) for name, one in value.items()}
    elif isinstance(value, list | tuple):
        result = type(value)(plain(one, known) for one in value)
    else:
        result = value
    known[id(value)] = result
    return result


def read_pickle(path: Path, what: str) -> dict[str, Any]:
    """Return the dictionary in a pickle, or in an .npy that wraps one, as plain values; what: the file should be, for the message.

    Raises InputError when it is missing, damaged, too large, or names anything but plain data.
    """
    advice = f"choose the {what} as it was downloaded"
    try:
        if path.stat().st_size > LARGEST:
            raise InputError("the file is larger than any such file", path, advice)
        with path.open("rb") as file:
            if file.read(6) == b"\x93NUMPY":
                skip_header(file)
            else:
                file.seek(0)
            values = plain(Unpickler(file, encoding="latin1").load())
    except OSError as error:
        raise InputError(f"there is no {what} that can be read", path, advice) from error
    except DAMAGE as error:
        raise InputError(f"the {what} is damaged or not to be trusted ({str(error)[:120]})", path, advice) from error
    if not isinstance(values, dict):
        raise InputError(f"the {what} holds no dictionary", path, advice)
    return values


def skip_header(file: io.BufferedReader) -> None:
    """Go past the header of an .npy, whose first six bytes are read; raise ValueError unless it holds objects."""
    major = file.read(2)[0]
    size = int.from_bytes(file.read(2 if major == 1 else 4), "little")
    if size > 1 << 16 or not NPY_OBJECT.search(file.read(size)):
        raise ValueError("the .npy holds no dictionary")


def wanted(values: dict[str, Any], name: str, shape: tuple[int | None, ...], *, path: Path, what: str) -> NDArray[Any]:
    """Return the array of that name; None in the shape stands for any length. Raises InputError when it is missing or differs."""
    found = np.asarray(values.get(name)) if name in values else None
    if found is None or found.ndim != len(shape) or found.dtype.kind not in "biuf" or any(
            length not in (None, have) for length, have in zip(shape, found.shape, strict=False)):
        told = "is missing" if found is None else f"has shape {found.shape}, not {tuple('any' if n is None else n for n in shape)}"
        raise InputError(f"{name} of the {what} {told}", path, f"choose the {what} as it was downloaded")
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        raise InputError(f"{name} of the {what} holds values that are not finite", path, f"download the {what} again")
    return found
