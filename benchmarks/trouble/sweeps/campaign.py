"""Hits sweeps one after the other, and prints what came of it, by kind."""

import random
from collections import deque
from collections.abc import Mapping, Sequence

from mlflow.tracking import MlflowClient
from rich.console import Console

from benchmarks.measurement import Spread, markdown_table
from benchmarks.trouble.laid_storage import Workplace
from benchmarks.trouble.shim import WHY_NOT, Shim
from benchmarks.trouble.sweeps.aftermath import Aftermath, contents
from benchmarks.trouble.sweeps.bench import Bench, Strike
from benchmarks.trouble.sweeps.fault import Fault
from benchmarks.trouble.sweeps.real_sweep import attempts
from benchmarks.trouble.sweeps.signal_faults import SERVER_S
from benchmarks.trouble.sweeps.slow_study import NUM_BATCHES, NUM_EPOCHS, NUM_TRIALS
from orchestrator.tracking.client import EXPERIMENT
from tests.mlflow_server import MlflowServer

PER_SWEEP = 8
"""How often one sweep is hit at most: later it may have no trial left."""


def hit_sweeps(
    place: Workplace,
    strikes: Mapping[str, Strike],
    most: int,
    rng: random.Random,
    console: Console,
) -> int:
    """Hit sweeps so often, each kind about equally often, and print a table.

    Returns:
        How many faults were injected.
    """
    server = MlflowServer(place.folder / "server")
    shim = None if WHY_NOT else Shim.built(place.folder)
    faults: list[Fault] = []
    ends: list[Aftermath] = []
    waiting: deque[str] = deque()
    server.start(SERVER_S)
    try:
        whole = undisturbed(place, server, rng, console)
        while len(faults) < most:
            with Bench(place, server, rng, shim) as bench:
                hit = hit_sweep(bench, strikes, waiting, min(PER_SWEEP, most - len(faults)))
                for fault in hit:
                    console.print(fault, soft_wrap=True)
                faults += hit
                ends.append(bench.aftermath(whole))
                console.print(ends[-1], soft_wrap=True)
                if not ends[-1].is_good:
                    console.print(bench.log.read_text(errors="replace"), markup=False)
            set_runs_aside(server, f"{EXPERIMENT} {len(ends)}")
    finally:
        server.kill()
    show(faults, ends, console)
    return sum(fault.struck.num_injected for fault in faults)


def undisturbed(
    place: Workplace, server: MlflowServer, rng: random.Random, console: Console
) -> dict[str, object]:
    """Run the command once, and return what it leaves."""
    with Bench(place, server, rng) as bench:
        end = bench.aftermath({})
        batches = attempts(bench.storage)
        whole = contents(bench.storage)
    expected = [[NUM_BATCHES * NUM_EPOCHS]] * NUM_TRIALS
    if [*batches.values()] != expected or any(end.runs):
        raise RuntimeError(f"the undisturbed sweep is not as it should be: {end}, {batches}")
    console.print(f"undisturbed: {end.num_trials} trials")
    set_runs_aside(server, f"{EXPERIMENT} undisturbed")
    return whole


def hit_sweep(
    bench: Bench, strikes: Mapping[str, Strike], waiting: deque[str], most: int
) -> list[Fault]:
    """Hit one sweep by what waits, until it is through."""
    faults: list[Fault] = []
    while len(faults) < most:
        bench.wait_for_moment()
        if bench.is_through:
            break
        if not waiting:
            waiting.extend(bench.rng.sample(sorted(strikes), len(strikes)))
        kind = waiting.popleft()
        faults.append(bench.hit(kind, strikes[kind]))
    return faults


def set_runs_aside(server: MlflowServer, name: str) -> None:
    """Make room for the runs of the next sweep, whose trials have the same keys."""
    client = MlflowClient(tracking_uri=server.uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None:
        client.rename_experiment(experiment.experiment_id, name)


def show(faults: Sequence[Fault], ends: Sequence[Aftermath], console: Console) -> None:
    """Print what came of the faults by kind, and what was there after the sweeps."""
    table = markdown_table(
        "kind", "hits", "faults", "lost", "repeated", "trials hit", "epochs lost", "recovery, s"
    )
    for kind in sorted({fault.kind for fault in faults}):
        of_kind = [fault for fault in faults if fault.kind == kind]
        epochs = [lost for fault in of_kind for lost in fault.struck.epochs]
        table.add_row(
            kind,
            str(len(of_kind)),
            str(sum(fault.struck.num_injected for fault in of_kind)),
            str(sum(fault.lost for fault in of_kind)),
            str(sum(fault.repeated for fault in of_kind)),
            str(len(epochs) or ""),
            f"{Spread.of(epochs):.1f}" if epochs else "",
            f"{Spread.of(fault.recovery_s for fault in of_kind):.0f}",
        )
    console.print(table)
    console.print(_told(ends), soft_wrap=True)


def _told(ends: Sequence[Aftermath]) -> str:
    """Sum up what was there after the sweeps."""
    sums = {
        "lost": sum(end.lost for end in ends),
        "repeated": sum(end.repeated for end in ends),
        "runs missing": sum(end.runs.missing for end in ends),
        "runs doubled": sum(end.runs.doubled for end in ends),
        "runs orphaned": sum(end.runs.orphaned for end in ends),
        "differing files": sum(len(end.differing) for end in ends),
        "processes left": sum(end.num_processes_left for end in ends),
        "tracebacks": sum(end.num_tracebacks for end in ends),
    }
    again = max((end.most_epochs_again for end in ends), default=0.0)
    codes = sorted({code for end in ends for code in end.exits})
    return (
        f"{len(ends)} sweeps, {sum(end.num_trials for end in ends)} trials; "
        + ", ".join(f"{name} {number}" for name, number in sums.items())
        + f"; epochs trained again each time, at most {again:.1f}; exits {codes}"
    )
