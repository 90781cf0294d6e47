"""Finished trials on corpora of classes and of numbers, which nobody trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from corpora.source.task import TaskKind
from reports.ledger.ledger import Ledger
from reports.ledger.record import Predictions, Record
from tests.reports.factories import make_trial, write_trial

CLASSES = ("calm", "glad", "sad")
NUM_UTTERANCES = 40


def predict_classes(seed: int = 0, skill: float = 1.0) -> Predictions:
    """Predict three classes; with more skill, rightly more often."""
    rng = np.random.default_rng(seed)
    labels = np.eye(3, dtype=np.int8)[np.arange(NUM_UTTERANCES) % 3]
    logits = skill * labels + rng.normal(size=labels.shape)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return _predictions(labels, probabilities)


def predict_numbers(seed: int = 0, error: float = 1.0) -> Predictions:
    """Predict a number from -3 to 3, wrongly by `error` on average, up or down."""
    rng = np.random.default_rng(seed)
    labels = np.linspace(-3, 3, NUM_UTTERANCES)[:, None].astype(np.float32)
    signs = rng.permutation(np.where(np.arange(NUM_UTTERANCES) % 2, 1.0, -1.0))
    return _predictions(labels, labels + error * signs[:, None])


def write_task_trial(
    storage: Path, test: Predictions, task: TaskKind, key: str | None = None, seed: int = 0
) -> Record:
    emotions = CLASSES if test.labels.shape[1] == len(CLASSES) else ("valence",)
    thresholds = (0.5,) * len(emotions) if task == "multilabel" else ()
    trial = make_trial(seed)
    return write_trial(
        Ledger(storage), trial, test, thresholds, key or trial.key, emotions=emotions, task=task
    )


def write_errors(
    storage: Path, errors: Mapping[str, Sequence[float]]
) -> dict[str, tuple[str, ...]]:
    """Finish a trial of each mean absolute error, by row and seed; return the plan."""
    planned = {}
    for number, (row, of_row) in enumerate(errors.items()):
        planned[row] = tuple(f"{number}-{seed}" for seed in range(len(of_row)))
        for seed, (key, error) in enumerate(zip(planned[row], of_row, strict=True)):
            test = predict_numbers(seed, error)
            write_task_trial(storage, test, "regression", key, seed)
    return planned


def _predictions(labels: np.ndarray, predicted: np.ndarray) -> Predictions:
    numbers = range(len(labels))
    return Predictions(
        ids=np.array([f"utterance-{number:03}" for number in numbers]),
        groups=np.array([f"dialogue-{number // 5}" for number in numbers]),
        labels=labels,
        probabilities=predicted.astype(np.float32),
    )
