"""Does one seed give the same records, however its trials are run?

A study of two rows and two seeds is trained in several ways on one corpus of 30 drawn clips, each
with a fresh ledger. All ways but the plain calls run the command line. Each way is compared with
the first:

    python -m benchmarks.determinism --python PYTHON3.12 --python PYTHON3.13

A PYTHON is an interpreter of another version, with the packages of `requirements.lock`:
`make setup PYTHON=python3.13 VENV=.venv-newer` makes one.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Machine, markdown_table, this_machine
from benchmarks.orchestration_overhead import empty_storage
from corpora.preparation.known import know_corpus
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from orchestrator.beginnings.write import write_corpus
from orchestrator.plan.plan import make_plan, missing_trials
from orchestrator.trial.conditions import Conditions
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import CHECKPOINT_FILE, Ledger
from reports.ledger.record import Record
from search_spaces.catalogue import load_studies
from search_spaces.study import RowRef
from search_spaces.trial import Trial

ROOT = Path(__file__).resolve().parents[1]
CORPUS = "drawn"
STUDY_FILE = """
from mmer_sweep import ANY_CORPUS, LE, Column, Row, Study, apply_change

BASELINE = apply_change(LE["tiny"][ANY_CORPUS], {{"training.max_epochs": {num_epochs}}})
STUDY = Study(
    name="determinism",
    title="Two rows of the smallest model",
    baseline={{"tiny": {{ANY_CORPUS: BASELINE}}}},
    columns={{"*": (Column(metric="f1", header="F1"),)}},
    seeds=(0, 1),
    rows=(
        Row(name="shallow", change={{"model.fusion.depth": 1}}),
        Row(name="deep", change={{"model.fusion.depth": 3}}),
    ),
)
"""

MAIN = "from mmer_sweep import main; main()"
LIMIT_S = 1800.0
"""How long a command may take, on a busy machine too."""

LOOK_S = 0.05
GRACE_S = 30.0
"""How long the processes of a killed command may take to end by themselves."""


@dataclass(frozen=True)
class Sweep:
    """The study of a measurement, and the interpreter that runs the command."""

    study_file: Path
    python: str = sys.executable

    def command(self, storage: Path, *options: object) -> list[str]:
        """Return the command line that trains the study, or a part of it."""
        given = ("run", self.study_file, "--corpus", CORPUS, "--storage", storage)
        return [self.python, "-c", MAIN, *map(str, (*given, "--device", "cpu", *options))]


Way = Callable[[Sweep, Path], None]
"""Trains all trials of the study into a storage."""


def by_command(sweep: Sweep, storage: Path, *options: object) -> None:
    """Run one command to its end; a worker of Ray trains one trial after another.

    Raises:
        RuntimeError: If it fails.
    """
    done = subprocess.run(
        sweep.command(storage, *options),
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    if done.returncode != 0:
        raise RuntimeError(f"a command ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def one_slot(sweep: Sweep, storage: Path) -> None:
    """Train one trial after another in one process."""
    by_command(sweep, storage, "--slots", 1, "--no-measure")


def two_slots(sweep: Sweep, storage: Path) -> None:
    """Train two trials at once."""
    by_command(sweep, storage, "--slots", 2, "--no-measure")


def packed(sweep: Sweep, storage: Path) -> None:
    """Measure the architectures, then train as many trials at once as fit."""
    by_command(sweep, storage, "--measure")


def killed(sweep: Sweep, storage: Path) -> None:
    """Kill the command as a trial gets its first checkpoint, then run it again.

    Raises:
        RuntimeError: If it ended before it was killed, or no trial went on from a checkpoint.
    """
    _kill_at_a_checkpoint(sweep.command(storage, "--slots", 2, "--no-measure"), storage)
    two_slots(sweep, storage)
    records = Ledger(storage).records()
    if not any(record.circumstances.resumed_from_epochs for record in records):
        raise RuntimeError("no trial went on from a checkpoint: train more epochs")


def _kill_at_a_checkpoint(command: list[str], storage: Path) -> None:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=_environment(), stdout=quiet, stderr=quiet)
    until = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < until:
        if any(Ledger(storage).trials.glob(f"*/{CHECKPOINT_FILE}")):
            break
        time.sleep(LOOK_S)
    if process.poll() is not None:
        raise RuntimeError("a command ended before it was killed: train more epochs")
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=GRACE_S)
    for one in alive:
        one.kill()


def plain_calls(sweep: Sweep, storage: Path, *, num_threads: int = 1) -> None:
    """Train each trial by a plain call in a fresh process without Ray, the last one first."""
    (study,), known = load_studies(sweep.study_file), know_corpus(CORPUS, storage)
    plan = make_plan(study, known, "tiny", len(study.seeds), Ledger(storage))
    for trial, row in reversed([*missing_trials([plan]).values()]):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
            fresh.submit(_train, trial, row, storage, num_threads).result()


def _train(trial: Trial, row: RowRef, storage: Path, num_threads: int) -> None:
    run_trial(trial, storage, trained_for=row, conditions=Conditions(num_threads=num_threads))


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


HERE: Mapping[str, Way] = {
    "one process, one trial after another": one_slot,
    "the same again": one_slot,
    "two trials at once": two_slots,
    "measured and packed": packed,
    "killed, and resumed": killed,
    "each trial in a fresh process, the last one first": plain_calls,
    "two threads for each trial, not one": partial(plain_calls, num_threads=2),
}
"""The ways on this interpreter. All are compared with the first."""


@dataclass(frozen=True)
class Difference:
    """How the records of a way differ from those of the first way.

    Attributes:
        num_trials: How many trials both have, by key.
        num_others: How many keys only one of the two has.
        num_equal: How many results are equal bit for bit, the digest of the predictions included.
        num_resumed: How many trials went on from a checkpoint.
        probability: The largest difference of a predicted probability, on validation and test.
        loss: The largest difference of a training or validation loss.
        f1: The largest difference of a validation F1, a fraction.
    """

    num_trials: int
    num_others: int
    num_equal: int
    num_resumed: int
    probability: float
    loss: float
    f1: float


@dataclass(frozen=True)
class Measured:
    """All measurements: how each way differs from the first."""

    machine: Machine
    num_epochs: int
    differences: dict[str, Difference]


def compare(first: Path, other: Path) -> Difference:
    """Compare the records of two storages.

    Raises:
        ValueError: If they have no trial in common.
    """
    ours = {record.key: record for record in Ledger(first).records()}
    theirs = {record.key: record for record in Ledger(other).records()}
    pairs = [(ours[key], theirs[key]) for key in sorted(ours.keys() & theirs.keys())]
    if not pairs:
        raise ValueError(f"'{first}' and '{other}' have no trial in common")
    return Difference(
        num_trials=len(pairs),
        num_others=len(ours.keys() ^ theirs.keys()),
        num_equal=sum(a.result == b.result for a, b in pairs),
        num_resumed=sum(bool(b.circumstances.resumed_from_epochs) for _, b in pairs),
        probability=max(_of_probabilities(Ledger(first), a, Ledger(other), b) for a, b in pairs),
        loss=max(_of_epochs(a, b, _losses) for a, b in pairs),
        f1=max(_of_epochs(a, b, _scores) for a, b in pairs),
    )


def _of_probabilities(first: Ledger, a: Record, other: Ledger, b: Record) -> float:
    ours, theirs = first.predictions(a), other.predictions(b)
    return max(
        float(np.abs(ours[split].probabilities - theirs[split].probabilities).max())
        for split in ours
    )


def _of_epochs(a: Record, b: Record, numbers_of: Callable[[Record], list[float]]) -> float:
    """Compare the epochs that both have: a training may stop earlier than the other."""
    pairs = zip(numbers_of(a), numbers_of(b), strict=False)
    return max(abs(ours - theirs) for ours, theirs in pairs)


def _losses(record: Record) -> list[float]:
    return [loss for one in record.result.epochs for loss in (one.train_loss, one.valid_loss)]


def _scores(record: Record) -> list[float]:
    return [one.main_score for one in record.result.epochs]


def measure(num_epochs: int, pythons: Mapping[str, str]) -> Measured:
    """Train the study in all ways, on other interpreters in the first one.

    Args:
        num_epochs: How many epochs each trial trains.
        pythons: Other interpreters, by their versions.
    """
    machine = this_machine(libraries=("torch", "numpy", "ray"))
    with tempfile.TemporaryDirectory(prefix="determinism-") as name:
        folder = Path(name)
        storage, study_file = folder / "storage", folder / "study.py"
        study_file.write_text(STUDY_FILE.format(num_epochs=num_epochs), encoding="utf-8")
        write_corpus(folder / CORPUS)
        prepare(read_clips(folder / CORPUS), [LE], name=CORPUS, storage=storage)
        here = Sweep(study_file)
        others = {
            f"Python {version}": Sweep(study_file, python) for version, python in pythons.items()
        }
        return Measured(machine, num_epochs, dict(_differences(storage, here, others)))


def _differences(
    corpora_storage: Path, here: Sweep, others: Mapping[str, Sweep]
) -> Iterator[tuple[str, Difference]]:
    (_, train_first), *ways = HERE.items()
    every = [(name, way, here) for name, way in ways]
    every += [(name, train_first, sweep) for name, sweep in others.items()]
    with empty_storage(corpora_storage) as first:
        train_first(here, first)
        for name, way, sweep in every:
            with empty_storage(corpora_storage) as other:
                way(sweep, other)
                found = compare(first, other)
                print(f"{name}: {found}", file=sys.stderr, flush=True)
                yield name, found


def version_of(python: str) -> str:
    """Ask an interpreter for its version, and for that of NumPy there.

    Raises:
        ClickException: If it cannot run the command.
    """
    asked = (
        "import numpy, platform, torch; print(platform.python_version(), 'with NumPy',"
        " numpy.__version__, 'and PyTorch', torch.__version__.partition('+')[0])"
    )
    try:
        done = subprocess.run([python, "-c", asked], capture_output=True, text=True)
    except OSError as error:
        raise click.ClickException(f"'{python}' cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        raise click.ClickException(
            f"'{python}' lacks packages: `make setup PYTHON=... VENV=...` makes an environment\n"
            f"{done.stderr.strip()}"
        )
    return done.stdout.strip()


def show(measured: Measured, console: Console) -> None:
    """Print the table for `benchmarks/README.md`."""
    first = next(iter(HERE))
    console.print(f"{measured.machine}; {measured.num_epochs} epochs; compared with: {first}\n")
    console.print(_table(measured.differences))


def _table(differences: Mapping[str, Difference]) -> Table:
    table = markdown_table(
        "way", "equal bit for bit", "resumed", "probability", "loss", "validation F1"
    )
    for name, one in differences.items():
        equal = f"{one.num_equal} of {one.num_trials + one.num_others}"
        numbers = (_shown(number) for number in (one.probability, one.loss, one.f1))
        table.add_row(name, equal, str(one.num_resumed), *numbers)
    return table


def _shown(number: float) -> str:
    return f"{number:.1e}" if number else "0"


@click.command()
@click.option("--epochs", type=click.IntRange(min=2), default=8, show_default=True)
@click.option("--python", "pythons", multiple=True, help="Another interpreter; may be repeated.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write this file.")
def main(epochs: int, pythons: tuple[str, ...], json_file: Path | None) -> None:
    """Train one study in several ways, and compare the records."""
    measured = measure(epochs, {version_of(python): python for python in pythons})
    show(measured, Console(highlight=False, width=200))
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(measured), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
