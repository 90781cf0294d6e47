"""Reads Python source: the text that counts in a digest, and the names that it imports."""

import ast
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple


class PythonText(NamedTuple):
    """The text of a module without what does not count, and the names that it imports.

    `imported` holds `a.b` and `a.b.c` for `from a.b import c`, which may be a module or not;
    `imported_late` those of them that functions import.
    """

    counted: str
    imported: tuple[str, ...]
    imported_late: tuple[str, ...] = ()


@cache
def read_python(text: str, package: str = "") -> PythonText:
    """Parse the source of a module.

    Docstrings, blank lines, and comments on lines of their own do not count.

    Args:
        text: The source.
        package: The package that the module lies in, for imports such as `from . import layers`.

    Raises:
        SyntaxError: If it is not Python.
    """
    tree = ast.parse(text)
    lines = text.replace("\r\n", "\n").split("\n")
    docstrings = {n for node in ast.walk(tree) for n in _lines_of_docstring(node, lines)}
    in_texts = {n for node in ast.walk(tree) for n in _lines_within_text(node)} - docstrings
    counted = (
        line if number in in_texts else line.rstrip()
        for number, line in enumerate(lines, start=1)
        if number in in_texts or (number not in docstrings and _counts(line))
    )
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    late = (name for function in functions for name in _imported(function, package))
    return PythonText("\n".join(counted), tuple(_imported(tree, package)), tuple(late))


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _lines_of_docstring(node: ast.AST, lines: list[str]) -> range:
    """Number the lines of a statement that is only a text, if nothing else stands on them."""
    match node:
        case ast.Expr(
            value=ast.Constant(value=str()),
            lineno=first,
            end_lineno=int(last),
            col_offset=start,
            end_col_offset=int(end),
        ):
            before = lines[first - 1].encode()[:start].strip()
            after = lines[last - 1].encode()[end:].strip()
            if not before and (not after or after.startswith(b"#")):
                return range(first, last + 1)
    return range(0)


def _lines_within_text(node: ast.AST) -> range:
    """Number the lines of a text of several lines, but for the first."""
    match node:
        case ast.Constant(value=str() | bytes(), lineno=first, end_lineno=int(last)):
            return range(first + 1, last + 1)
        case ast.JoinedStr(lineno=first, end_lineno=int(last)):
            return range(first + 1, last + 1)
    return range(0)


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module, names=names, level=level):
                inside = package.split(".")
                parents = inside[: len(inside) - level + 1] if level else []
                name = ".".join([*parents, *([module] if module else [])])
                yield name
                yield from (f"{name}.{alias.name}" for alias in names)
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
