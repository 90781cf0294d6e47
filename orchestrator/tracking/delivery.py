"""Brings an MLflow up to date with the ledger, study by study."""

from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import Path

from orchestrator.addresses.spool import spool_lock
from orchestrator.tracking.client import Client
from orchestrator.tracking.content import MirroredStudy
from orchestrator.tracking.delivered import DeliveredNotes
from orchestrator.tracking.run_index import RunIndex
from orchestrator.tracking.study_runs import StudyRuns
from orchestrator.tracking.trial_runs import TrialRuns
from reports.ledger.ledger import RECORD_FILE, Ledger, LedgerError
from reports.ledger.planned import Planned
from reports.ledger.record import Record


class Delivery:
    """Studies and their trials in one MLflow; it first closes the runs of dead drivers.

    `delivered` are the keys of trials that were completed from their records. `faults` says which
    records are damaged, or lack files that they name, and of which study there are no scores for
    that reason; everything else is delivered all the same.
    A study's run ends as finished if all of its trials have that were `asked` for, each as the
    study's name and the key. If none was, these are all that were ever planned.
    `remark` says what the user should know of this MLflow, if anything.
    """

    def __init__(
        self,
        storage: Path,
        tracking_uri: str,
        *,
        max_model_mib: float = 0.0,
        on_answer: Callable[[], None] = lambda: None,
        asked: Container[tuple[str, str]] = (),
    ) -> None:
        client = Client(tracking_uri, on_answer)
        self.remark = client.open_experiment(storage)
        self._ledger = Ledger(storage)
        self._notes = DeliveredNotes(storage, tracking_uri)
        self._index = RunIndex(client, spool_lock(storage, tracking_uri))
        self.studies = StudyRuns(self._index, storage, asked)
        self.trials = TrialRuns(self._index, self.studies, storage, max_model_mib)
        self.delivered: list[str] = []
        self.faults: dict[str, str] = {}
        self._close_orphans()

    def catch_up(self, planned: Iterable[Planned]) -> None:
        """Deliver the records that the ledger has for some studies."""
        for study in self.studies.follow(planned):
            self._catch_up(study)

    def follow(self, planned: Sequence[Planned]) -> None:
        """Deliver the records that the ledger has for some studies that are about to train."""
        for study in self.studies.follow(planned):
            if not self._is_recorded(study):
                self.studies.open(study)
        self.catch_up(planned)

    def finish(self, record: Record, *, began_here: bool = False) -> None:
        """Complete a trial's run; note a damaged record as a fault."""
        try:
            if self.trials.finish(record, began_here=began_here):
                self.delivered.append(record.key)
        except LedgerError as error:
            self.faults[record.key] = str(error)

    def close(self) -> None:
        """Deliver the records that others wrote meanwhile, end our own runs, and note it all."""
        studies = self.studies.followed.values()
        if not all(self.trials.is_complete(key) for s in studies for key in s.rows_by_key):
            self._index.read()
        for study in studies:
            planned = study.planned
            trials = self._notes.digest_of_trials(planned)
            tables = self._notes.digest_of_tables(planned)
            self._catch_up(study)
            try:
                self.studies.close(study)
            except LedgerError as error:
                self.faults[study.key] = str(error)
                continue
            if all(self.trials.is_complete(key) for key in study.rows_by_key):
                self._notes.note(planned, trials, tables, self.studies.place_of(study))
        for run in self._index.my_trials():
            self._index.end(run, "KILLED")

    def left(self) -> list[str]:
        """List the finished trials of all studies whose runs are not complete."""
        studies = self.studies.followed.values()
        keys = dict.fromkeys(key for study in studies for key in study.rows_by_key)
        return [key for key in keys if self._is_finished(key) and not self.trials.is_complete(key)]

    def _catch_up(self, study: MirroredStudy) -> None:
        """Complete the runs of finished trials; complete runs need no request."""
        for key in study.rows_by_key:
            if not self.trials.is_complete(key):
                self.deliver(key)
                self.studies.beat()

    def deliver(self, key: str, *, began_here: bool = False) -> bool:
        """Complete a trial's run from the ledger; return whether the trial is finished.

        With `began_here`, this driver started the trial after it opened MLflow.
        """
        try:
            record = self._ledger.find(key)
        except LedgerError as error:
            self.faults[key] = str(error)
            return False
        if record is not None:
            self.finish(record, began_here=began_here)
        return record is not None

    def _close_orphans(self) -> None:
        for key, run in self._index.orphans().items():
            if not self.deliver(key):
                self._index.end(run, "KILLED")

    def _is_recorded(self, study: MirroredStudy) -> bool:
        return all(self._is_finished(key) for key in study.rows_by_key)

    def _is_finished(self, key: str) -> bool:
        return (self._ledger.folder(key) / RECORD_FILE).is_file()
