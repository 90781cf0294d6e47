"""Where the console script starts, and where a study file finds us: under a name nobody else has.

The names of our packages are common: a folder of the user, or an installed package, may have them
too. So a wheel keeps ours in a folder of their own, which only those processes search that call
`prefer_own_packages`.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NoReturn

OWN = ("corpora", "models", "search_spaces", "reports", "orchestrator")
HERE = Path(__file__).resolve().parent
IN_WHEEL = HERE / "mmer_sweep_packages"
ROOT = IN_WHEEL if IN_WHEEL.is_dir() else HERE
"""The folder that holds our packages: of a wheel a folder of its own, else the checkout."""

PUBLIC = {
    "ANY_CORPUS": "search_spaces.study",
    "ANY_OF_NUMBERS": "search_spaces.study",
    "BIMHA": "search_spaces.systems.features",
    "CMHA": "search_spaces.systems.xia",
    "AlbertConfig": "models.configs.text",
    "BertConfig": "models.configs.text",
    "Choice": "search_spaces.space",
    "Claim": "search_spaces.claim",
    "Column": "search_spaces.study",
    "Comparison": "search_spaces.claim",
    "EMOEMBS": "search_spaces.systems.features",
    "FE2E": "search_spaces.systems.dai",
    "IntRange": "search_spaces.space",
    "LE": "search_spaces.systems.le",
    "LF_LSTM": "search_spaces.systems.features",
    "LF_TRANSFORMER": "search_spaces.systems.features",
    "LogRange": "search_spaces.space",
    "MESM": "search_spaces.systems.dai",
    "MULT": "search_spaces.systems.features",
    "Metric": "search_spaces.metrics.metric",
    "Outputs": "models.task",
    "OwnSystem": "models.own.system",
    "OF_NUMBERS": "search_spaces.columns",
    "Paper": "search_spaces.study",
    "Row": "search_spaces.study",
    "Score": "search_spaces.claim",
    "Source": "search_spaces.study",
    "Space": "search_spaces.space",
    "Study": "search_spaces.study",
    "Task": "models.task",
    "Tokens": "models.own.system",
    "TrainingConfig": "search_spaces.training",
    "TrialConfig": "search_spaces.trial",
    "apply_change": "search_spaces.change",
    "XIA": "search_spaces.systems.xia",
    "better": "search_spaces.claim",
    "choice_of": "search_spaces.space",
    "curves": "orchestrator.api",
    "emotion_columns": "search_spaces.columns",
    "greater": "search_spaces.claim",
    "own_system": "models.own.wrapping",
    "plan": "orchestrator.api",
    "predictions": "orchestrator.api",
    "read_beside": "search_spaces.printed.read",
    "records": "orchestrator.api",
    "results": "orchestrator.api",
    "run": "orchestrator.api",
    "same": "search_spaces.claim",
    "verdicts": "orchestrator.api",
}
"""The module of each name that `from mmer_sweep import ...` gives a user's file."""


def main() -> NoReturn:
    """Run the command line with our own packages."""
    prefer_own_packages()
    from orchestrator.start import main

    main()


def prefer_own_packages() -> None:
    """Let the names of our packages mean ours in this process, and in those that it spawns.

    They are imported at once: then no folder that comes before ours on the search path later is
    asked for them. Other programs that we start search what the user's PYTHONPATH says.
    """
    place = str(ROOT)
    sys.path[:] = [place, *(entry for entry in sys.path if entry != place)]
    for name in OWN:
        import_module(name)


def __getattr__(name: str) -> Any:
    """Import what a user's file asks us for."""
    if name not in PUBLIC:
        raise AttributeError(f"module 'mmer_sweep' has no attribute '{name}'")
    with own_packages():
        found = getattr(import_module(PUBLIC[name]), name)
    return _among_ours(found) if _GUESTS and isinstance(found, FunctionType) else found


def _among_ours(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function import ours while it runs, whoever calls it."""

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        with own_packages():
            return function(*arguments, **named)

    return call


class _Guest:
    """A user's code that means its own modules by some of our names."""

    def __init__(self, names: Collection[str], *, is_in: bool = False) -> None:
        self.names = names
        self.is_in = is_in
        """Whether these names mean the user's modules now, and not ours."""
        self.others: dict[str, ModuleType] = {}
        """The modules of these names that are not meant now."""

    def exchange(self) -> None:
        """Exchange our modules of these names for the user's, or the user's for ours."""
        loaded = [name for name in sys.modules if name.partition(".")[0] in self.names]
        meant_before = {name: sys.modules.pop(name) for name in loaded}
        sys.modules.update(self.others)
        self.others = meant_before
        self.is_in = not self.is_in


_GUESTS: list[_Guest] = []
"""Whose code means its own modules, the latest last: a file may have another one loaded.

The first may be a program of the user that imports us, and stays.
"""


def users_module(name: str) -> ModuleType | None:
    """Return the loaded module that a user means by a name, also while the names mean ours."""
    for guest in reversed(_GUESTS):
        if not guest.is_in and name in guest.others:
            return guest.others[name]
    return sys.modules.get(name)


@contextmanager
def guest_packages(names: Collection[str]) -> Iterator[None]:
    """Let some of our names mean a user's own modules, while the user's code is loaded."""
    guest = _Guest(names)
    guest.exchange()
    _GUESTS.append(guest)
    try:
        yield
    finally:
        _GUESTS.pop()
        guest.exchange()


@contextmanager
def own_packages() -> Iterator[None]:
    """Let our names mean our packages, also within code of a user that means its own by them."""
    if not _GUESTS and (theirs := _meant_by_the_program()):
        _GUESTS.append(_Guest(theirs, is_in=True))
    guests, path = [guest for guest in _GUESTS[-1:] if guest.is_in], list(sys.path)
    for guest in guests:
        guest.exchange()
    try:
        prefer_own_packages()
        yield
    finally:
        for guest in guests:
            guest.exchange()
            sys.path[:] = path


def _meant_by_the_program() -> list[str]:
    """List our names by which the program that imports us means its own modules."""
    loaded = {name: sys.modules.get(name) for name in OWN}
    ours = {
        name
        for name, module in loaded.items()
        if module is not None and any(map(holds_ours, places_of(module.__spec__)))
    }
    return [] if len(ours) == len(OWN) else [name for name in find_others() if name not in ours]


def find_others() -> dict[str, str]:
    """Find what our names mean to someone who does not search the folder of our packages.

    Returns:
        The place of each module of someone else that has the name of one of our packages.
    """
    path = list(sys.path)
    sys.path[:] = [entry for entry in path if not holds_ours(entry)]
    loaded = {name: sys.modules.pop(name) for name in OWN if name in sys.modules}
    try:
        found = {name: find_spec(name) for name in OWN}
    finally:
        sys.modules.update(loaded)
        sys.path[:] = path
    return {
        name: spec.origin or str(_folders(spec)[0])
        for name, spec in found.items()
        if spec is not None and _holds_code(spec) and not any(map(holds_ours, places_of(spec)))
    }


def holds_ours(entry: str | Path) -> bool:
    """Whether a folder of the search path holds our packages, or is another checkout of us."""
    # Unlike those of pathlib, these functions skip a folder that the user may not read.
    checkout = (os.path.join(entry, name) for name in ("mmer_sweep.py", *OWN))  # noqa: PTH118
    return os.path.realpath(entry) == str(ROOT) or all(map(os.path.exists, checkout))


def places_of(spec: ModuleSpec | None) -> list[Path]:
    """Name the folders of the search path in which a module was found; Python's own have none."""
    if spec is None:
        return []
    folders = _folders(spec)
    if not folders and spec.has_location and spec.origin is not None:
        folders = [Path(spec.origin)]
    return [place.parent.resolve() for place in folders]


def _holds_code(spec: ModuleSpec) -> bool:
    """Whether it is a module: a folder of that name may hold weights, tables or recordings."""
    if spec.origin is not None:
        return True
    return any(any(folder.glob("*.py")) or any(folder.glob("*/*.py")) for folder in _folders(spec))


def _folders(spec: ModuleSpec) -> list[Path]:
    """Name the folders of a package; a module has none."""
    return [Path(place) for place in spec.submodule_search_locations or ()]
