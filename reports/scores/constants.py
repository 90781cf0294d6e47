"""The best constant prediction by a metric: what a model reaches that looks at nothing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reports.metrics.classes import is_one_hot
from reports.metrics.rankings import Labels
from reports.scores.metrics import EmotionScores, as_scores, compute, inputs_of
from search_spaces.metrics.metric import Metric

THRESHOLD = 0.5
"""Between the probabilities of a constant decision, 0 and 1."""


def score_best_constant(metric: Metric, valid: Labels, test: Labels) -> EmotionScores:
    """Score on test the constant that is the best on validation.

    Emotions and targets are independent of each other: each has its own best constant, and the
    overall score is the mean of theirs. Of classes, and by metrics that have no score of a single
    emotion, one constant is chosen for all. A metric of one's own has no chance: which constant is
    the best by it is not known.

    Shapes:
        valid, test: (utterances of the split, K)
    """
    if metric.is_own:
        return EmotionScores((), None)
    constants = _candidates(metric, valid)
    on_valid, on_test = (
        [_score(metric, labels, one) for one in constants] for labels in (valid, test)
    )
    by_emotion = tuple(
        scores[_find_best(metric, known)]
        for known, scores in zip(
            zip(*(one.by_emotion for one in on_valid), strict=True),
            zip(*(one.by_emotion for one in on_test), strict=True),
            strict=True,
        )
    )
    if metric.of_each and metric.needs != "argmax":
        return as_scores(np.array([np.nan if one is None else one for one in by_emotion]))
    best = _find_best(metric, [one.overall for one in on_valid])
    return EmotionScores(by_emotion, on_test[best].overall)


def _candidates(metric: Metric, valid: Labels) -> list[NDArray[np.float32]]:
    """List the constants among which the best is: predictions for one utterance, (K,) each."""
    num_emotions = valid.shape[1]
    match metric.needs:
        case "argmax":
            return list(np.eye(num_emotions, dtype=np.float32)) if is_one_hot(valid) else []
        case "probabilities":  # a constant ranks nothing, whichever it is
            return [np.zeros(num_emotions, dtype=np.float32)]
        case "numbers":
            return _numbers(valid)
        case "counts" | "decisions" if metric.of_each:
            return [np.full(num_emotions, found, dtype=np.float32) for found in (0, 1)]
        case "counts" | "decisions":
            return _label_sets(valid)


def _numbers(valid: Labels) -> list[NDArray[np.float32]]:
    """List the mean and the median of each target, and all whole numbers in the range of labels."""
    low, high = np.floor(valid.min()), np.ceil(valid.max())
    whole = [np.full(valid.shape[1], number) for number in np.arange(low, high + 1)]
    candidates = (np.median(valid, axis=0), valid.mean(axis=0), *whole)
    return [one.astype(np.float32) for one in candidates]


def _label_sets(valid: Labels) -> list[NDArray[np.float32]]:
    """List the sets of the most frequent emotions, and the set that occurs most often.

    The best set by micro F1 is one of the former: of all sets of a size, the most frequent emotions
    have most hits. The best by subset accuracy is the latter.
    """
    order = np.argsort(-valid.sum(axis=0), kind="stable")
    num_emotions = valid.shape[1]
    prefixes = [np.isin(np.arange(num_emotions), order[:n]) for n in range(num_emotions + 1)]
    sets, sizes = np.unique(valid, axis=0, return_counts=True)
    return [one.astype(np.float32) for one in (*prefixes, sets[sizes.argmax()])]


def _score(metric: Metric, labels: Labels, constant: NDArray[np.float32]) -> EmotionScores:
    predicted = np.broadcast_to(constant, labels.shape)
    thresholds = np.full(len(constant), THRESHOLD)
    return compute(metric, inputs_of(metric, labels, predicted, thresholds), len(constant))


def _find_best(metric: Metric, scores: Sequence[float | None]) -> int:
    """Return the place of the first best score; undefined ones are the worst."""
    gains = [-np.inf if score is None else metric.sign * score for score in scores]
    return int(np.argmax(gains))
