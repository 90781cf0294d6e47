"""The source of a user's module: its file, and those that it imports from beside it."""

import hashlib
import site
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import decode_source
from pathlib import Path, PurePosixPath
from types import ModuleType
from weakref import WeakKeyDictionary

from corpora.parsing.python_text import PythonText, read_python
from mmer_sweep import users_module
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

    @property
    def holds_its_module(self) -> bool:
        """Whether the file of the module is among the files."""
        place = self.module.replace(".", "/")
        return f"{place}.py" in self.files or f"{place}/__init__.py" in self.files

    @cached_property
    def imported(self) -> frozenset[str]:
        """All names that the files import."""
        return frozenset(
            name for path, text in self.files.items() for name in _parse(path, text).imported
        )


_SOURCES: "WeakKeyDictionary[ModuleType, OwnSource]" = WeakKeyDictionary()
"""What each module held when its source was first read."""


def source_of_module(name: str) -> OwnSource:
    """Read the source of a loaded module of the user.

    Raises:
        OwnCodeError: If it has no file, as what is typed into a notebook, or was edited since it
            was loaded.
    """
    module = users_module(name)
    file = getattr(module, "__file__", None)
    if module is None or name == "__main__" or file is None or not Path(file).is_file():
        raise OwnCodeError(
            f"the module '{name}' has no Python file that workers could get; write the model into "
            "a file of its own, such as mymodel.py, and import it"
        )
    path = Path(file).absolute()
    source = read_source(path.parents[name.count(".") + (path.name == "__init__.py")], name)
    if not source.holds_its_module:
        raise OwnCodeError(
            f"the module '{name}' comes from '{path}', which has another name; import it by the "
            "name of its file"
        )
    known = _SOURCES.setdefault(module, source)
    if known.digest != source.digest:
        raise OwnCodeError(
            f"'{path}', or what it imports from beside it, was edited since it was imported; "
            "restart the program (in a notebook, its kernel)"
        )
    return known


def read_source(folder: Path, module: str) -> OwnSource:
    """Read a module in a folder, and what it imports from there.

    In a folder of installed packages, only the module's own package counts.

    Raises:
        OwnCodeError: If a file is not valid Python, or cannot be read.
    """
    is_installed = folder.resolve() in _installed_folders()
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
                text = _parse(relative, files[relative])
                pending += text.imported
                _refuse_late(folder, relative, text)
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


def _refuse_late(folder: Path, file: str, text: PythonText) -> None:
    """Refuse an import within a function of what lies beside: it happens when no folder is known.

    Raises:
        OwnCodeError: If there is one.
    """
    for name in text.imported_late:
        if any(_files_of(folder, name.partition(".")[0])):
            raise OwnCodeError(
                f"'{file}' imports '{name}' within a function; import what lies beside the file at "
                "its top"
            )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OwnCodeError(f"'{path}' cannot be read: {error.strerror}") from error


def _parse(path: str, content: bytes) -> PythonText:
    parent = PurePosixPath(path).parent.as_posix()
    package = "" if parent == "." else parent.replace("/", ".")
    try:
        return read_python(decode_source(content), package)
    except (SyntaxError, ValueError) as error:
        raise OwnCodeError(f"'{path}' is not valid Python: {error}") from error


def _installed_folders() -> set[Path]:
    places = [*sysconfig.get_paths().values(), site.getusersitepackages(), *site.getsitepackages()]
    return {Path(place).resolve() for place in places}
