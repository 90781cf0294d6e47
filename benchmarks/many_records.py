"""How do time and memory grow with the records of a storage?

    python -m benchmarks.many_records FOLDER 1000 10000 100000

FOLDER gets a storage for each size, if it is missing: studies of 1,000 trials, ten rows with a
hundred seeds each, whose records and predictions are made up. Each command runs in a process of its
own, once or `--repeats` times. What is told is its processor time, because other programs may take
turns with it, and the most memory that it had at once. Both leave TeX out: it stops after two
minutes. The growth is the exponent between one size and the next: 1 is linear.

"Cold" is without the index of counts, and with the storage's files dropped from the page cache, as
far as the system does that.
"""

import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Spread, markdown_table, this_machine
from benchmarks.report_speed import draw
from corpora.preparation.known import know_corpus
from corpora.source.names import SYNTHETIC
from corpora.source.split import Split
from corpora.synthetic.forms import EMOTIONS
from orchestrator.plan.code import code_digest
from orchestrator.plan.plan import make_plan, planned_of
from orchestrator.storage.folder import tables_folder
from reports.forms.files import write_table
from reports.forms.verdicts import write_verdicts
from reports.ledger.files import staged_at
from reports.ledger.ledger import PREDICTIONS_FILE, RECORD_FILE, Ledger, stage_predictions
from reports.ledger.planned import read_planned, remember
from reports.ledger.record import Circumstances, Epoch, Record, Result
from reports.ledger.record_file import record_bytes
from reports.scores.cells import collect_outcome
from reports.scores.count_index import INDEX_FILE
from reports.scores.trials import TrialScores
from reports.tables.table import build_tables
from reports.verdicts.judgement import judge_claims
from search_spaces.claim import greater
from search_spaces.studies.le2023 import ABLATION_COLUMNS
from search_spaces.study import ANY_CORPUS, Row, Study
from search_spaces.systems.le import TINY
from search_spaces.trial import Trial

ROOT = Path(__file__).resolve().parent.parent
NUM_ROWS, NUM_SEEDS = 10, 100
A_STUDY = NUM_ROWS * NUM_SEEDS
NUM_EPOCHS = 8
NUM_VALID, NUM_TEST, NUM_CLUSTERS = 100, 150, 15
TELL_PEAK = """
import atexit, pathlib

def tell_peak():
    status = pathlib.Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    pathlib.Path("peak.txt").write_text(peak.split()[1])

atexit.register(tell_peak)
"""
"""Leaves the peak memory of a process, in KiB. That of `resource` begins with its parent's."""

COMMAND = f"{TELL_PEAK}\nfrom orchestrator.cli import main\nmain()\n"
TABLES = f"{TELL_PEAK}\nfrom benchmarks.many_records import write_tables\nwrite_tables()\n"

STUDY_FILE = "studies.py"
READS_STUDIES = """
from pathlib import Path

from mmer_sweep import Study

for line in Path("studies.jsonl").open(encoding="utf-8"):
    study = Study.model_validate_json(line)
    globals()[study.name] = study
"""

COLD = "cold"
PROGRAMS: dict[str, tuple[str, ...]] = {
    "`plan`, nothing to train": (COMMAND, "plan", STUDY_FILE),
    "`status`": (COMMAND, "status"),
    "`du`": (COMMAND, "du"),
    "`gc`, what can go": (COMMAND, "gc"),
    "`export` to CSV": (COMMAND, "export", "scores.csv"),
    f"tables and verdicts, {COLD}": (TABLES,),
    "tables and verdicts": (TABLES,),
    "`report` of one study": (COMMAND, "report", "made-000", "--no-model-figures"),
    "`report`": (COMMAND, "report", "--no-model-figures"),
}
"""What is measured, in this order: a program, and the arguments of a command."""


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds by the clock and of the processor, and its peak memory."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def made_studies(num_records: int) -> list[Study]:
    """Make studies of 1,000 trials each, of which none is in two."""
    return [_made_study(number) for number in range(num_records // A_STUDY)]


def _made_study(number: int) -> Study:
    names = [f"row {row}" for row in range(NUM_ROWS)]
    first = number * NUM_ROWS
    return Study(
        name=f"made-{number:03}",
        title=f"Made up, number {number}",
        baseline={"tiny": {ANY_CORPUS: TINY}},
        rows=tuple(
            Row(name=name, change={"training.learning_rate": 1e-7 * (first + row + 1)})
            for row, name in enumerate(names)
        ),
        columns=ABLATION_COLUMNS,
        claims=(greater(f"M{number:03}", "Made up.", *names[:2], corpus=SYNTHETIC, metric="f1"),),
        seeds=tuple(range(NUM_SEEDS)),
    )


def write_storage(storage: Path, num_records: int) -> None:
    """Write plans, records and predictions as sweeps leave them."""
    known, ledger = know_corpus(SYNTHETIC, storage), Ledger(storage)
    drawn = [_draw_predictions(storage, seed) for seed in range(NUM_SEEDS)]
    for study in made_studies(num_records):
        plan = make_plan(study, known, "tiny", None, ledger)
        for trial in plan.missing:
            sha256, content = drawn[trial.seed]
            folder = ledger.folder(trial.key)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / PREDICTIONS_FILE).write_bytes(content)
            (folder / RECORD_FILE).write_bytes(record_bytes(_make_record(trial, sha256)))
        remember(planned_of(plan, looks=()), storage)


def _draw_predictions(storage: Path, seed: int) -> tuple[str, bytes]:
    rng = np.random.default_rng(seed)
    sizes: dict[Split, int] = {"valid": NUM_VALID, "test": NUM_TEST}
    splits = {name: draw(size, NUM_CLUSTERS, len(EMOTIONS), rng) for name, size in sizes.items()}
    storage.mkdir(parents=True, exist_ok=True)
    sha256 = stage_predictions(storage, splits)
    staged = staged_at(storage / PREDICTIONS_FILE, sha256)
    content = staged.read_bytes()
    staged.unlink()
    return sha256, content


def _make_record(trial: Trial, sha256: str) -> Record:
    scores = {"acc": 0.8, "wacc": 0.7, "f1": 0.5, "precision": 0.5, "recall": 0.5, "auc": 0.7}
    return Record(
        key=trial.key,
        trial=trial,
        result=Result(
            emotions=EMOTIONS,
            epochs=tuple(
                Epoch(epoch=number, train_loss=0.5, valid_loss=0.6, valid=scores)
                for number in range(NUM_EPOCHS)
            ),
            best_epoch=3,
            thresholds=(0.5,) * len(EMOTIONS),
            num_parameters=1_000_000,
            predictions_sha256=sha256,
        ),
        circumstances=Circumstances(
            study="made up",
            row="made up",
            code_version="made up",
            code_digest=code_digest(trial.config.model),
            device="cpu",
            precision="fp32",
            num_threads=1,
            libraries={"torch": "not used"},
            host="made up",
            started_at="2026-01-01T00:00:00+00:00",
            wall_s=10.0,
            training_s=9.0,
        ),
    )


def write_tables() -> None:
    """Write tables and verdicts of all studies of the storage here, in all forms but PDF."""
    storage = Path("storage")
    trial_scores = TrialScores(Ledger(storage))
    for planned in read_planned(trial_scores.ledger):
        outcome = collect_outcome(planned, trial_scores)
        folder = tables_folder(storage, planned.study.name, planned.corpus, planned.scale)
        for table in build_tables(planned.study, [outcome]):
            write_table(table, folder)
        write_verdicts(judge_claims(planned.study, [outcome], trial_scores), "verdicts", folder)
    trial_scores.remember()


def run_program(program: str, arguments: Sequence[str], folder: Path) -> Cost:
    """Run a program in a folder that holds a storage, and return what it cost.

    Raises:
        RuntimeError: If it fails.
    """
    start = time.perf_counter()
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments, "--storage", "storage"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        said = (folder / "output.txt").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{' '.join(arguments)}: exit {process.returncode}\n{said[-2000:]}")
    return Cost(
        wall_s=time.perf_counter() - start,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=int((folder / "peak.txt").read_text()) / 1024,
    )


def make_folder(folder: Path, num_records: int) -> None:
    """Make a folder with a storage and the file of its studies, unless it is there."""
    if (folder / STUDY_FILE).is_file():
        return
    write_storage(folder / "storage", num_records)
    lines = [study.model_dump_json() for study in made_studies(num_records)]
    (folder / "studies.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / STUDY_FILE).write_text(READS_STUDIES, encoding="utf-8")


def drop_index(folder: Path) -> None:
    """Remove the index of counts, and drop the storage's files from the page cache."""
    for path in (folder / "storage" / INDEX_FILE.parent).glob("*"):
        path.unlink()
    os.sync()
    for path in (folder / "storage" / "trials").glob("*/*"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(folder: Path, chosen: Sequence[str], repeats: int) -> Iterator[tuple[str, list[Cost]]]:
    """Run the chosen programs on a storage."""
    for name in chosen:
        costs = []
        program, *arguments = PROGRAMS[name]
        for _ in range(repeats):
            if COLD in name:
                drop_index(folder)
            costs.append(run_program(program, arguments, folder))
        yield name, costs


def growth(few: float, many: float, ratio: float) -> float:
    """Return the exponent of a growth: 0 is none, 1 is linear."""
    return math.log(many / few) / math.log(ratio)


def show(costs: dict[str, dict[int, list[Cost]]]) -> Table:
    """Make a table of all commands and sizes."""
    sizes = sorted({size for of_command in costs.values() for size in of_command})
    headers = [f"{what}, {size:,}" for what in ("s", "MiB") for size in sizes]
    table = markdown_table("command", *headers, "growth of time", "of memory")
    for name, of_command in costs.items():
        rows = [
            [Spread.of(map(of_cost, of_command[size])).median for size in sizes]
            for of_cost in (_cpu_s, _peak_mib)
        ]
        cells = [f"{value:,.1f}" for value in rows[0]] + [f"{value:,.0f}" for value in rows[1]]
        table.add_row(name, *cells, *(_show_growth(values, sizes) for values in rows))
    return table


def _show_growth(values: Sequence[float], sizes: Sequence[int]) -> str:
    pairs = zip(values, values[1:], sizes, sizes[1:], strict=False)
    return ", ".join(f"{growth(few, many, to / of):.2f}" for few, many, of, to in pairs)


def _cpu_s(cost: Cost) -> float:
    return cost.cpu_s


def _peak_mib(cost: Cost) -> float:
    return cost.peak_mib


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, resolve_path=True))
@click.argument("sizes", type=click.IntRange(min=A_STUDY), nargs=-1, required=True)
@click.option("--only", multiple=True, help="Only commands whose name holds this text.")
@click.option("--repeats", type=click.IntRange(min=1), default=1, show_default=True)
def main(folder: Path, sizes: tuple[int, ...], only: tuple[str, ...], repeats: int) -> None:
    """Measure commands on storages of SIZES records, multiples of 1,000."""
    console, machine = Console(highlight=False, width=200), this_machine(libraries=())
    chosen = [name for name in PROGRAMS if not only or any(text in name for text in only)]
    costs: dict[str, dict[int, list[Cost]]] = {name: {} for name in chosen}
    for size in sorted(sizes):
        start = time.perf_counter()
        make_folder(folder / str(size), size)
        console.print(f"{size:,} records are there after {time.perf_counter() - start:.1f} s")
        for name, of_command in measure(folder / str(size), chosen, repeats):
            costs[name][size] = of_command
            console.print(f"{size:,}: {name}: {of_command}", soft_wrap=True)
    console.print(f"{machine}\n", soft_wrap=True)
    console.print(show(costs))


if __name__ == "__main__":
    main()
