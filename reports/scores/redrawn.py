"""Scores on redrawn test sets: dialogues or videos of the test split, drawn with replacement.

If the corpus has folds, the test utterances of all folds with one seed are one test set. So each is
drawn as often for every fold, and a cluster that lies in two folds is drawn as a whole.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from reports.ledger.record import Predictions, Record
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


Folds = tuple[Record, ...]
"""The trials of a row with one seed, one a fold; a single trial if the corpus has no folds."""


@dataclass(frozen=True)
class _Redrawn:
    """The scores of one seed on every redrawn test set.

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
        self._scores: dict[tuple[tuple[str, ...], MetricName], _Redrawn | None] = {}

    def find_variance(
        self, row: Sequence[Record], rival: Sequence[Record], score: Score
    ) -> tuple[float, int] | None:
        """Estimate the variance over test sets of the seed-averaged difference of two rows.

        Without a rival, it is the variance of the row's seed-averaged score.

        Returns:
            The variance and the number of clusters. None if the metric is not redrawn (see
            `is_redrawn`), if the seeds were tested on different clusters or on a single one, as
            where folds are missing, or if the metric is undefined on too many test sets.
        """
        if not is_redrawn(find_metric(score.metric)):
            return None
        of_row, of_rival = by_seed(row), by_seed(rival)
        found = [self._redraw(folds, score.metric) for folds in (*of_row, *of_rival)]
        known = [one for one in found if one is not None]
        if len(known) < len(found) or len({one.clusters for one in known}) > 1:
            return None
        num_clusters = len(known[0].clusters)
        ours, theirs = (
            np.mean([self._score(folds, score) for folds in seeds], axis=0) if seeds else 0.0
            for seeds in (of_row, of_rival)
        )
        variance = variance_over(np.asarray(ours - theirs), num_clusters).variance
        if variance is None or not math.isfinite(variance):
            return None
        return variance, num_clusters

    def _score(self, folds: Folds, score: Score) -> NDArray[np.float64]:
        """Return the score of a seed on every redrawn test set, (test sets,)."""
        found = self._scores[_keys(folds), score.metric]
        assert found is not None
        if score.emotion is None:
            return found.overall
        assert found.each is not None
        return found.each[:, folds[0].result.emotions.index(score.emotion)]

    def _redraw(self, folds: Folds, metric: MetricName) -> _Redrawn | None:
        """Score a seed on redrawn test sets; all trials on one corpus get the same test sets.

        None if there is a single cluster, or the metric is undefined.
        """
        place = (_keys(folds), metric)
        if place not in self._scores:
            self._scores[place] = self._compute(folds, metric_for(metric, folds[0].result.task))
        return self._scores[place]

    def _compute(self, folds: Folds, metric: Metric) -> _Redrawn | None:
        lacking = metric.withheld
        if lacking and any(self._trial_scores.read(one, lacking) is None for one in folds):
            return None
        seed, formula = crc32(folds[0].trial.corpus.name.encode()), formula_of(metric)
        names, tallies = self._tally(folds, metric)
        if len(names) < FEWEST_CLUSTERS:
            return None
        if tallies is not None:
            inputs = (redraw(tallies, seed).astype(np.int64),)
            each = None if formula.each is None else formula.each(*inputs)
            overall = None if formula.overall is None else formula.overall(*inputs)
        elif metric.needs == "argmax":  # not every utterance has one class
            return None
        else:
            sets = list(self._read_again(folds, metric, seed))
            each = None if formula.each is None else np.stack([formula.each(*s) for s in sets])
            of_all = formula.overall
            overall = None if of_all is None else np.stack([of_all(*one) for one in sets])
        if overall is None:
            overall = np.array([]) if each is None else each.mean(axis=-1)
        return _Redrawn(names, each, overall)

    def _tally(
        self, folds: Folds, metric: Metric
    ) -> tuple[tuple[str, ...], NDArray[np.int64] | None]:
        """Count by cluster what a metric is computed from, if that is counts.

        Returns:
            The clusters in their order, and (clusters, K, 4) or (clusters, K, K).
        """
        if metric.needs == "counts":
            each = [self._trial_scores.count_by_cluster(r, metric.withheld) for r in folds]
            counts = {name: np.zeros_like(found) for one in each for name, found in one.items()}
            for one in each:
                for name, found in one.items():
                    counts[name] += found
            names = tuple(sorted(counts))
            return names, np.stack([counts[name] for name in names])
        test = self._read_tests(folds, metric)
        names, numbers = _clusters(test)
        marks = None
        if metric.needs == "argmax":
            marks = confuse(
                np.concatenate([one.labels for one in test]),
                np.concatenate([one.probabilities for one in test]),
            )
        if marks is None:
            return names, None
        confusion = np.zeros((len(names), *marks.shape[1:]), dtype=np.int64)
        np.add.at(confusion, numbers, marks)
        return names, confusion

    def _read_again(
        self, folds: Folds, metric: Metric, seed: int
    ) -> Iterator[tuple[NDArray[np.generic], ...]]:
        """Yield the inputs of a metric on every redrawn test set; each fold has its thresholds."""
        test = self._read_tests(folds, metric)
        names, numbers = _clusters(test)
        each = [
            inputs_of(metric, one.labels, one.probabilities, np.array(record.result.thresholds))
            for one, record in zip(test, folds, strict=True)
        ]
        known = [one for one in each if one is not None]
        inputs = [np.concatenate(parts) for parts in zip(*known, strict=True)]
        for times in draw(len(names), seed, NUM_RESAMPLES).astype(np.int64):
            places = np.repeat(np.arange(len(numbers)), times[numbers])
            yield tuple(one[places] for one in inputs)

    def _read_tests(self, folds: Folds, metric: Metric) -> list[Predictions]:
        found = (self._trial_scores.read(record, metric.withheld) for record in folds)
        return [one for one in found if one is not None]


def by_seed(records: Sequence[Record]) -> list[Folds]:
    """Gather the trials of each seed, ordered by their folds; without folds, each is alone."""
    seeds: dict[object, list[Record]] = {}
    for record in records:
        fold = record.trial.corpus.fold
        seeds.setdefault(record.key if fold is None else record.trial.seed, []).append(record)
    return [tuple(sorted(of_seed, key=_fold_number)) for of_seed in seeds.values()]


def _fold_number(record: Record) -> int:
    return record.trial.corpus.fold.number if record.trial.corpus.fold else 0


def _keys(folds: Folds) -> tuple[str, ...]:
    return tuple(record.key for record in folds)


def _clusters(test: Sequence[Predictions]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Name the clusters of some test sets together, and number that of each utterance."""
    names, numbers = np.unique(np.concatenate([one.groups for one in test]), return_inverse=True)
    return tuple(names.tolist()), numbers


def is_redrawn(metric: Metric) -> bool:
    """Say whether scores on redrawn test sets are computed.

    For metrics of probabilities they are not: an AUC of 4,662 utterances and six emotions takes
    15 ms, so 1,000 test sets would take 15 s for each trial. With others a trial takes at most
    0.6 s (`benchmarks/redrawn_metrics.py`). What a metric of one's own would take is not known.
    """
    return metric.needs != "probabilities"
