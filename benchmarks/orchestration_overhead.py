"""How much time does a sweep cost beyond the training of its trials?

The benchmark sweeps a study on the synthetic corpus as the command line does, with progress and
MLflow. Each sweep has a fresh ledger and a fresh process:

    overhead per trial = (wall time of the sweep * slots - sum of the trials' training_s) / trials

    python -m benchmarks.orchestration_overhead STORAGE

The costs of a command before and after its sweep are listed separately: loading Ray, and mirroring
the remaining trials.
"""

import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Machine, Spread, markdown_table, this_machine
from corpora.preparation.known import know_corpus
from corpora.recipes.pictures import LE
from corpora.source.names import SYNTHETIC
from corpora.store.folders import corpus_folder
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.machines import Machines
from orchestrator.corpus.setup import ensure_corpus
from orchestrator.live.sweep import Header
from orchestrator.plan.plan import default_scale, make_plan, missing_trials, planned_of
from orchestrator.storage.folder import open_storage
from orchestrator.tracking.mirror import MlflowMirror
from orchestrator.trial.watcher import Watcher
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from search_spaces.catalogue import STUDIES, find_study
from search_spaces.trial import Trial

WORKERS = {True: "reused", False: "fresh"}
"""The names for the values of `reuse_workers` in tables."""


class Stopwatch(Watcher):
    """A watcher that notes when each trial first started, and when it finished."""

    def __init__(self) -> None:
        self.started_at: dict[str, float] = {}
        self.finished_at: dict[str, float] = {}
        self.records: dict[str, Record] = {}

    def started(self, trial: Trial) -> None:
        """Note the time."""
        self.started_at.setdefault(trial.key, time.perf_counter())

    def finished(self, record: Record) -> None:
        """Note the time."""
        self.finished_at[record.key] = time.perf_counter()
        self.records[record.key] = record


@dataclass(frozen=True)
class SweepTimes:
    """The parts of the time of one sweep: wall time, or time summed over slots (`*_slots_s`).

    Attributes:
        num_slots: The number of slots.
        num_trials: The number of trials.
        load_s: Loading Ray and our code around it, before the sweep.
        wall_s: The whole sweep.
        mirror_s: Waiting for MLflow after the sweep.
        ray_start_slots_s: From the start until the first worker runs, over all slots.
        ray_stop_slots_s: From the end of the last trial to the end, over all slots.
        worker_load_slots_s: From the start of a worker to the start of its trial: loading PyTorch
            and our code.
        around_training_slots_s: The time of trials outside their training: corpus, weights,
            records.
        training_slots_s: The sum of `training_s`.
        idle_slots_s: The time of slots that were empty while the last trials trained.
    """

    num_slots: int
    num_trials: int
    load_s: float
    wall_s: float
    mirror_s: float
    ray_start_slots_s: float
    ray_stop_slots_s: float
    worker_load_slots_s: float
    around_training_slots_s: float
    training_slots_s: float
    idle_slots_s: float

    @property
    def overhead_slots_s(self) -> float:
        """The time of all slots without the training."""
        return self.wall_s * self.num_slots - self.training_slots_s

    @property
    def between_slots_s(self) -> float:
        """The remaining time: from the end of a trial to the start of the next trial's worker."""
        return self.overhead_slots_s - (
            self.ray_start_slots_s
            + self.ray_stop_slots_s
            + self.worker_load_slots_s
            + self.around_training_slots_s
            + self.idle_slots_s
        )


@dataclass(frozen=True)
class Measured:
    """All measurements; `sweeps` by whether workers were reused."""

    machine: Machine
    study: str
    num_seeds: int
    sweeps: dict[str, list[SweepTimes]]


def time_sweep(
    corpora_storage: Path, study: str, num_seeds: int, num_slots: int, reuse_workers: bool
) -> SweepTimes:
    """Sweep a study into an empty ledger.

    Raises:
        RuntimeError: If a trial has no record at the end: the times are then meaningless.
    """
    console = Console(stderr=True, highlight=False)
    with empty_storage(corpora_storage) as storage:
        known, ledger = know_corpus(SYNTHETIC, storage), Ledger(storage)
        scale = default_scale(known)
        plans = [make_plan(find_study(study), known, scale, num_seeds, ledger)]
        missing, stopwatch = missing_trials(plans), Stopwatch()
        mirror = MlflowMirror(storage, tracking_uri_of(None, storage))
        mirror.follow([planned_of(plan, ()) for plan in plans])
        before_load = time.perf_counter()
        from orchestrator.cluster.session import training_session
        from orchestrator.sweep.tune import train_assignments
        from orchestrator.sweep.watching import watching

        header = Header((study,), SYNTHETIC, scale, len(missing), 0)
        start = time.perf_counter()
        with (
            training_session(storage, Machines(num_slots=num_slots)) as session,
            watching(session, header, missing, mirror, console) as watched,
        ):
            train_assignments(
                session,
                [Assignment(trial, row) for trial, row in missing.values()],
                watchers=(stopwatch, *watched.watchers),
                reuse_workers=reuse_workers,
            )
        end = time.perf_counter()
        mirror_failure = mirror.close()
        mirrored = time.perf_counter()
    without_record = missing.keys() - stopwatch.records.keys()
    if without_record or mirror_failure:
        raise RuntimeError(
            f"the sweep left no record of the trials {sorted(without_record)}; "
            f"failure of the MLflow mirror: {mirror_failure}"
        )
    return _times(
        stopwatch,
        num_slots=num_slots,
        load_s=start - before_load,
        start=start,
        end=end,
        mirror_s=mirrored - end,
    )


@contextmanager
def empty_storage(corpora_storage: Path) -> Iterator[Path]:
    """Make a storage folder that holds only the corpora of another one."""
    with tempfile.TemporaryDirectory(prefix="overhead-", dir=corpora_storage) as folder:
        storage = Path(folder)
        corpora = corpus_folder(storage, SYNTHETIC).parent
        corpora.symlink_to(corpus_folder(corpora_storage, SYNTHETIC).parent)
        yield storage


def _times(
    stopwatch: Stopwatch,
    *,
    num_slots: int,
    load_s: float,
    start: float,
    end: float,
    mirror_s: float,
) -> SweepTimes:
    circumstances = [record.circumstances for record in stopwatch.records.values()]
    in_workers_s = sum(
        stopwatch.finished_at[key] - stopwatch.started_at[key] for key in stopwatch.records
    )
    in_trials_s = sum(trial.wall_s for trial in circumstances)
    training_s = sum(trial.training_s for trial in circumstances)
    last_of_slots = sorted(stopwatch.finished_at.values())[-num_slots:]
    last = last_of_slots[-1]
    return SweepTimes(
        num_slots=num_slots,
        num_trials=len(circumstances),
        load_s=load_s,
        wall_s=end - start,
        mirror_s=mirror_s,
        ray_start_slots_s=(min(stopwatch.started_at.values()) - start) * num_slots,
        ray_stop_slots_s=(end - last) * num_slots,
        worker_load_slots_s=in_workers_s - in_trials_s,
        around_training_slots_s=in_trials_s - training_s,
        training_slots_s=training_s,
        idle_slots_s=sum(last - finished_at for finished_at in last_of_slots),
    )


def measure(
    storage: Path,
    study: str,
    *,
    num_seeds: int,
    num_slots: int | None,
    num_repeats: int,
    fresh_too: bool,
) -> Measured:
    """Time sweeps with reused workers and, if `fresh_too`, with fresh workers, by turns."""
    machine = this_machine(libraries=("ray", "mlflow", "torch"))
    num_slots = num_slots or machine.num_gpus or machine.num_cores
    sweeps: dict[str, list[SweepTimes]] = {}
    for _ in range(num_repeats):
        for reuse_workers in (True, False) if fresh_too else (True,):
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh_process:
                arguments = (storage, study, num_seeds, num_slots, reuse_workers)
                times = fresh_process.submit(time_sweep, *arguments).result()
            sweeps.setdefault(WORKERS[reuse_workers], []).append(times)
    return Measured(machine, study, num_seeds, sweeps)


def show(measured: Measured, console: Console) -> None:
    """Print the parts of the time: those of a trial, then those of the whole command."""
    some = next(iter(measured.sweeps.values()))
    console.print(
        f"{measured.machine}\nstudy {measured.study}, {measured.num_seeds} seeds: "
        f"{some[0].num_trials} trials on {some[0].num_slots} slots; n = {len(some)}, "
        "median (least to most)\n",
        soft_wrap=True,
    )
    console.print(_per_trial(measured))
    console.print()
    console.print(_per_command(measured))


def _per_trial(measured: Measured) -> Table:
    headers = (f"{workers} workers" for workers in measured.sweeps)
    table = markdown_table("slot seconds per trial", *headers)
    for name, of_sweep in {
        "overhead": lambda times: times.overhead_slots_s,
        "- Ray's start": lambda times: times.ray_start_slots_s,
        "- worker loads PyTorch and our code": lambda times: times.worker_load_slots_s,
        "- trial outside its training": lambda times: times.around_training_slots_s,
        "- between trials": lambda times: times.between_slots_s,
        "- slots empty at the end": lambda times: times.idle_slots_s,
        "- Ray's stop": lambda times: times.ray_stop_slots_s,
        "training": lambda times: times.training_slots_s,
    }.items():
        spreads = (
            Spread.of(of_sweep(times) / times.num_trials for times in sweeps)
            for sweeps in measured.sweeps.values()
        )
        table.add_row(name, *(f"{spread:.2f}" for spread in spreads))
    return table


def _per_command(measured: Measured) -> Table:
    headers = (f"{workers} workers" for workers in measured.sweeps)
    table = markdown_table("seconds per command", *headers)
    for name, of_sweep in {
        "loading Ray before the sweep": lambda times: times.load_s,
        "sweep": lambda times: times.wall_s,
        "- Ray's start": lambda times: times.ray_start_slots_s / times.num_slots,
        "- Ray's stop": lambda times: times.ray_stop_slots_s / times.num_slots,
        "waiting for MLflow after the sweep": lambda times: times.mirror_s,
    }.items():
        spreads = (
            Spread.of(of_sweep(times) for times in sweeps) for sweeps in measured.sweeps.values()
        )
        table.add_row(name, *(f"{spread:.1f}" for spread in spreads))
    return table


@click.command()
@click.argument("storage", type=click.Path(path_type=Path))
@click.option("--study", type=click.Choice(list(STUDIES)), default="layers", show_default=True)
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option(
    "--slots", type=click.IntRange(min=1), help="Trials at once.  [default: GPUs, else cores]"
)
@click.option("--repeats", type=click.IntRange(min=1), default=1, show_default=True)
@click.option(
    "--no-reuse-workers",
    "fresh_too",
    is_flag=True,
    help="Also run sweeps with a fresh worker for every trial, by turns.",
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write this file.")
def main(
    storage: Path,
    study: str,
    seeds: int,
    slots: int | None,
    repeats: int,
    fresh_too: bool,
    json_file: Path | None,
) -> None:
    """Measure the time of a sweep beyond training.

    The synthetic corpus is prepared in STORAGE if it is missing.
    """
    opened, console = open_storage(storage), Console(highlight=False, width=200)
    ensure_corpus(SYNTHETIC, opened, console, LE.name)
    measured = measure(
        opened,
        study,
        num_seeds=seeds,
        num_slots=slots,
        num_repeats=repeats,
        fresh_too=fresh_too,
    )
    show(measured, console)
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
