"""Finds and reads the file of a project."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from corpora.errors import UserError, did_you_mean
from corpora.parsing.errors import ParseError
from corpora.parsing.paths import expand_home
from corpora.parsing.toml_text import parse_toml
from orchestrator.addresses.address import database_of, sqlite_uri
from orchestrator.project.fields import ALLOWED, Fields, Value
from orchestrator.storage.folder import URI

FILE = "mmer-sweep.toml"

MAX_SHOWN = 60
"""So many characters of a wrong value are shown."""


class ProjectError(UserError):
    """The file of a project is wrong; the message names the file and each wrong key."""


@dataclass(frozen=True)
class Project:
    """The file of a project, and what it sets: values by the names of arguments.

    Without a file nothing is set.
    """

    file: Path | None = None
    values: dict[str, Value] = field(default_factory=dict)


def read_project(folder: Path | None = None) -> Project:
    """Read the file of the project that a folder, by default the working folder, belongs to.

    Raises:
        ProjectError: If the file is of another user, cannot be read, or sets something that it may
            not.
    """
    file = find_file(folder)
    if file is not None and not all(map(_is_trusted, (file, file.parent))):
        raise ProjectError(
            f"'{file}', or its folder, belongs to another user, who could send your results "
            "elsewhere: it is not read; if you trust it, copy it to a folder of yours and start "
            "the command there"
        )
    return Project() if file is None else Project(file, _read(file))


def find_file(folder: Path | None = None) -> Path | None:
    """Find the nearest file in a folder, or above it; None if there is none."""
    try:
        places = searched_folders((folder or Path.cwd()).absolute())
    except OSError:  # the working folder was removed
        return None
    files = (str(place / FILE) for place in places)
    # Unlike those of pathlib, these functions take what the user may not reach as not there.
    return next((Path(file) for file in files if os.path.isfile(file)), None)  # noqa: PTH113


def searched_folders(folder: Path) -> list[Path]:
    """List where a file counts: up to the top of the repository, else up to the user's home.

    Outside of both only the folder itself counts: above it, as in `/tmp`, others may write. A
    repository of another user is none.
    """
    places = [folder, *folder.parents]
    tops = [place for place in places if _is_trusted(place) and _is_trusted(place / ".git")]
    top = next((place for place in (*tops, _home()) if place in places), folder)
    return places[: places.index(top) + 1]


def _is_trusted(path: Path) -> bool:
    """Whether a file exists, and it and what it links to belong to this user, or to root."""
    try:
        owners = {path.lstat().st_uid, path.stat().st_uid}
    except OSError:
        return False
    return not hasattr(os, "geteuid") or owners <= {0, os.geteuid()}


def _home() -> Path | None:
    try:
        return Path.home().absolute()
    except RuntimeError:  # this user has none
        return None


def _read(file: Path) -> dict[str, Value]:
    try:
        given = parse_toml(file.read_bytes())
        fields = Fields.model_validate(given)
    except OSError as error:
        raise ProjectError(f"'{file}' cannot be read: {error.strerror}") from error
    except ParseError as error:
        raise ProjectError(f"'{file}' is no TOML: {error}") from error
    except ValidationError as error:
        keys = dict.fromkeys(str(fault["loc"][0]) for fault in error.errors())
        faults = "; ".join(_fault(key, given[key]) for key in keys)
        raise ProjectError(f"'{file}': {faults}") from error
    values: dict[str, Value] = fields.model_dump(exclude_none=True)
    if "storage" in values:
        values["storage"] = _storage(str(values["storage"]), file.parent)
    if "tracking_uri" in values:
        values["tracking_uri"] = _tracking_uri(str(values["tracking_uri"]), file.parent)
    return values


def _fault(key: str, value: object) -> str:
    if key not in ALLOWED:
        return f"'{key}' is no key; {did_you_mean(key, ALLOWED)}choose from {', '.join(ALLOWED)}"
    shown = json.dumps(value, default=str, ensure_ascii=False)
    if len(shown) > MAX_SHOWN:
        shown = f"{shown[:MAX_SHOWN]}..."
    return f"{key} is {shown}; it must be {ALLOWED[key]}"


def _storage(place: str, beside: Path) -> str:
    """Return a storage folder that is relative to the file as an absolute path."""
    return place if URI.match(place) else str(beside / expand_home(place))


def _tracking_uri(address: str, beside: Path) -> str:
    """Return the address of an SQLite file that is relative to the file with an absolute path."""
    database = database_of(address)
    if database is None or database.is_absolute():
        return address
    _, mark, options = address.partition("?")
    return sqlite_uri(beside / database) + mark + options
