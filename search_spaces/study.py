"""A study: one table of a paper, or of a user, as data."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    JsonValue,
    NonNegativeInt,
    PositiveInt,
    field_validator,
    model_validator,
)

from corpora.source.task import TaskKind
from models.configs.base import Config, SystemConfig, later
from search_spaces.change import apply_change
from search_spaces.claim import OWN, Claim, Score
from search_spaces.errors import StudyError
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import adopt, find_metric, misfit
from search_spaces.names import name_fault
from search_spaces.printed.published import PublishedData, PublishedTable, load_published
from search_spaces.printed.read import read_beside
from search_spaces.terms import MetricName, Scale, Words
from search_spaces.trial import TrialConfig

ANY_CORPUS = "*"
ANY_OF_NUMBERS = "* regression"
"""Every other corpus whose task is regression, among the columns of a study."""


def as_baseline(given: object) -> object:
    """Take one config, or one system, for every scale and corpus."""
    config = TrialConfig(model=given) if isinstance(given, SystemConfig) else given
    if not isinstance(config, TrialConfig):
        return given
    return {scale: {ANY_CORPUS: config} for scale in get_args(Scale)}


Baseline = Annotated[Mapping[Scale, Mapping[str, TrialConfig]], BeforeValidator(as_baseline)]
"""For each scale a config by corpus name; "*" stands for every corpus without one of its own. One
`TrialConfig`, or one system, stands for all of them."""

RECONSTRUCTED = "(reconstructed)"
"""The end of the names of rows whose architecture we rebuilt from a description."""


class Paper(Config):
    """Who printed the published values."""

    title: Words
    authors: Words
    venue: Words


class Source(Config):
    """Where a study comes from: a paper and the label of its table."""

    paper: Paper
    label: Words


class Column(Config):
    """One metric of one emotion, or its overall score; `published` names the column of the paper.

    Columns of equal `group` stand under one header.
    """

    metric: MetricName
    header: Words
    published: str | None = None
    emotion: Words | None = None
    group: Words = ""

    @property
    def title(self) -> str:
        """The header with its group, as in `Angry F1`."""
        return f"{self.group} {self.header}".strip()


class Row(Config):
    """One line of the table: what it changes in the baseline, and the printed rows it stands for.

    A row of another system than the study's has a `baseline` of its own. `published` holds
    references such as `le_t6/d2222`; several if the paper has a table for each corpus. `tuned_over`
    is the number of candidates of the search that chose the row's settings, if one did.
    """

    name: Words
    baseline: Baseline | None = None
    change: dict[str, JsonValue] = Field(default={})
    published: tuple[str, ...] = ()
    tuned_over: PositiveInt | None = later(None)

    @field_validator("change", mode="before")
    @classmethod
    def _configs_become_json(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        return {
            path: one.model_dump(mode="json") if isinstance(one, BaseModel) else one
            for path, one in value.items()
        }

    @field_validator("published", mode="before")
    @classmethod
    def _one_reference_needs_no_tuple(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


class RowRef(NamedTuple):
    """A row by the names of its study and its own."""

    study: str
    row: str

    def __str__(self) -> str:
        return f"{self.study}/{self.row}"


class Study(Config):
    """One question, one table.

    `columns` holds the metrics by corpus name, "*" for every corpus that has no entry of its own,
    and "* regression" for those of them whose task is regression, if a study says so.
    `claims` are ids of a paper's claims, or claims of one's own. Rows are compared with the row
    `compared_with`, by default the one that is the baseline itself. `published` is what rows,
    columns and ids of claims refer to, by default what the two built-in papers print. It may be
    given as the name of a file beside the study file. `metrics` are those that the study itself
    defines; columns and claims use them by their names.
    """

    name: Words
    title: Words
    source: Source | None = None
    baseline: Baseline
    rows: tuple[Row, ...]
    columns: Mapping[str, tuple[Column, ...]]
    seeds: tuple[NonNegativeInt, ...] = tuple(range(5))
    claims: tuple[str | Claim, ...] = ()
    compared_with: str | None = None
    published: PublishedData | None = later(None)
    metrics: tuple[Metric, ...] = later(())

    @model_validator(mode="after")
    def _own_metrics_are_known(self) -> Self:
        adopt(self.metrics)
        return self

    @field_validator("published", mode="before")
    @classmethod
    def _file_is_read(cls, value: object) -> object:
        return read_beside(value) if isinstance(value, str | Path) else value

    @property
    def printed(self) -> PublishedData:
        """The printed tables and claims that the study refers to."""
        return self.published or load_published()

    def columns_for(self, corpus: str) -> tuple[Column, ...]:
        """Return the metrics that the table shows for a corpus."""
        return self.columns.get(corpus) or self.columns[ANY_CORPUS]

    def for_task(self, task: TaskKind) -> Self:
        """Return the study with the columns that corpora of a task have under "*"."""
        columns = {**self.columns}
        of_numbers = columns.pop(ANY_OF_NUMBERS, None)
        if of_numbers is None:
            return self
        if task == "regression":
            columns[ANY_CORPUS] = of_numbers
        return self.model_copy(update={"columns": columns})

    def main_column(self, corpus: str) -> Column:
        """Return a column of the metric in which the papers state most claims: F1, or the first."""
        columns = self.columns_for(corpus)
        return next((column for column in columns if column.metric == "f1"), columns[0])

    def configs(self, corpus: str, scale: Scale) -> dict[str, TrialConfig]:
        """Resolve every row on a corpus.

        Returns:
            The config of each row, by row name, in the table's order.

        Raises:
            StudyError: If the study has any fault; all faults together, one on each line.
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

    def metric_faults(self, corpus: str, task: TaskKind) -> list[str]:
        """List the columns and claims whose metrics the task of a corpus does not admit."""
        columns = {f"column '{c.title}'": c.metric for c in self.columns_for(corpus)}
        claims = {
            f"claim '{claim.id}'": score.metric
            for claim in self.claims
            if not isinstance(claim, str)
            for score in claim.scores
            if score.corpus == corpus
        }
        return [
            f"{place}: {fault} (corpus '{corpus}')"
            for place, name in {**columns, **claims}.items()
            if (fault := misfit(find_metric(name), task))
        ]

    @property
    def printed_tables(self) -> tuple[str, ...]:
        """The ids of the printed tables that the rows refer to, in their order."""
        references = [reference for row in self.rows for reference in row.published]
        return tuple(dict.fromkeys(reference.partition("/")[0] for reference in references))

    @property
    def printed_corpora(self) -> tuple[str, ...]:
        """The corpora for which a cell of this table is printed."""
        return tuple(
            corpus
            for corpus, columns in self.columns.items()
            if corpus != ANY_CORPUS
            and any(self.find_printed(row, corpus, c) for row in self.rows for c in columns)
        )

    def find_printed(self, row: Row, corpus: str, column: Column) -> str | None:
        """Return the reference of the cell printed for a row on a corpus, as table/row/column."""
        for reference in row.published:
            table = self.printed.table(reference.partition("/")[0])
            if table.dataset in ("", corpus) and column.published in table.columns:
                return f"{reference}/{column.published}"
        return None

    def find_baseline_row(self, corpus: str, scale: Scale | None) -> str:
        """Name the row that the others are compared with.

        It is the one named in `compared_with`, else the one that changes nothing on this corpus,
        else the first. At no scale (`reports.given`) nothing is known of changes.
        """
        if self.compared_with is not None:
            return self.compared_with
        if scale is None:
            return self.rows[0].name
        baseline = self._baseline(self.baseline, corpus, scale)
        configs = self.configs(corpus, scale)
        return next((row for row, c in configs.items() if c == baseline), self.rows[0].name)

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
        if fault := name_fault(self.name):
            faults.append(fault)
        if not self.rows:
            faults.append("rows: a study needs at least one row")
        if not self.seeds:
            faults.append("seeds: a study needs at least one seed")
        faults += [f"row '{name}': listed twice" for name in _repeated(r.name for r in self.rows)]
        faults += [f"seeds: {seed} is listed twice" for seed in _repeated(self.seeds)]
        if ANY_CORPUS not in self.columns:
            faults.append(f"columns: no entry for '{ANY_CORPUS}', which is every other corpus")
        for row in self.rows:
            for reference in row.published:
                faults += _missing(self.printed.row, reference, f"row '{row.name}'")
        names = [row.name for row in self.rows]
        if self.compared_with not in (None, *names):
            faults.append(f"compared_with: no row '{self.compared_with}'; {_choices(names)}")
        faults += [
            f"metric '{name}': defined twice" for name in _repeated(m.name for m in self.metrics)
        ]
        return faults + self._claim_faults() + self._column_faults()

    def _claim_faults(self) -> list[str]:
        """Find claims that do not exist, and own claims about rows that do not exist."""
        names = [row.name for row in self.rows]
        faults = []
        for claim in self.claims:
            if isinstance(claim, str):
                faults += _missing(self.printed.claim, claim, "claims")
            elif claim.family == OWN:
                missing = [name for name in claim.rows if name not in names]
                own = [f"no row '{name}'; {_choices(names)}" for name in missing]
                own += [*_claim_without_sense(claim), *_score_faults(claim.scores)]
                faults += [f"claim '{claim.id}': {fault}" for fault in own]
        ids = [claim if isinstance(claim, str) else claim.id for claim in self.claims]
        return faults + [f"claim '{name}': listed twice" for name in _repeated(ids)]

    def _column_faults(self) -> list[str]:
        tables = self.printed.tables
        cited = [tables[name] for name in self.printed_tables if name in tables]
        printed = {name for table in cited for name in table.columns}
        every = [column for columns in self.columns.values() for column in columns]
        unlike = [
            f"column '{column.title}': {fault}"
            for column in every
            for table in cited
            for fault in _printed_faults(column, table)
        ]
        named = {(c.header, c.published) for c in every}
        wrong = [
            f"column '{column.title}': {fault}"
            for column in every
            for fault in _score_faults([Score("", column.metric, column.emotion)])
        ]
        return list(dict.fromkeys(wrong + unlike)) + [
            f"column '{header}': published table '{', '.join(self.printed_tables)}' has no column "
            f"'{published}'; {_choices(c for table in cited for c in table.columns)}"
            for header, published in sorted(named, key=str)
            if cited and published is not None and published not in printed
        ]


def _score_faults(scores: Sequence[Score]) -> list[str]:
    """Find scores by metrics that do not exist, and of emotions that a metric does not score."""
    faults = []
    for score in scores:
        try:
            metric = find_metric(score.metric)
        except StudyError as error:
            faults.append(str(error))
            continue
        if score.emotion is not None and not metric.of_each:
            faults.append(
                f"metric '{metric.name}' has no score of '{score.emotion}' alone; leave the "
                "emotion out, or take a metric of single emotions"
            )
    return list(dict.fromkeys(faults))


def _printed_faults(column: Column, table: PublishedTable) -> Iterator[str]:
    """Find what a printed table says otherwise of a column's metric than the metric itself."""
    metric = _known_metric(column.metric)
    if metric is None or column.published not in table.columns:
        return
    name = column.published.rpartition(".")[2]
    if table.unit == "percent" and table.is_plain(column.published) != (metric.unit == "plain"):
        is_plain = metric.unit == "plain"
        yield (
            f"metric '{metric.name}' is {'no fraction' if is_plain else 'a fraction'}; "
            f"{'list' if is_plain else 'do not list'} '{name}' under `plain` of {table.label}"
        )
    if table.sign_of(column.published) != metric.sign:
        is_lower = metric.sign < 0
        yield (
            f"by metric '{metric.name}' {'lower' if is_lower else 'higher'} is better; "
            f"{'list' if is_lower else 'do not list'} '{name}' under `lower_is_better` of "
            f"{table.label}"
        )


def _claim_without_sense(claim: Claim) -> list[str]:
    """Find what an own claim cannot compare."""
    faults = [
        f"row '{one.row}' is its own rival" for one in claim.comparisons if one.row == one.rival
    ]
    if not claim.comparisons and claim.value is None and not claim.untestable:
        faults.append("compares nothing: name a rival")
    metrics = [known for score in claim.scores if (known := _known_metric(score.metric))]
    lower = [metric.name for metric in metrics if metric.sign < 0]
    if claim.kind == "greater" and lower:
        faults.append(
            f"says 'greater', but by '{lower[0]}' lower is better; say `better(...)`, which fits "
            "every metric"
        )
    if len({metric.unit for metric in metrics}) > 1:
        faults.append(
            "compares metrics in percent and metrics that are no fractions by one margin; make a "
            "claim of each"
        )
    if claim.margin >= 1 and any(metric.unit == "percent" for metric in metrics):
        faults.append(f"margin {claim.margin:g} is 100 points or more; it is a fraction")
    return faults


def _known_metric(name: str) -> Metric | None:
    try:
        return find_metric(name)
    except StudyError:  # told by `_score_faults`
        return None


def _choices(names: Iterable[str]) -> str:
    return f"choose from {', '.join(names)}"


def _repeated(values: Iterable[Hashable]) -> list[Hashable]:
    return [value for value, count in Counter(values).items() if count > 1]


def _missing(find: Callable[[str], object], reference: str, place: str) -> list[str]:
    try:
        find(reference)
    except StudyError as error:
        return [f"{place}: {error}"]
    return []
