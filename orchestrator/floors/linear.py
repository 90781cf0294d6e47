"""Regularised logistic regression on features of utterances, tuned on the validation split."""

import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from corpora.source.split import Split
from orchestrator.floors.features import Matrix
from reports.ledger.record import EVALUATED_SPLITS
from reports.metrics.rankings import Labels, Probabilities
from reports.scores.metrics import fit_thresholds, mean_scores

INVERSE_PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)
"""The values of scikit-learn's C that are tried, from the strongest penalty to the weakest."""

MAX_STEPS = 1000


class Fit(NamedTuple):
    """Classifiers of one penalty: its C, and their probabilities on each evaluated split, (U, K).

    `valid_f1` is the mean F1 on validation at thresholds fitted there.
    """

    inverse_penalty: float
    valid_f1: float
    probabilities: dict[Split, Probabilities]


def fit_linear(features: Mapping[Split, Sequence[Matrix]], labels: Mapping[Split, Labels]) -> Fit:
    """Train a classifier of each emotion with each penalty, and choose the penalty on validation.

    Like a model's epoch, it is chosen by F1; of equally good penalties, the strongest is taken.

    Shapes:
        features: (U, D) for each modality; labels: (U, K), 0 or 1
    """
    scaled = _scale(features)
    fits = [_fit(scaled, labels, inverse_penalty) for inverse_penalty in INVERSE_PENALTIES]
    return max(fits, key=lambda fit: fit.valid_f1)


def _fit(
    features: Mapping[Split, Matrix], labels: Mapping[Split, Labels], inverse_penalty: float
) -> Fit:
    by_emotion = [_predict(features, truth, inverse_penalty) for truth in labels["train"].T]
    probabilities: dict[Split, Probabilities] = {
        split: np.stack([one[split] for one in by_emotion], axis=1).astype(np.float32)
        for split in EVALUATED_SPLITS
    }
    truth, valid = labels["valid"], probabilities["valid"]
    valid_f1 = mean_scores(truth, valid, fit_thresholds(truth, valid))["f1"]
    return Fit(inverse_penalty, valid_f1, probabilities)


def _predict(
    features: Mapping[Split, Matrix], truth: NDArray[np.int8], inverse_penalty: float
) -> dict[Split, NDArray[np.float64]]:
    """Train a classifier of one emotion, and predict its probabilities: (U,) of each split.

    If every training utterance has the emotion, or none has it, so the classifier says.
    """
    if np.ptp(truth) == 0:
        return {s: np.full(len(features[s]), float(truth[0])) for s in EVALUATED_SPLITS}
    classifier = LogisticRegression(C=inverse_penalty, max_iter=MAX_STEPS)
    with warnings.catch_warnings():
        # A weak penalty that stops early is a candidate like any other: validation judges it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(features["train"], truth)
    return {split: classifier.predict_proba(features[split])[:, 1] for split in EVALUATED_SPLITS}


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
