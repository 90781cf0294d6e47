"""Metrics that a study file defines."""

from typing import Any

import numpy as np
import pytest

from reports.scores.metrics import score
from search_spaces.errors import StudyError
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import adopt

LABELS = np.array([[1, 0], [0, 1], [1, 1]], np.int8)
PROBABILITIES = np.array([[0.5, 0.5], [0.5, 0.5], [1.0, 1.0]], np.float32)


def brier(labels: Any, probabilities: Any) -> Any:
    return ((labels - probabilities) ** 2).mean()


def brier_of_each(labels: Any, probabilities: Any) -> Any:
    return ((labels - probabilities) ** 2).mean(axis=0)


def infinite(labels: Any, probabilities: Any) -> Any:
    return np.inf


def failing(labels: Any, probabilities: Any) -> Any:
    raise KeyError("gone")


def words(labels: Any, probabilities: Any) -> Any:
    return "high"


def compute(function: Any, **fields: Any) -> Any:
    adopt([Metric(name="own_of_tests", header="Own", compute=function, **fields)])
    return score(LABELS, PROBABILITIES, np.full(2, 0.5), ["own_of_tests"])["own_of_tests"]


def test_one_number_is_the_overall_score() -> None:
    found = compute(brier)
    assert (found.overall, found.by_emotion) == (pytest.approx(1 / 6), ())


def test_numbers_of_each_emotion_have_their_mean() -> None:
    found = compute(brier_of_each, of_each=True)
    assert found.by_emotion == pytest.approx((1 / 6, 1 / 6))
    assert found.overall == pytest.approx(1 / 6)


def test_number_that_is_not_finite_is_undefined() -> None:
    assert compute(infinite).overall is None


@pytest.mark.parametrize(
    ("function", "fields", "fault"),
    [
        (brier_of_each, {}, r"returned the shape \(2,\), not \(\); return one number"),
        (brier, {"of_each": True}, r"returned the shape \(\), not \(2,\)"),
        (words, {}, "returned str, no number"),
        (failing, {}, "of 'test_own.py' failed on 3 utterances: KeyError: 'gone'"),
    ],
)
def test_function_that_does_otherwise_than_its_metric_says_is_told(
    function: Any, fields: dict[str, Any], fault: str
) -> None:
    with pytest.raises(StudyError, match=fault):
        compute(function, **fields)
