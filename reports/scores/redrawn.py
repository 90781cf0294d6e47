"""Scores on redrawn test sets: dialogues or videos of the test split, drawn with replacement."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from reports.ledger.record import Record
from reports.metrics.classes import confuse
from reports.metrics.formulas import formula_of
from reports.scores.metrics import inputs_of
from reports.scores.trials import TrialScores
from reports.statistics.variance import NUM_RESAMPLES, draw, redraw, variance_over
from search_spaces.claim import Score
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import find_metric, metric_for
from search_spaces.terms import MetricName

FEWEST_CLUSTERS = 2


@dataclass(frozen=True)
class _Redrawn:
    """A trial's scores on every redrawn test set.

    Shapes:
        each: (test sets, K), None if the metric has no score of a single emotion
        overall: (test sets,)
    """

    clusters: tuple[str, ...]
    each: NDArray[np.float64] | None
    overall: NDArray[np.float64]


class RedrawnScores:
    """Scores trials on redrawn test sets and caches them: many comparisons share a trial."""

    def __init__(self, trial_scores: TrialScores) -> None:
        self._trial_scores = trial_scores
        self._scores: dict[tuple[str, MetricName], _Redrawn | None] = {}

    def find_variance(
        self, row: Sequence[Record], rival: Sequence[Record], score: Score
    ) -> tuple[float, int] | None:
        """Estimate the variance over test sets of the seed-averaged difference of two rows.

        Without a rival, it is the variance of the row's seed-averaged score.

        Returns:
            The variance and the number of clusters. None if the metric is not redrawn (see
            `is_redrawn`), if the trials were tested on different clusters or on a single one, or if
            the metric is undefined on too many test sets.
        """
        if not is_redrawn(find_metric(score.metric)):
            return None
        found = [self._redraw(record, score.metric) for record in (*row, *rival)]
        known = [one for one in found if one is not None]
        if len(known) < len(found) or len({one.clusters for one in known}) > 1:
            return None
        num_clusters = len(known[0].clusters)
        ours, theirs = (
            np.mean([self._score(record, score) for record in records], axis=0) if records else 0.0
            for records in (row, rival)
        )
        variance = variance_over(np.asarray(ours - theirs), num_clusters).variance
        if variance is None or not math.isfinite(variance):
            return None
        return variance, num_clusters

    def _score(self, record: Record, score: Score) -> NDArray[np.float64]:
        """Return a trial's score on every redrawn test set, (test sets,)."""
        found = self._scores[record.key, score.metric]
        assert found is not None
        if score.emotion is None:
            return found.overall
        assert found.each is not None
        return found.each[:, record.result.emotions.index(score.emotion)]

    def _redraw(self, record: Record, metric: MetricName) -> _Redrawn | None:
        """Score a trial on redrawn test sets; all trials on one corpus get the same test sets.

        None if the test split has a single cluster, or the metric is undefined on it.
        """
        place = (record.key, metric)
        if place not in self._scores:
            self._scores[place] = self._compute(record, metric_for(metric, record.result.task))
        return self._scores[place]

    def _compute(self, record: Record, metric: Metric) -> _Redrawn | None:
        seed, formula = crc32(record.trial.corpus.name.encode()), formula_of(metric)
        names, tallies = self._tally(record, metric)
        if len(names) < FEWEST_CLUSTERS:
            return None
        if tallies is not None:
            inputs = (redraw(tallies, seed).astype(np.int64),)
            each = None if formula.each is None else formula.each(*inputs)
            overall = None if formula.overall is None else formula.overall(*inputs)
        elif metric.needs == "argmax":  # not every utterance has one class
            return None
        else:
            sets = list(self._read_again(record, metric, seed))
            each = None if formula.each is None else np.stack([formula.each(*s) for s in sets])
            of_all = formula.overall
            overall = None if of_all is None else np.stack([of_all(*one) for one in sets])
        if overall is None:
            overall = np.array([]) if each is None else each.mean(axis=-1)
        return _Redrawn(names, each, overall)

    def _tally(
        self, record: Record, metric: Metric
    ) -> tuple[tuple[str, ...], NDArray[np.int64] | None]:
        """Count by cluster what a metric is computed from, if that is counts.

        Returns:
            The clusters in their order, and (clusters, K, 4) or (clusters, K, K).
        """
        if metric.needs == "counts":
            counts = self._trial_scores.count_by_cluster(record)
            return tuple(counts), np.stack(list(counts.values()))
        test = self._trial_scores.read_test(record)
        names, numbers = np.unique(test.groups, return_inverse=True)
        clusters = tuple(names.tolist())
        marks = confuse(test.labels, test.probabilities) if metric.needs == "argmax" else None
        if marks is None:
            return clusters, None
        confusion = np.zeros((len(names), *marks.shape[1:]), dtype=np.int64)
        np.add.at(confusion, numbers, marks)
        return clusters, confusion

    def _read_again(
        self, record: Record, metric: Metric, seed: int
    ) -> Iterator[tuple[NDArray[np.generic], ...]]:
        """Yield the inputs of a metric on every redrawn test set."""
        test = self._trial_scores.read_test(record)
        names, numbers = np.unique(test.groups, return_inverse=True)
        inputs = inputs_of(
            metric, test.labels, test.probabilities, np.array(record.result.thresholds)
        )
        for times in draw(len(names), seed, NUM_RESAMPLES).astype(np.int64):
            places = np.repeat(np.arange(len(numbers)), times[numbers])
            yield tuple(one[places] for one in inputs or ())


def is_redrawn(metric: Metric) -> bool:
    """Say whether scores on redrawn test sets are computed.

    For metrics of probabilities they are not: an AUC of 4,662 utterances and six emotions takes
    15 ms, so 1,000 test sets would take 15 s for each trial. With others a trial takes at most
    0.6 s (`benchmarks/redrawn_metrics.py`). What a metric of one's own would take is not known.
    """
    return metric.needs != "probabilities"
