"""What is lost if a process dies before or after any change to its storage?

    python -m benchmarks.faults

A small study is trained, one trial after the other and without Ray, and its tables are written. A
process is stopped right before, and right after, each rename, link, fsync, unlink and creation of a
file in the storage in turn. Then it runs again to its end. Results, predictions and tables must
be those of a process that nothing happened to, and no finished trial is trained again.
"""

import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from benchmarks.measurement import Spread, markdown_table, this_machine
from benchmarks.trouble.command import in_fork, load_commands
from benchmarks.trouble.crash_points import STOPPED, Point, stopping_at
from benchmarks.trouble.laid_storage import Workplace, lay_workplace, plan_study, train_missing
from orchestrator.plan.plan import planned_of
from orchestrator.storage.folder import tables_folder
from reports.forms.files import write_table
from reports.ledger.files import PARTIAL_SUFFIX
from reports.ledger.ledger import CHECKPOINT_FILE, RECORD_FILE, Ledger
from reports.ledger.planned import remember
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from reports.tables.table import build_tables


@dataclass(frozen=True)
class Fault:
    """A process that was stopped, and what came of it.

    Attributes:
        change: The change before or after which it was stopped.
        is_after: Whether it was stopped after the change.
        lost: Finished trials whose record was gone or differed after the second process.
        repeated: Finished trials that the second process trained again.
        differing: Results, predictions and tables that are not those of an undisturbed process.
        left: Partial files, which `gc` removes a day later, and checkpoints that lie there in the
            end.
        recovery_s: What the second process took.
    """

    change: str
    is_after: bool
    lost: int
    repeated: int
    differing: tuple[str, ...]
    left: tuple[str, ...]
    recovery_s: float


def sweep(place: Workplace, storage: Path) -> None:
    """Plan the study, train what is missing, and write its tables."""
    planned = remember(planned_of(plan_study(place, storage), ()), storage)
    train_missing(place, storage)
    scores = TrialScores(Ledger(storage))
    folder = tables_folder(storage, planned.study.name, planned.corpus, planned.scale)
    for table in build_tables(planned.study, [collect_outcome(planned, scores)]):
        write_table(table, folder)
    scores.remember()


def count_changes(storage: Path, act: Callable[[], object]) -> list[str]:
    """Run a process to its end, and name the changes that it makes to the storage."""

    def count() -> None:
        seen: list[str] = []
        with stopping_at(None, storage, seen):
            act()
        print(" ".join(seen))

    ended = in_fork(count)
    if ended.code:
        raise RuntimeError(f"the undisturbed process failed: {ended}")
    return ended.out.split()


def stop_and_go_on(place: Workplace, change: str, point: Point, whole: dict[str, object]) -> Fault:
    """Stop a process at a point, run it again, and compare what is there with what should be."""
    storage = _fresh(place)

    def begin() -> None:
        with stopping_at(point, storage, []):
            sweep(place, storage)

    ended = in_fork(begin)
    if ended.code != STOPPED:
        raise RuntimeError(f"the process was not stopped: {ended}")
    finished = {path: path.stat().st_mtime_ns for path in storage.glob(f"trials/*/{RECORD_FILE}")}
    start = time.monotonic()
    again = in_fork(lambda: sweep(place, storage))
    if again.code:
        raise RuntimeError(f"{point} of {change}: the second process failed: {again}")
    found = contents(storage)
    return Fault(
        change=change,
        is_after=point.is_after,
        lost=sum(not path.is_file() for path in finished),
        repeated=sum(path.stat().st_mtime_ns != at for path, at in finished.items()),
        differing=tuple(n for n in whole.keys() | found.keys() if whole.get(n) != found.get(n)),
        left=tuple(
            path.name
            for path in storage.rglob("*")
            if path.name.endswith(PARTIAL_SUFFIX) or path.name == CHECKPOINT_FILE
        ),
        recovery_s=time.monotonic() - start,
    )


def contents(storage: Path) -> dict[str, object]:
    """Read all that must not depend on what happened: results, predictions, models and tables.

    A process that was stopped after a record was created may leave the trial's other files under
    their names with digests, where readers find them.
    """
    ledger, found = Ledger(storage), dict[str, object]()
    for record in ledger.records():
        model = ledger.model_file(record)
        found[record.key] = record.result
        found[f"{record.key} predictions"] = ledger.predictions_file(record).read_bytes()
        found[f"{record.key} model"] = None if model is None else model.read_bytes()
    files = [*storage.glob("tables/*/*/*"), *storage.glob("plans/*/*.json")]
    whole = [path for path in files if not path.name.endswith(PARTIAL_SUFFIX)]
    return found | {path.relative_to(storage).as_posix(): path.read_bytes() for path in whole}


def _fresh(place: Workplace) -> Path:
    """Copy the storage, in which only the corpus is, to where the copy before was."""
    copy = place.folder / "tried"
    shutil.rmtree(copy, ignore_errors=True)
    return Path(shutil.copytree(place.storage, copy))


def inject(place: Workplace, rng: random.Random, most: int | None) -> Iterator[Fault]:
    """Stop a process at each of its changes, or at so many drawn ones."""
    storage = _fresh(place)
    changes = count_changes(storage, lambda: sweep(place, storage))
    whole = contents(storage)
    points = [Point(n, is_after) for n in range(len(changes)) for is_after in (False, True)]
    chosen: Sequence[Point] = points if most is None else rng.sample(points, min(most, len(points)))
    for point in chosen:
        yield stop_and_go_on(place, changes[point.number], point, whole)


def show(faults: Sequence[Fault], console: Console) -> None:
    """Print what came of the faults, by kind."""
    table = markdown_table(
        "stopped", "injected", "lost", "repeated", "differing", "partial files left", "again, s"
    )
    kinds = Counter(f"{'after' if f.is_after else 'before'} {f.change}" for f in faults)
    for kind in sorted(kinds):
        of_kind = [f for f in faults if f"{'after' if f.is_after else 'before'} {f.change}" == kind]
        table.add_row(
            kind,
            str(len(of_kind)),
            str(sum(one.lost for one in of_kind)),
            str(sum(one.repeated for one in of_kind)),
            str(sum(len(one.differing) for one in of_kind)),
            str(sum(len(one.left) for one in of_kind)),
            f"{Spread.of(one.recovery_s for one in of_kind):.1f}",
        )
    console.print(table)


@click.command()
@click.option("--most", type=click.IntRange(min=1), help="Draw so many points, instead of all.")
@click.option("--seed", default=0, show_default=True, help="Seed of what is drawn.")
@click.option("--place", type=click.Path(path_type=Path), help="Lay the storage here, or find it.")
def main(most: int | None, seed: int, place: Path | None) -> None:
    """Stop a process at each change to its storage, and look whether the next one mends it."""
    console, start = Console(highlight=False, width=200), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MMER_SWEEP_CONFIG"] = f"{folder}/config"
        workplace = Workplace(place or Path(folder) / "place")
        if not workplace.storage.is_dir():
            workplace.folder.mkdir(parents=True, exist_ok=True)
            lay_workplace(workplace.folder)
        load_commands()
        faults = []
        for fault in inject(workplace, random.Random(seed), most):
            faults.append(fault)
            if fault.lost or fault.repeated or fault.differing:
                console.print(fault, soft_wrap=True)
        show(faults, console)
    machine = this_machine(libraries=("torch",))
    console.print(f"{len(faults)} faults in {time.monotonic() - start:.0f} s; {machine}")


if __name__ == "__main__":
    main()
