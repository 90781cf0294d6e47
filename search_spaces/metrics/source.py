"""The source text of a user's function: its file and its digest."""

import hashlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

NUM_DIGITS = 16

PLAIN = (bool, int, float, str, bytes, tuple, frozenset, type(None))
"""The types of constants whose values are part of the digest."""


def file_of_function(function: Callable[..., Any]) -> str:
    """Name the file, without its folder, in which a function is written.

    Raises:
        ValueError: If it is not written in a Python file.
    """
    return Path(_check(function).__code__.co_filename).name


def digest_of_function(function: Callable[..., Any]) -> str:
    """Hash the source text of a function, of functions beside it, and constants that it reads.

    What it imports from other files is not hashed.

    Raises:
        ValueError: If the source text cannot be read.
    """
    texts: dict[str, str] = {}
    _collect(_check(function), texts)
    every = "".join(f"{name}\n{text}\n" for name, text in sorted(texts.items()))
    return hashlib.sha256(every.encode()).hexdigest()[:NUM_DIGITS]


def _check(function: Callable[..., Any]) -> FunctionType:
    if not isinstance(function, FunctionType):
        raise ValueError(
            f"compute is {function!r}, which has no source text; give a function that is written "
            "in the study file with `def`"
        )
    return function


def _collect(function: FunctionType, texts: dict[str, str]) -> None:
    name = function.__qualname__
    if name in texts:
        return
    try:
        texts[name] = inspect.getsource(function)
    except OSError as error:
        raise ValueError(
            f"the source text of the function '{name}' cannot be read: {error}; write it in the "
            "study file"
        ) from error
    for used in _names_in(function.__code__):
        value = function.__globals__.get(used)
        if isinstance(value, FunctionType) and value.__module__ == function.__module__:
            _collect(value, texts)
        elif isinstance(value, PLAIN) and used in function.__globals__:
            texts[used] = repr(value)


def _names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that a function and the functions within it read."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)
