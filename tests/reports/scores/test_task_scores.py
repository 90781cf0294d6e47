"""Scores of trials of every kind of task, from their stored predictions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from reports.ledger.ledger import Ledger
from reports.scores.constants import score_best_constant
from reports.scores.redrawn import RedrawnScores, is_redrawn
from reports.scores.trials import TrialScores
from reports.statistics.variance import NUM_RESAMPLES, draw
from search_spaces.claim import Score
from search_spaces.errors import StudyError
from search_spaces.metrics.registry import BUILT_IN, find_metric
from tests.reports.scores.task_factory import (
    CLASSES,
    predict_classes,
    predict_numbers,
    write_task_trial,
)


def test_records_of_one_hot_emotions_give_the_metrics_of_classes(tmp_path: Path) -> None:
    test = predict_classes()
    record = write_task_trial(tmp_path, test, "multilabel")
    scores = TrialScores(Ledger(tmp_path))
    expected = balanced_accuracy_score(test.labels.argmax(1), test.probabilities.argmax(1))
    assert scores.find(record, "uar") == pytest.approx(expected)
    recalls = [scores.find(record, "uar", name) for name in CLASSES]
    assert np.mean(np.array(recalls, float)) == pytest.approx(expected)
    assert scores.find(record, "class_accuracy", "sad") is None


def test_metric_of_classes_is_undefined_if_an_utterance_has_two_emotions(tmp_path: Path) -> None:
    test = predict_classes()
    labels = test.labels.copy()
    labels[0] = 1
    record = write_task_trial(tmp_path, replace(test, labels=labels), "multilabel")
    scores = TrialScores(Ledger(tmp_path))
    assert scores.find(record, "uar") is None
    assert scores.find(record, "f1") is not None
    score = Score("synthetic", "uar")
    assert RedrawnScores(scores).find_variance([record], [], score) is None


def test_record_of_classes_has_f1_without_thresholds(tmp_path: Path) -> None:
    record = write_task_trial(tmp_path, predict_classes(), "multiclass")
    scores = TrialScores(Ledger(tmp_path))
    assert scores.find(record, "f1") == scores.find(record, "class_f1") is not None
    assert scores.find_fault(record, "f1") is None


def test_model_that_gives_every_utterance_one_class_is_constant(tmp_path: Path) -> None:
    test = predict_classes(skill=0)
    always = test.probabilities.copy()
    always[:, 0] = 1
    record = write_task_trial(tmp_path, replace(test, probabilities=always), "multiclass")
    scores = TrialScores(Ledger(tmp_path))
    assert scores.find_fault(record, "uar") == "constant"
    assert scores.find_fault(record, "auc") is None


def test_record_of_numbers_has_their_metrics_and_no_other(tmp_path: Path) -> None:
    record = write_task_trial(tmp_path, predict_numbers(error=0.5), "regression")
    scores = TrialScores(Ledger(tmp_path))
    assert scores.find(record, "mae") == pytest.approx(0.5)
    assert scores.find(record, "mae", "valence") == pytest.approx(0.5)
    with pytest.raises(StudyError, match="'f1' is for multilabel and multiclass, but the task is"):
        scores.find(record, "f1")


@pytest.mark.parametrize("metric", ["mae", "ccc", "acc7"])
def test_variance_over_test_sets_of_numbers_is_that_of_scores_computed_again(
    tmp_path: Path, metric: str
) -> None:
    test = predict_numbers()
    record = write_task_trial(tmp_path, test, "regression")
    scores = TrialScores(Ledger(tmp_path))
    found = RedrawnScores(scores).find_variance([record], [], Score("synthetic", metric))
    assert found is not None
    assert found[1] == 8
    assert found[0] > 0


def test_redrawn_mae_has_the_variance_of_its_cluster_means(tmp_path: Path) -> None:
    """Clusters of equal size: the MAE of a test set is the mean of those of its clusters."""
    test = predict_numbers()
    error = np.linspace(0, 2, 40)[:, None].astype(np.float32)
    wrong = replace(test, probabilities=(test.labels + error).astype(np.float32))
    record = write_task_trial(tmp_path, wrong, "regression")
    scores = TrialScores(Ledger(tmp_path))
    found = RedrawnScores(scores).find_variance([record], [], Score("synthetic", "mae"))
    assert found is not None
    by_cluster = error.reshape(8, 5).mean(axis=1)
    assert found[0] == pytest.approx(by_cluster.var() / 8, rel=0.15)  # 1,000 draws: 4.5 % of std


def test_redrawn_confusion_gives_what_single_utterances_give(tmp_path: Path) -> None:
    test = predict_classes()
    record = write_task_trial(tmp_path, test, "multiclass")
    redrawn = RedrawnScores(TrialScores(Ledger(tmp_path)))
    found = redrawn.find_variance([record], [], Score("synthetic", "class_accuracy"))
    assert found is not None
    right = (test.labels.argmax(1) == test.probabilities.argmax(1)).reshape(8, 5).sum(axis=1)
    assert found[0] == pytest.approx((right / 5).var() / 8, rel=0.15)


def test_metrics_of_probabilities_are_not_redrawn(tmp_path: Path) -> None:
    assert {name for name, one in BUILT_IN.items() if not is_redrawn(one)} == {
        "auc",
        "average_precision",
    }
    record = write_task_trial(tmp_path, predict_classes(), "multiclass")
    redrawn = RedrawnScores(TrialScores(Ledger(tmp_path)))
    assert redrawn.find_variance([record], [], Score("synthetic", "auc")) is None


def test_every_draw_of_clusters_is_as_large_as_the_test_set() -> None:
    assert (draw(8, 1, NUM_RESAMPLES).sum(axis=1) == 8).all()


ONE_HOT = np.eye(3, dtype=np.int8)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("class_accuracy", 0.25),  # the most frequent class of validation, rare on test
        ("uar", 1 / 3),
        ("class_f1", 0.4 / 3),  # F1 of the first class is 2 / (4 + 1), of the others 0
        ("class_weighted_f1", 0.1),
    ],
)
def test_chance_of_classes_is_the_class_that_validation_prefers(
    metric: str, expected: float
) -> None:
    valid, test = ONE_HOT[[0, 0, 0, 1, 2]], ONE_HOT[[0, 1, 1, 2]]
    assert score_best_constant(find_metric(metric), valid, test).overall == pytest.approx(expected)


def test_chance_by_mae_is_the_median_of_validation() -> None:
    valid = np.array([[0.0], [1.0], [5.0]], np.float32)
    test = np.array([[1.0], [3.0]], np.float32)
    assert score_best_constant(find_metric("mae"), valid, test).overall == 1


def test_chance_by_acc7_is_the_most_frequent_whole_number() -> None:
    valid = np.array([[-2.0], [2.0], [2.0], [1.0], [0.0]], np.float32)
    test = np.array([[2.0], [0.0]], np.float32)
    assert score_best_constant(find_metric("acc7"), valid, test).overall == 0.5


def test_constant_has_no_correlation_and_a_concordance_of_zero() -> None:
    numbers = np.array([[0.0], [1.0], [5.0]], np.float32)
    assert score_best_constant(find_metric("pearson"), numbers, numbers).overall is None
    assert score_best_constant(find_metric("ccc"), numbers, numbers).overall == 0


def test_chance_of_label_sets_is_exact() -> None:
    """Micro F1 is best if the first emotion is always called: TP 3, FP 1, FN 1."""
    labels = np.array([[1, 0], [1, 0], [1, 1], [0, 0]], np.int8)
    assert score_best_constant(find_metric("micro_f1"), labels, labels).overall == 0.75
    assert score_best_constant(find_metric("subset_accuracy"), labels, labels).overall == 0.5
    assert score_best_constant(find_metric("hamming_loss"), labels, labels).overall == 0.25
