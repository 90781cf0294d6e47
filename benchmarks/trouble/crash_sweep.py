"""A sweep without Ray that is stopped at a change of its storage, and runs again."""

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.measurement import Spread, markdown_table
from benchmarks.trouble.command import in_fork
from benchmarks.trouble.crash_points import STOPPED, Point, stopping_at
from benchmarks.trouble.laid_storage import Workplace, plan_study, train_missing
from benchmarks.trouble.sweeps.aftermath import contents, differing
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
class Stop:
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


def stop_and_go_on(place: Workplace, change: str, point: Point, whole: dict[str, object]) -> Stop:
    """Stop a process at a point, run it again, and compare what is there with what should be."""
    storage = fresh(place)

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
    return Stop(
        change=change,
        is_after=point.is_after,
        lost=sum(not path.is_file() for path in finished),
        repeated=sum(path.stat().st_mtime_ns != at for path, at in finished.items()),
        differing=differing(contents(storage), whole),
        left=tuple(
            path.name
            for path in storage.rglob("*")
            if path.name.endswith(PARTIAL_SUFFIX) or path.name == CHECKPOINT_FILE
        ),
        recovery_s=time.monotonic() - start,
    )


def fresh(place: Workplace) -> Path:
    """Copy the storage, in which only the corpus is, to where the copy before was."""
    copy = place.folder / "tried"
    shutil.rmtree(copy, ignore_errors=True)
    return Path(shutil.copytree(place.storage, copy))


def inject(place: Workplace, rng: random.Random, most: int | None) -> Iterator[Stop]:
    """Stop a process at each of its changes, or at so many drawn ones."""
    storage = fresh(place)
    changes = count_changes(storage, lambda: sweep(place, storage))
    whole = contents(storage)
    points = [Point(n, is_after) for n in range(len(changes)) for is_after in (False, True)]
    chosen: Sequence[Point] = points if most is None else rng.sample(points, min(most, len(points)))
    for point in chosen:
        yield stop_and_go_on(place, changes[point.number], point, whole)


def show(faults: Sequence[Stop], console: Console) -> None:
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
