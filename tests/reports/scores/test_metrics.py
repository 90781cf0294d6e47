import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics

from reports.metrics.decisions import accuracy, balanced_accuracy, f1, precision, recall
from reports.metrics.rankings import auc
from reports.scores.metrics import (
    OF_EPOCHS,
    THRESHOLDS,
    as_scores,
    count,
    decide,
    fit_thresholds,
    mean_scores,
    score,
)

# Test split of each corpus: utterances, then those of each emotion (Le et al. 2023, Table 2; the
# splits of Dai et al. 2021).
TEST_COUNTS = {
    "iemocap": (1481, (234, 213, 371, 135, 321, 207)),
    "mosei": (4188, (1015, 744, 371, 2220, 1066, 393)),
}

SKLEARN = {
    "acc": lambda labels, called, _: sklearn_metrics.accuracy_score(labels, called),
    "wacc": lambda labels, called, _: sklearn_metrics.balanced_accuracy_score(labels, called),
    "f1": lambda labels, called, _: sklearn_metrics.f1_score(labels, called),
    "precision": lambda labels, called, _: sklearn_metrics.precision_score(labels, called),
    "recall": lambda labels, called, _: sklearn_metrics.recall_score(labels, called),
    "auc": lambda labels, _, probabilities: sklearn_metrics.roc_auc_score(labels, probabilities),
}


def draw(seed, num_utterances=200, num_emotions=6):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (num_utterances, num_emotions)).astype(np.int8)
    noise = rng.random((num_utterances, num_emotions))
    return labels, ((labels + 2 * noise) / 3).astype(np.float32)


def constant(corpus, probability):
    """Give every utterance of a test split the same probability."""
    size, counts = TEST_COUNTS[corpus]
    labels = (np.arange(size)[:, None] < np.array(counts)).astype(np.int8)
    return labels, np.full(labels.shape, probability, np.float32), np.full(len(counts), 0.5)


def one_emotion(labels, called):
    return count(np.array(labels, np.int8), np.array(called, bool))[None].sum(axis=1)


@pytest.mark.parametrize("metric", OF_EPOCHS["multilabel"])
def test_metric_equals_scikit_learn(metric):
    labels, probabilities = draw(0)
    thresholds = np.linspace(0.3, 0.7, 6)
    ours = score(labels, probabilities, thresholds)[metric].by_emotion
    called = decide(probabilities, thresholds)
    emotions = zip(labels.T, called.T, probabilities.T, strict=True)
    theirs = [SKLEARN[metric](*emotion) for emotion in emotions]
    assert ours == pytest.approx(theirs, abs=1e-15)


@pytest.mark.parametrize(
    ("corpus", "expected", "mean"),
    [
        ("iemocap", [0.2729, 0.2515, 0.4006, 0.1671, 0.3563, 0.2453], 0.2823),
        ("mosei", [0.3902, 0.3017, 0.1628, 0.6929, 0.4058, 0.1716], 0.3541),
    ],
)
def test_all_positive_f1_follows_from_the_class_counts(corpus, expected, mean):
    scores = score(*constant(corpus, 0.9))["f1"]
    assert scores.by_emotion == pytest.approx(expected, abs=5e-5)
    assert scores.overall == pytest.approx(mean, abs=5e-5)


def test_all_negative_accuracy_follows_from_the_class_counts():
    scores = score(*constant("iemocap", 0.1))["acc"]
    expected = [0.8420, 0.8562, 0.7495, 0.9088, 0.7833, 0.8602]
    assert scores.by_emotion == pytest.approx(expected, abs=5e-5)
    assert scores.overall == pytest.approx(0.8333, abs=5e-5)


@pytest.mark.parametrize("probability", [0.1, 0.9])
def test_constant_classifier_has_a_balanced_accuracy_of_one_half(probability):
    assert score(*constant("iemocap", probability))["wacc"].by_emotion == (0.5,) * 6


def test_probability_at_its_threshold_is_negative():
    probabilities = np.array([[0.5, 0.75], [0.5 + 1e-7, 0.25]], np.float32)
    assert decide(probabilities, np.array([0.5, 0.25])).tolist() == [[False, True], [True, False]]


def test_float32_probability_is_compared_as_the_float64_that_it_is():
    probabilities = np.array([[0.1, 0.7]], np.float32)
    assert decide(probabilities, np.array([0.1, 0.7])).tolist() == [[True, False]]


def published_decision(probabilities, threshold):
    """Compare as the published code does: the threshold takes the type of the probabilities."""
    return probabilities > np.float32(threshold)


def test_only_one_probability_of_ten_thresholds_is_decided_otherwise_than_published():
    otherwise = []
    for threshold in THRESHOLDS:
        nearest = np.float32(threshold)
        around = [nearest]
        for _ in range(50):
            around = [np.nextafter(around[0], np.float32(0)), *around]
            around.append(np.nextafter(around[-1], np.float32(1)))
        column = np.array(around, np.float32)
        differ = decide(column, threshold) != published_decision(column, threshold)
        assert column[differ].tolist() in ([], [float(nearest)])
        otherwise += [float(threshold)] * bool(differ.any())
    assert otherwise == [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.6, 0.8, 0.85]


def test_no_logit_in_bfloat16_is_decided_otherwise_than_published():
    logits = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(torch.bfloat16).float()
    probabilities = logits[logits.isfinite()].sigmoid().numpy()
    for threshold in THRESHOLDS:
        ours = decide(probabilities, threshold)
        assert np.array_equal(ours, published_decision(probabilities, threshold))


def test_candidate_thresholds_are_the_decimal_literals():
    assert THRESHOLDS.tolist() == [float(f"{n / 100:.2f}") for n in range(5, 100, 5)]


@pytest.mark.parametrize("seed", range(3))
def test_fitted_threshold_is_the_first_of_best_f1(seed):
    labels, probabilities = draw(seed, num_utterances=30)
    expected = []
    for truth, column in zip(labels.T, probabilities.T, strict=True):
        scores = [sklearn_metrics.f1_score(truth, column > np.float64(t)) for t in THRESHOLDS]
        expected.append(THRESHOLDS[int(np.argmax(scores))])
    assert fit_thresholds(labels, probabilities).tolist() == expected


def test_fitted_threshold_is_the_lowest_of_equals():
    labels = np.array([[1, 0], [0, 0]], np.int8)
    probabilities = np.array([[0.62, 0.3], [0.42, 0.3]], np.float32)
    assert fit_thresholds(labels, probabilities).tolist() == [0.45, 0.05]


@pytest.mark.parametrize("labels", [[0, 0], [1, 1]], ids=["no positives", "no negatives"])
def test_balanced_accuracy_without_one_class_is_undefined(labels):
    assert np.isnan(balanced_accuracy(one_emotion(labels, [0, 1])))


@pytest.mark.parametrize("metric", [accuracy, recall])
def test_metric_of_no_utterances_is_undefined(metric):
    assert np.isnan(metric(one_emotion([], [])))


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [([0, 0], [0.1, 0.9]), ([1, 1], [0.1, 0.9]), ([], []), ([0, 1], [np.nan, np.nan])],
    ids=["no positives", "no negatives", "no utterances", "diverged"],
)
def test_auc_is_undefined(labels, probabilities):
    assert np.isnan(auc(np.array([labels], np.int8).T, np.array([probabilities], np.float32).T))


def test_f1_and_precision_are_zero_where_nothing_is_called():
    nothing = one_emotion([0, 0], [0, 0])
    assert (f1(nothing).item(), precision(nothing).item()) == (0.0, 0.0)


def test_counts_of_several_resamples_are_scored_at_once():
    counts = np.array([[[1, 1, 2, 0]], [[3, 0, 1, 0]]])
    assert f1(counts).tolist() == [[2 / 3], [1.0]]


def test_mean_is_missing_where_an_emotion_is_undefined():
    assert as_scores(np.array([0.5, np.nan])).overall is None
    assert as_scores(np.array([0.5, 0.25])).overall == 0.375


def test_mean_scores_leave_out_what_is_undefined():
    labels = np.array([[1, 0], [0, 0]], np.int8)
    probabilities = np.array([[0.9, 0.1], [0.1, 0.1]], np.float32)
    means = mean_scores(labels, probabilities, np.array([0.5, 0.5]))
    assert means == {"acc": 1.0, "f1": 0.5, "precision": 0.5}
