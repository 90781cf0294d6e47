"""Where the command starts: its packages are ours, and the user has a home.

The names of our packages are common. A folder on PYTHONPATH may hold someone else's `models`, and
so may the current folder, which an empty entry of PYTHONPATH means. Python would find that one
first.
"""

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

OWN = ("corpora", "models", "search_spaces", "reports", "orchestrator")
ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds our packages."""


def main() -> NoReturn:
    """Run the command line."""
    prefer_own_packages()
    ensure_home()
    from orchestrator.cli import main

    main()


def prefer_own_packages() -> None:
    """Search folders with packages of our names last; processes that we start do not search them.

    A study file may still import what else such a folder holds.
    """
    sys.path.sort(key=_holds_others)
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if any(map(_holds_others, given)):
        kept = [entry for entry in given if not _holds_others(entry)]
        os.environ["PYTHONPATH"] = os.pathsep.join(kept)


def ensure_home() -> None:
    """Give a user without a home folder one of their own among the temporary files.

    A container that runs with `--user 12345` has such a user: the system does not know it, and HOME
    is missing, or is the root folder. Ray and MLflow end in an error without a home.
    """
    with suppress(RuntimeError):
        if Path.home() != Path("/") or os.access("/", os.W_OK):
            return
    folder = Path(tempfile.gettempdir(), f"mmer-sweep-home-{os.getuid()}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if folder.lstat().st_uid != os.getuid():  # someone else took the name
        folder = Path(tempfile.mkdtemp(prefix=folder.name))
    os.environ["HOME"] = str(folder)


def _holds_others(entry: str) -> bool:
    """Whether a folder of the search path holds a package or module with one of our names."""
    folder = Path(entry).absolute()
    if folder.resolve() == ROOT:
        return False
    # Unlike those of pathlib, these functions skip a folder that the user may not read.
    return any(
        os.path.isdir(folder / name) or os.path.isfile(folder / f"{name}.py")  # noqa: PTH112, PTH113
        for name in OWN
    )
