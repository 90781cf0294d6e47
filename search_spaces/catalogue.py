"""All studies: the built-in ones by name, and a user's own from a Python file."""

import importlib.util
from pathlib import Path

from pydantic import ValidationError

from search_spaces.change import describe_faults
from search_spaces.errors import StudyError
from search_spaces.studies import le2023
from search_spaces.study import Study

STUDIES: dict[str, Study] = {study.name: study for study in (le2023.COMPONENTS, le2023.LAYERS)}


def find_study(name: str) -> Study:
    """Return a built-in study.

    Raises:
        StudyError: If there is none of that name.
    """
    if name not in STUDIES:
        raise StudyError(f"study '{name}' does not exist; choose from {', '.join(STUDIES)}")
    return STUDIES[name]


def load_studies(path: Path) -> list[Study]:
    """Run a user's Python file and return the studies that it defines at top level.

    Raises:
        StudyError: If the file is missing, fails, or defines no study.
    """
    if not path.is_file():
        raise StudyError(f"study file '{path}' does not exist")
    spec = importlib.util.spec_from_file_location(f"user_study_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise StudyError(f"study file '{path}' is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ValidationError as error:
        raise StudyError(f"study file '{path}': " + "; ".join(describe_faults(error))) from error
    except Exception as error:
        raise StudyError(f"study file '{path}': {type(error).__name__}: {error}") from error
    studies = [value for value in vars(module).values() if isinstance(value, Study)]
    unique = list({study.name: study for study in studies}.values())
    if not unique:
        raise StudyError(f"study file '{path}' defines no Study at its top level")
    return unique
