"""The training loop: no Ray, no MLflow, no disk; each epoch goes to a callback."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam

from corpora.batches.batch import split_batch
from corpora.batches.corpus import AnyCorpus
from corpora.source.split import Split
from models.groups import parameter_groups
from orchestrator.errors import SelectionError
from orchestrator.training.evaluation import AnyInputs, BatchSizes, predict, predict_nothing
from orchestrator.training.precision import Precision, autocast
from orchestrator.training.schedule import SCHEDULES
from orchestrator.training.state import TrainingState
from reports.ledger.record import EVALUATED_SPLITS, Epoch, Predictions
from reports.scores.metrics import fit_thresholds, mean_scores
from search_spaces.terms import Metric
from search_spaces.trial import TrainingConfig

FIXED_THRESHOLD = 0.5

CHOSEN_BY: dict[str, Metric] = {
    "best_valid_f1": "f1",
    "best_valid_wacc": "wacc",
    "best_valid_acc": "acc",
}
"""The metric that an epoch is chosen by; "last" has none."""


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training: choices come from validation; test is read once, at the end.

    `thresholds` are in the order of the corpus's emotions: a label is predicted if its probability
    is above the threshold. A training that diverged before it had a model has `best_epoch` -1 and
    predicts no emotion.
    """

    epochs: tuple[Epoch, ...]
    best_epoch: int
    diverged_at_epoch: int | None
    thresholds: tuple[float, ...]
    predictions: dict[Split, Predictions]


def start_training(
    model: nn.Module, corpus: AnyCorpus, config: TrainingConfig, *, seed: int
) -> TrainingState:
    """Set up optimiser, schedule and the random stream of dropout."""
    num_steps = config.max_epochs * math.ceil(len(corpus.splits["train"]) / config.batch_size)
    torch.manual_seed(zlib.crc32(f"{seed}/dropout".encode()))
    return untrained(model, config, num_steps=num_steps)


def untrained(model: nn.Module, config: TrainingConfig, *, num_steps: int) -> TrainingState:
    """Set up optimiser and schedule for `num_steps`."""
    groups = parameter_groups(
        model, base_lr=config.learning_rate, pretrained_lr=config.pretrained_learning_rate
    )
    optimizer = Adam([{**group} for group in groups], weight_decay=config.weight_decay, fused=True)
    return TrainingState(model, optimizer, SCHEDULES[config.schedule](optimizer, config, num_steps))


def train(
    state: TrainingState,
    corpus: AnyCorpus,
    config: TrainingConfig,
    *,
    seed: int,
    precision: Precision,
    on_epoch: Callable[[Epoch, TrainingState], None],
    sizes: BatchSizes | None = None,
) -> TrainingResult:
    """Train from `state` to the last epoch, and predict with the best epoch.

    Training ends after `max_epochs`, or earlier after `patience` epochs without improvement. It
    also ends if it diverges, that is, if the loss of a step or of validation is not a finite
    number; a probability that is not a number also makes the loss so. If the loss on test is not a
    finite number, the training counts as diverged after its last epoch.

    The loss is binary cross-entropy with positives weighted by negatives over positives of the
    training split (Le et al., eq. 8-9). An epoch is better if its mean validation F1 (or the metric
    of `selection`), at thresholds fitted on validation or fixed ones, is strictly higher.

    By default, whole batches go through the model. With smaller `sizes`, a step still uses the
    gradient of the whole batch.

    Raises:
        SelectionError: If the metric of `selection` is undefined on validation.
    """
    splits, weights = corpus.splits, corpus.positive_weights
    sizes = sizes or BatchSizes(config.batch_size, config.batch_size)
    step = partial(take_step, state, weights, config, size=sizes.training, precision=precision)
    while not _is_over(state, config):
        epoch = len(state.epochs)
        state.model.train()
        batches = splits["train"].in_random_order(config.batch_size, seed=seed, epoch=epoch)
        losses = [step(batch) for batch in batches]
        train_loss = float(torch.stack(losses).sum()) / len(splits["train"])
        valid, valid_loss = predict(
            state.model, splits["valid"], weights, sizes.evaluation, precision
        )
        if not (math.isfinite(train_loss) and math.isfinite(valid_loss)):
            state.diverged_at_epoch = epoch
            break
        scores = mean_scores(valid.labels, valid.probabilities, _thresholds(valid, config))
        done = Epoch(epoch=epoch, train_loss=train_loss, valid_loss=valid_loss, valid=scores)
        _keep_best(state, done, config)
        state.schedule.epoch_done(valid_loss)
        on_epoch(done, state)
    return _finish(state, corpus, config, sizes.evaluation, precision)


def take_step(
    state: TrainingState,
    weights: Tensor,
    config: TrainingConfig,
    batch: AnyInputs,
    *,
    size: int,
    precision: Precision,
) -> Tensor:
    """Take a step on a batch, at most `size` utterances at once; no thread waits for the device.

    Returns:
        The sum of the utterances' losses.
    """
    state.optimizer.zero_grad(set_to_none=True)
    losses = []
    for part in split_batch(batch, size):
        with autocast(weights.device, precision):
            logits = state.model(part)
        loss = binary_cross_entropy_with_logits(logits, part.labels, pos_weight=weights)
        (loss * (len(part.labels) / len(batch.labels))).backward()  # adds up to the mean
        losses.append(loss.detach() * len(part.labels))
    if config.clip_norm is not None:
        nn.utils.clip_grad_norm_(state.parameters, config.clip_norm)
    state.optimizer.step()
    state.schedule.after_step()
    return torch.stack(losses).sum()


def _finish(
    state: TrainingState, corpus: AnyCorpus, config: TrainingConfig, size: int, precision: Precision
) -> TrainingResult:
    """Predict with the chosen epoch; if there is none, predict no emotion."""
    epochs, diverged = tuple(state.epochs), state.diverged_at_epoch
    if not epochs or (diverged is not None and config.selection == "last"):
        return _without_model(epochs, diverged, corpus)
    state.model.load_state_dict(state.best_model)
    predictions: dict[Split, Predictions] = {}
    for split in EVALUATED_SPLITS:
        predictions[split], loss = predict(
            state.model, corpus.splits[split], corpus.positive_weights, size, precision
        )
        if not math.isfinite(loss):  # test is read only here
            return _without_model(epochs, len(epochs), corpus)
    thresholds = tuple(_thresholds(predictions["valid"], config).tolist())
    return TrainingResult(epochs, state.best_epoch, diverged, thresholds, predictions)


def _without_model(
    epochs: tuple[Epoch, ...], diverged: int | None, corpus: AnyCorpus
) -> TrainingResult:
    nothing = {split: predict_nothing(corpus.splits[split]) for split in EVALUATED_SPLITS}
    thresholds = (FIXED_THRESHOLD,) * corpus.splits["train"].labels.shape[1]
    return TrainingResult(epochs, -1, diverged, thresholds, nothing)


def _is_over(state: TrainingState, config: TrainingConfig) -> bool:
    num_done = len(state.epochs)
    num_no_better = num_done - 1 - state.best_epoch
    is_patient = config.patience is None or num_no_better < config.patience
    has_diverged = state.diverged_at_epoch is not None
    return has_diverged or num_done == config.max_epochs or not is_patient


def _keep_best(state: TrainingState, done: Epoch, config: TrainingConfig) -> None:
    """Append an epoch; copy the model if the epoch is the best so far."""
    metric = CHOSEN_BY.get(config.selection)
    if metric is not None and metric not in done.valid:
        raise SelectionError(
            f"selection '{config.selection}' cannot choose an epoch: {metric} is undefined on "
            "validation, where all or no utterances show some emotion; choose selection "
            "'best_valid_f1'"
        )
    is_better = (
        metric is None
        or not state.epochs
        or done.valid[metric] > state.epochs[state.best_epoch].valid[metric]
    )
    state.epochs.append(done)
    if is_better:
        state.best_epoch = done.epoch
        state.best_model = {}  # free the last copy first, unless it is being written
        state.best_model = {
            name: value.detach().clone() for name, value in state.model.state_dict().items()
        }


def _thresholds(valid: Predictions, config: TrainingConfig) -> NDArray[np.float64]:
    if config.thresholds == "fixed":
        return np.full(valid.labels.shape[1], FIXED_THRESHOLD)
    return fit_thresholds(valid.labels, valid.probabilities)
