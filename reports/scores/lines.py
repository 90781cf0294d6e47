"""Scores as a tidy list: a line for each finished trial of a row, metric and emotion."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reports.ledger.planned import Planned
from reports.scores.cells import collect_outcome, make_cell
from reports.scores.trials import TrialScores
from search_spaces.metrics.registry import find_metric
from search_spaces.terms import MetricName

OVERALL = "overall"
"""The emotion of a score that is of none alone."""


class ScoreLine(NamedTuple):
    """The test score of a trial in a row of a study.

    `unit` is "fraction" or "plain"; `fault` says why the score is not that of a trained model.
    """

    study: str
    corpus: str
    scale: str
    row: str
    seed: int
    fold: str
    metric: MetricName
    emotion: str
    score: float
    unit: str
    fault: str
    key: str


def score_lines(
    planned: Planned,
    trial_scores: TrialScores,
    columns: Iterable[tuple[MetricName, str | None]],
) -> Iterator[ScoreLine]:
    """List the scores of a study by some metrics, of an emotion or overall.

    Raises:
        LedgerError: If a record or its predictions are damaged or missing.
        StudyError: If a metric is not known or not loaded, or a task does not admit it.
    """
    outcome = collect_outcome(planned, trial_scores)
    for metric, emotion in columns:
        unit = unit_of(metric)
        for row in planned.keys:
            for one in make_cell(outcome, row, metric, emotion, trial_scores).scores:
                yield ScoreLine(
                    study=planned.study.name,
                    corpus=planned.corpus,
                    scale=planned.scale,
                    row=row,
                    seed=one.seed,
                    fold=one.fold,
                    metric=metric,
                    emotion=emotion or OVERALL,
                    score=one.score,
                    unit=unit,
                    fault=one.fault or "",
                    key=one.key,
                )


def unit_of(metric: MetricName) -> str:
    """Name the unit in which scores are stored: "fraction", or "plain" if the metric is none."""
    return "plain" if find_metric(metric).unit == "plain" else "fraction"


def every_column(
    planned: Planned, trial_scores: TrialScores
) -> list[tuple[MetricName, str | None]]:
    """List the metrics of a study's columns, each overall and of every emotion of the corpus."""
    metrics = dict.fromkeys(one.metric for one in planned.study.columns_for(planned.family))
    records = trial_scores.finished(key for keys in planned.keys.values() for key in keys)
    emotions = next((record.result.emotions for record in records.values()), ())
    return [(metric, emotion) for metric in metrics for emotion in (None, *emotions)]
