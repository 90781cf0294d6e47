"""What classifiers reach that cost seconds: the floors under the scores of every table.

*chance* is the best constant, chosen on validation for each emotion and metric. *linear* is a
logistic regression; `orchestrator/floors` trains it.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from reports.ledger.floor_file import Linear, LinearFacts, read_floor
from reports.ledger.planned import Planned
from reports.ledger.record import Record
from reports.scores.constants import score_best_constant
from reports.scores.metrics import EmotionScores, compute, fit_thresholds, score
from search_spaces.metrics.registry import metric_for
from search_spaces.terms import MetricName
from search_spaces.trial import CorpusRef

FloorName = Literal["chance", "linear"]
FLOORS: tuple[FloorName, ...] = get_args(FloorName)


class Floors:
    """The test scores of both floors on a prepared corpus, averaged over its folds."""

    def __init__(self, *folds: Linear) -> None:
        self._folds = [_FloorsOfOne(linear) for linear in folds]

    @property
    def facts(self) -> LinearFacts:
        """What the linear classifier read, and of which corpus, of folds the first."""
        return self._folds[0].facts

    def find(
        self, floor: FloorName, metric: MetricName, emotion: str | None = None
    ) -> float | None:
        """Return a floor's score for one emotion; without an emotion, the overall score.

        The score is None if the metric is undefined on any fold, if it has no score of a single
        emotion, or if the corpus does not have the emotion.
        """
        scores = [one.find(floor, metric, emotion) for one in self._folds]
        known = [score for score in scores if score is not None]
        return fmean(known) if len(known) == len(scores) else None


class _FloorsOfOne:
    """The test scores of both floors on one test split."""

    def __init__(self, linear: Linear) -> None:
        self._linear = linear
        self.facts = linear.facts
        self._scores: dict[tuple[FloorName, MetricName], EmotionScores] = {}

    def find(
        self, floor: FloorName, metric: MetricName, emotion: str | None = None
    ) -> float | None:
        place = (floor, metric)
        if place not in self._scores:
            compute = self._score_chance if floor == "chance" else self._score_linear
            self._scores[place] = compute(metric)
        scores, names = self._scores[place], self.facts.emotions
        if emotion is None:
            return scores.overall
        is_known = emotion in names and scores.by_emotion
        return scores.by_emotion[names.index(emotion)] if is_known else None

    def _score_linear(self, metric: MetricName) -> EmotionScores:
        test = self._linear.predictions["test"]
        task = self.facts.task
        found = metric_for(metric, task)
        if found.withheld:  # it was given whole utterances
            return compute(found, None, len(self.facts.emotions))
        return score(test.labels, test.probabilities, self._thresholds, [metric], task)[metric]

    def _score_chance(self, metric: MetricName) -> EmotionScores:
        valid, test = (self._linear.predictions[split].labels for split in ("valid", "test"))
        return score_best_constant(metric_for(metric, self.facts.task), valid, test)

    @cached_property
    def _thresholds(self) -> NDArray[np.float64]:
        """The thresholds of the linear classifier, fitted on validation: (K,), or (0,)."""
        valid = self._linear.predictions["valid"]
        if self.facts.task != "multilabel":
            return np.zeros(0)
        return fit_thresholds(valid.labels, valid.probabilities)


def find_floors(storage: Path, corpus: CorpusRef | None) -> Floors | None:
    """Read the floors of a prepared corpus; None if they have not been made, of all folds."""
    folds = [read_floor(storage, one) for one in corpus.every_content] if corpus else []
    known = [linear for linear in folds if linear is not None]
    return Floors(*known) if known and len(known) == len(folds) else None


def corpus_under(planned: Planned, records: Mapping[str, Record]) -> CorpusRef | None:
    """Name the prepared corpus whose floors stand under a study's table.

    It is the one that the row reads with which others are compared, for some rows may read other
    recipes. If the study names no such row, or it has no finished trial, the first finished trial
    counts.

    Args:
        planned: The study.
        records: The records of its finished trials by key, in the order of the rows.
    """
    compared_with = planned.keys.get(planned.study.compared_with or "", ())
    first = next((records[key] for key in (*compared_with, *records) if key in records), None)
    return None if first is None else first.trial.corpus
