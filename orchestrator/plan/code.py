"""The digest of the source that decides a trial's result: a commit that leaves it alone is no news.

It covers the training, the batches, the metrics of the training, and of the models those files that
the trial's own system imports. Comments, docstrings and blank lines do not count.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import orchestrator
from models.configs.base import SystemConfig

ROOT = Path(orchestrator.__file__).resolve().parent.parent

DECIDING = (
    *("models", "orchestrator.training", "corpora.batches", "corpora.forms", "corpora.text"),
    "reports.scores.metrics",
)
"""The packages and modules that decide results; imports of others are not followed."""

OF_ALL_SYSTEMS = ("models.build", "models.configs.system")
"""Modules that only list the systems."""

NUM_DIGITS = 16


def code_digest(system: SystemConfig) -> str:
    """Return the digest of the source that decides the results of a system's trials."""
    return _digest(type(system).__module__)


@cache
def _digest(config_module: str) -> str:
    training = (ROOT / "orchestrator" / "training").glob("*.py")
    pending = [
        *(f"orchestrator.training.{path.stem}" for path in training),
        "models.init",
        builder_of(config_module),
    ]
    texts: dict[str, str] = {}
    while pending:
        module = pending.pop()
        path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
        if module not in texts and _decides(module) and path.is_file():
            texts[module], imported = _read(path.read_text(encoding="utf-8"))
            pending += imported
    every = "".join(f"{module}\n{texts[module]}\n" for module in sorted(texts))
    return hashlib.sha256(every.encode()).hexdigest()[:NUM_DIGITS]


def builder_of(config_module: str) -> str:
    """Name the module that builds a system from its config: it has the name of the config's."""
    return config_module.replace(".configs.", ".builders.")


def _decides(module: str) -> bool:
    return module not in OF_ALL_SYSTEMS and any(
        module == one or module.startswith(f"{one}.") for one in DECIDING
    )


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
