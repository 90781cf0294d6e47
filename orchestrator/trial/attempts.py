"""Trains one trial to its end, even if memory runs out or storage fails for a while."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

from corpora.batches.corpus import AnyCorpus
from models.build import build_anew
from models.builders.prefix import let_read_maps
from orchestrator.plan.code import code_digest
from orchestrator.prefixes.arithmetic import Arithmetic
from orchestrator.prefixes.plan import MODALITY
from orchestrator.storage.patience import Patience
from orchestrator.training.evaluation import batch_sizes
from orchestrator.training.loop import TrainingResult, start_training, train
from orchestrator.training.memory import is_out_of_memory, release_memory
from orchestrator.training.micro_batches import MicroBatches, NotEnoughMemoryError, halve, note_size
from orchestrator.training.precision import Precision
from orchestrator.training.reference_clip import macs_of
from orchestrator.training.state import TrainingState
from orchestrator.training.without_text import valid_f1_without_text
from orchestrator.trial.checkpoint_writer import CheckpointWriter
from orchestrator.trial.checkpoints import (
    Checkpoint,
    DamagedCheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from orchestrator.trial.conditions import Conditions, TrialHooks
from orchestrator.trial.open_corpus import task_of
from orchestrator.trial.snapshots import Snapshots
from reports.ledger.files import set_aside
from reports.ledger.ledger import CHECKPOINT_FILE
from reports.ledger.record import Epoch
from search_spaces.trial import Trial


@dataclass(frozen=True)
class Setting:
    """Where a trial trains, its precision, its conditions, and the hooks that it calls."""

    folder: Path
    precision: Precision
    conditions: Conditions
    hooks: TrialHooks

    @property
    def device(self) -> torch.device:
        """The device that it trains on."""
        return self.conditions.device

    @property
    def arithmetic(self) -> Arithmetic:
        """How it computes."""
        return Arithmetic(
            device=self.device,
            precision=self.precision,
            num_threads=self.conditions.num_threads,
            is_deterministic=self.conditions.is_deterministic,
        )

    @property
    def patience(self) -> Patience:
        """How long it retries if storage fails."""
        return self.conditions.patience


@dataclass(frozen=True)
class TrainedTrial:
    """A trained model, the result of the training, and what happened during it."""

    model: nn.Module
    trained: TrainingResult
    macs: int
    resumed_from_epochs: tuple[int, ...]
    micro_batches: MicroBatches
    training_s: float
    valid_f1_without_text: float | None


@dataclass(frozen=True)
class _Start:
    """A state to train from, its origin, and the digest of its code."""

    state: TrainingState
    code: str
    macs: int
    resumed_from_epochs: tuple[int, ...]
    micro_batches: MicroBatches
    size: int


def train_trial(trial: Trial, corpus: AnyCorpus, setting: Setting) -> TrainedTrial:
    """Train a trial from its checkpoint, if it has one; if memory runs out, start there again.

    Each new attempt has micro-batches of half the size. It waits for the checkpoint that is being
    written, so no finished epoch is lost, unless its checkpoint was skipped (`checkpoint_writer`).

    Raises:
        NotEnoughMemoryError: If a single utterance, or the model alone, does not fit.
    """
    batch_size = trial.config.training.batch_size
    size = min(setting.conditions.micro_batch_size or batch_size, batch_size)
    clock = time.perf_counter()
    while True:
        start = None
        try:
            start = _start(trial, corpus, setting, size)
            with CheckpointWriter(partial(_write, setting), setting.hooks.trouble) as writer:
                trained = _train(start, trial, corpus, setting, writer)
                training_s = time.perf_counter() - clock
                without_text = _valid_f1_without_text(start, trained, trial, corpus, setting)
        except (RuntimeError, MemoryError) as error:
            if not (setting.conditions.halves_batches and is_out_of_memory(error)):
                raise
            problem = str(error)
        else:
            return TrainedTrial(
                model=start.state.model,
                trained=trained,
                macs=start.macs,
                resumed_from_epochs=start.resumed_from_epochs,
                micro_batches=start.micro_batches,
                training_s=training_s,
                valid_f1_without_text=without_text,
            )
        if start is None:
            raise NotEnoughMemoryError("before any batch", problem)
        size = halve(start.size, batch_size=batch_size, problem=problem)
        start = None  # not in the handler: the error holds what filled the memory
        release_memory()
        setting.hooks.trouble(f"out of memory: goes on with micro-batches of {size}")


def _start(trial: Trial, corpus: AnyCorpus, setting: Setting, size: int) -> _Start:
    """Make the model and its training state, from the checkpoint or new."""
    config = trial.config
    model = build_anew(config.model, task_of(corpus, config.model), seed=trial.seed_of("init"))
    macs = macs_of(model, trial, corpus.manifest)
    if corpus.has_maps:
        let_read_maps(model, MODALITY)
    state = start_training(
        model.to(setting.device), corpus, config.training, seed=trial.seed_of("dropout")
    )
    code = code_digest(config.model)
    checkpoint = _checkpoint_of_this_code(trial, setting, code)
    resumed: tuple[int, ...] = ()
    sizes: MicroBatches = ()
    if checkpoint is not None:
        state.load_state_dict(checkpoint.training)
        resumed = (*checkpoint.resumed_from_epochs, len(state.epochs))
        sizes = checkpoint.micro_batches
        size = min([size, *(known for _, known in sizes)])
    sizes = note_size(sizes, len(state.epochs), size, config.training.batch_size)
    return _Start(state, code, macs, resumed, sizes, size)


def _checkpoint_of_this_code(trial: Trial, setting: Setting, code: str) -> Checkpoint | None:
    """Read the trial's checkpoint; None if other code wrote it, which may compute differently.

    Also return None if the trial must use deterministic algorithms, and the checkpoint did not. A
    checkpoint that is damaged, or of another trial, is told and set aside.
    """
    try:
        checkpoint = setting.patience.at_start(load_checkpoint, setting.folder, setting.device)
    except DamagedCheckpointError as error:
        _set_aside(f"is damaged ({error})", setting)
        return None
    if checkpoint is None:
        return None
    if checkpoint.code_digest != code or not checkpoint.key:
        problem = "was written by other code than this"
    elif torch.are_deterministic_algorithms_enabled() and not checkpoint.is_deterministic:
        problem = "is of a training without --deterministic"
    elif checkpoint.key != trial.key:
        _set_aside(f"is that of trial '{checkpoint.key}'", setting)
        return None
    else:
        return checkpoint
    setting.hooks.trouble(f"checkpoint in '{setting.folder}' {problem}: the trial starts anew")
    return None


def _set_aside(problem: str, setting: Setting) -> None:
    aside = setting.patience.at_start(set_aside, setting.folder / CHECKPOINT_FILE)
    setting.hooks.trouble(
        f"checkpoint in '{setting.folder}' {problem} and is set aside as '{aside.name}': the trial "
        "starts anew"
    )


def _train(
    start: _Start, trial: Trial, corpus: AnyCorpus, setting: Setting, writer: CheckpointWriter
) -> TrainingResult:
    """Train to the end, with a checkpoint after every epoch, and one if the training diverges."""
    snapshots = Snapshots(setting.device)

    def epoch_done(epoch: Epoch, _: TrainingState) -> None:
        writer.offer(lambda: _take(start, trial.key, snapshots, setting))
        setting.hooks.epoch_done(epoch)

    trained = train(
        start.state,
        corpus,
        trial.config.training,
        seed=trial.seed_of("order"),
        precision=setting.precision,
        on_epoch=epoch_done,
        sizes=batch_sizes(trial.config, start.size, setting.device),
    )
    if start.state.diverged_at_epoch is not None:
        writer.insist(lambda: _take(start, trial.key, snapshots, setting))
    return trained


def _valid_f1_without_text(
    start: _Start, trained: TrainingResult, trial: Trial, corpus: AnyCorpus, setting: Setting
) -> float | None:
    if trained.best_epoch < 0:
        return None
    return valid_f1_without_text(
        start.state.model,
        corpus,
        trial.config,
        batch_sizes(trial.config, start.size, setting.device).evaluation,
        trained.thresholds,
        setting.precision,
    )


def _take(start: _Start, key: str, snapshots: Snapshots, setting: Setting) -> Checkpoint | None:
    """Copy the state that a trial can continue from; None if there is no memory for the copy."""
    state = start.state
    try:
        copy = snapshots.take(state.state_dict(), constant=state.best_model.values())
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        setting.hooks.trouble(_missed(setting, "out of memory"))
        return None
    return Checkpoint(
        start.code,
        copy,
        start.resumed_from_epochs,
        start.micro_batches,
        is_deterministic=torch.are_deterministic_algorithms_enabled(),
        key=key,
    )


def _write(setting: Setting, checkpoint: Checkpoint) -> str | None:
    """Replace the checkpoint, also for other machines; return what is wrong if that fails.

    The trial continues without a checkpoint; then more epochs may be lost.
    """
    try:
        setting.patience.for_checkpoint(save_checkpoint, setting.folder, checkpoint)
    except OSError as error:
        return _missed(setting, str(error.strerror or error))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return _missed(setting, "out of memory")
    try:
        setting.hooks.publish()
    except OSError as error:
        return str(error)
    return None


def _missed(setting: Setting, why: str) -> str:
    return (
        f"checkpoint in '{setting.folder}' could not be written: {why}; training goes on, and what "
        "it does until it can be written would be lost with its process"
    )
