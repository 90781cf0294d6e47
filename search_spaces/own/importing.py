"""What a user's Python file may import, while it is run: its own modules, and ours."""

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path

from mmer_sweep import OWN, ROOT, guest_packages, own_packages


@contextmanager
def user_code(folder: Path) -> Iterator[Mapping[str, str]]:
    """Let a user's file import what lies beside it, while it is run.

    The file's imports look in its folder first. Where a module there, or an installed one, has the
    name of one of our packages, the file gets that one; it finds ours in `mmer_sweep`. Afterwards
    these names mean our packages again, and the modules of the folder are forgotten, so that a file
    in another folder gets its own module of the same name. Functions keep what they imported; what
    they import only when they are called is not looked for in the folder.

    Args:
        folder: The folder of the file.

    Yields:
        The place of each module of the user that has the name of one of our packages.
    """
    path, loaded = list(sys.path), set(sys.modules)
    with own_packages():
        sys.path[:] = [str(folder), *(entry for entry in path if not _holds_ours(entry))]
        importlib.invalidate_caches()  # a file may be a moment old
        theirs = _modules_with_our_names()
        try:
            with guest_packages(theirs):
                try:
                    yield theirs
                finally:
                    _forget(folder, loaded)
        finally:
            sys.path[:] = path


def _modules_with_our_names() -> dict[str, str]:
    """Find what our names mean to someone who does not search the folder of our packages."""
    places = {}
    for name in OWN:
        our_package = sys.modules.pop(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.modules[name] = our_package
        if spec is not None and _holds_code(spec) and not any(map(_holds_ours, _places(spec))):
            places[name] = spec.origin or str(_folders(spec)[0])
    return places


def _holds_code(spec: ModuleSpec) -> bool:
    """Whether it is a module: a folder of that name may hold weights, tables or recordings."""
    if spec.origin is not None:
        return True
    return any(any(folder.glob("*.py")) or any(folder.glob("*/*.py")) for folder in _folders(spec))


def _holds_ours(entry: str | Path) -> bool:
    """Whether a folder of the search path holds our packages, or is another checkout of us."""
    # Unlike those of pathlib, these functions skip a folder that the user may not read.
    checkout = (os.path.join(entry, name) for name in ("mmer_sweep.py", *OWN))  # noqa: PTH118
    return os.path.realpath(entry) == str(ROOT) or all(map(os.path.exists, checkout))


def _folders(spec: ModuleSpec) -> list[Path]:
    """Name the folders of a package; a module has none."""
    return [Path(place) for place in spec.submodule_search_locations or ()]


def _forget(folder: Path, loaded: set[str]) -> None:
    """Forget the modules of a folder that were not loaded before."""
    new = sys.modules.keys() - loaded
    tops = {name.partition(".")[0] for name in new} & new
    of_folder = {top for top in tops if folder.resolve() in _places(sys.modules[top].__spec__)}
    for name in new:
        if name.partition(".")[0] in of_folder:
            del sys.modules[name]


def _places(spec: ModuleSpec | None) -> list[Path]:
    """Name the folders of the search path in which a module was found."""
    if spec is None:
        return []
    folders = _folders(spec)
    if not folders and spec.origin is not None:
        folders = [Path(spec.origin)]
    return [place.parent.resolve() for place in folders]
