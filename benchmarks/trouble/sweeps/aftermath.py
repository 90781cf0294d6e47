"""What must not depend on what happened: finished trials, results, tables, runs of MLflow."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mlflow.tracking import MlflowClient

from orchestrator.tracking.client import EXPERIMENT
from reports.ledger.files import PARTIAL_SUFFIX
from reports.ledger.ledger import RECORD_FILE, Ledger


def contents(storage: Path) -> dict[str, object]:
    """Read results, predictions, models, plans and tables.

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
    whole = [path for path in files if not path.name.endswith((PARTIAL_SUFFIX, ".pdf"))]
    return found | {path.relative_to(storage).as_posix(): path.read_bytes() for path in whole}


def differing(found: Mapping[str, object], whole: Mapping[str, object]) -> tuple[str, ...]:
    """Name what is not as it is where nothing happened."""
    return tuple(name for name in whole.keys() | found.keys() if whole.get(name) != found.get(name))


class Finished(NamedTuple):
    """The finished trials at a moment: when each record was written."""

    times: Mapping[Path, int]

    @classmethod
    def now(cls, storage: Path) -> "Finished":
        """Look at all records."""
        return cls({p: p.stat().st_mtime_ns for p in storage.glob(f"trials/*/{RECORD_FILE}")})

    def lost(self) -> int:
        """Count those that are gone now."""
        return sum(not path.is_file() for path in self.times)

    def repeated(self) -> int:
        """Count those that were written again since."""
        there = {path: at for path, at in self.times.items() if path.is_file()}
        return sum(path.stat().st_mtime_ns != at for path, at in there.items())


class Runs(NamedTuple):
    """What is wrong with the runs of an MLflow.

    Attributes:
        missing: Trials with a record and without a run.
        doubled: Runs of a trial or study that has another one.
        orphaned: Runs of trials without a record, and runs that did not end.
    """

    missing: int
    doubled: int
    orphaned: int


def runs_in(tracking_uri: str, storage: Path) -> Runs:
    """Compare the runs of an MLflow with the records of the only storage that it mirrors."""
    client = MlflowClient(tracking_uri=tracking_uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    runs = [] if experiment is None else list(client.search_runs([experiment.experiment_id]))
    keys = {record.key for record in Ledger(storage).records()}
    known = Counter((run.data.tags["kind"], run.data.tags["key"]) for run in runs)
    of_trials = {key for kind, key in known if kind == "trial"}
    return Runs(
        missing=len(keys - of_trials),
        doubled=known.total() - len(known),
        orphaned=len(of_trials - keys) + sum(run.info.status != "FINISHED" for run in runs),
    )


@dataclass(frozen=True)
class Aftermath:
    """What is there after a sweep that was hit.

    Attributes:
        num_trials: The trials with a record.
        lost: Trials whose record was there at the last fault, and is gone.
        repeated: Trials whose record was there at the last fault, and was written again.
        differing: Results, predictions, models, plans and tables unlike an undisturbed sweep's.
        runs: What is wrong with the runs of MLflow.
        most_epochs_again: The epochs trained again each time that a trial began anew, at most; the
            mean of the trial for which it is greatest.
        num_processes_left: Processes that outlived their driver for a minute.
        num_tracebacks: The tracebacks that the commands printed.
        exits: With what the commands ended that were started again.
    """

    num_trials: int
    lost: int
    repeated: int
    differing: tuple[str, ...]
    runs: Runs
    most_epochs_again: float
    num_processes_left: int
    num_tracebacks: int
    exits: tuple[int, ...]

    @property
    def is_good(self) -> bool:
        """Whether all is as if nothing had happened."""
        counts = (self.lost, self.repeated, self.num_processes_left, self.num_tracebacks)
        return not (any(counts) or self.differing or any(self.runs))
