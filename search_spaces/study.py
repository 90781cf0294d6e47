"""A study: one table of a paper, or of a user, as data."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Literal, NamedTuple

from pydantic import Field, JsonValue, NonNegativeInt

from models.configs.base import Config
from search_spaces.change import apply_change
from search_spaces.errors import StudyError
from search_spaces.published import PublishedTable, load_published
from search_spaces.trial import TrialConfig

Metric = Literal["acc", "wacc", "f1", "precision", "recall", "auc"]
Scale = Literal["tiny", "paper"]

ANY_CORPUS = "*"

Baseline = Mapping[Scale, Mapping[str, TrialConfig]]
"""For each scale a config by corpus name; "*" stands for every corpus without one of its own."""

RECONSTRUCTED = "(reconstructed)"
"""Stands in the names of rows whose architecture is ours after a description."""


class Paper(Config):
    """Who printed the published values."""

    title: str
    authors: str
    venue: str


class Source(Config):
    """Where a study comes from: a paper and the label of its table."""

    paper: Paper
    label: str


class Column(Config):
    """One metric, averaged over the emotions; `published` names the column that printed it."""

    metric: Metric
    header: str
    published: str | None = None


class Row(Config):
    """One line of the table: what it changes in the baseline, and the printed row it stands for.

    A row of another system than the study's has a `baseline` of its own.
    """

    name: str
    baseline: Baseline | None = Field(default=None, exclude=True)
    change: dict[str, JsonValue] = Field(default={})
    published: str | None = None


class RowRef(NamedTuple):
    """A row by the names of its study and its own."""

    study: str
    row: str

    def __str__(self) -> str:
        return f"{self.study}/{self.row}"


class Study(Config):
    """One question, one table.

    `columns` holds the metrics by corpus name, "*" for every corpus that has no entry of its own.
    """

    name: str
    title: str
    source: Source | None = None
    baseline: Baseline
    rows: tuple[Row, ...]
    columns: Mapping[str, tuple[Column, ...]]
    seeds: tuple[NonNegativeInt, ...] = tuple(range(5))
    claims: tuple[str, ...] = ()

    def columns_for(self, corpus: str) -> tuple[Column, ...]:
        """Return the metrics that the table shows for a corpus."""
        return self.columns.get(corpus) or self.columns[ANY_CORPUS]

    def configs(self, corpus: str, scale: Scale) -> dict[str, TrialConfig]:
        """Resolve every row on a corpus.

        Returns:
            The config of each row, by row name, in the table's order.

        Raises:
            StudyError: If the study has any fault; all of them together, a line each.
        """
        baseline = self._baseline(self.baseline, corpus, scale)
        configs: dict[str, TrialConfig] = {}
        faults = self._faults()
        for row in self.rows:
            try:
                own = self._baseline(row.baseline, corpus, scale) if row.baseline else baseline
                configs[row.name] = apply_change(own, row.change)
            except StudyError as error:
                faults += [f"row '{row.name}': {line}" for line in str(error).splitlines()]
        faults += [
            f"row '{name}': its architecture is reconstructed; let the name end in {RECONSTRUCTED}"
            for name, config in configs.items()
            if config.model.reconstructed and not name.endswith(RECONSTRUCTED)
        ]
        if faults:
            raise StudyError("\n".join(f"study '{self.name}', {fault}" for fault in faults))
        return configs

    def published_table(self) -> PublishedTable | None:
        """Return the printed table that the rows refer to, if they refer to one."""
        references = [row.published for row in self.rows if row.published]
        if not references:
            return None
        return load_published().table(references[0].partition("/")[0])

    def _baseline(self, baseline: Baseline, corpus: str, scale: Scale) -> TrialConfig:
        configs = baseline.get(scale)
        if not configs:
            raise StudyError(
                f"study '{self.name}' has no baseline at the scale '{scale}'; "
                f"choose from {', '.join(baseline)}"
            )
        if corpus not in configs and ANY_CORPUS not in configs:
            raise StudyError(
                f"study '{self.name}' has no baseline for the corpus '{corpus}' at the scale "
                f"'{scale}'; choose from {', '.join(configs)}"
            )
        return configs.get(corpus) or configs[ANY_CORPUS]

    def _faults(self) -> list[str]:
        faults = []
        if not re.fullmatch(r"[\w-]+", self.name):
            faults.append("name: choose letters, digits, '-' and '_', for it names a folder")
        if not self.rows:
            faults.append("rows: a study needs at least one row")
        if not self.seeds:
            faults.append("seeds: a study needs at least one seed")
        faults += [f"row '{name}': stands twice" for name in _repeated(r.name for r in self.rows)]
        faults += [f"seeds: {seed} stands twice" for seed in _repeated(self.seeds)]
        if ANY_CORPUS not in self.columns:
            faults.append(f"columns: no entry for '{ANY_CORPUS}', every other corpus")
        for row in self.rows:
            if row.published:
                faults += _missing(load_published().row, row.published, f"row '{row.name}'")
        for claim in self.claims:
            faults += _missing(load_published().claim, claim, "claims")
        return faults + self._column_faults()

    def _column_faults(self) -> list[str]:
        cited = {row.published.partition("/")[0] for row in self.rows if row.published}
        named = {(c.header, c.published) for columns in self.columns.values() for c in columns}
        return [
            f"column '{header}': published table '{table_id}' has no column '{published}'; "
            f"choose from {', '.join(table.columns)}"
            for table_id, table in load_published().tables.items()
            for header, published in sorted(named, key=str)
            if table_id in cited and published is not None and published not in table.columns
        ]


def _repeated(values: Iterable[Hashable]) -> list[Hashable]:
    return [value for value, count in Counter(values).items() if count > 1]


def _missing(find: Callable[[str], object], reference: str, place: str) -> list[str]:
    try:
        find(reference)
    except StudyError as error:
        return [f"{place}: {error}"]
    return []
