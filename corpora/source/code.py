"""The digest of source code by its content: comments, docstrings and blank lines do not count."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import corpora
from corpora.parsing.python_text import read_python

ROOT = Path(corpora.__file__).resolve().parent.parent
"""The folder that holds our packages."""

NUM_DIGITS = 16


def digest_of_code(roots: Iterable[str], follows: Callable[[str], bool]) -> str:
    """Hash modules, and those that they import.

    Args:
        roots: The names of the modules to begin with.
        follows: Whether a module by its name belongs to what is hashed; imports of others are not
            followed.
    """
    pending = [module for module in roots if follows(module)]
    texts: dict[str, str] = {}
    while pending:
        module = pending.pop()
        path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
        if module not in texts and path.is_file():
            read = read_python(path.read_text(encoding="utf-8"))
            texts[module] = read.counted
            pending += filter(follows, read.imported)
    every = "".join(f"{module}\n{texts[module]}\n" for module in sorted(texts))
    return hashlib.sha256(every.encode()).hexdigest()[:NUM_DIGITS]


def modules_of(package: str) -> Iterator[str]:
    """Name the modules of a package, without those of its sub-packages."""
    folder = ROOT.joinpath(*package.split("."))
    return (f"{package}.{path.stem}" for path in folder.glob("*.py"))
