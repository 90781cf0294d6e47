"""What a user's Python file may import, while it is run: its own modules, and ours."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from mmer_sweep import OWN, find_others, guest_packages, holds_ours, own_packages, places_of


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
    path = list(sys.path)
    earlier = _taken_out(folder)  # a notebook may have imported what was edited since
    loaded = set(sys.modules)
    with own_packages():
        sys.path[:] = [str(folder), *(entry for entry in path if not holds_ours(entry))]
        importlib.invalidate_caches()  # a file may be a moment old
        theirs = find_others()
        try:
            with guest_packages(theirs):
                try:
                    yield theirs
                finally:
                    _forget(folder, loaded)
        finally:
            sys.path[:] = path
            sys.modules.update(earlier)


def _taken_out(folder: Path) -> dict[str, ModuleType]:
    """Take modules that were loaded from a folder, but for ours, out of those that are known."""
    names = [
        name
        for name, module in list(sys.modules.items())
        if "." not in name
        and name not in (*OWN, "mmer_sweep", "__main__")
        and folder.resolve() in places_of(getattr(module, "__spec__", None))
    ]
    tops = set(names)
    inside = [name for name in sys.modules if name.partition(".")[0] in tops]
    return {name: sys.modules.pop(name) for name in inside}


def _forget(folder: Path, loaded: set[str]) -> None:
    """Forget the modules of a folder that were not loaded before."""
    new = sys.modules.keys() - loaded
    tops = {name.partition(".")[0] for name in new} & new
    of_folder = {top for top in tops if folder.resolve() in places_of(sys.modules[top].__spec__)}
    for name in new:
        if name.partition(".")[0] in of_folder:
            del sys.modules[name]
