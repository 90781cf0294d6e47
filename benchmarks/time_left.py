"""Is the time left right that the live view and `mmer-sweep status` show?

    python -m benchmarks.time_left STORAGE --study layers --seeds 5

The command sweeps a study as a user does, in another process and an empty ledger, and asks for the
status every few seconds, as from another terminal. The true end is the last time at which a trial
was seen to run.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console

from benchmarks.measurement import markdown_table, this_machine
from benchmarks.orchestration_overhead import empty_storage
from corpora.recipes.pictures import LE
from corpora.source.names import SYNTHETIC
from orchestrator.corpus.setup import ensure_corpus
from orchestrator.status.facts import collect_status
from orchestrator.storage.folder import open_storage
from search_spaces.catalogue import STUDIES

PAUSE_S = 2.0
TARGET = 0.25
"""The largest error of the time left after the first third, as a share of the true time left."""

MARKS = (1 / 3, 1 / 2, 2 / 3, 5 / 6)
"""The parts of the sweep's time at which the table shows the estimate."""


class Shown(NamedTuple):
    """What was shown at a time, in seconds."""

    at_s: float
    left_s: float | None


def watch_sweep(corpora_storage: Path, study: str, num_seeds: int) -> list[Shown]:
    """Sweep a study, and note what is shown until the last trial ends."""
    shown: list[Shown] = []
    with empty_storage(corpora_storage) as storage:
        command = [sys.executable, "-c", "import mmer_sweep; mmer_sweep.main()", study]
        given = ["--storage", str(storage), "--seeds", str(num_seeds)]
        with subprocess.Popen([*command, *given], stdout=sys.stderr) as sweep:
            while sweep.poll() is None:
                states = collect_status(storage).sweeps
                if states and states[0].running:
                    shown.append(Shown(time.monotonic(), states[0].seconds_left))
                time.sleep(PAUSE_S)
        if sweep.returncode:
            raise RuntimeError(f"the sweep ended with {sweep.returncode}")
    return shown


def report(shown: Sequence[Shown], console: Console) -> None:
    """Print the estimates beside the truth, and the share that is near enough."""
    start, end = shown[0].at_s, shown[-1].at_s
    table = markdown_table("after", "shown, s", "true, s", "error")
    for mark in MARKS:
        at = start + mark * (end - start)
        one = min(shown, key=lambda each: abs(each.at_s - at))
        true_s = end - one.at_s
        told = "not known" if one.left_s is None else f"{one.left_s:.0f}"
        error = "" if one.left_s is None else f"{one.left_s / true_s - 1:+.0%}"
        table.add_row(f"{mark:.0%} of {end - start:.0f} s", told, f"{true_s:.0f}", error)
    console.print(table)
    later = [one for one in shown if start + (end - start) / 3 <= one.at_s < end]
    near = [
        one
        for one in later
        if one.left_s is not None
        and abs(one.left_s - (end - one.at_s)) <= TARGET * (end - one.at_s)
    ]
    console.print(f"\n{len(near)} of {len(later)} after the first third within {TARGET:.0%}")


@click.command()
@click.argument("storage", type=click.Path(path_type=Path))
@click.option("--study", type=click.Choice(list(STUDIES)), default="layers", show_default=True)
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True)
def main(storage: Path, study: str, seeds: int) -> None:
    """Compare the time left that is shown with the true one.

    The synthetic corpus is prepared in STORAGE if it is missing.
    """
    opened, console = open_storage(storage), Console(highlight=False, width=200)
    ensure_corpus(SYNTHETIC, opened, console, LE.name)
    console.print(f"{this_machine(libraries=('ray', 'torch'))}", soft_wrap=True)
    report(watch_sweep(opened, study, seeds), console)


if __name__ == "__main__":
    main()
