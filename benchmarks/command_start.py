"""How long do commands take that train nothing?

    python -m benchmarks.command_start STORAGE [--code FOLDER]...

STORAGE gets the synthetic corpus, and made-up records of all trials of `layers`, if it lacks them.
Each FOLDER holds a version of the project, by default this one; they take turns.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Spread
from benchmarks.noop_trial import write_noop
from corpora.preparation.known import know_corpus
from corpora.source.names import SYNTHETIC
from orchestrator.plan.plan import make_plan
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import find_study

ROOT = Path(__file__).resolve().parent.parent
STUDY, NUM_SEEDS = "layers", 1
REPEATS = 3
ONLY_TELL = (("--version",), ("--help",), ("list",), ("show", STUDY), ("lairs",))
PROGRAM = "from orchestrator.cli import main; main()"


def run(code: Path, arguments: Sequence[str]) -> float:
    """Run a command with the code of a folder; return its seconds by the clock."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=code,  # comes before what is installed, and before PYTHONPATH
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check="lairs" not in arguments,
    )
    return time.perf_counter() - start


def count_modules(code: Path, arguments: Sequence[str]) -> int:
    """Count the modules that a command imports, as `python -X importtime` lists them."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", PROGRAM, *arguments],
        cwd=code,
        capture_output=True,
        text=True,
        check=False,
    )
    return sum(line.startswith("import time:") for line in done.stderr.splitlines()) - 1


def fill(storage: Path) -> None:
    """Prepare the synthetic corpus, and make up the records that are missing."""
    ledger = Ledger(storage)
    run(ROOT, ["prepare", SYNTHETIC, "--storage", str(storage)])
    known = know_corpus(SYNTHETIC, storage)
    for trial in make_plan(find_study(STUDY), known, "tiny", NUM_SEEDS, ledger).missing:
        write_noop(ledger, trial)


@click.command()
@click.argument("storage", type=click.Path(path_type=Path, resolve_path=True))
@click.option(
    "--code",
    "folders",
    type=click.Path(exists=True, path_type=Path, resolve_path=True),
    multiple=True,
    default=(ROOT,),
    help="A checkout of the project; may be given several times.  [default: this one]",
)
def main(storage: Path, folders: tuple[Path, ...]) -> None:
    """Time each command, and print a table."""
    fill(storage)
    place = ("--storage", str(storage))
    sweep = (STUDY, "--seeds", str(NUM_SEEDS), *place)
    commands = [*((*one, *(place if one[0] in ("list", "show") else ())) for one in ONLY_TELL)]
    table = Table("command", box=MARKDOWN)
    for folder in folders:
        table.add_column(f"{folder.name}: seconds, median (least to most)", justify="right")
        table.add_column("modules", justify="right")
    for arguments in (*commands, sweep):
        for folder in folders:  # compiles what is not compiled yet
            run(folder, arguments)
        times: dict[Path, list[float]] = {folder: [] for folder in folders}
        for _ in range(REPEATS):
            for folder in folders:
                times[folder].append(run(folder, arguments))
        cells = []
        for folder, seconds in times.items():
            cells += [f"{Spread.of(seconds):.2f}", str(count_modules(folder, arguments))]
        table.add_row(" ".join(one for one in arguments if one not in place), *cells)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
