"""Does anything grow in a long run: of many sweeps in one process, or of one sweep of many trials?

    python -m benchmarks.long_run sweeps 100
    python -m benchmarks.long_run trials 10000

`sweeps`: one process sweeps one study again and again into one storage, each time with one more
seed of its ten rows: plan, Ray, Tune, ledger, live view, MLflow and the tables of a report are the
real ones. Trials are recorded, not trained (`noop_trial`). `trials`: one sweep of many such trials.

After each sweep, or every few trials, it notes what the process holds: memory, file descriptors,
threads, and what lies in the folder for temporary files. Slopes are those of Theil and Sen, with
their 95 % interval, without the first fifth, in which libraries are loaded and caches fill.
"""

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.table import Table
from scipy.stats import theilslopes

from benchmarks.measurement import markdown_table, this_machine
from benchmarks.sampler import MIB
from benchmarks.scale import noop_study, plan_and_follow, sweep_missing
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.addresses.database import FOLDER as ARTIFACTS
from orchestrator.plan.plan import missing_trials
from orchestrator.tracking import mirror as mirror_module
from orchestrator.trial.watcher import Watcher
from orchestrator.upkeep.listing import files_below
from reports.document.assemble import assemble
from reports.document.html import to_html
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_planned
from reports.ledger.record import Record
from reports.scores.trials import TrialScores
from search_spaces.study import Study

NUM_ROWS = 10
EVERY = 100
"""So many trials of the one long sweep are between two samples."""


@dataclass(frozen=True)
class Sample:
    """What a process holds after a number of sweeps or trials; NaN is what was not measured."""

    number: int
    driver_mib: float
    worker_mib: float
    num_descriptors: float
    num_threads: float
    num_children: float
    num_temporary: float
    temporary_mib: float
    storage_mib: float = math.nan
    mlflow_mib: float = math.nan
    plan_s: float = math.nan
    report_s: float = math.nan
    sweep_s: float = math.nan


NAMES = {
    "driver_mib": "driver, MiB",
    "worker_mib": "largest worker, MiB",
    "num_descriptors": "file descriptors",
    "num_threads": "threads",
    "num_children": "processes below it",
    "num_temporary": "temporary files",
    "temporary_mib": "temporary files, MiB",
    "storage_mib": "storage without MLflow, MiB",
    "mlflow_mib": "MLflow, MiB",
    "plan_s": "plan, s",
    "report_s": "page of the report, s",
    "sweep_s": "sweep, s",
}


def look(number: int) -> Sample:
    """Look at this process, its descendants, and the temporary files."""
    me = psutil.Process()
    children = me.children(recursive=True)
    files = list(files_below(Path(tempfile.gettempdir())))
    return Sample(
        number=number,
        driver_mib=me.memory_info().rss / MIB,
        worker_mib=max((_worker_mib(child) for child in children), default=math.nan),
        num_descriptors=me.num_fds(),
        num_threads=me.num_threads(),
        num_children=len(children),
        num_temporary=len(files),
        temporary_mib=sum(file.num_bytes for file in files) / MIB,
    )


def _worker_mib(process: psutil.Process) -> float:
    """Return the memory of a worker of Ray; 0 of another process."""
    try:
        is_worker = "ray::" in " ".join(process.cmdline()[:1])
        return process.memory_info().rss / MIB if is_worker else 0.0
    except psutil.NoSuchProcess:
        return 0.0


class Looker(Watcher):
    """Looks every few trials."""

    def __init__(self) -> None:
        self.num_finished = 0
        self.samples: list[Sample] = []

    def finished(self, record: Record) -> None:
        """Count a trial, and look if it is time to."""
        self.num_finished += 1
        if self.num_finished % EVERY == 0:
            self.samples.append(look(self.num_finished))


@contextmanager
def own_temporary_folder() -> Iterator[Path]:
    """Give a folder to all temporary files of this process and its descendants, Ray's too."""
    before = {name: os.environ.get(name) for name in ("TMPDIR", "RAY_TMPDIR")}
    with tempfile.TemporaryDirectory(prefix="long-", ignore_cleanup_errors=True) as name:
        os.environ.update(dict.fromkeys(before, name))
        tempfile.tempdir = name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = None
            for variable, value in before.items():
                os.environ.pop(variable)
                os.environ |= {} if value is None else {variable: value}


def growing_study(num_seeds: int) -> Study:
    """Return ten rows with some seeds; with more seeds it goes on."""
    study = noop_study(NUM_ROWS * 10)
    return study.model_copy(update={"seeds": tuple(range(num_seeds))})


def many_sweeps(storage: Path, num_sweeps: int, tell: Callable[[Sample], None]) -> list[Sample]:
    """Sweep one seed after the other into a storage.

    Raises:
        RuntimeError: If MLflow lacks something.
    """
    samples = []
    with Path(os.devnull).open("w") as nowhere:
        console = Console(file=nowhere, force_terminal=True)
        for number in range(1, num_sweeps + 1):
            start = time.perf_counter()
            mirror = mirror_module.MlflowMirror(storage, tracking_uri_of(None, storage))
            plan = plan_and_follow(growing_study(number), storage, mirror, console)
            planned = time.perf_counter()
            sweep_missing(storage, missing_trials([plan]), (mirror,), console)
            _check(mirror.close())
            swept = time.perf_counter()
            write_page(storage)
            reported = time.perf_counter()
            samples.append(
                _with_sizes(
                    look(number),
                    storage,
                    plan_s=planned - start,
                    sweep_s=swept - planned,
                    report_s=reported - swept,
                )
            )
            tell(samples[-1])
    return samples


def write_page(storage: Path) -> None:
    """Write the page of the report, with its figures."""
    ledger = Ledger(storage)
    trial_scores = TrialScores(ledger)
    folder = storage / "report"
    page = to_html(assemble(read_planned(ledger), trial_scores, folder, lambda _: None))
    (folder / "report.html").write_text(page, encoding="utf-8")
    trial_scores.remember()


def _with_sizes(sample: Sample, storage: Path, **times_s: float) -> Sample:
    sizes = {True: 0.0, False: 0.0}
    for file in files_below(storage):
        sizes[file.name.startswith((ARTIFACTS, "mlflow"))] += file.num_bytes / MIB
    values = {field.name: getattr(sample, field.name) for field in fields(sample)}
    return Sample(**values | {"storage_mib": sizes[False], "mlflow_mib": sizes[True]} | times_s)


def one_long_sweep(storage: Path, num_trials: int) -> list[Sample]:
    """Sweep many trials at once.

    Raises:
        RuntimeError: If a trial did not finish, or MLflow lacks something.
    """
    looker = Looker()
    mirror_module.CLOSE_S = math.inf
    with Path(os.devnull).open("w") as nowhere:
        console = Console(file=nowhere, force_terminal=True)
        mirror = mirror_module.MlflowMirror(storage, tracking_uri_of(None, storage))
        plan = plan_and_follow(noop_study(num_trials), storage, mirror, console)
        sweep_missing(storage, missing_trials([plan]), (mirror, looker), console)
        _check(mirror.close())
    if looker.num_finished < len(plan.by_key):
        raise RuntimeError(f"{looker.num_finished} of {len(plan.by_key)} trials finished")
    return looker.samples


def _check(failure: str | None) -> None:
    if failure is not None:
        raise RuntimeError(f"the MLflow mirror failed: {failure}")


def show(samples: Sequence[Sample]) -> Table:
    """Make a table of first, middle and last values, and slopes."""
    counted = samples[len(samples) // 5 :]
    at = (counted[0], counted[len(counted) // 2], counted[-1])
    table = markdown_table("", *(f"after {one.number:,}" for one in at), "slope (95 %)")
    for name, title in NAMES.items():
        values = [getattr(one, name) for one in counted]
        if any(map(math.isnan, values)):
            continue
        slope, _, low, high = theilslopes(values, [one.number for one in counted], 0.95)
        table.add_row(
            title,
            *(f"{getattr(one, name):,.2f}" for one in at),
            f"{slope:.4f} ({low:.4f} to {high:.4f})",
        )
    return table


@click.command()
@click.argument("kind", type=click.Choice(["sweeps", "trials"]))
@click.argument("number", type=click.IntRange(min=10))
@click.option("--a-run", type=click.IntRange(min=1), help="Trials of one run of Tune, not 2,000.")
def main(kind: str, number: int, a_run: int | None) -> None:
    """Run NUMBER sweeps in a row, or one sweep of NUMBER trials."""
    console, machine = (
        Console(highlight=False, width=160),
        this_machine(libraries=("ray", "mlflow")),
    )
    with own_temporary_folder(), tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        if kind == "sweeps":
            samples = many_sweeps(Path(folder), number, lambda one: console.print(one))
        else:
            if a_run is not None:
                from orchestrator.sweep import tune

                tune.MAX_TRIALS_A_RUN = a_run
            samples = one_long_sweep(Path(folder), number)
        left = look(number)
    console.print(f"{machine}\n", soft_wrap=True)
    console.print(show(samples))
    console.print(f"\nIn the end: {left}", soft_wrap=True)


if __name__ == "__main__":
    main()
