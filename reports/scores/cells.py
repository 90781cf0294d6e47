"""Cells: a row's scores on a corpus by one metric over seeds, recomputed from the predictions.

The t quantile comes from scipy.special: it loads much faster than scipy.stats.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from statistics import fmean, stdev

from scipy.special import stdtrit

from reports.ledger.planned import Planned, name_varied
from reports.ledger.record import Record
from reports.scores.floors import Floors, corpus_under, find_floors
from reports.scores.redrawn import RedrawnScores
from reports.scores.trials import Fault, TrialScores
from search_spaces.claim import Score
from search_spaces.metrics.registry import check_loaded
from search_spaces.study import Column
from search_spaces.terms import MetricName, Scale
from search_spaces.trial import Stream

_REASONS: dict[Fault, str] = {
    "diverged": "diverged",
    "constant": "predicts the same for every test utterance",
}


@dataclass(frozen=True)
class SeedScore:
    """The test score of one trial, for one emotion or overall: a fraction in [0, 1].

    By a metric that is no fraction, it is in that metric's own unit.

    `fault` says why the score is not that of a trained model; None if it is. `fold` names the part
    of the corpus that was tested, if its parts took turns.
    """

    key: str
    seed: int
    score: float
    fault: Fault | None = None
    fold: str = ""


@dataclass(frozen=True)
class Cell:
    """The scores of the planned trials that are finished and whose metric is defined.

    `emotion` is None for the overall score. `test_share` is that of folds, as in
    `reports.statistics.gap.paired_gap`; it is 0 if only seeds differ.
    """

    row: str
    corpus: str
    metric: MetricName
    scores: tuple[SeedScore, ...]
    num_planned: int
    emotion: str | None = None
    test_share: float = 0.0

    @cached_property
    def by_pair(self) -> dict[tuple[int, str], SeedScore]:
        """The scores by what pairs them with another row's: the seed and the fold."""
        return {(one.seed, one.fold): one for one in self.scores}

    @property
    def num_scores(self) -> int:
        """The n of the cell."""
        return len(self.scores)

    @property
    def complete(self) -> bool:
        """Whether every planned trial has its score."""
        return 0 < self.num_planned == self.num_scores

    @cached_property
    def why_void(self) -> str:
        """Why the cell takes no part in any comparison; empty if it does.

        A cell is void if every seed has a fault. It is shown with its n, but it is never ranked,
        tied, subtracted or judged: the accuracy of a row that predicts nothing may be the highest
        of its table.
        """
        faults = dict.fromkeys(seed.fault for seed in self.scores)
        if not self.scores or None in faults:
            return ""
        return f"every seed {' or '.join(_REASONS[f] for f in _REASONS if f in faults)}"

    @cached_property
    def mean(self) -> float | None:
        """The mean over seeds."""
        return fmean(self._values) if self.scores else None

    @cached_property
    def std(self) -> float | None:
        """The sample standard deviation over seeds; one seed has none."""
        return stdev(self._values) if self.num_scores > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The two-sided 95 % Student t interval of the mean."""
        if self.mean is None or self.std is None:
            return None
        std_error = self.std * sqrt(1 / self.num_scores + self.test_share)
        half_width = float(stdtrit(self.num_scores - 1, 0.975)) * std_error
        return self.mean - half_width, self.mean + half_width

    @property
    def _values(self) -> list[float]:
        return [seed.score for seed in self.scores]


@dataclass(frozen=True)
class Varied:
    """The trials of a row in which one random stream alone has other seeds than the first.

    `planned` has their keys by stream, `records` the finished ones by key. `cells` are by stream
    too, in the order of the study's columns. `test_sets` has, for each column, the variance of the
    row's seed-averaged score over test sets, and the number of clusters; None if it is not known.
    """

    row: str
    planned: Mapping[Stream, tuple[str, ...]]
    records: Mapping[str, Record]
    cells: Mapping[Stream, tuple[Cell, ...]]
    test_sets: tuple[tuple[float, int] | None, ...]


@dataclass(frozen=True)
class Outcome:
    """The results of a study so far on one corpus at one scale.

    `planned` maps each row to the keys of its trials. `records` maps the keys of finished trials to
    their records. `cells` are in the order of the rows and, within a row, of the study's columns
    for the corpus's family. `looks` are the looks of adaptive seeds. `floors` are None if they have
    not been made. `varied` is None if no random stream was varied alone; its trials are no seeds of
    a row.

    Scores that others made (`reports.given`) have no scale and no records: the cells are all that
    is known of them, and `planned` holds the names of the pairs of seed and fold.
    """

    corpus: str
    family: str
    scale: Scale | None
    planned: Mapping[str, tuple[str, ...]]
    records: Mapping[str, Record]
    cells: tuple[tuple[Cell, ...], ...]
    looks: tuple[int, ...] = ()
    floors: Floors | None = None
    varied: Varied | None = None
    num_folds: int = 0

    @property
    def is_given(self) -> bool:
        """Whether others made the scores, so that there are no trials of ours behind them."""
        return self.scale is None

    @property
    def trained_scale(self) -> Scale:
        """The scale of the trials.

        Raises:
            ValueError: If others made the scores.
        """
        if self.scale is None:
            raise ValueError(f"the scores on '{self.corpus}' were given, and are at no scale")
        return self.scale

    @property
    def has_folds(self) -> bool:
        """Whether parts of the corpus took turns as test set."""
        if self.num_folds:
            return True
        return any(one.fold for cells in self.cells for cell in cells for one in cell.scores)

    @property
    def test_share(self) -> float:
        """The ratio of test utterances to all others of a fold of ours; 0 without folds.

        Of K folds one tests, one validates and the others train. Validation counts as training
        here: so the test keeps its level (`benchmarks/fold_errors.py`).
        """
        return 1 / (self.num_folds - 1) if self.num_folds else 0.0

    @property
    def num_finished_folds(self) -> int:
        """Count the folds of which every planned trial of every row is finished."""
        return sum(
            all(
                key in self.records
                for keys in self.planned.values()
                for key in keys[fold :: self.num_folds]
            )
            for fold in range(self.num_folds)
        )

    @property
    def every_planned(self) -> dict[str, tuple[str, ...]]:
        """The keys of the trials of each row, and of each random stream that is varied alone."""
        if self.varied is None:
            return {**self.planned}
        row, planned = self.varied.row, self.varied.planned
        return {**self.planned, **{name_varied(row, one): keys for one, keys in planned.items()}}

    @property
    def every_record(self) -> dict[str, Record]:
        """The records of all its finished trials."""
        return {**self.records, **(self.varied.records if self.varied else {})}


def collect_outcome(planned: Planned, trial_scores: TrialScores) -> Outcome:
    """Read each planned trial from the ledger once, and compute the table's cells.

    Raises:
        LedgerError: If a record or its predictions are damaged or missing.
        StudyError: If a metric of the study's own is not loaded, or a task does not admit a metric.
    """
    study, family = planned.study, planned.family
    check_loaded(study.metrics)
    keys = {row.name: planned.keys.get(row.name, ()) for row in study.rows}
    records = trial_scores.finished(key for of_row in keys.values() for key in of_row)
    floors = find_floors(trial_scores.ledger.storage, corpus_under(planned, records))
    outcome = Outcome(
        corpus=planned.corpus,
        family=family,
        scale=planned.scale,
        planned=keys,
        records=records,
        cells=(),
        looks=planned.looks,
        floors=floors,
        num_folds=planned.num_folds,
    )
    cells = tuple(
        tuple(
            make_cell(outcome, row.name, column.metric, column.emotion, trial_scores)
            for column in study.columns_for(family)
        )
        for row in study.rows
    )
    outcome = replace(outcome, cells=cells)
    return replace(outcome, varied=_collect_varied(planned, outcome, trial_scores))


def _collect_varied(planned: Planned, outcome: Outcome, trial_scores: TrialScores) -> Varied | None:
    """Collect the trials in which a random stream is varied alone; None without any."""
    if not planned.varied:
        return None
    row, columns = planned.baseline, planned.study.columns_for(planned.family)
    records = trial_scores.finished(key for keys in planned.varied.values() for key in keys)
    number = [one.name for one in planned.study.rows].index(row)
    redrawn = RedrawnScores(trial_scores)

    def over_test_sets(cell: Cell) -> tuple[float, int] | None:
        of_row = [outcome.records[seed.key] for seed in cell.scores]
        score = Score(outcome.corpus, cell.metric, cell.emotion)
        return redrawn.find_variance(of_row, (), score) if of_row else None

    def of_stream(stream: Stream, column: Column) -> Cell:
        """Collect the scores over a stream's seeds."""
        keys = {row: planned.varied[stream]}
        alone = replace(outcome, planned=keys, records=records)
        cell = make_cell(alone, row, column.metric, column.emotion, trial_scores)
        scores = (replace(s, seed=records[s.key].trial.seed_of(stream)) for s in cell.scores)
        return replace(cell, scores=tuple(scores))

    return Varied(
        row=row,
        planned=planned.varied,
        records=records,
        cells={
            stream: tuple(of_stream(stream, column) for column in columns)
            for stream in planned.varied
        },
        test_sets=tuple(map(over_test_sets, outcome.cells[number])),
    )


def find_cell(outcome: Outcome, row: str, score: Score, trial_scores: TrialScores | None) -> Cell:
    """Find a row's scores among the cells of an outcome, or collect them from its trials.

    Without trials, a cell that the outcome does not have is empty.
    """
    for cell in (cell for cells in outcome.cells for cell in cells):
        if (cell.row, cell.metric, cell.emotion) == (row, score.metric, score.emotion):
            return cell
    if trial_scores is not None:
        return make_cell(outcome, row, score.metric, score.emotion, trial_scores)
    num_planned = len(outcome.planned[row])
    share = outcome.test_share
    return Cell(row, outcome.corpus, score.metric, (), num_planned, score.emotion, share)


def make_cell(
    outcome: Outcome, row: str, metric: MetricName, emotion: str | None, trial_scores: TrialScores
) -> Cell:
    """Collect a row's scores over its seeds and folds."""
    records = [outcome.records[key] for key in outcome.planned[row] if key in outcome.records]
    found = [(record, trial_scores.find(record, metric, emotion)) for record in records]
    scores = tuple(
        SeedScore(
            record.key,
            record.trial.seed,
            score,
            trial_scores.find_fault(record, metric),
            record.trial.corpus.fold.name if record.trial.corpus.fold else "",
        )
        for record, score in found
        if score is not None
    )
    num_planned = len(outcome.planned[row])
    return Cell(row, outcome.corpus, metric, scores, num_planned, emotion, outcome.test_share)
