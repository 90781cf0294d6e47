"""The training loop: no Ray, no MLflow, no disk; each epoch goes to a callback."""

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from corpora.batches.batch import split_batch
from corpora.batches.corpus import AnyCorpus
from corpora.source.split import Split
from corpora.source.task import TaskKind
from models.groups import parameter_groups
from models.task import outputs_of
from orchestrator.training.evaluation import AnyInputs, BatchSizes, predict, predict_nothing
from orchestrator.training.objective import OF_LABELS, Objective, make_objective, weigh
from orchestrator.training.precision import Precision, autocast
from orchestrator.training.schedule import SCHEDULES, make_optimizer
from orchestrator.training.selection import FIXED_THRESHOLD, merit, score_epoch, thresholds_for
from orchestrator.training.state import TrainingState
from reports.ledger.record import EVALUATED_SPLITS, Epoch, Predictions
from search_spaces.training import TrainingConfig


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
    optimizer = make_optimizer(groups, config)
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
    also ends if it diverges, that is, if a loss of a step or the loss of validation is not a finite
    number; a probability that is not a number also makes the loss so. If the loss on test is not a
    finite number, the training counts as diverged after its last epoch.

    The kind of task decides the loss (`objective`); of several labels it is binary cross-entropy
    with positives weighted by negatives over positives of the training split (Le et al., eq. 8-9).
    An epoch is better if its mean validation F1 (or what `selection` says), at thresholds fitted on
    validation or fixed ones, is strictly higher.

    By default, whole batches go through the model. With smaller `sizes`, a step still uses the
    gradient of the whole batch.

    Raises:
        LossError: If `auxiliary_losses` names a loss that the model does not return.
        SelectionError: If the metric of `selection` is undefined on validation.
    """
    splits, objective = corpus.splits, make_objective(corpus, config)
    order = partial(splits["train"].in_random_order, weights=objective.drawn_by)
    sizes = sizes or BatchSizes(config.batch_size, config.batch_size)
    step = partial(take_step, state, objective, config, size=sizes.training, precision=precision)
    while not _is_over(state, config):
        epoch = len(state.epochs)
        state.model.train()
        losses = _mean(
            [step(batch) for batch in order(config.batch_size, seed=seed, epoch=epoch)],
            len(splits["train"]),
        )
        valid, valid_loss = predict(
            state.model, splits["valid"], objective, sizes.evaluation, precision
        )
        if not all(map(math.isfinite, (valid_loss, *losses.values()))):
            state.diverged_at_epoch = epoch
            break
        done = Epoch(
            epoch=epoch,
            train_loss=losses.pop(OF_LABELS),
            valid_loss=valid_loss,
            valid=score_epoch(valid, config, objective.task),
            auxiliary_losses=losses,
        )
        _keep_best(state, done, config, objective.task)
        state.schedule.epoch_done(valid_loss)
        on_epoch(done, state)
    return _finish(state, corpus, config, objective, sizes.evaluation, precision)


def take_step(
    state: TrainingState,
    objective: Objective,
    config: TrainingConfig,
    batch: AnyInputs,
    *,
    size: int,
    precision: Precision,
) -> dict[str, Tensor]:
    """Take a step on a batch, at most `size` utterances at once; no thread waits for the device.

    Returns:
        The sum of the utterances' losses: of the labels, and those that the model returns.

    Raises:
        LossError: If `auxiliary_losses` names a loss that the model does not return.
    """
    state.optimizer.zero_grad(set_to_none=True)
    parts = []
    for part in split_batch(batch, size):
        with autocast(part.labels.device, precision):
            outputs = outputs_of(state.model(part))
        loss = objective.training_loss(outputs.logits, part.labels)
        total = loss + weigh(outputs.losses, config)
        (total * (len(part.labels) / len(batch.labels))).backward()  # adds up to the mean
        losses = {OF_LABELS: loss, **outputs.losses}
        parts.append({name: one.detach() * len(part.labels) for name, one in losses.items()})
    if config.clip_norm is not None:
        nn.utils.clip_grad_norm_(state.parameters, config.clip_norm)
    state.optimizer.step()
    state.schedule.after_step()
    return {name: torch.stack([one[name] for one in parts]).sum() for name in parts[0]}


def _mean(steps: Sequence[Mapping[str, Tensor]], num_utterances: int) -> dict[str, float]:
    """Return the mean losses over utterances, of the sums of steps."""
    return {
        name: float(torch.stack([step[name] for step in steps]).sum()) / num_utterances
        for name in steps[0]
    }


def _finish(
    state: TrainingState,
    corpus: AnyCorpus,
    config: TrainingConfig,
    objective: Objective,
    size: int,
    precision: Precision,
) -> TrainingResult:
    """Predict with the chosen epoch; if there is none, predict no emotion."""
    epochs, diverged = tuple(state.epochs), state.diverged_at_epoch
    if not epochs or (diverged is not None and config.selection == "last"):
        return _without_model(epochs, diverged, corpus, objective)
    state.model.load_state_dict(state.best_model)
    predictions: dict[Split, Predictions] = {}
    for split in EVALUATED_SPLITS:
        predictions[split], loss = predict(
            state.model, corpus.splits[split], objective, size, precision
        )
        if not math.isfinite(loss):  # test is read only here
            return _without_model(epochs, len(epochs), corpus, objective)
    thresholds = tuple(thresholds_for(predictions["valid"], config, objective.task).tolist())
    return TrainingResult(epochs, state.best_epoch, diverged, thresholds, predictions)


def _without_model(
    epochs: tuple[Epoch, ...], diverged: int | None, corpus: AnyCorpus, objective: Objective
) -> TrainingResult:
    nothing = {
        split: predict_nothing(corpus.splits[split], objective) for split in EVALUATED_SPLITS
    }
    num_thresholds = len(corpus.manifest.emotions) if objective.task == "multilabel" else 0
    return TrainingResult(epochs, -1, diverged, (FIXED_THRESHOLD,) * num_thresholds, nothing)


def _is_over(state: TrainingState, config: TrainingConfig) -> bool:
    num_done = len(state.epochs)
    num_no_better = num_done - 1 - state.best_epoch
    is_patient = config.patience is None or num_no_better < config.patience
    has_diverged = state.diverged_at_epoch is not None
    return has_diverged or num_done == config.max_epochs or not is_patient


def _keep_best(state: TrainingState, done: Epoch, config: TrainingConfig, task: TaskKind) -> None:
    """Append an epoch; copy the model if the epoch is the best so far."""
    found = merit(done, config, task)
    is_better = not state.epochs or found > merit(state.epochs[state.best_epoch], config, task)
    state.epochs.append(done)
    if is_better:
        state.best_epoch = done.epoch
        state.best_model = {}  # free the last copy first, unless it is being written
        state.best_model = {
            name: value.detach().clone() for name, value in state.model.state_dict().items()
        }
