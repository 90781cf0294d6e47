"""What does a trial cost in a study of 100, 1,000, 10,000 trials?

    python -m benchmarks.scale 100 1000 100 10000 100 --compare

Plan, Ray Tune on two slots, ledger, live view and MLflow (SQLite) are the real ones. Instead of
training, a worker records an invented trial of two epochs (`noop_trial`). A fresh process sweeps
each size into an empty storage folder, in the order given. It then plans and mirrors the finished
study once more. With `--compare`, plain Ray Tune with its MLflow callback also runs the sizes up to
1,000, on functions that report the same numbers.

    a trial's wall time = (plan + first trial's end to the last one's + waiting for MLflow) / trials

The time before the first trial's end is listed separately: Ray's start, and loading PyTorch in the
workers.
"""

import math
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console

from benchmarks.measurement import Spread, markdown_table, this_machine
from benchmarks.sampler import Sampler
from corpora.preparation.known import know_corpus
from corpora.source.names import SYNTHETIC
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.machines import Machines
from orchestrator.live.progress import SweepProgress
from orchestrator.live.publish import published
from orchestrator.live.sweep import Header, LiveSweep
from orchestrator.live.time_left import TimeLeft
from orchestrator.plan.plan import Plan, make_plan, missing_trials, planned_of
from orchestrator.plan.view import plan_view
from orchestrator.tracking import mirror as mirror_module
from orchestrator.trial.watcher import Watcher
from reports.ledger.ledger import Ledger
from reports.ledger.planned import remember
from search_spaces.studies.le2023 import ABLATION_COLUMNS
from search_spaces.study import ANY_CORPUS, Row, RowRef, Study
from search_spaces.systems.le import TINY
from search_spaces.trial import Trial

T = TypeVar("T")

NUM_SEEDS = 10
NUM_SLOTS = 2
MAX_COMPARED = 1000
"""The most trials of plain Ray Tune: more would take hours."""


@dataclass(frozen=True)
class SweepCost:
    """The cost of a sweep; seconds are those of all trials together.

    Attributes:
        num_trials: The number of trials.
        load: The load of the machine in the minute before.
        plan_s: The time to plan the study.
        start_s: From the end of the plan to the first trial's end.
        sweep_s: From the first trial's end to the last trial's end.
        close_s: Waiting for MLflow after the sweep.
        again_s: Planning the finished study once more, and mirroring it.
        driver_cpu_s: The processor time of this process, from the first trial's end until MLflow
            has all trials.
        others_cpu_s: The processor time of all its descendants in that time: workers, Ray.
        memory_mib: The memory of this process when 100 trials, half and all were finished.
        num_requests: The number of requests to MLflow.
    """

    num_trials: int
    load: float
    plan_s: float
    start_s: float
    sweep_s: float
    close_s: float
    again_s: tuple[float, float]
    driver_cpu_s: float
    others_cpu_s: float
    memory_mib: tuple[float, float, float]
    num_requests: int

    @property
    def wall_s(self) -> float:
        """The wall time without the start."""
        return self.plan_s + self.sweep_s + self.close_s


class PatientMirror(mirror_module.MlflowMirror):
    """Counts the requests that MLflow answered."""

    num_requests = 0

    def _note_answer(self) -> None:
        super()._note_answer()
        self.num_requests += 1


def noop_study(num_trials: int) -> Study:
    """Make a study of rows that differ in the learning rate, with ten seeds for each row."""
    return Study(
        name="scale",
        title=f"{num_trials} trials",
        baseline={"tiny": {ANY_CORPUS: TINY}},
        rows=tuple(
            Row(name=f"{number}", change={"training.learning_rate": 1e-6 * (number + 1)})
            for number in range(-(-num_trials // NUM_SEEDS))
        ),
        columns=ABLATION_COLUMNS,
        seeds=tuple(range(NUM_SEEDS)),
    )


def sweep_ours(num_trials: int) -> SweepCost:
    """Sweep a study of trials without training into an empty ledger.

    Raises:
        RuntimeError: If a trial has no record at the end, or the MLflow mirror failed.
    """
    study, load = noop_study(num_trials), os.getloadavg()[0]
    mirror_module.CLOSE_S = math.inf  # a sweep gives up after two minutes
    with (
        tempfile.TemporaryDirectory() as folder,
        Path(os.devnull).open("w") as nowhere,
        Sampler() as sampler,
    ):
        storage, console = Path(folder), Console(file=nowhere, force_terminal=True)
        mirror = PatientMirror(storage, tracking_uri_of(None, storage))
        start = time.perf_counter()
        missing = missing_trials([plan_and_follow(study, storage, mirror, console)])
        planned = time.perf_counter()
        sweep_missing(storage, missing, (sampler, mirror), console)
        before_close = time.perf_counter()
        failure = mirror.close()
        closed = time.perf_counter()
        driver_cpu_s, others_cpu_s = sampler.cpu_s()
        if failure is not None or sampler.num_finished < len(missing):
            raise RuntimeError(
                f"{sampler.num_finished} of {len(missing)} trials finished; "
                f"failure of the MLflow mirror: {failure}"
            )
        again = mirror_module.MlflowMirror(storage, tracking_uri_of(None, storage))
        plan_and_follow(study, storage, again, console)
        planned_again = time.perf_counter()
        again.close()
        again_s = (planned_again - closed, time.perf_counter() - planned_again)
    return SweepCost(
        num_trials=len(missing),
        load=load,
        plan_s=planned - start,
        start_s=sampler.finishes[0] - planned,
        sweep_s=sampler.sweep_s,
        close_s=closed - before_close,
        again_s=again_s,
        driver_cpu_s=driver_cpu_s,
        others_cpu_s=others_cpu_s,
        memory_mib=sampler.memory_of(num_trials),
        num_requests=mirror.num_requests,
    )


def plan_and_follow(
    study: Study, storage: Path, mirror: mirror_module.MlflowMirror, console: Console
) -> Plan:
    """Plan a study as the command line does."""
    plan = make_plan(study, know_corpus(SYNTHETIC, storage), "tiny", None, Ledger(storage))
    console.print(plan_view([plan]))
    mirror.follow([remember(planned_of(plan, ()), storage)])
    return plan


def sweep_missing(
    storage: Path,
    missing: Mapping[str, tuple[Trial, RowRef]],
    watchers: tuple[Watcher, ...],
    console: Console,
) -> None:
    """Sweep as the command line does, with another trainable."""
    from benchmarks.noop_trial import record_noop
    from orchestrator.cluster.session import training_session
    from orchestrator.storage.trials import fetch_record
    from orchestrator.sweep.queue import TrialQueue
    from orchestrator.sweep.tune import train

    rows = {key: row.row for key, (_, row) in missing.items()}
    trials = {key: trial for key, (trial, _) in missing.items()}
    header = Header(("scale",), SYNTHETIC, "tiny", len(missing), 0)
    live = LiveSweep(header, rows.__getitem__, TimeLeft(trials, rows))
    with (
        training_session(storage, Machines(num_slots=NUM_SLOTS)) as session,
        published(live, storage, session.leases.driver, lambda: 0),
        SweepProgress(console, live) as progress,
    ):
        queue = TrialQueue(
            [Assignment(trial, row) for trial, row in missing.values()],
            find_record=partial(fetch_record, storage),
            leases=session.leases,
            watchers=(live, progress, *watchers),
        )
        train(session, queue, num_trials=len(missing), trainable=record_noop)


def sweep_plain(num_trials: int) -> SweepCost:
    """Run as many trials with plain Ray Tune; its sweep includes its plan and its MLflow."""
    from benchmarks.plain_tune import sweep_plainly

    load, start = os.getloadavg()[0], time.perf_counter()
    sampler = sweep_plainly(num_trials, NUM_SLOTS)
    driver_cpu_s, others_cpu_s = sampler.cpu_s()
    return SweepCost(
        num_trials=num_trials,
        load=load,
        plan_s=0.0,
        start_s=sampler.finishes[0] - start,
        sweep_s=sampler.sweep_s,
        close_s=0.0,
        again_s=(math.nan, math.nan),
        driver_cpu_s=driver_cpu_s,
        others_cpu_s=others_cpu_s,
        memory_mib=sampler.memory_of(num_trials),
        num_requests=0,
    )


def in_fresh_process(function: Callable[[int], T], num_trials: int) -> T:
    """Call a function in a process that has loaded no modules yet."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(function, num_trials).result()


def show(costs: Mapping[str, list[SweepCost]], console: Console) -> None:
    """Print a column for each kind and size of sweep."""
    table = markdown_table("", *(f"{kind}, n = {len(costs[kind])}" for kind in costs))
    for name, spec, of_cost in (
        ("**ms of wall time a trial**", ".0f", lambda c: 1000 * c.wall_s / c.num_trials),
        ("- plan", ".1f", lambda c: 1000 * c.plan_s / c.num_trials),
        ("- sweep", ".0f", lambda c: 1000 * c.sweep_s / c.num_trials),
        ("- waiting for MLflow after it", ".0f", lambda c: 1000 * c.close_s / c.num_trials),
        ("ms of processor a trial, driver", ".0f", lambda c: 1000 * c.driver_cpu_s / c.num_trials),
        ("- workers and Ray", ".0f", lambda c: 1000 * c.others_cpu_s / c.num_trials),
        ("requests to MLflow a trial", ".1f", lambda c: c.num_requests / c.num_trials),
        ("seconds before, to the first trial's end", ".0f", lambda c: c.start_s),
        ("seconds to plan it again", ".1f", lambda c: c.again_s[0]),
        ("seconds to mirror it again", ".1f", lambda c: c.again_s[1]),
        ("driver's MiB after 100 trials", ".0f", lambda c: c.memory_mib[0]),
        ("- after half of them", ".0f", lambda c: c.memory_mib[1]),
        ("- after all", ".0f", lambda c: c.memory_mib[2]),
        ("load of the machine before", ".1f", lambda c: c.load),
    ):
        spreads = (Spread.of(map(of_cost, of_kind)) for of_kind in costs.values())
        table.add_row(name, *(f"{spread:{spec}}" for spread in spreads))
    console.print(table)


def show_ratio(ours: Mapping[int, list[SweepCost]], console: Console) -> None:
    """Print how the cost of a trial grows from the smallest study to the largest."""
    few, many = (
        {
            "wall time": Spread.of(cost.wall_s / cost.num_trials for cost in ours[size]).median,
            "processor time": Spread.of(
                (cost.driver_cpu_s + cost.others_cpu_s) / cost.num_trials for cost in ours[size]
            ).median,
        }
        for size in (min(ours), max(ours))
    )
    for name, cost in many.items():
        console.print(
            f"{name} a trial, {max(ours):,} trials to {min(ours):,}: {cost / few[name]:.2f}"
        )


@click.command()
@click.argument("sizes", type=click.IntRange(min=10), nargs=-1)
@click.option("--compare", is_flag=True, help="Also run sizes up to 1,000 with plain Ray Tune.")
def main(sizes: tuple[int, ...], compare: bool) -> None:
    """Measure the cost of a trial in studies of SIZES trials; a size given twice runs twice."""
    console, machine = (
        Console(highlight=False, width=200),
        this_machine(libraries=("ray", "mlflow")),
    )
    ours: dict[int, list[SweepCost]] = {}
    plain: dict[int, list[SweepCost]] = {}
    for size in sizes or (100, 1000, 10_000):
        ours.setdefault(size, []).append(in_fresh_process(sweep_ours, size))
        console.print(ours[size][-1], soft_wrap=True)
        if compare and size <= MAX_COMPARED:
            plain.setdefault(size, []).append(in_fresh_process(sweep_plain, size))
            console.print(plain[size][-1], soft_wrap=True)
    console.print(f"{machine}\n{NUM_SLOTS} slots; median (least to most)\n", soft_wrap=True)
    of_ours = {f"{size:,}": ours[size] for size in sorted(ours)}
    of_plain = {f"plain Tune, {size:,}": plain[size] for size in sorted(plain)}
    show(of_ours | of_plain, console)
    show_ratio(ours, console)


if __name__ == "__main__":
    main()
