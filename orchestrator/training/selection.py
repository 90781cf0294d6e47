"""How the epoch is chosen that a trial predicts with, and the thresholds of its decisions."""

import numpy as np
from numpy.typing import NDArray

from corpora.source.task import TaskKind
from orchestrator.errors import SelectionError
from reports.ledger.record import MAIN_METRIC, Epoch, Predictions
from reports.scores.metrics import fit_thresholds, mean_scores
from search_spaces.metrics.registry import find_metric
from search_spaces.training import TrainingConfig

FIXED_THRESHOLD = 0.5


def thresholds_for(
    valid: Predictions, config: TrainingConfig, task: TaskKind
) -> NDArray[np.float64]:
    """Return the threshold of each emotion, (K,); other tasks than multilabel have none, (0,)."""
    if task != "multilabel":
        return np.zeros(0)
    if config.thresholds == "fixed":
        return np.full(valid.labels.shape[1], FIXED_THRESHOLD)
    return fit_thresholds(valid.labels, valid.probabilities)


def score_epoch(valid: Predictions, config: TrainingConfig, task: TaskKind) -> dict[str, float]:
    """Score the validation split by each metric of the task; leave out undefined ones."""
    thresholds = thresholds_for(valid, config, task)
    return mean_scores(valid.labels, valid.probabilities, thresholds, task)


def merit(epoch: Epoch, config: TrainingConfig, task: TaskKind) -> float:
    """Return what the best epoch has most of.

    Raises:
        SelectionError: If the metric of `selection` is undefined on validation.
    """
    if config.selection == "last":
        return float(epoch.epoch)
    if config.selection == "best_valid_loss":
        return -epoch.valid_loss
    metric = config.selection.removeprefix("best_valid_")
    if metric == "f1":
        metric = MAIN_METRIC[task]
    if metric not in epoch.valid:
        raise SelectionError(
            f"selection '{config.selection}' cannot choose an epoch: {metric} is undefined on "
            "validation, where all or no utterances show some emotion; choose selection "
            "'best_valid_f1'"
        )
    return find_metric(metric).sign * epoch.valid[metric]
