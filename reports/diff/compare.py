"""Compares two planned studies of one corpus at one scale: rows of one name, cell by cell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from reports.ledger.planned import Planned
from reports.scores.cells import Cell, Outcome, collect_outcome, find_cell
from reports.scores.environment import count_facts
from reports.scores.trials import TrialScores
from reports.tables.differences import Difference, subtract_row
from search_spaces.change import flatten
from search_spaces.claim import Score
from search_spaces.errors import StudyError
from search_spaces.study import Column

ABSENT = "absent"


@dataclass(frozen=True)
class ChangedField:
    """A field of a row's config, by dotted path, with its values in both studies, as text."""

    field: str
    a: str
    b: str


@dataclass(frozen=True)
class ComparedCell:
    """A cell of both studies, and B minus A, paired by seed and fold.

    `num_shared` counts the pairs in which both have the same trial: their difference is 0.
    """

    column: Column
    a: Cell
    b: Cell
    difference: Difference
    num_shared: int


@dataclass(frozen=True)
class ComparedRow:
    """A row of both studies; `changed` are the fields in which its configs differ."""

    name: str
    cells: tuple[ComparedCell, ...]
    changed: tuple[ChangedField, ...]


@dataclass(frozen=True)
class MixedFact:
    """A circumstance in which the trials of the two differ, with the values that occur."""

    name: str
    a: tuple[str, ...]
    b: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Two studies side by side, on one corpus at one scale.

    `only_a` and `only_b` are the rows that the other lacks. `is_same_corpus` says whether both read
    the same preparation of the corpus.
    """

    a: str
    b: str
    corpus: str
    scale: str
    rows: tuple[ComparedRow, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    mixed: tuple[MixedFact, ...]
    is_same_corpus: bool = True

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of every row."""
        return tuple(cell.column for cell in self.rows[0].cells)


def compare(
    a: Planned, b: Planned, trial_scores: TrialScores, *, names: tuple[str, str]
) -> Comparison:
    """Compare two planned studies, in the order of A's rows and columns.

    Raises:
        LedgerError: If a record or its predictions are damaged or missing.
        StudyError: If they have no row in common, or a metric of their own is not loaded.
    """
    rows_a, rows_b = ([row.name for row in one.study.rows] for one in (a, b))
    common = [row for row in rows_a if row in rows_b]
    if not common:
        raise StudyError(
            f"'{names[0]}' and '{names[1]}' have no row of one name on '{a.corpus}': "
            f"{', '.join(rows_a)}; and {', '.join(rows_b)}"
        )
    of_a, of_b = (collect_outcome(one, trial_scores) for one in (a, b))
    configs_a, configs_b = (flat_configs(one) for one in (a, b))
    columns = _columns(a, b)
    rows = tuple(
        ComparedRow(
            name=row,
            cells=tuple(_compare_cell(row, c, of_a, of_b, trial_scores) for c in columns),
            changed=_changed_fields(configs_a[row], configs_b[row]),
        )
        for row in common
    )
    return Comparison(
        a=names[0],
        b=names[1],
        corpus=a.corpus,
        scale=a.scale,
        rows=rows,
        only_a=tuple(row for row in rows_a if row not in rows_b),
        only_b=tuple(row for row in rows_b if row not in rows_a),
        mixed=_mixed(of_a, of_b),
        is_same_corpus=set(a.fingerprints) == set(b.fingerprints),
    )


def flat_configs(planned: Planned) -> dict[str, dict[str, JsonValue]]:
    """List the fields of each row's config by dotted path."""
    configs = planned.study.configs(planned.family, planned.scale)
    return {row: flatten(config) for row, config in configs.items()}


def _columns(a: Planned, b: Planned) -> list[Column]:
    """List the columns of A, then those that only B has."""
    found: dict[tuple[str, str | None], Column] = {}
    for column in (*a.study.columns_for(a.family), *b.study.columns_for(b.family)):
        found.setdefault((column.metric, column.emotion), column)
    return [*found.values()]


def _compare_cell(
    row: str, column: Column, of_a: Outcome, of_b: Outcome, trial_scores: TrialScores
) -> ComparedCell:
    score = Score(of_a.corpus, column.metric, column.emotion)
    cell_a, cell_b = (find_cell(one, row, score, trial_scores) for one in (of_a, of_b))
    _, difference = subtract_row([cell_a, cell_b], 0)
    assert difference is not None
    pairs = zip(difference.seeds, difference.minus, strict=True)
    num_shared = sum(key == other for (_, key), other in pairs)
    return ComparedCell(column, cell_a, cell_b, difference, num_shared)


def _changed_fields(
    a: Mapping[str, JsonValue], b: Mapping[str, JsonValue]
) -> tuple[ChangedField, ...]:
    return tuple(
        ChangedField(field, _text(a, field), _text(b, field))
        for field in dict.fromkeys([*a, *b])
        if _text(a, field) != _text(b, field)
    )


def _text(config: Mapping[str, JsonValue], field: str) -> str:
    return str(config[field]) if field in config else ABSENT


def _mixed(of_a: Outcome, of_b: Outcome) -> tuple[MixedFact, ...]:
    """Find the circumstances in which the trials of two outcomes differ."""
    both = [list(one.records.values()) for one in (of_a, of_b)]
    if not all(both):
        return ()
    facts_a, facts_b = ({fact.name: _values(fact.values) for fact in count_facts(r)} for r in both)
    return tuple(
        MixedFact(name, facts_a.get(name, ()), facts_b.get(name, ()))
        for name in dict.fromkeys([*facts_a, *facts_b])
        if set(facts_a.get(name, ())) != set(facts_b.get(name, ()))
    )


def _values(counted: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(value for value, _ in counted)
