"""Files of a published release, as an archive holds them: their names and their text."""

from collections.abc import Iterable
from pathlib import Path

from corpora.source.errors import CorpusError


def visible_files(folder: Path, pattern: str) -> list[Path]:
    """List a folder's files in order, without those that a Mac adds to archives (`._name`)."""
    found = sorted(folder.glob(pattern))
    return [path for path in found if not path.name.startswith(".") and path.is_file()]


def files_by_stem(folders: Iterable[Path], pattern: str) -> dict[str, Path]:
    """Map each name, without its suffix, to its file, so that no id is ever made into a path."""
    return {path.stem: path for folder in folders for path in visible_files(folder, pattern)}


def read_lines(path: Path) -> list[str]:
    """Read lines of UTF-8 text without line ends; a byte that is not UTF-8 becomes U+FFFD.

    Raises:
        CorpusError: If the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return [line.rstrip("\n") for line in file]
    except OSError as error:
        raise CorpusError(f"'{path}' cannot be read: {error}") from error
