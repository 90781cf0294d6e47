"""The page of the Python interface: what `from mmer_sweep import ...` gives, read from the source.

Nothing is imported, so that the page takes no time and needs no PyTorch.
"""

import ast
import re
from collections.abc import Iterator
from inspect import cleandoc
from itertools import pairwise
from pathlib import Path

from mmer_sweep import PUBLIC
from tests.website.commands_page import as_text

ROOT = Path(__file__).resolve().parents[2]
FIRST = "orchestrator.api"
SECTION = re.compile(r"^([A-Z][a-z]+):\n((?:(?: .*)?(?:\n|\Z))+)", re.MULTILINE)
ENTRY = re.compile(r"^(\S[^:\n]*): ", re.MULTILINE)

Definition = ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign


def api_page() -> str:
    """Describe each public name below its module, and first what runs studies and reads results."""
    return "\n\n".join(_parts()) + "\n"


def _parts() -> Iterator[str]:
    yield "# Python"
    yield (
        "Each of these names comes by `from mmer_sweep import NAME`, in a study file, a program or "
        "a notebook ([From Python](../python.md)). This page is made from the source."
    )
    for module in sorted(set(PUBLIC.values()), key=lambda module: (module != FIRST, module)):
        source = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
        tree = ast.parse(source)
        title = (ast.get_docstring(tree) or module).splitlines()[0].rstrip(".")
        yield f"## {title.partition(': ')[0]}"
        names = [name for name, place in PUBLIC.items() if place == module]
        for name in sorted(names, key=lambda name: find(name, tree)[0]):
            yield from _describe(name, tree, source)


def _describe(name: str, tree: ast.Module, source: str) -> Iterator[str]:
    """Give a name's heading, how it is written in the source, and what its docstring says."""
    place, node = find(name, tree)
    yield f"### {name}"
    match node:
        case ast.FunctionDef():
            lines = source.splitlines()[node.lineno - 1 : node.body[0].lineno - 1]
            docstring = ast.get_docstring(node)
        case ast.ClassDef():
            lines, docstring = [*_fields(node, source)], ast.get_docstring(node)
        case _:
            kind = f": {ast.unparse(node.annotation)}" if isinstance(node, ast.AnnAssign) else ""
            lines, docstring = [f"{name}{kind}"], _text_below(place, tree)
    code = "\n".join(lines)
    yield f"```python\n{code}\n```"
    if docstring:
        yield as_markdown(docstring)


def find(name: str, tree: ast.Module) -> tuple[int, Definition]:
    """Find what defines a name at the top of a file, and its place there."""
    for place, node in enumerate(tree.body):
        match node:
            case ast.ClassDef() | ast.FunctionDef() if node.name == name:
                return place, node
            case ast.Assign(targets=[ast.Name(id=found)]) if found == name:
                return place, node
            case ast.AnnAssign(target=ast.Name(id=found)) if found == name:
                return place, node
    raise LookupError(f"no definition of '{name}'")


def _fields(node: ast.ClassDef, source: str) -> Iterator[str]:
    """Give the first line of a class, and its public fields with what is written below each."""
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    yield f"class {node.name}({bases}):" if bases else f"class {node.name}:"
    for field, below in pairwise([*node.body, ast.Pass()]):
        if isinstance(field, ast.AnnAssign) and not ast.unparse(field.target).startswith("_"):
            code = ast.get_source_segment(source, field)
            yield from f"    {code}".splitlines()
            if text := _string(below):
                yield from (f"    # {line}".rstrip() for line in cleandoc(text).splitlines())


def _text_below(place: int, tree: ast.Module) -> str | None:
    return _string(tree.body[place + 1]) if place + 1 < len(tree.body) else None


def _string(node: ast.stmt) -> str | None:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
    return None


def as_markdown(docstring: str) -> str:
    """Write a docstring's sections, such as `Returns:`, as Markdown."""
    return SECTION.sub(_section, as_text(cleandoc(docstring))).strip()


def _section(found: re.Match[str]) -> str:
    title, body = found[1], cleandoc(found[2])
    if title in ("Args", "Raises"):
        body = ENTRY.sub(r"- **\1**: ", body)
    return f"**{title}**\n\n{body}\n\n"
