"""Writes beginnings; nothing that exists is overwritten."""

import shutil
import tempfile
from pathlib import Path

from corpora.errors import UserError
from corpora.source.names import SYNTHETIC_NAMES
from search_spaces.catalogue import COLLECTIONS, SPACES, STUDIES
from search_spaces.names import name_fault

TEMPLATES = Path(__file__).parent / "templates"
PLACEHOLDER = "beginning"
"""What stands for the user's name in the templates, in capitals too."""

FILES = {"study": "study.py", "space": "space.py", "published": "published.yaml"}
"""The template of each kind of file."""

NUM_CLIPS = 30
"""So few drawn clips still have every emotion in every split."""


class BeginningError(UserError):
    """A beginning cannot be written; the message says where, and what to do."""


def write_file(kind: str, target: Path) -> Path:
    """Write the beginning of a study, a space or a file of printed values.

    Args:
        kind: A key of `FILES`.
        target: The file; its suffix may be left out.

    Returns:
        The file.

    Raises:
        BeginningError: If it exists, cannot be written, or has a name that cannot be used.
    """
    template = TEMPLATES / FILES[kind]
    file = target if target.suffix == template.suffix else Path(f"{target}{template.suffix}")
    _check_name(file.stem)
    text = _named(template.read_text(encoding="utf-8"), file.stem)
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError as error:
        raise BeginningError(f"{file}: exists; choose another name") from error
    except OSError as error:
        raise BeginningError(f"{file}: cannot be written: {error.strerror}") from error
    return file


def write_corpus(folder: Path) -> None:
    """Write a folder of a few drawn clips, as `prepare clips` reads it.

    Raises:
        BeginningError: If it exists, cannot be written, or has a name that cannot be used.
    """
    from corpora.synthetic.corpus import SyntheticConfig, write_synthetic  # loads NumPy and PyAV

    _check_name(folder.name)
    if folder.exists() or folder.is_symlink():
        raise BeginningError(f"{folder}: exists; choose another name")
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise BeginningError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        whole = partial / folder.name
        write_synthetic(whole, SyntheticConfig(num_utterances=NUM_CLIPS))
        readme = (TEMPLATES / "README.txt").read_text(encoding="utf-8")
        (whole / "README.txt").write_text(_named(readme, folder.name), encoding="utf-8")
        whole.rename(folder)
    except OSError as error:
        raise BeginningError(f"{folder}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_name(name: str) -> None:
    """Refuse a name that the study, the space or the corpus in the file could not have.

    Raises:
        BeginningError: If it cannot be used.
    """
    fault = name_fault(name)
    if fault is not None:
        raise BeginningError(f"'{name}': {fault}")
    if name in (*STUDIES, *COLLECTIONS, *SPACES, *SYNTHETIC_NAMES):
        raise BeginningError(f"'{name}': a built-in one has this name; choose another")


def _named(text: str, name: str) -> str:
    """Put the user's name into a template."""
    variable = name.upper().replace("-", "_")
    if not variable.isidentifier():
        variable = f"MY_{variable}"
    return text.replace(PLACEHOLDER.upper(), variable).replace(PLACEHOLDER, name)
