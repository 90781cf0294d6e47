"""Reading a user's own tables, in the format of `search_spaces/printed/published.yaml`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from search_spaces.errors import PublishedError
from search_spaces.printed.faults import claim_faults, support_faults, table_faults
from search_spaces.printed.lines import Lines
from search_spaces.printed.published import (
    Inconsistency,
    PublishedClaim,
    PublishedData,
    PublishedSupports,
    PublishedTable,
)
from search_spaces.printed.text_file import parse_mapping, read_content

SCHEMA = "1"

Part = TypeVar("Part", bound=BaseModel)

_FOLDER: ContextVar[Path] = ContextVar("folder", default=Path())
"""Where `read_beside` looks."""


@contextmanager
def beside(file: Path) -> Iterator[None]:
    """Let `read_beside` look in the folder of a file, while that file is run."""
    token = _FOLDER.set(file.absolute().parent)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def read_beside(name: str | Path) -> PublishedData:
    """Read printed tables from a file beside the study file that is run, or in the own folder.

    Raises:
        PublishedError: As `read_published`.
    """
    return read_published(_FOLDER.get() / name)


def read_published(path: Path) -> PublishedData:
    """Read printed tables from a file.

    Raises:
        PublishedError: If the file cannot be read or has faults; the message lists all of them,
            with their lines.
    """
    content = read_content(path)
    parsed = parse_mapping(content, path, "the keys schema and tables")
    reader = _Reader(parsed, path.name)
    data = reader.read()
    if reader.faults:
        lines = Lines(content.decode("utf-8"))
        faults = map(lines.add_to, dict.fromkeys(reader.faults))
        raise PublishedError("\n  ".join([f"{path}:", *faults]))
    return data


class _Reader:
    """Reads the parts of a file one by one, so that a fault in one does not hide other faults."""

    def __init__(self, content: Mapping[str, Any], file: str) -> None:
        self.content, self.file = content, file
        self.faults: list[str] = []

    def read(self) -> PublishedData:
        """Read the parts without faults; collect the faults in `faults`."""
        if self.content.get("schema") != SCHEMA:
            self.faults.append(f"schema: '{self.content.get('schema', '')}'; choose {SCHEMA}")
        data = PublishedData(
            tables=self._sound_tables(),
            claims=tuple(self._listed("claims", PublishedClaim)),
            supports=self._named("supports", PublishedSupports),
            names=self._names(),
            inconsistencies=tuple(self._listed("inconsistencies", Inconsistency)),
            file=self.file,
        )
        unsound = self._mapping("tables").keys() - data.tables.keys()
        self.faults += claim_faults(data, unsound) + support_faults(data, unsound)
        return data

    def _sound_tables(self) -> dict[str, PublishedTable]:
        """Read the tables without faults."""
        if not self.content.get("tables"):
            self.faults.append("tables: there are none")
        tables = self._named("tables", PublishedTable)
        faults = {table_id: table_faults(table_id, table) for table_id, table in tables.items()}
        self.faults += [fault for of_table in faults.values() for fault in of_table]
        return {table_id: table for table_id, table in tables.items() if not faults[table_id]}

    def _names(self) -> dict[str, str]:
        names = self._mapping("names")
        wrong = [key for key, value in names.items() if not isinstance(value, str)]
        self.faults += [f"names/{key}: must be text" for key in wrong]
        return {key: value for key, value in names.items() if isinstance(value, str)}

    def _named(self, key: str, form: type[Part]) -> dict[str, Part]:
        parts = {
            name: self._part(f"{key}/{name}", form, content)
            for name, content in self._mapping(key).items()
        }
        return {name: part for name, part in parts.items() if part is not None}

    def _listed(self, key: str, form: type[Part]) -> list[Part]:
        content = self.content.get(key) or []
        if not isinstance(content, list):
            self.faults.append(f"{key}: must be a list")
            return []
        parts = [self._part(f"{key}/{place}", form, one) for place, one in enumerate(content)]
        return [part for part in parts if part is not None]

    def _mapping(self, key: str) -> Mapping[str, Any]:
        content = self.content.get(key) or {}
        if isinstance(content, Mapping):
            return content
        self.faults.append(f"{key}: must be a mapping")
        return {}

    def _part(self, place: str, form: type[Part], content: object) -> Part | None:
        try:
            return form.model_validate(content)
        except ValidationError as error:
            for fault in error.errors():
                where = "/".join([place, *map(str, fault["loc"])])
                self.faults.append(f"{where}: {fault['msg']}{_given(fault['input'])}")
            return None


def _given(value: object) -> str:
    return f", not '{value}'" if isinstance(value, str) else ""
