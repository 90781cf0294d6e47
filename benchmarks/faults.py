"""What is lost if processes die, storage fails or clocks jump, at any moment of a sweep?

    python -m benchmarks.faults                                  # each change of the storage
    python -m benchmarks.faults --kind signals --most 60 --seed 1
    python -m benchmarks.faults --kind storage --most 30 --seed 1
    python -m benchmarks.faults --kind calls --most 80 --seed 1

`points`: a small study is trained, one trial after the other and without Ray, and its tables are
written. A process is stopped right before, and right after, each rename, link, fsync, unlink and
creation of a file in the storage in turn. Then it runs again to its end.

`signals`: the real command trains a study with Ray, and mirrors it to an MLflow server of its own.
At random moments signals come to a worker, the driver, Ray's processes, the server, one of two
drivers. `storage` and `clock`: a preloaded library lets its calls to the system fail or wait for
some seconds, as those of a full disk or of NFS, or tells Python another time. What has ended is
started again. `calls`: the same library below the small study without Ray, from call to call.

Results, predictions and tables must be those of a sweep that nothing happened to; no finished trial
is trained again, and each has one run in MLflow.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click
from rich.console import Console

from benchmarks.measurement import this_machine
from benchmarks.trouble.command import load_commands
from benchmarks.trouble.crash_sweep import inject, show
from benchmarks.trouble.failing_sweep import in_preloaded_process, show_troubled
from benchmarks.trouble.laid_storage import Workplace, lay_workplace
from benchmarks.trouble.shim import WHY_NOT
from benchmarks.trouble.sweeps.bench import Strike
from benchmarks.trouble.sweeps.campaign import hit_sweeps
from benchmarks.trouble.sweeps.signal_faults import SIGNALS
from benchmarks.trouble.sweeps.slow_study import lay_slow_workplace
from benchmarks.trouble.sweeps.storage_faults import CLOCK, STORAGE

STRIKES: Mapping[str, Mapping[str, Strike]] = {
    "signals": SIGNALS,
    "storage": STORAGE,
    "clock": CLOCK,
}
"""What hits real sweeps."""

NUM_HITS = 20
"""How often sweeps are hit, unless another number is asked for."""


@click.command()
@click.option(
    "--kind",
    type=click.Choice(["points", "calls", *STRIKES]),
    default="points",
    show_default=True,
    help="What happens.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    help="So many points, drawn; default: all. So many storages whose calls fail, or hits of "
    f"sweeps; default: {NUM_HITS}.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of what is drawn.")
@click.option("--place", type=click.Path(path_type=Path), help="Lay the storage here, or find it.")
def main(kind: str, most: int | None, seed: int, place: Path | None) -> None:
    """Let a sweep meet trouble, and look whether anything is lost, repeated or changed."""
    if kind not in ("points", "signals") and WHY_NOT:
        raise click.UsageError(WHY_NOT)
    console, start = Console(highlight=False, width=200), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MMER_SWEEP_CONFIG"] = f"{folder}/config"
        laid = (place or Path(folder) / "place").resolve()
        lay = lay_slow_workplace if kind in STRIKES else lay_workplace
        workplace, drawn = _found_or_laid(laid, lay), random.Random(seed)
        if kind == "points":
            num = stop_at_points(workplace, drawn, most, console)
        elif kind == "calls":
            num = let_calls_fail(workplace, seed, most or NUM_HITS, console)
        else:
            num = hit_sweeps(workplace, STRIKES[kind], most or NUM_HITS, drawn, console)
    machine = this_machine(libraries=("torch",))
    console.print(f"{num} faults in {time.monotonic() - start:.0f} s; {machine}")


def _found_or_laid(folder: Path, lay: Callable[[Path], Workplace]) -> Workplace:
    if Workplace(folder).storage.is_dir():
        return Workplace(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return lay(folder)


def stop_at_points(place: Workplace, rng: random.Random, most: int | None, console: Console) -> int:
    """Stop processes at changes of their storage, and print what came of it."""
    load_commands()
    stops = []
    for stop in inject(place, rng, most):
        stops.append(stop)
        if stop.lost or stop.repeated or stop.differing:
            console.print(stop, soft_wrap=True)
    show(stops, console)
    return len(stops)


def let_calls_fail(place: Workplace, seed: int, most: int, console: Console) -> int:
    """Let calls fail on so many storages, and print what came of it."""
    storages = []
    for one in in_preloaded_process(place, most, seed):
        storages.append(one)
        if not one.is_good:
            console.print(one, soft_wrap=True)
    show_troubled(storages, console)
    return sum(one.num_injected for one in storages)


if __name__ == "__main__":
    main()
