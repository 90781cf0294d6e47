"""Where the console script starts, under a name that nobody else has.

The names of our packages are common. A folder on PYTHONPATH may hold someone else's `models` or
`orchestrator`, and so may the current folder, which an empty entry of PYTHONPATH means. Python
would find that one first.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

OWN = ("corpora", "models", "search_spaces", "reports", "orchestrator")
ROOT = Path(__file__).resolve().parent
"""The folder that holds our packages."""


def main() -> NoReturn:
    """Run the command line with our own packages."""
    prefer_own_packages()
    from orchestrator.start import main

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
