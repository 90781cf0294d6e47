"""Reading pickles of plain data, in which corpora are published, without running their programs.

A pickle is a program that calls functions by name. Here it can call only the few in `_ALLOWED`,
which build plain data from checked arguments. NumPy's own functions are not among them: they trust
their arguments, and a crafted dtype would overwrite memory.
"""

import math
import pickle
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from corpora.source.errors import CorpusError

_LEAVES = frozenset((type(None), bool, int, float, complex, str, bytes, bytearray))
_DTYPE = re.compile(r"\?|[bhilqBHILQefdgFD]|[biufcSU][0-9]{1,9}|O[48]?")
_BYTE_ORDERS: Mapping[object, Literal["<", ">"]] = {"<": "<", ">": ">", b"<": "<", b">": ">"}


def load_plain_pickle(path: Path) -> object:
    """Load containers, scalars and NumPy arrays from a pickle of any protocol, Python 2's too.

    Python 2's strings are read as Latin-1: ASCII ids stay what they are.

    Returns:
        What the file holds: builtin containers and scalars, NumPy scalars, and arrays of numbers,
        of strings, or of such objects again. An ordered dict becomes a dict.

    Raises:
        CorpusError: If the file cannot be read, is damaged, or asks for anything else, which is
            never run.
    """
    try:
        with path.open("rb") as file:
            return _finished(_PlainUnpickler(file, encoding="latin1").load(), {})
    except _RefusedError as error:
        raise CorpusError(
            f"'{path}' asks for {error}, which plain data never needs; nothing was run. Choose a "
            "file of dicts, lists, tuples, sets, numbers, strings and NumPy arrays only"
        ) from error
    except OSError as error:
        raise CorpusError(f"'{path}' cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged program may fail in any way
        raise CorpusError(f"'{path}' is damaged, or not a pickle: {error}") from error


class _RefusedError(pickle.UnpicklingError):
    """A file asks for something that is not plain data; the message names it."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in _ALLOWED:
            raise _RefusedError(f"'{module}.{name}'")
        return _Callable(_ALLOWED[module, name])


class _Callable:
    """A function that a pickle may call; it can change neither this object nor the function."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., object]) -> None:
        self._make = make

    def __call__(self, *arguments: object) -> object:
        return self._make(*arguments)

    def __setstate__(self, state: object) -> None:
        raise _RefusedError("a change of a function")


class _Dtype:
    """Stands in for a dtype of numbers, strings or objects; a dtype with fields is refused."""

    __slots__ = ("dtype",)

    def __init__(self, name: object, *_: object) -> None:
        letters = name.decode("latin1") if isinstance(name, bytes) else name
        if not isinstance(letters, str) or not _DTYPE.fullmatch(letters):
            raise _RefusedError(f"an array of dtype {letters!r}")
        self.dtype = np.dtype(letters)

    def __setstate__(self, state: tuple[object, ...]) -> None:
        """Take over (version, byte order, subarray, names, fields, size, ...)."""
        _, byte_order, *inner = state[:5]
        if any(part is not None for part in inner):
            raise _RefusedError("an array with fields")
        if byte_order in _BYTE_ORDERS:
            self.dtype = self.dtype.newbyteorder(_BYTE_ORDERS[byte_order])


class _Array:
    """Stands in for an array; `_finished` puts the array in its place."""

    __slots__ = ("array",)
    # A file must not use it as a key: a key cannot be replaced. mypy knows no such classes.
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *_: object) -> None:
        self.array: NDArray[np.generic] | None = None

    def __setstate__(self, state: tuple[object, ...]) -> None:
        """Take over (version, shape, dtype, Fortran order, content)."""
        shape, dtype, is_fortran, content = state[-4:]
        self.array = _array(content, dtype, shape, "F" if is_fortran else "C")


def _array(content: object, dtype: object, shape: object, order: object) -> NDArray[np.generic]:
    if not isinstance(dtype, _Dtype) or not isinstance(shape, tuple) or order not in ("C", "F"):
        raise pickle.UnpicklingError("an array lacks its dtype, shape or order")
    if dtype.dtype.kind == "O":
        if not isinstance(content, list):
            raise _RefusedError("objects made of bytes")
        return _objects(content, shape)
    buffer = content.encode("latin1") if isinstance(content, str) else content
    if not isinstance(buffer, bytes | bytearray):
        raise pickle.UnpicklingError("an array lacks its content")
    if len(buffer) != math.prod(shape) * dtype.dtype.itemsize:
        raise pickle.UnpicklingError(f"{len(buffer)} bytes for {dtype.dtype} of shape {shape}")
    array = np.ndarray(shape, dtype.dtype, buffer, order="F" if order == "F" else "C")
    return array if array.flags.writeable else array.copy(order="K")


def _objects(items: Sequence[object], shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Make an array of objects, which are listed row by row, whatever the array's own order was."""
    return np.fromiter(items, dtype=object, count=len(items)).reshape(shape)


def _scalar(dtype: object, content: object = None) -> object:
    if isinstance(dtype, _Dtype) and dtype.dtype.kind == "O":
        raise _RefusedError("a scalar of dtype 'O'")
    return _array(content, dtype, (), "C")[()]


def _encode(text: object, encoding: object) -> bytes:
    """Return the bytes that old protocols store as a Latin-1 string; no other codec is run."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _RefusedError(f"the codec {encoding!r}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


_BUILTINS = ("builtins", "__builtin__")
_ALLOWED: dict[tuple[str, str], Callable[..., object]] = {
    **{(module, "set"): set for module in _BUILTINS},
    **{(module, "frozenset"): frozenset for module in _BUILTINS},
    **{(module, "complex"): complex for module in _BUILTINS},
    **{(module, "bytes"): _no_bytes for module in _BUILTINS},
    ("collections", "OrderedDict"): dict,
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _Array,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _array for core in ("core", "_core")},
}
"""What a pickle may call, by the name in the pickle; Python 2 and NumPy 1 have other names."""


def _finished(value: object, seen: dict[int, tuple[object, object]]) -> object:
    """Put the arrays in their places, and refuse everything that is not plain data.

    Args:
        value: What to finish; lists, dicts and object arrays are changed in place.
        seen: What was finished before, by the id of the original. It keeps the originals alive.
    """
    if type(value) in _LEAVES or isinstance(value, np.generic):
        return value
    if isinstance(value, _Array):
        if value.array is None:
            raise pickle.UnpicklingError("an array lacks its content")
        value = value.array
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return value
    if id(value) not in seen:
        if not isinstance(value, tuple):
            seen[id(value)] = (value, value)
        seen[id(value)] = (value, _finished_container(value, seen))
    return seen[id(value)][1]


def _finished_container(value: object, seen: dict[int, tuple[object, object]]) -> object:
    if isinstance(value, tuple):
        return tuple(_finished(item, seen) for item in value)
    if isinstance(value, list):
        if not _LEAVES.issuperset(map(type, value)):
            value[:] = [_finished(item, seen) for item in value]
    elif isinstance(value, dict):
        for key, item in value.items():
            _finished(key, seen)
            value[key] = _finished(item, seen)
    elif isinstance(value, set | frozenset):
        for item in value:
            _finished(item, seen)
    elif isinstance(value, np.ndarray):
        value[...] = _objects([_finished(item, seen) for item in value.flat], value.shape)
    else:
        raise _RefusedError("a function or dtype as data")
    return value
