"""Scores on redrawn test sets: dialogues or videos of the test split, drawn with replacement."""

import math
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from reports.ledger.record import Record
from reports.scores.metrics import COUNTED
from reports.scores.trials import TrialScores
from reports.statistics.variance import redraw, variance_over
from search_spaces.claim import Score
from search_spaces.terms import Metric

FEWEST_CLUSTERS = 2


class RedrawnScores:
    """Scores trials on redrawn test sets and caches them: many comparisons share a trial."""

    def __init__(self, trial_scores: TrialScores) -> None:
        self._trial_scores = trial_scores
        self._scores: dict[tuple[str, Metric], NDArray[np.float64]] = {}

    def find_variance(
        self, row: Sequence[Record], rival: Sequence[Record], score: Score
    ) -> tuple[float, int] | None:
        """Estimate the variance over test sets of the seed-averaged difference of two rows.

        Without a rival, it is the variance of the row's seed-averaged score.

        Returns:
            The variance and the number of clusters. None if the metric does not come from counts,
            if the trials were tested on different clusters or on a single one, or if the metric is
            undefined on too many test sets.
        """
        if score.metric not in COUNTED:
            return None
        clusters = [list(self._trial_scores.count_by_cluster(one)) for one in (*row, *rival)]
        num_clusters = len(clusters[0])
        if num_clusters < FEWEST_CLUSTERS or any(one != clusters[0] for one in clusters):
            return None
        ours, theirs = (
            np.mean([self._score(record, score) for record in records], axis=0) if records else 0.0
            for records in (row, rival)
        )
        variance = variance_over(np.asarray(ours - theirs), num_clusters).variance
        if variance is None or not math.isfinite(variance):
            return None
        return variance, num_clusters

    def _score(self, record: Record, score: Score) -> NDArray[np.float64]:
        """Score a trial on every redrawn test set, (test sets,)."""
        by_emotion = self._by_emotion(record, score.metric)
        if score.emotion is None:
            return by_emotion.mean(axis=-1)
        return by_emotion[:, record.result.emotions.index(score.emotion)]

    def _by_emotion(self, record: Record, metric: Metric) -> NDArray[np.float64]:
        """Score every emotion, (test sets, K); all trials on one corpus get the same test sets."""
        place = (record.key, metric)
        if place not in self._scores:
            counts = np.stack(list(self._trial_scores.count_by_cluster(record).values()))
            redrawn = redraw(counts, seed=crc32(record.trial.corpus.name.encode()))
            self._scores[place] = COUNTED[metric](redrawn.astype(np.int64))
        return self._scores[place]
