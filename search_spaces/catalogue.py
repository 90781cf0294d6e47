"""All studies and spaces: the built-in ones by name, and a user's own from a Python file."""

import importlib.util
import traceback
from collections.abc import Mapping
from contextlib import suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

from pydantic import ValidationError

from corpora.errors import UserError, did_you_mean
from search_spaces.change import describe_faults
from search_spaces.errors import StudyError
from search_spaces.metrics.registry import adopt
from search_spaces.own.importing import user_code
from search_spaces.printed.read import beside
from search_spaces.space import Space, keep_baseline
from search_spaces.spaces.architecture import ARCHITECTURE
from search_spaces.studies import beyond, le2023, xia2022
from search_spaces.study import Study

PAPERS: dict[str, tuple[Study, ...]] = {
    "le2023": (le2023.MAIN, le2023.COMPONENTS, le2023.LAYERS, le2023.LE_READING),
    "xia2022": (
        xia2022.SOTA,
        xia2022.MODULES,
        xia2022.UNIMODAL,
        xia2022.SEM,
        xia2022.CROSS_MODAL,
        xia2022.BOTTLENECKS,
        xia2022.SEM_READING,
    ),
}
"""All tables and figures of a paper."""

COLLECTIONS: dict[str, tuple[Study, ...]] = {
    **PAPERS,
    "all": tuple(study for studies in PAPERS.values() for study in studies),
}
"""Studies that one command runs together, so that trials that they share are trained once."""

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (*COLLECTIONS["all"], beyond.SYSTEMS, beyond.FUSIONS, beyond.CONTROLS)
}


SPACES: dict[str, Space] = {ARCHITECTURE.name: ARCHITECTURE}


def find_study(name: str) -> Study:
    """Return a built-in study.

    Raises:
        StudyError: If there is none of that name.
    """
    if name not in STUDIES:
        raise StudyError(
            f"study '{name}' does not exist; {did_you_mean(name, STUDIES)}choose from "
            f"{', '.join(STUDIES)}"
        )
    return STUDIES[name]


def load_studies(path: Path) -> list[Study]:
    """Run a user's Python file and return the studies that it defines at top level.

    Built-in studies that it imports are not its own.

    Raises:
        StudyError: If the file is missing, fails, defines no study, or one whose name is taken.
    """
    studies: list[Study] = []
    for study in _run(path, "study").values():
        if not isinstance(study, Study) or study in studies or study in STUDIES.values():
            continue
        if study.name in (*STUDIES, *COLLECTIONS, *(other.name for other in studies)):
            raise StudyError(
                f"study file '{path}': another study has the name '{study.name}' too; choose "
                "another name"
            )
        studies.append(_checked(study, path))
    if not studies:
        raise StudyError(f"study file '{path}' defines no Study of its own at its top level")
    return studies


def _checked(study: Study, path: Path) -> Study:
    """Check a study's fields again: `model_copy`, by which studies are derived, checks nothing."""
    try:
        Study.model_validate(study.model_dump(warnings=False))
    except ValidationError as error:
        faults = "; ".join(describe_faults(error))
        raise StudyError(f"study file '{path}', study {study.name!r}: {faults}") from error
    adopt(study.metrics)  # with their functions, which `model_dump` leaves out
    return study


def find_space(name: str) -> Space:
    """Return a built-in space, or the one that a Python file defines.

    Raises:
        StudyError: If there is none of that name, or the file is missing, fails or does not define
            exactly one at its top level.
    """
    if name in SPACES:
        return SPACES[name]
    if not name.endswith(".py"):
        raise StudyError(
            f"space '{name}' does not exist; {did_you_mean(name, SPACES)}choose from "
            f"{', '.join(SPACES)}, or name a FILE.py"
        )
    defined = _run(Path(name), "space").values()
    own = [one for one in defined if isinstance(one, Space) and one not in SPACES.values()]
    if len(own) != 1:
        names = ", ".join(space.name for space in own) or "none"
        raise StudyError(
            f"space file '{name}' must define one Space of its own at its top level, not {names}"
        )
    if own[0].name in SPACES:
        raise StudyError(
            f"space file '{name}': another space has the name '{own[0].name}' too; choose another "
            "name"
        )
    with user_code(Path(name).absolute().parent):
        for place in own[0].systems.values():
            with suppress(StudyError):  # `space_faults` tells of all together
                keep_baseline(place)
    return own[0]


class _Uncached(SourceFileLoader):
    """Compiles a file whenever it is run, and leaves nothing beside it.

    Python's cache takes a file that was edited within a second, at the same size, for the old one.
    """

    def get_code(self, fullname: str) -> CodeType:
        """Compile the file."""
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def _run(path: Path, kind: str) -> dict[str, object]:
    """Run a Python file and return what it defines."""
    try:
        is_there = path.is_file()
    except OSError as error:
        raise StudyError(f"{kind} file '{path}' cannot be read: {error.strerror}") from error
    if not is_there:
        hint = f"; `mmer-sweep {path}` runs the built-in study" if str(path) in STUDIES else ""
        raise StudyError(f"{kind} file '{path}' does not exist{hint}")
    if path.suffix != ".py":
        raise StudyError(f"{kind} file '{path}' is not a Python file: its name must end in .py")
    name = f"user_{kind}_{path.stem}"
    loader = _Uncached(name, str(path.absolute()))
    module = importlib.util.module_from_spec(ModuleSpec(name, loader, origin=loader.path))
    theirs: Mapping[str, str] = {}
    try:
        with beside(path), user_code(path.absolute().parent) as theirs:
            loader.exec_module(module)
    except ValidationError as error:
        faults = "; ".join(describe_faults(error))
        raise StudyError(f"{kind} file '{path}'{_line(error, path)}: {faults}") from error
    except (Exception, SystemExit) as error:
        kind_of_fault = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        fault = f"{kind_of_fault}{error}{_hint(error, theirs)}"
        raise StudyError(f"{kind} file '{path}'{_line(error, path)}: {fault}") from error
    return vars(module)


def _line(error: BaseException, path: Path) -> str:
    """Name the line of a user's file in which an error occurred."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == path.absolute()]
    return f", line {lines[-1]}" if lines else ""


def _hint(error: BaseException, theirs: Mapping[str, str]) -> str:
    """Say how a file reaches what it imports: ours, or a module of the user's own."""
    name = error.name or "" if isinstance(error, ImportError) else ""
    package = name.partition(".")[0]
    if package not in theirs:
        is_missing = isinstance(error, ModuleNotFoundError)
        return "; put a file of your own beside it, or install the package" if is_missing else ""
    return (
        f"; by '{package}' the file means '{theirs[package]}': import ours from mmer_sweep, as in "
        "`from mmer_sweep import Study`"
    )
