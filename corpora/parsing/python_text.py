"""Reads Python source: the text that counts in a digest, and the names that it imports."""

import ast
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple


class PythonText(NamedTuple):
    """The text of a module without what does not count, and the names that it imports.

    `imported` holds `a.b` and `a.b.c` for `from a.b import c`, which may be a module or not.
    """

    counted: str
    imported: tuple[str, ...]


@cache
def read_python(text: str, package: str = "") -> PythonText:
    """Parse the source of a module; comments, docstrings and blank lines do not count.

    Args:
        text: The source.
        package: The package that the module lies in, for imports such as `from . import layers`.

    Raises:
        SyntaxError: If it is not Python.
    """
    tree = ast.parse(text)
    docstrings = {n for node in ast.walk(tree) for n in _lines_of_text(node)}
    counted = (
        line.rstrip()
        for number, line in enumerate(text.splitlines(), start=1)
        if number not in docstrings and line.strip() and not line.lstrip().startswith("#")
    )
    return PythonText("\n".join(counted), tuple(_imported(tree, package)))


def _lines_of_text(node: ast.AST) -> range:
    """Number the lines of a statement that is only a text: a docstring."""
    match node:
        case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=int(last)):
            return range(first, last + 1)
    return range(0)


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module, names=names, level=level):
                parents = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                name = ".".join([*parents, *([module] if module else [])])
                yield name
                yield from (f"{name}.{alias.name}" for alias in names)
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
