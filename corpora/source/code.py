"""The digest of source code by its content: comments, docstrings and blank lines do not count."""

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import corpora

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
            texts[module], imported = _read(path.read_text(encoding="utf-8"))
            pending += filter(follows, imported)
    every = "".join(f"{module}\n{texts[module]}\n" for module in sorted(texts))
    return hashlib.sha256(every.encode()).hexdigest()[:NUM_DIGITS]


def modules_of(package: str) -> Iterator[str]:
    """Name the modules of a package, without those of its sub-packages."""
    folder = ROOT.joinpath(*package.split("."))
    return (f"{package}.{path.stem}" for path in folder.glob("*.py"))


@cache
def _read(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a module's text without what does not count, and the names that it imports."""
    tree = ast.parse(text)
    docstrings = {n for node in ast.walk(tree) for n in _lines_of_text(node)}
    counted = (
        line.rstrip()
        for number, line in enumerate(text.splitlines(), start=1)
        if number not in docstrings and line.strip() and not line.lstrip().startswith("#")
    )
    return "\n".join(counted), tuple(_imported(tree))


def _lines_of_text(node: ast.AST) -> range:
    """Number the lines of a statement that is only a text: a docstring."""
    match node:
        case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=int(last)):
            return range(first, last + 1)
    return range(0)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
