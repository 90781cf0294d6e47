"""Does a sweep take as long as its plan says?

    python -m benchmarks.forecast_accuracy STORAGE --repeats 3

Each repeat uses a fresh process and an empty ledger. It measures the architectures of a study,
forecasts its sweep, and then runs the sweep with progress and MLflow, as the command line does. The
time is that of the sweep alone, like the forecast: Ray runs before, and the measuring is listed
separately.
"""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Spread, markdown_table, this_machine
from benchmarks.orchestration_overhead import Stopwatch, empty_storage
from corpora.preparation.known import know_corpus
from corpora.recipes.pictures import LE
from corpora.source.names import SYNTHETIC
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.machines import THIS_MACHINE
from orchestrator.corpus.setup import ensure_corpus
from orchestrator.forecast.forecast import make_forecast
from orchestrator.live.sweep import Header
from orchestrator.plan.plan import default_scale, make_plan, missing_trials, planned_of
from orchestrator.storage.folder import open_storage
from orchestrator.sweep.watching import watching
from orchestrator.tracking.mirror import MlflowMirror
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import STUDIES, find_study

TARGET = 0.25
"""The largest deviation of the measured time, as a share of the predicted time."""


@dataclass(frozen=True)
class Comparison:
    """One sweep: the predicted range of its time, and the time that it took.

    `trials_s` are sums of the seconds of trials in their workers: the predicted and the measured
    sum.
    """

    num_trials: int
    measuring_s: float
    predicted_s: tuple[float, float]
    taken_s: float
    trials_s: tuple[float, float]

    @property
    def ratio(self) -> float:
        """The measured time divided by the nearest time in the predicted range."""
        least, most = self.predicted_s
        return self.taken_s / min(max(self.taken_s, least), most)


def compare_once(corpora_storage: Path, study: str, num_seeds: int | None) -> Comparison:
    """Measure, forecast and sweep a study in an empty ledger.

    Raises:
        RuntimeError: If a trial has no record at the end: the times are then meaningless.
    """
    from orchestrator.cluster.packing import find_capacity, pack
    from orchestrator.cluster.session import training_session
    from orchestrator.forecast.measure import measure
    from orchestrator.sweep.tune import train_assignments

    console, stopwatch = Console(stderr=True, highlight=False), Stopwatch()
    with empty_storage(corpora_storage) as storage:
        known = know_corpus(SYNTHETIC, storage)
        plan = make_plan(find_study(study), known, default_scale(known), num_seeds, Ledger(storage))
        missing = missing_trials([plan])
        mirror = MlflowMirror(storage, tracking_uri_of(None, storage))
        mirror.follow([planned_of(plan, ())])
        with training_session(storage, THIS_MACHINE) as session:
            start = time.perf_counter()
            trials = [trial for trial, _ in missing.values()]
            probes = measure(session, trials)
            capacity = find_capacity(session, probes)
            shares = pack(trials, probes, capacity)
            assignments = [Assignment(*m, share=shares.get(key)) for key, m in missing.items()]
            forecast = make_forecast(assignments, probes, shares, capacity)
            planned = time.perf_counter()
            header = Header(
                (study,), SYNTHETIC, plan.scale, len(missing), 0, forecast.quickest.wall_s
            )
            with watching(session, header, missing, mirror, console) as watched:
                watchers = (stopwatch, *watched.watchers)
                train_assignments(session, forecast.order, watchers=watchers)
            end = time.perf_counter()
        mirror.close()
    if without_record := missing.keys() - stopwatch.records.keys():
        raise RuntimeError(f"the sweep left no record of the trials {sorted(without_record)}")
    return Comparison(
        num_trials=len(missing),
        measuring_s=planned - start,
        predicted_s=forecast.wall_s,
        taken_s=end - planned,
        trials_s=(
            forecast.quickest.busy_s,
            sum(record.circumstances.wall_s for record in stopwatch.records.values()),
        ),
    )


def show(comparisons: list[Comparison], study: str, console: Console) -> None:
    """Print the predicted and measured times, and whether the target is met."""
    trials, num = comparisons[0].num_trials, len(comparisons)
    console.print(f"study {study}, {trials} trials; n = {num}, median (least to most)\n")
    console.print(_table(comparisons))
    ratio = Spread.of(comparison.ratio for comparison in comparisons).median
    verdict = "within" if abs(ratio - 1) <= TARGET else "NOT within"
    console.print(f"\nThe median ratio {ratio:.2f} is {verdict} {TARGET:.0%} of 1.")


def _table(comparisons: list[Comparison]) -> Table:
    table = markdown_table("", "predicted", "taken", "taken / predicted")
    ends = (Spread.of(c.predicted_s[end] for c in comparisons) for end in (0, 1))
    table.add_row(
        "wall time of the sweep, s",
        " to ".join(dict.fromkeys(f"{end:.1f}" for end in ends)),
        f"{Spread.of(c.taken_s for c in comparisons):.1f}",
        f"{Spread.of(c.ratio for c in comparisons):.2f}",
    )
    trials_s = (Spread.of(c.trials_s[side] / c.num_trials for c in comparisons) for side in (0, 1))
    ratio = Spread.of(c.trials_s[1] / c.trials_s[0] for c in comparisons)
    table.add_row("a trial in its worker, s", *(f"{s:.2f}" for s in trials_s), f"{ratio:.2f}")
    table.add_row("measuring, s", "", f"{Spread.of(c.measuring_s for c in comparisons):.1f}", "")
    return table


@click.command()
@click.argument("storage", type=click.Path(path_type=Path))
@click.option("--study", type=click.Choice(list(STUDIES)), default="layers", show_default=True)
@click.option("--seeds", type=click.IntRange(min=1), help="Seeds 0 to N - 1.  [default: its own]")
@click.option("--repeats", type=click.IntRange(min=1), default=1, show_default=True)
def main(storage: Path, study: str, seeds: int | None, repeats: int) -> None:
    """Compare forecasts with sweeps.

    The synthetic corpus is prepared in STORAGE if it is missing.
    """
    opened, console = open_storage(storage), Console(highlight=False, width=200)
    ensure_corpus(SYNTHETIC, opened, console, LE.name)
    console.print(f"{this_machine(libraries=('ray', 'torch'))}", soft_wrap=True)
    comparisons = []
    for _ in range(repeats):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh_process:
            comparisons.append(fresh_process.submit(compare_once, opened, study, seeds).result())
    show(comparisons, study, console)


if __name__ == "__main__":
    main()
