"""Cells: a row's scores on a corpus by one metric over seeds, recomputed from the predictions.

The t quantile is that of scipy.special, which loads in a fraction of scipy.stats' time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

import numpy as np
from scipy.special import stdtrit

from reports.ledger import Ledger
from reports.record import Record
from reports.scores import score
from search_spaces.study import Metric, Scale, Study


@dataclass(frozen=True)
class SeedScore:
    """The test score of one trial: the mean over its emotions, a fraction in [0, 1]."""

    key: str
    seed: int
    score: float


@dataclass(frozen=True)
class Cell:
    """The scores of those planned trials that are finished and for which the metric is defined."""

    row: str
    corpus: str
    metric: Metric
    scores: tuple[SeedScore, ...]
    num_planned: int

    @property
    def num_scores(self) -> int:
        """The n of the cell."""
        return len(self.scores)

    @property
    def complete(self) -> bool:
        """Whether every planned trial has its score."""
        return 0 < self.num_planned == self.num_scores

    @property
    def mean(self) -> float | None:
        """The mean over seeds."""
        return fmean(self._values) if self.scores else None

    @property
    def std(self) -> float | None:
        """The sample standard deviation over seeds; one seed has none."""
        return stdev(self._values) if self.num_scores > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The two-sided 95 % Student t interval of the mean."""
        if self.mean is None or self.std is None:
            return None
        std_error = self.std / sqrt(self.num_scores)
        half_width = float(stdtrit(self.num_scores - 1, 0.975)) * std_error
        return self.mean - half_width, self.mean + half_width

    @property
    def _values(self) -> list[float]:
        return [seed.score for seed in self.scores]


@dataclass(frozen=True)
class Outcome:
    """What a study has given so far on one corpus at one scale.

    `planned` maps each row to the keys of its trials; `records` are those that are finished, by
    key; `cells` follow the rows and, within a row, the study's columns for the corpus's family.
    """

    corpus: str
    family: str
    scale: Scale
    planned: Mapping[str, tuple[str, ...]]
    records: Mapping[str, Record]
    cells: tuple[tuple[Cell, ...], ...]


def collect_outcome(
    study: Study,
    corpus: str,
    scale: Scale,
    planned: Mapping[str, tuple[str, ...]],
    ledger: Ledger,
    *,
    family: str | None = None,
) -> Outcome:
    """Read the planned trials from the ledger, each once, and compute the table's cells.

    Args:
        study: The study.
        corpus: The name of the corpus.
        scale: The sizes that were trained.
        planned: For every row by name, the keys of its trials in the order of their seeds.
        ledger: The finished trials.
        family: The papers' name for the corpus, which decides the columns; by default its own.

    Raises:
        LedgerError: If a record or its predictions are damaged or missing.
    """
    metrics = tuple(column.metric for column in study.columns_for(family or corpus))
    records = ledger.finished(key for row in study.rows for key in planned[row.name])
    means = {key: _test_means(ledger, record, metrics) for key, record in records.items()}

    def cell(row: str, metric: Metric) -> Cell:
        scores = tuple(
            SeedScore(key, records[key].trial.seed, mean)
            for key in planned[row]
            if key in records and (mean := means[key][metric]) is not None
        )
        return Cell(row, corpus, metric, scores, num_planned=len(planned[row]))

    cells = tuple(tuple(cell(row.name, metric) for metric in metrics) for row in study.rows)
    return Outcome(corpus, family or corpus, scale, planned, records, cells)


def _test_means(
    ledger: Ledger, record: Record, metrics: tuple[Metric, ...]
) -> dict[Metric, float | None]:
    test = ledger.predictions(record)["test"]
    thresholds = np.array(record.result.thresholds)
    scores = score(test.labels, test.probabilities, thresholds, metrics)
    return {metric: emotions.mean for metric, emotions in scores.items()}
