"""The papers' printed values and claims, as text, from `published.yaml` beside this file."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from corpora.parsing.yaml_text import parse_yaml
from search_spaces.errors import StudyError

Mark = Literal["", "excerpted", "reproduced", "dai2021", "xia_reproduction", "proposed"]


ClaimKind = Literal[
    "delta",
    "greater",
    "better",
    "argmax",
    "greater_than_all",
    "same",
    "value",
    "count",
    "qualitative",
    "order_from_figure",
    "statistical",
    "complexity",
]


class Published(BaseModel):
    """A part of the data file; fields that the code does not need are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", serialize_by_alias=True)


class PublishedRow(Published):
    """One printed line; `values` follow the table's columns, or its own where it has any.

    A line that counts utterances of one split of one corpus has `dataset` and `split`.
    `printed_gain` holds the gains over the line before, if the table prints them. Rows of equal
    `config` are about one system, in any table.
    """

    id: str
    name: str = ""
    mark: Mark = ""
    config: Mapping[str, str] = {}
    dataset: str = ""
    split: str = ""
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = Field(alias="v")
    bold: tuple[int, ...] = ()
    printed_gain: tuple[str, ...] = ()


class PublishedTable(Published):
    """One printed table; a figure or a count may have no columns of its own.

    `plain` and `lower_is_better` name metrics as the columns do, without corpus or emotion: those
    that are no fractions, whatever the `unit` of the others, and those of which the lowest is best.
    """

    paper: str
    label: str
    dataset: str = ""
    unit: Literal["percent", "fraction", "count", ""] = ""
    plain: tuple[str, ...] = ()
    lower_is_better: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[PublishedRow, ...] = ()

    def is_plain(self, column: str) -> bool:
        """Whether the numbers of a column are no fractions."""
        return column.rpartition(".")[2] in self.plain

    def unit_of(self, column: str) -> Literal["percent", "fraction", "count", ""]:
        """Return the unit of a column; a plain number is read as a fraction is, as it stands."""
        return "fraction" if self.is_plain(column) else self.unit

    def sign_of(self, column: str) -> int:
        """Return what turns a number of a column into a gain: -1 if lower is better, else 1."""
        return -1 if column.rpartition(".")[2] in self.lower_is_better else 1


class PublishedClaim(Published):
    """One sentence of a paper under test; `cells` are `table/row/column`.

    `published` is the gap or value that the sentence states, as text, if it states one; a positive
    gap means better. A claim of the kind `count` says that its `rows`, `table/row`, are the best in
    most of their columns. `greater` and `greater_than_all` say that numbers are higher, `better`
    that they are lower where lower is better.
    """

    id: str
    paper: str
    claim: str
    kind: ClaimKind
    cells: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    published: str = ""
    note: str = ""


class PublishedSupports(Published):
    """Where the sizes of a corpus's test split are printed.

    `positives` refers to the row that counts the utterances with each emotion, `utterances` to the
    cell that counts all.
    """

    positives: str
    utterances: str


class Inconsistency(Published):
    """A contradiction in the papers: a `check` of their numbers found it, or a person noted it."""

    id: str
    where: str
    text: str
    check: str = ""


class PublishedData(Published):
    """All printed tables and claims.

    `supports` are by corpus. `names` maps other spellings in the columns to the usual ones. `file`
    is the name of a user's own file.
    """

    tables: Mapping[str, PublishedTable]
    claims: tuple[PublishedClaim, ...] = ()
    supports: Mapping[str, PublishedSupports] = {}
    names: Mapping[str, str] = {}
    inconsistencies: tuple[Inconsistency, ...] = ()
    file: str = ""

    def row(self, reference: str) -> PublishedRow:
        """Find the printed row behind a reference such as `le_t6/d2222`.

        Raises:
            StudyError: If there is no such table or row.
        """
        table_id, _, row_id = reference.partition("/")
        rows = {row.id: row for row in self.table(table_id).rows}
        if row_id not in rows:
            raise StudyError(
                f"published row '{reference}': table '{table_id}'{self._place} has no row "
                f"'{row_id}'; "
                f"choose from {', '.join(rows)}"
            )
        return rows[row_id]

    def table(self, table_id: str) -> PublishedTable:
        """Find a printed table.

        Raises:
            StudyError: If there is none of that id.
        """
        if table_id not in self.tables:
            raise StudyError(
                f"published table '{table_id}' does not exist{self._place}; "
                f"choose from {', '.join(self.tables)}"
            )
        return self.tables[table_id]

    def claim(self, claim_id: str) -> PublishedClaim:
        """Find a claim.

        Raises:
            StudyError: If there is none of that id.
        """
        claims = {claim.id: claim for claim in self.claims}
        if claim_id not in claims:
            raise StudyError(
                f"claim '{claim_id}' does not exist{self._place}; "
                f"choose from {', '.join(claims) or 'none'}"
            )
        return claims[claim_id]

    @property
    def _place(self) -> str:
        return f" in '{self.file}'" if self.file else ""


@cache
def load_published() -> PublishedData:
    """Read what the two papers print, every scalar as text."""
    content = files("search_spaces.printed").joinpath("published.yaml").read_bytes()
    return PublishedData.model_validate(parse_yaml(content, yaml.CBaseLoader))
