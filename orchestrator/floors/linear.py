"""Regularised linear models on features of utterances, tuned on the validation split.

They are logistic regressions of emotions or of classes, or a ridge regression of numbers.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from corpora.source.split import Split
from corpora.source.task import TaskKind
from orchestrator.floors.features import Matrix
from reports.ledger.record import EVALUATED_SPLITS, MAIN_METRIC
from reports.metrics.rankings import Labels, Probabilities
from reports.scores.metrics import fit_thresholds, mean_scores

INVERSE_PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)
"""The values of scikit-learn's C that are tried, from the strongest penalty to the weakest.

For ridge regression, whose penalty alpha counts from 0 on too, it is 1 / alpha.
"""

MAX_STEPS = 1000


class Fit(NamedTuple):
    """Models of one penalty: its C, and their predictions on each evaluated split, (U, K).

    `valid_score` is the mean F1 on validation, at thresholds fitted there where emotions have such;
    of numbers it is the CCC.
    """

    inverse_penalty: float
    valid_score: float
    probabilities: dict[Split, Probabilities]


def fit_linear(
    features: Mapping[Split, Sequence[Matrix]],
    labels: Mapping[Split, Labels],
    task: TaskKind = "multilabel",
) -> Fit:
    """Train a linear model with each penalty, and choose the penalty on validation.

    Like a model's epoch, it is chosen by F1 or CCC; of equally good penalties, the strongest is
    taken.

    Shapes:
        features: (U, D) for each modality; labels: (U, K), 0 or 1, or numbers
    """
    scaled = _scale(features)
    fits = [_fit(scaled, labels, task, inverse_penalty) for inverse_penalty in INVERSE_PENALTIES]
    return max(fits, key=lambda fit: fit.valid_score)


def _fit(
    features: Mapping[Split, Matrix],
    labels: Mapping[Split, Labels],
    task: TaskKind,
    inverse_penalty: float,
) -> Fit:
    predicted = _PREDICT[task](features, labels["train"], inverse_penalty)
    truth, valid = labels["valid"], predicted["valid"]
    thresholds = fit_thresholds(truth, valid) if task == "multilabel" else np.zeros(0)
    score = mean_scores(truth, valid, thresholds, task)[MAIN_METRIC[task]]
    return Fit(inverse_penalty, score, predicted)


def _predict_emotions(
    features: Mapping[Split, Matrix], truth: Labels, inverse_penalty: float
) -> dict[Split, Probabilities]:
    each = [_predict_emotion(features, column, inverse_penalty) for column in truth.T]
    return {
        split: np.stack([one[split] for one in each], axis=1).astype(np.float32)
        for split in EVALUATED_SPLITS
    }


def _predict_emotion(
    features: Mapping[Split, Matrix], truth: NDArray[np.int8], inverse_penalty: float
) -> dict[Split, NDArray[np.float64]]:
    """Train a classifier of one emotion, and predict its probabilities: (U,) of each split.

    If every training utterance has the emotion, or none has it, so the classifier says.
    """
    if np.ptp(truth) == 0:
        return {s: np.full(len(features[s]), float(truth[0])) for s in EVALUATED_SPLITS}
    classifier = _classify(features["train"], truth, inverse_penalty)
    return {split: classifier.predict_proba(features[split])[:, 1] for split in EVALUATED_SPLITS}


def _predict_classes(
    features: Mapping[Split, Matrix], truth: Labels, inverse_penalty: float
) -> dict[Split, Probabilities]:
    """Train one classifier of all classes; every class has training utterances."""
    classifier = _classify(features["train"], truth.argmax(1), inverse_penalty)
    return {
        split: classifier.predict_proba(features[split]).astype(np.float32)
        for split in EVALUATED_SPLITS
    }


def _predict_numbers(
    features: Mapping[Split, Matrix], truth: Labels, inverse_penalty: float
) -> dict[Split, Probabilities]:
    ridge = Ridge(alpha=1 / inverse_penalty).fit(features["train"], truth)
    return {
        split: ridge.predict(features[split]).reshape(-1, truth.shape[1]).astype(np.float32)
        for split in EVALUATED_SPLITS
    }


_PREDICT: Mapping[
    TaskKind,
    Callable[[Mapping[Split, Matrix], Labels, float], dict[Split, Probabilities]],
] = {
    "multilabel": _predict_emotions,
    "multiclass": _predict_classes,
    "regression": _predict_numbers,
}


def _classify(
    features: Matrix, truth: NDArray[np.integer], inverse_penalty: float
) -> LogisticRegression:
    classifier = LogisticRegression(C=inverse_penalty, max_iter=MAX_STEPS)
    with warnings.catch_warnings():
        # A weak penalty that stops early is a candidate like any other: validation judges it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return classifier.fit(features, truth)


def _scale(features: Mapping[Split, Sequence[Matrix]]) -> dict[Split, Matrix]:
    """Put the modalities side by side, so that all of them weigh alike: (U, D).

    Features are standardised on the training split, where constant ones are left out, and divided
    by the square root of how many their modality has.
    """
    parts: dict[Split, list[Matrix]] = {
        split: [np.zeros((len(of_split[0]), 1))] for split, of_split in features.items()
    }
    for modality, train in enumerate(features["train"]):
        if not np.ptp(train, axis=0).any():
            continue
        scaler = make_pipeline(VarianceThreshold(), StandardScaler()).fit(train)
        for split, of_split in features.items():
            scaled = scaler.transform(of_split[modality])
            parts[split].append(scaled / np.sqrt(scaled.shape[1]))
    return {split: np.concatenate(of_split, axis=1) for split, of_split in parts.items()}
