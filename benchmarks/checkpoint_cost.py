"""What do checkpoints cost a training: how long does it wait, and how large are the files?

The benchmark trains epochs of some steps on one clip, on the CPU, with random weights. It does so
in three ways: without checkpoints; with checkpoints that the training itself writes (the best model
beside the model, flushed to disk before it continues); and with those of
`orchestrator.trial.checkpoint_writer`. The first epoch of each way is not counted.

    python -m benchmarks.checkpoint_cost --folder A_FOLDER_ON_THE_DISK_IN_QUESTION

Every second epoch is the best one so far; if their number is even, so is the last one. The
benchmark writes to no bucket.
"""

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import torch
from rich.console import Console
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam

from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from benchmarks.system_costs import TASK, without_weights
from corpora.batches.batch import Batch
from corpora.recipes.pictures import RECIPES, Recipe
from models.build import build
from models.init import init_weights
from models.macs import count_parameters
from orchestrator.training.reference_clip import picture_clip
from orchestrator.training.schedule import SCHEDULES
from orchestrator.training.state import TrainingState
from orchestrator.trial.checkpoint_writer import CheckpointWriter
from orchestrator.trial.checkpoints import Checkpoint, save_checkpoint
from orchestrator.trial.snapshots import Snapshots
from reports.ledger.ledger import CHECKPOINT_FILE
from reports.ledger.record import Epoch
from search_spaces.catalogue import find_study
from search_spaces.systems.le import TINY
from search_spaces.trial import TrialConfig

NONE, BEFORE, NOW = "none", "by the training itself", "in a thread"
WAYS = (NONE, BEFORE, NOW)

Keep = Callable[[TrainingState], None]


@dataclass(frozen=True)
class Timed:
    """One epoch: its whole time, and how long the training waited at its end."""

    epoch_s: float
    held_up_s: float


@dataclass(frozen=True)
class System:
    """The measurements of one model: epochs, and the size of the last file, by way."""

    name: str
    num_parameters: int
    num_steps: int
    epochs: dict[str, list[Timed]]
    file_bytes: dict[str, int]


@dataclass(frozen=True)
class Measured:
    """All that was measured."""

    machine: Machine
    systems: list[System]


def start(config: TrialConfig) -> TrainingState:
    """Make a model and its optimiser, as `orchestrator.training.loop.start_training` does."""
    model = build(config.model, TASK)
    init_weights(model, 0)
    optimizer = Adam(model.parameters(), lr=1e-6, fused=True)
    schedule = SCHEDULES[config.training.schedule](optimizer, config.training, 1000)
    return TrainingState(model, optimizer, schedule)


def train_an_epoch(state: TrainingState, batch: Batch, num_steps: int) -> None:
    """Take steps, then copy the best model as `orchestrator.training.loop.train` does."""
    for _ in range(num_steps):
        state.optimizer.zero_grad(set_to_none=True)
        binary_cross_entropy_with_logits(state.model(batch), batch.labels).backward()
        state.optimizer.step()
        state.schedule.after_step()
    number = len(state.epochs)
    state.epochs.append(Epoch(epoch=number, train_loss=0.0, valid_loss=0.0, valid={"f1": 0.0}))
    if number % 2 == 0:
        state.best_epoch, state.best_model = number, {}
        state.best_model = {
            name: value.detach().clone() for name, value in state.model.state_dict().items()
        }


def write_at_once(folder: Path, state: TrainingState) -> None:
    """Write a checkpoint that holds the best model beside the model."""
    both = {"model": state.model.state_dict(), "best_model": state.best_model}
    save_checkpoint(folder, Checkpoint("0", state.state_dict() | both, ()))


def write_in_a_thread(writer: CheckpointWriter, snapshots: Snapshots, state: TrainingState) -> None:
    """Copy the state and continue, as `orchestrator.trial.attempts` does."""

    def take() -> Checkpoint:
        copy = snapshots.take(state.state_dict(), constant=state.best_model.values())
        return Checkpoint("0", copy, ())

    writer.offer(take)


def measure_system(
    name: str, config: TrialConfig, *, num_steps: int, num_epochs: int, folder: Path
) -> System:
    """Train some epochs in each way, after one that is not counted."""
    state = start(config)
    recipe = RECIPES[config.model.recipe]
    assert isinstance(recipe, Recipe)
    batch = picture_clip(recipe, torch.zeros(1, TASK.num_emotions))
    epochs: dict[str, list[Timed]] = {way: [] for way in WAYS}
    file_bytes = {}
    snapshots = Snapshots(torch.device("cpu"))
    for way in WAYS:
        with ExitStack() as held:
            keep = _keeper(way, folder, snapshots, held)
            for _ in range(1 + num_epochs):
                epochs[way].append(_timed(state, batch, num_steps, keep))
        del epochs[way][0]
        file = folder / CHECKPOINT_FILE
        file_bytes[way] = file.stat().st_size if file.is_file() else 0
    return System(name, count_parameters(state.model), num_steps, epochs, file_bytes)


def _keeper(way: str, folder: Path, snapshots: Snapshots, held: ExitStack) -> Keep:
    if way == NONE:
        return lambda _: None
    if way == BEFORE:
        return partial(write_at_once, folder)
    writer = held.enter_context(CheckpointWriter(partial(save_checkpoint, folder), print))
    return partial(write_in_a_thread, writer, snapshots)


def _timed(state: TrainingState, batch: Batch, num_steps: int, keep: Keep) -> Timed:
    began = time.perf_counter()
    train_an_epoch(state, batch, num_steps)
    trained = time.perf_counter()
    keep(state)
    ended = time.perf_counter()
    return Timed(ended - began, ended - trained)


def show(measured: Measured, console: Console) -> None:
    """Print a row for each system and way."""
    some = measured.systems[0].epochs[NONE]
    console.print(
        f"{measured.machine}; {torch.get_num_threads()} threads; n = {len(some)} epochs, "
        "median (least to most)\n",
        soft_wrap=True,
    )
    table = markdown_table("checkpoints", "s an epoch", "held up, s", "file, MB")
    for system in measured.systems:
        millions = system.num_parameters / 1e6
        table.add_row(f"{system.name}, {millions:.1f} M, {system.num_steps} steps", "", "", "")
        for way, epochs in system.epochs.items():
            table.add_row(
                way,
                f"{Spread.of(epoch.epoch_s for epoch in epochs):.2f}",
                f"{Spread.of(epoch.held_up_s for epoch in epochs):.3f}",
                f"{system.file_bytes[way] / 1e6:,.1f}",
            )
    console.print(table)


@click.command()
@click.option("--folder", type=click.Path(exists=True, path_type=Path), help="Folder to write to.")
@click.option("--epochs", type=click.IntRange(min=1), default=4, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write this file.")
def main(folder: Path | None, epochs: int, json_file: Path | None) -> None:
    """Measure what checkpoints cost a small model and one at the paper's scale."""
    torch.set_num_threads(1)  # as in a trial
    paper = find_study("systems").configs("iemocap", "paper")["MER-SEM-MBT"]
    cases = {"Le et al., tiny": (TINY, 20), "MER-SEM-MBT": (without_weights(paper), 6)}
    systems = []
    for name, (config, num_steps) in cases.items():
        with tempfile.TemporaryDirectory(prefix="checkpoints-", dir=folder) as scratch:
            systems.append(
                measure_system(
                    name, config, num_steps=num_steps, num_epochs=epochs, folder=Path(scratch)
                )
            )
    measured = Measured(this_machine(libraries=("torch",)), systems)
    show(measured, Console(highlight=False, width=120))
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
