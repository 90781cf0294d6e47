"""From a file of results to its tables, and verdicts on claims about it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reports.given.claims_file import ClaimsFile, read_claims, resolve_claims
from reports.given.columns import ColumnNames, choose_columns
from reports.given.errors import GivenError
from reports.given.grid import read_results
from reports.given.metrics import Direction, Scaling, identify
from reports.given.outcomes import find_test_share, make_outcomes, make_study, tell_seeds
from reports.given.printed import Printed, add_claims, find_printed, name_corpus
from reports.given.results import Declared, Results, collect_results
from reports.scores.cells import Outcome
from reports.tables.table import Table, build_tables
from reports.verdicts.judgement import Judged, Word, judge_claims
from search_spaces.printed.published import PublishedData
from search_spaces.printed.read import read_published
from search_spaces.study import Study

FAILED: tuple[Word, ...] = ("FAILS", "REVERSED")
"""The verdicts by which a claim has failed."""

NO_PREDICTIONS = (
    "Without predictions no verdict goes beyond these test sets, and none is about single "
    "utterances."
)


@dataclass(frozen=True)
class Source:
    """The files of others."""

    results: Path
    claims: Path | None = None
    published: Path | None = None


@dataclass(frozen=True)
class Reading:
    """What a user says of the results.

    `baseline` is the row that the others are compared with. `scaling` is the unit of the file, and
    `plain` names metrics whose values are neither in percent nor fractions.
    `test_share` is the ratio of test to training utterances of a fold.
    """

    lower_is_better: tuple[str, ...] = ()
    higher_is_better: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    scaling: Scaling | None = None
    baseline: str | None = None
    test_share: float | None = None


@dataclass(frozen=True)
class Assessment:
    """What can be said of the results: the tables, each with all notes, and the verdicts.

    The first table has the scores, maybe beside the printed values, the last one the differences to
    the row `baseline`. There are no verdicts without claims.
    """

    results: Results
    study: Study
    outcomes: tuple[Outcome, ...]
    tables: tuple[Table, ...]
    judged: tuple[Judged, ...]
    notes: tuple[str, ...]

    @property
    def baseline(self) -> str:
        """The row that the others are compared with."""
        return self.study.compared_with or self.results.rows[0]

    @property
    def failed(self) -> list[Judged]:
        """The claims that failed."""
        return [one for one in self.judged if one.verdict in FAILED]


def assess(source: Source, names: ColumnNames, reading: Reading) -> Assessment:
    """Read the files and judge the claims; without claims the rows are only compared.

    Args:
        source: The files.
        names: The names of the columns of the results.
        reading: What else the user says of them.

    Raises:
        GivenError: If the results or the claims have faults, or if nothing says what they mean.
        PublishedError: If the file of printed values has faults, or a YAML file cannot be read.
    """
    claims = read_claims(source.claims) if source.claims else None
    published = read_published(source.published) if source.published else None
    grid = read_results(source.results)
    columns = choose_columns(grid, names)
    results = collect_results(grid, columns, _declare(reading, claims))
    results = name_corpus(results, published) if published else results
    printed = find_printed(results, published) if published else Printed()
    study = make_study(results, printed, reading.baseline)
    share = find_test_share(results, reading.test_share)
    outcomes = make_outcomes(study, results, printed, share)
    notes = [*results.notes, *tell_seeds(outcomes, study.compared_with or ""), *printed.notes]
    if claims is not None:
        study = study.model_copy(update={"claims": resolve_claims(claims, results)})
    if published is not None:
        if claims is not None:
            _refuse_equal_ids(claims, published)
        study, told = add_claims(study, published)
        notes += told
    if share and reading.test_share is None:
        notes.append(
            f"The folds are taken to be {round(1 / share) + 1} parts of equal size, each the test "
            "set once; --test-share says otherwise."
        )
    notes.append(NO_PREDICTIONS)
    return Assessment(
        results=results,
        study=study,
        outcomes=tuple(outcomes),
        tables=tuple(_with_notes(table, notes) for table in _tabulate(study, outcomes)),
        judged=tuple(judge_claims(study, outcomes, None, asked_of=[])),
        notes=tuple(notes),
    )


def _refuse_equal_ids(claims: ClaimsFile, published: PublishedData) -> None:
    printed = {claim.id for claim in published.claims}
    for one in claims.claims:
        if one.id in printed:
            fault = claims.lines.add_to(f"claim '{one.id}': {published.file} has one of that id")
            raise GivenError(f"{claims.path}: {fault}; give it another one")


def _declare(reading: Reading, claims: ClaimsFile | None) -> Declared:
    """Join what the command and the file of claims say of metrics; the command comes first."""
    directions: dict[str, Direction] = dict(claims.declared.directions) if claims else {}
    directions |= {identify(name): "lower" for name in reading.lower_is_better}
    directions |= {identify(name): "higher" for name in reading.higher_is_better}
    units: dict[str, Scaling] = dict(claims.declared.scalings) if claims else {}
    units |= {identify(name): "plain" for name in reading.plain}
    scaling = reading.scaling or (claims.declared.scaling if claims else None)
    return Declared(directions, scaling, units)


def _tabulate(study: Study, outcomes: Sequence[Outcome]) -> list[Table]:
    """Build the tables; a single row has no differences to itself."""
    tables = build_tables(study, outcomes)
    return [one for one in tables if len(study.rows) > 1 or one.variant != "minus-baseline"]


def _with_notes(table: Table, notes: Sequence[str]) -> Table:
    brief = replace(table.brief, notes=(*table.brief.notes, *notes))
    return replace(table, notes=(*table.notes, *notes), brief=brief)
