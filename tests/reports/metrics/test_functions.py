"""Every metric beside scikit-learn's, SciPy's or a number computed by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sklearn_metrics

from corpora.source.task import TaskKind
from reports.metrics.formulas import FORMULAS
from reports.scores.metrics import EmotionScores, decide, score
from search_spaces.metrics.registry import BUILT_IN

Array = NDArray[Any]
Overall = Callable[[Array, Array], float]

NUM_CLASSES = 4
THRESHOLDS = np.linspace(0.3, 0.7, NUM_CLASSES)


def f1_of(average: str) -> Overall:
    return lambda y, x: sklearn_metrics.f1_score(y, x, average=average, zero_division=0)


def draw_emotions(seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    labels = (rng.random((200, NUM_CLASSES)) < [0.1, 0.3, 0.5, 0.7]).astype(np.int8)
    return labels, ((labels + 2 * rng.random(labels.shape)) / 3).astype(np.float32)


def draw_classes(seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    labels = np.eye(NUM_CLASSES, dtype=np.int8)[
        rng.choice(NUM_CLASSES, 200, p=[0.1, 0.2, 0.3, 0.4])
    ]
    logits = labels + rng.normal(size=labels.shape)
    return labels, (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)


def draw_numbers(seed: int = 0, num_targets: int = 2) -> tuple[Array, Array]:
    """Draw sentiments in steps of a third, many of them 0, and predictions around them."""
    rng = np.random.default_rng(seed)
    labels = np.round(3 * np.clip(rng.normal(size=(200, num_targets)), -3, 3)) / 3
    noise = rng.normal(size=labels.shape)
    return labels.astype(np.float32), (labels + 1.5 * noise).astype(np.float32)


def overall(name: str, labels: Array, predicted: Array, task: TaskKind) -> float | None:
    thresholds = THRESHOLDS if task == "multilabel" else np.zeros(0)
    return score(labels, predicted, thresholds, [name], task)[name].overall


OF_DECISIONS: dict[str, Overall] = {
    "f1": f1_of("macro"),
    "micro_f1": f1_of("micro"),
    "weighted_f1": f1_of("weighted"),
    "subset_accuracy": sklearn_metrics.accuracy_score,
    "hamming_loss": sklearn_metrics.hamming_loss,
}


@pytest.mark.parametrize("name", OF_DECISIONS)
def test_metric_of_decisions_equals_scikit_learn(name: str) -> None:
    labels, probabilities = draw_emotions()
    expected = OF_DECISIONS[name](labels, decide(probabilities, THRESHOLDS).astype(np.int8))
    assert overall(name, labels, probabilities, "multilabel") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["auc", "average_precision"])
@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_metric_of_probabilities_equals_scikit_learn(name: str, task: TaskKind) -> None:
    labels, probabilities = (draw_emotions if task == "multilabel" else draw_classes)()
    by_name = {
        "auc": sklearn_metrics.roc_auc_score,
        "average_precision": sklearn_metrics.average_precision_score,
    }
    expected = by_name[name](labels, probabilities, average="macro")
    assert overall(name, labels, probabilities, task) == pytest.approx(expected, abs=1e-12)


OF_CLASSES: dict[str, Overall] = {
    "class_accuracy": sklearn_metrics.accuracy_score,
    "uar": sklearn_metrics.balanced_accuracy_score,
    "class_precision": lambda y, x: sklearn_metrics.precision_score(
        y, x, average="macro", zero_division=0
    ),
    "class_f1": f1_of("macro"),
    "class_weighted_f1": f1_of("weighted"),
}


@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
@pytest.mark.parametrize("name", OF_CLASSES)
def test_metric_of_classes_equals_scikit_learn(name: str, task: TaskKind) -> None:
    labels, probabilities = draw_classes()
    expected = OF_CLASSES[name](labels.argmax(1), probabilities.argmax(1))
    assert overall(name, labels, probabilities, task) == pytest.approx(expected, abs=1e-12)


def test_f1_of_each_class_equals_scikit_learn() -> None:
    labels, probabilities = draw_classes()
    found = score(labels, probabilities, np.zeros(0), ["class_f1"], "multiclass")["class_f1"]
    expected = sklearn_metrics.f1_score(labels.argmax(1), probabilities.argmax(1), average=None)
    assert found.by_emotion == pytest.approx(list(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "among_classes"),
    [(name, one.among_classes) for name, one in BUILT_IN.items() if one.among_classes],
)
def test_metric_of_emotions_is_that_of_classes_where_the_task_is_multiclass(
    name: str, among_classes: str
) -> None:
    labels, probabilities = draw_classes()
    found = [overall(one, labels, probabilities, "multiclass") for one in (name, among_classes)]
    assert found[0] == found[1]


def binary(average: str, *, zeros: bool) -> Overall:
    """Score signs as MMSA does: without zeros, positive against the rest; else, non-negative."""

    def score_signs(y: Array, x: Array) -> float:
        kept = np.ones(len(y), bool) if zeros else y != 0
        signs = (y[kept] >= 0, x[kept] >= 0) if zeros else (y[kept] > 0, x[kept] > 0)
        if average == "accuracy":
            return float(sklearn_metrics.accuracy_score(*signs))
        return float(sklearn_metrics.f1_score(*signs, average="weighted", zero_division=0))

    return score_signs


def rounded(most: int) -> Overall:
    return lambda y, x: sklearn_metrics.accuracy_score(
        np.round(np.clip(y, -most, most)).astype(int), np.round(np.clip(x, -most, most)).astype(int)
    )


OF_NUMBERS: dict[str, Overall] = {
    "mae": sklearn_metrics.mean_absolute_error,
    "pearson": lambda y, x: stats.pearsonr(y, x).statistic,
    "acc2_non_negative": binary("accuracy", zeros=True),
    "acc2_positive": binary("accuracy", zeros=False),
    "f1_non_negative": binary("f1", zeros=True),
    "f1_positive": binary("f1", zeros=False),
    "acc5": rounded(2),
    "acc7": rounded(3),
}


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_metric_of_numbers_equals_scikit_learn_and_scipy(name: str) -> None:
    labels, predicted = draw_numbers()
    pairs = zip(labels.T.astype(float), predicted.T.astype(float), strict=True)
    expected = np.mean([OF_NUMBERS[name](*pair) for pair in pairs])
    assert overall(name, labels, predicted, "regression") == pytest.approx(expected, abs=1e-9)


def test_ccc_is_that_of_a_hand() -> None:
    """Means 2 and 3, variances 2/3 and 8/3, covariance 4/3: 2 * 4/3 / (10/3 + 1) = 8/13."""
    labels, predicted = np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [3.0], [5.0]])
    assert overall("ccc", labels, predicted, "regression") == pytest.approx(8 / 13)


def test_half_numbers_are_rounded_to_even_as_numpy_does() -> None:
    labels, predicted = np.array([[0.0], [2.0], [2.0]]), np.array([[0.5], [1.5], [2.5]])
    assert overall("acc7", labels, predicted, "regression") == 1


def test_every_metric_is_compared_with_something() -> None:
    compared = {*OF_DECISIONS, *OF_CLASSES, *OF_NUMBERS, "ccc", "auc", "average_precision"}
    of_emotions = {"acc", "wacc", "precision", "recall"}  # in tests/reports/scores/test_metrics.py
    assert compared | of_emotions == set(BUILT_IN) == set(FORMULAS)


def undefined(name: str, labels: Array, predicted: Array, task: TaskKind) -> EmotionScores:
    thresholds = np.full(labels.shape[1], 0.5) if task == "multilabel" else np.zeros(0)
    return score(labels, predicted, thresholds, [name], task)[name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("class_accuracy", 0.5), ("uar", None), ("class_f1", 2 / 9), ("class_weighted_f1", 1 / 3)],
)
def test_class_without_utterances_has_no_recall_and_an_f1_of_zero(
    name: str, expected: float | None
) -> None:
    """All are given the first of three classes; two have an utterance each."""
    labels = np.eye(3, dtype=np.int8)[[0, 1]]
    predicted = np.tile(np.array([0.8, 0.1, 0.1], np.float32), (2, 1))
    found = overall(name, labels, predicted, "multiclass")
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("name", [n for n, one in BUILT_IN.items() if one.needs == "argmax"])
@pytest.mark.parametrize("row", [(1, 1, 0), (0, 0, 0)])
def test_metric_of_classes_is_undefined_where_an_utterance_has_not_one_emotion(
    name: str, row: tuple[int, ...]
) -> None:
    labels = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), row], np.int8)
    found = undefined(name, labels, labels.astype(np.float32), "multilabel")
    assert found.overall is None
    assert set(found.by_emotion) <= {None}


@pytest.mark.parametrize(
    "name", [n for n, one in BUILT_IN.items() if one.needs in ("argmax", "probabilities")]
)
def test_probability_that_is_no_number_leaves_a_score_undefined(name: str) -> None:
    labels, probabilities = draw_classes()
    probabilities[3, 0] = np.nan
    assert overall(name, labels, probabilities, "multiclass") is None


@pytest.mark.parametrize("name", [n for n, one in BUILT_IN.items() if one.needs == "numbers"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_predicted_number_that_is_none_leaves_its_target_undefined(name: str, value: float) -> None:
    labels, predicted = draw_numbers()
    predicted[3, 0] = value
    found = score(labels, predicted, np.zeros(0), [name], "regression")[name]
    assert (found.overall, found.by_emotion[0]) == (None, None)
    assert found.by_emotion[1] is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mae", 2.0),
        ("pearson", None),
        ("ccc", 0.0),
        ("acc2_positive", 0.5),
        ("f1_positive", 1 / 3),
        ("acc7", 0.0),
    ],
)
def test_constant_prediction_has_the_scores_that_follow(name: str, expected: float | None) -> None:
    labels, predicted = np.array([[-2.0], [2.0]]), np.array([[0.0], [0.0]])
    found = overall(name, labels, predicted, "regression")
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("name", ["pearson", "ccc"])
def test_correlation_with_constant_labels_is_undefined(name: str) -> None:
    labels, predicted = np.ones((3, 1)), np.array([[1.0], [2.0], [3.0]])
    assert overall(name, labels, predicted, "regression") is None


def test_signs_of_labels_that_are_all_zero_are_undefined() -> None:
    labels, predicted = np.zeros((3, 1)), np.ones((3, 1))
    assert overall("acc2_positive", labels, predicted, "regression") is None
    assert overall("f1_positive", labels, predicted, "regression") is None
    assert overall("acc2_non_negative", labels, predicted, "regression") == 1


def test_no_utterance_with_any_emotion_leaves_weighted_f1_undefined_and_micro_f1_at_zero() -> None:
    labels, probabilities = np.zeros((3, 2), np.int8), np.zeros((3, 2), np.float32)
    assert undefined("weighted_f1", labels, probabilities, "multilabel").overall is None
    assert undefined("micro_f1", labels, probabilities, "multilabel").overall == 0
