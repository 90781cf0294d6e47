"""Which planned studies `diff` compares, and what it prints with `--json`."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from orchestrator.facts import Facts
from reports.diff.compare import ComparedCell, ComparedRow, Comparison, compare
from reports.diff.versions import UnknownCodeError, of_code
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, plans_of
from reports.scores.lines import OVERALL, unit_of
from reports.scores.trials import TrialScores
from search_spaces.errors import StudyError
from search_spaces.terms import Scale


class FieldFacts(Facts):
    """A field in which the configs of a row differ."""

    field: str
    """The field, by dotted path."""

    a: str
    """Its value in A, as text; `absent` if A lacks it."""

    b: str
    """Its value in B, as text; `absent` if B lacks it."""


class CellFacts(Facts):
    """A cell of both studies."""

    metric: str
    """The metric."""

    emotion: str
    """The emotion; `overall` for all."""

    unit: str
    """The unit of all scores: `fraction`, or `plain`."""

    a_mean: float | None
    """A's mean over seeds; null without scores."""

    a_std: float | None
    """A's sample standard deviation; null with fewer than two scores."""

    a_num: int
    """How many scores A has."""

    b_mean: float | None
    """B's mean over seeds; null without scores."""

    b_std: float | None
    """B's sample standard deviation; null with fewer than two scores."""

    b_num: int
    """How many scores B has."""

    difference: float | None
    """The mean of B minus A over the seeds and folds of both; null without any in common."""

    low: float | None
    """The lower end of its 95 % interval; null with fewer than two pairs."""

    high: float | None
    """The upper end of that interval."""

    num_pairs: int
    """How many pairs of seed and fold both have."""

    num_shared: int
    """In how many of them both have the same trial."""

    why_void: str
    """Why nothing is subtracted though there are scores; empty if it is."""


class RowFacts(Facts):
    """A row of both studies."""

    row: str
    """The row."""

    cells: list[CellFacts]
    """Its cells, in the order of the columns."""

    changed: list[FieldFacts]
    """The fields in which its configs differ."""


class CircumstanceFacts(Facts):
    """A circumstance in which the trials differ, such as the device."""

    name: str
    """What it is."""

    a: list[str]
    """The values in A, the most frequent first."""

    b: list[str]
    """The values in B, the most frequent first."""


class ComparisonFacts(Facts):
    """Two studies side by side, on one corpus at one scale."""

    a: str
    """What A is."""

    b: str
    """What B is."""

    corpus: str
    """The corpus."""

    scale: str
    """The scale."""

    rows: list[RowFacts]
    """The rows of both, in A's order."""

    only_a: list[str]
    """The rows that only A has."""

    only_b: list[str]
    """The rows that only B has."""

    circumstances: list[CircumstanceFacts]
    """The circumstances in which their trials differ."""

    is_same_corpus: bool
    """Whether both read the same preparation of the corpus."""


class DiffFacts(Facts):
    """What `diff` found."""

    comparisons: list[ComparisonFacts]
    """One for each corpus and scale, by name."""


def compare_studies(
    a: str, b: str, storage: Path, *, corpus: str | None, scale: Scale | None
) -> list[Comparison]:
    """Compare two studies on each corpus and scale on which both were run.

    Raises:
        LedgerError: If something in the ledger is damaged.
        StudyError: If there is no such study, or nothing in common.
    """
    scores = TrialScores(Ledger(storage))
    of_a, of_b = (_find(name, scores.ledger, corpus, scale) for name in (a, b))
    places = {(one.corpus, one.scale): one for one in of_b}
    pairs = [(one, places[place]) for one in of_a if (place := (one.corpus, one.scale)) in places]
    if not pairs:
        raise StudyError(
            f"'{a}' was run on {_places(of_a)}, '{b}' on {_places(of_b)}: nothing is in common"
        )
    found = [compare(one, other, scores, names=(a, b)) for one, other in pairs]
    scores.remember()
    return found


def compare_versions(
    study: str,
    codes: tuple[str, str],
    storage: Path,
    *,
    corpus: str | None,
    scale: Scale | None,
    tell: Callable[[str], object],
) -> list[Comparison]:
    """Compare the trials of a study that two versions of the code trained.

    A corpus for which one of the two trained no trial is left out; `tell` is called with the
    reason.

    Raises:
        LedgerError: If something in the ledger is damaged.
        StudyError: If there is no such study, or no corpus is left.
    """
    scores = TrialScores(Ledger(storage))
    names = (f"{study}, code {codes[0]}", f"{study}, code {codes[1]}")
    found: list[Comparison] = []
    reasons: list[UnknownCodeError] = []
    for planned in _find(study, scores.ledger, corpus, scale):
        try:
            a, b = (of_code(planned, code, scores.ledger) for code in codes)
        except UnknownCodeError as error:
            reasons.append(error)
        else:
            found.append(compare(a, b, scores, names=names))
    if not found:
        raise reasons[0]
    for reason in reasons:
        tell(f"left out: {reason}")
    scores.remember()
    return found


def _find(name: str, ledger: Ledger, corpus: str | None, scale: Scale | None) -> list[Planned]:
    of_study = plans_of(name, ledger)
    found = [one for one in of_study if one.corpus == (corpus or one.corpus)]
    found = [one for one in found if one.scale == (scale or one.scale)]
    if not found:
        raise StudyError(f"study '{name}' was run on {_places(of_study)} alone; choose from these")
    return found


def _places(planned: Sequence[Planned]) -> str:
    return ", ".join(f"{one.corpus} ({one.scale})" for one in planned)


def diff_facts(comparisons: Sequence[Comparison]) -> DiffFacts:
    """Say what was compared."""
    return DiffFacts(comparisons=[_comparison(one) for one in comparisons])


def _comparison(one: Comparison) -> ComparisonFacts:
    return ComparisonFacts(
        a=one.a,
        b=one.b,
        corpus=one.corpus,
        scale=one.scale,
        rows=[_row(row) for row in one.rows],
        only_a=[*one.only_a],
        only_b=[*one.only_b],
        circumstances=[
            CircumstanceFacts(name=fact.name, a=[*fact.a], b=[*fact.b]) for fact in one.mixed
        ],
        is_same_corpus=one.is_same_corpus,
    )


def _row(row: ComparedRow) -> RowFacts:
    changed = [FieldFacts(field=one.field, a=one.a, b=one.b) for one in row.changed]
    return RowFacts(row=row.name, cells=[*_cells(row.cells)], changed=changed)


def _cells(cells: Sequence[ComparedCell]) -> Iterator[CellFacts]:
    for cell in cells:
        low, high = cell.difference.interval or (None, None)
        yield CellFacts(
            metric=cell.column.metric,
            emotion=cell.column.emotion or OVERALL,
            unit=unit_of(cell.column.metric),
            a_mean=cell.a.mean,
            a_std=cell.a.std,
            a_num=cell.a.num_scores,
            b_mean=cell.b.mean,
            b_std=cell.b.std,
            b_num=cell.b.num_scores,
            difference=cell.difference.mean,
            low=low,
            high=high,
            num_pairs=cell.difference.num_values,
            num_shared=cell.num_shared,
            why_void=cell.difference.why_void,
        )
