"""The test scores of finished trials, computed from their predictions; each file is read once."""

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from corpora.source.split import Split
from reports.ledger.ledger import Ledger
from reports.ledger.record import Predictions, Record
from reports.ledger.withheld_file import read_withheld
from reports.metrics.decisions import Counts
from reports.scores.count_index import CountIndex
from reports.scores.metrics import EmotionScores, Inputs, compute, count, decide, inputs_of
from search_spaces.metrics.metric import Metric, Withheld
from search_spaces.metrics.registry import metric_for
from search_spaces.terms import MetricName

Fault = Literal["diverged", "constant"]
"""Why a score is not that of a trained model.

The training diverged, or the trial predicts the same for every test utterance.
"""


NUM_REMEMBERED = 16
"""So many trials' predictions are in memory at once: all seeds of a row, over its columns."""


class TrialScores:
    """Computes the test scores of a ledger's trials, and caches what it has read."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._index = CountIndex(ledger.storage)
        self._records: dict[str, Record] = {}
        self._tests: dict[str, Predictions] = {}
        self._withheld: dict[tuple[str, Withheld], Predictions] = {}
        self._by_cluster: dict[tuple[str, Withheld], dict[str, Counts]] = {}
        self._scores: dict[tuple[str, MetricName], EmotionScores] = {}
        self._faults: dict[tuple[str, MetricName], Fault | None] = {}

    def know(self, records: Mapping[str, Record]) -> None:
        """Take in records that were read from the ledger before, by key."""
        self._records |= records

    def finished(self, keys: Iterable[str]) -> dict[str, Record]:
        """Read the records of the finished trials by key, in the order given; skip the others.

        Raises:
            LedgerError: If a record is damaged.
        """
        keys = list(dict.fromkeys(keys))
        self._records |= self.ledger.finished(key for key in keys if key not in self._records)
        return {key: self._records[key] for key in keys if key in self._records}

    def find(self, record: Record, metric: MetricName, emotion: str | None = None) -> float | None:
        """Return a trial's score for one emotion; without an emotion, the overall score.

        The score is None if the metric is undefined, if it has no score of a single emotion, or if
        the corpus does not have the emotion.

        Raises:
            LedgerError: If the trial's predictions are damaged or missing.
            StudyError: If there is no such metric, its function is not loaded, or the task of the
                corpus does not admit it.
        """
        scores = self.by_emotion(record, metric)
        if emotion is None:
            return scores.overall
        names = record.result.emotions
        is_known = emotion in names and scores.by_emotion
        return scores.by_emotion[names.index(emotion)] if is_known else None

    def by_emotion(self, record: Record, metric: MetricName) -> EmotionScores:
        """Return a trial's score for each emotion."""
        place = (record.key, metric)
        if place not in self._scores:
            self._scores[place] = self._compute(record, metric)
        return self._scores[place]

    def find_fault(self, record: Record, metric: MetricName) -> Fault | None:
        """Return why a trial's scores are not those of a trained model; None if they are.

        A trial is constant if each emotion is decided alike for every test utterance; for a metric
        of classes, if all are given one class; for one that reads no decisions, if the
        probabilities or numbers are alike.

        Raises:
            LedgerError: If the trial's predictions are damaged or missing.
        """
        if record.result.has_diverged:
            return "diverged"
        place = (record.key, metric)
        if place not in self._faults:
            self._faults[place] = "constant" if self._is_constant(record, metric) else None
        return self._faults[place]

    def count_by_cluster(self, record: Record, withheld: Withheld = ()) -> dict[str, Counts]:
        """Count a trial's decisions on the test split for each dialogue or video.

        If modalities are withheld, `read` must have found the predictions without them.

        Shapes:
            (K, 4) for each cluster: TP, FP, TN, FN of every emotion
        """
        place = (record.key, withheld)
        if place not in self._by_cluster:
            test = self.read(record, withheld)
            assert test is not None
            thresholds = np.array(record.result.thresholds)
            self._by_cluster[place] = count_by_cluster(test, thresholds)
        return self._by_cluster[place]

    def read(self, record: Record, withheld: Withheld = ()) -> Predictions | None:
        """Read a trial's predictions on the test split, perhaps with modalities withheld.

        None if those have not been made. The predictions of a few trials are remembered.

        Raises:
            LedgerError: If those on whole utterances are damaged or missing.
        """
        if not withheld:
            return self.read_test(record)
        place = (record.key, withheld)
        if place not in self._withheld:
            test = read_withheld(self.ledger.storage, record, withheld)
            if test is None:
                return None
            if len(self._withheld) == NUM_REMEMBERED:
                del self._withheld[next(iter(self._withheld))]
            self._withheld[place] = test
        return self._withheld[place]

    def read_test(self, record: Record) -> Predictions:
        """Read a trial's predictions on the test split; those of a few trials are remembered.

        Raises:
            LedgerError: If they are damaged or missing.
        """
        if record.key not in self._tests:
            if len(self._tests) == NUM_REMEMBERED:
                del self._tests[next(iter(self._tests))]
            self._tests[record.key] = self.ledger.predictions(record, ["test"])["test"]
        return self._tests[record.key]

    def remember(self) -> None:
        """Save the counts for the next time."""
        self._index.write()

    def _compute(self, record: Record, metric: MetricName) -> EmotionScores:
        found = metric_for(metric, record.result.task)
        inputs = self._read_inputs(record, found)
        return compute(found, inputs, len(record.result.emotions))

    def _read_inputs(self, record: Record, metric: Metric) -> Inputs | None:
        """Read what a metric is computed from; counts are mostly known without the predictions."""
        if metric.needs == "counts" and not metric.withheld:
            return (self._count(record),)
        test, thresholds = self.read(record, metric.withheld), np.array(record.result.thresholds)
        if test is None:
            return None
        return inputs_of(metric, test.labels, test.probabilities, thresholds)

    def _is_constant(self, record: Record, metric: MetricName) -> bool:
        """Whether the predictions of a metric are alike for all of several test utterances."""
        found = metric_for(metric, record.result.task)
        if found.needs in ("counts", "decisions") and not found.withheld:
            return _are_alike(self._count(record))
        test = self.read(record, found.withheld)
        if test is None:
            return False
        match found.needs:
            case "counts" | "decisions":
                return _are_alike(_count_in(test, record))
            case "argmax":
                return len(test.ids) > 1 and not np.ptp(test.probabilities.argmax(axis=1))
            case "probabilities" | "numbers":
                return len(test.ids) > 1 and not np.ptp(test.probabilities, axis=0).any()

    def _count(self, record: Record) -> Counts:
        counts = self._index.find(record)
        if counts is None:
            counts = _count_decisions(self.ledger, record, "test")
            self._index.keep(record, counts)
        return counts


def decides_alike_on_valid(ledger: Ledger, record: Record) -> bool:
    """Whether a trial decides each emotion alike for every validation utterance.

    Raises:
        LedgerError: If the trial's predictions are damaged or missing.
    """
    return _are_alike(_count_decisions(ledger, record, "valid"))


def _count_decisions(ledger: Ledger, record: Record, split: Split) -> Counts:
    """Count a trial's decisions on a split: (K, 4)."""
    return _count_in(ledger.predictions(record, [split])[split], record)


def _count_in(predictions: Predictions, record: Record) -> Counts:
    """Count a trial's decisions in its predictions: (K, 4)."""
    called = decide(predictions.probabilities, np.array(record.result.thresholds))
    counts: Counts = count(predictions.labels, called).sum(axis=0)
    return counts


def _are_alike(counts: Counts) -> bool:
    """Whether the decisions of each emotion are the same for all of several utterances."""
    num_utterances = counts.sum(axis=-1)  # (K,)
    num_present = counts[:, :2].sum(axis=-1)  # TP + FP, (K,)
    is_alike = (num_present == 0) | (num_present == num_utterances)
    return bool((num_utterances > 1).all() and is_alike.all())


def count_by_cluster(
    predictions: Predictions, thresholds: NDArray[np.float64]
) -> dict[str, Counts]:
    """Count true and false positives and negatives of every emotion in every cluster.

    Shapes:
        thresholds: (K,) -> (K, 4) for each cluster: TP, FP, TN, FN
    """
    decisions = count(predictions.labels, decide(predictions.probabilities, thresholds))
    names, numbers = np.unique(predictions.groups, return_inverse=True)
    counts = np.zeros((len(names), *decisions.shape[1:]), dtype=np.int64)
    np.add.at(counts, numbers, decisions)
    return dict(zip(names.tolist(), counts, strict=True))
