"""The source of a user's module: its file, and those that it imports from beside it."""

import hashlib
import site
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from corpora.parsing.python_text import PythonText, read_python
from models.own.errors import OwnCodeError

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds our packages."""

OURS = ("corpora", "models", "search_spaces", "reports", "orchestrator", "mmer_sweep")

NUM_DIGITS = 16


@dataclass(frozen=True)
class OwnSource:
    """A module and what it imports from beside it.

    Attributes:
        module: The name of the module, as in `nets.gate`.
        files: The content of each file by its path, relative to the folder that `module` is
            imported from.
    """

    module: str
    files: Mapping[str, bytes]

    @cached_property
    def digest(self) -> str:
        """The digest of what counts in the files: comments, docstrings, blank lines do not."""
        every = (f"{name}\n{_parse(name, text).counted}\n" for name, text in self.files.items())
        return hashlib.sha256("".join(sorted(every)).encode()).hexdigest()[:NUM_DIGITS]

    @cached_property
    def imported(self) -> frozenset[str]:
        """All names that the files import."""
        return frozenset(
            name for path, text in self.files.items() for name in _parse(path, text).imported
        )


def source_of_module(name: str) -> OwnSource:
    """Read the source of a loaded module of the user.

    Raises:
        OwnCodeError: If it has no file, as what is typed into a notebook.
    """
    file = getattr(sys.modules.get(name), "__file__", None)
    if name == "__main__" or file is None or not Path(file).is_file():
        raise OwnCodeError(
            f"the module '{name}' has no Python file that workers could get; write the model into "
            "a file of its own, such as mymodel.py, and import it"
        )
    path = Path(file).resolve()
    return read_source(path.parents[name.count(".") + (path.name == "__init__.py")], name)


def read_source(folder: Path, module: str) -> OwnSource:
    """Read a module in a folder, and what it imports from there.

    In a folder of installed packages, only the module's own package counts.

    Raises:
        OwnCodeError: If a file is not valid Python, or cannot be read.
    """
    is_installed = folder in _installed_folders()
    top = module.partition(".")[0]
    files: dict[str, bytes] = {}
    pending = [module]
    while pending:
        name = pending.pop()
        if is_installed and name.partition(".")[0] != top:
            continue
        for path in _files_of(folder, name):
            relative = path.relative_to(folder).as_posix()
            if relative not in files:
                files[relative] = _read(path)
                pending += _parse(relative, files[relative]).imported
    return OwnSource(module, files)


def _files_of(folder: Path, module: str) -> Iterator[Path]:
    """Yield the file of a module, and those of the packages that it lies in, if they exist."""
    parts = module.split(".")
    if not all(parts) or (folder == ROOT and parts[0] in OURS):
        return
    for depth in range(1, len(parts) + 1):
        path = folder.joinpath(*parts[:depth])
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if file.is_file():
                yield file
                break


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OwnCodeError(f"'{path}' cannot be read: {error.strerror}") from error


def _parse(path: str, content: bytes) -> PythonText:
    parent = PurePosixPath(path).parent.as_posix()
    package = "" if parent == "." else parent.replace("/", ".")
    try:
        return read_python(content.decode(), package)
    except (SyntaxError, ValueError) as error:
        raise OwnCodeError(f"'{path}' is not valid Python: {error}") from error


def _installed_folders() -> set[Path]:
    places = [*sysconfig.get_paths().values(), site.getusersitepackages(), *site.getsitepackages()]
    return {Path(place).resolve() for place in places}
