"""Brings an MLflow up to date with the ledger, study by study and search by search."""

from collections.abc import Callable, Container, Sequence
from pathlib import Path

from orchestrator.addresses.pages import RunPlace
from orchestrator.addresses.spool import Mirrored, spool_lock
from orchestrator.tracking.client import Client, Run
from orchestrator.tracking.content import TRIAL, MirroredStudy
from orchestrator.tracking.delivered import DeliveredNotes
from orchestrator.tracking.live_runs import LiveRuns
from orchestrator.tracking.run_index import RunIndex
from orchestrator.tracking.searches.candidate_runs import CandidateRuns
from orchestrator.tracking.searches.content import MirroredSearch, candidate_key
from orchestrator.tracking.searches.search_runs import SearchRuns
from orchestrator.tracking.studies.study_runs import StudyRuns
from orchestrator.tracking.studies.trial_runs import TrialRuns
from orchestrator.tracking.trial_files import TrialFiles
from reports.ledger.ledger import RECORD_FILE, Ledger, LedgerError
from reports.ledger.planned import Planned
from reports.ledger.record import Epoch, Record
from reports.ledger.search_result import SearchResult
from search_spaces.errors import StudyError
from search_spaces.trial import Trial


class Delivery:
    """Studies and searches in one MLflow; it first closes the runs of dead drivers.

    `delivered` are the keys of trials that were completed from their records, `candidates` those of
    the runs of candidates that were completed. `faults` says which records are damaged, or lack
    files that they name, and of which study there are no scores for that reason; everything else
    is delivered all the same.
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
        self._live = LiveRuns(self._index)
        files = TrialFiles(storage, max_model_mib)
        self.studies = StudyRuns(self._index, storage, asked)
        self.trials = TrialRuns(self._index, self.studies, self._live, files)
        self.searches = SearchRuns(self._index, storage)
        self._candidates = CandidateRuns(
            self._index, self.searches, self._ledger, self._live, files
        )
        self.delivered: list[str] = []
        self.candidates: list[str] = []
        self.faults: dict[str, str] = {}
        self._close_orphans()

    def catch_up(self, mirrored: Sequence[Mirrored]) -> None:
        """Deliver what the ledger has for some studies, and how candidates of searches ended."""
        for study in self.studies.follow(_studies_in(mirrored)):
            self._catch_up(study)
        for search in self.searches.follow(_searches_in(mirrored)):
            self._catch_up_search(search)

    def follow(self, mirrored: Sequence[Mirrored]) -> None:
        """Deliver the same for some studies and searches that are about to train, or do."""
        for study in self.studies.follow(_studies_in(mirrored)):
            if not self._is_recorded(study):
                self.studies.open(study)
        for search in self.searches.follow(_searches_in(mirrored)):
            if not search.result.is_complete:
                self.searches.open(search)
            self._candidates.start_late(search)
        self.catch_up(mirrored)

    def start(self, trial: Trial) -> None:
        """Set the runs of a trial to RUNNING."""
        for run in self._open_runs(trial):
            self._live.start(run)

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Log an epoch, unless the runs of its trial have it."""
        for run in self._open_runs(trial):
            self._live.epoch_done(run, epoch)

    def fail(self, trial: Trial, reason: str) -> None:
        """End the runs of a trial as failed, with the reason as a tag."""
        for run in self._open_runs(trial):
            self._live.fail(run, reason)
        self._candidates.ended(trial.key)

    def retry(self, trial: Trial, reason: str) -> None:
        """Log on the runs of a trial why it was started again, and how often by this driver."""
        for run in self._open_runs(trial):
            self._live.retry(run, reason)

    def finish(self, record: Record, *, began_here: bool = False) -> None:
        """Complete the run of a study's trial; note a damaged record as a fault."""
        try:
            if self.trials.finish(record, began_here=began_here):
                self.delivered.append(record.key)
        except LedgerError as error:
            self.faults[record.key] = str(error)

    def close(self) -> None:
        """Deliver what others wrote meanwhile, end our own runs, and note it all."""
        studies, searches = self.studies.followed.values(), self.searches.followed.values()
        if not all(self.trials.is_complete(key) for s in studies for key in s.rows_by_key):
            self._index.read()
        for study in studies:
            digests = self._digests(study.planned)
            self._catch_up(study)
            try:
                self.studies.close(study)
            except (LedgerError, StudyError) as error:  # such as a metric that is not loaded
                self.faults[study.key] = str(error)
                continue
            if all(self.trials.is_complete(key) for key in study.rows_by_key):
                self._notes.note(study.planned, *digests, self.studies.place_of(study))
        self._candidates.end_training()
        for search in searches:
            digests = self._digests(search.result)
            self._catch_up_search(search)
            self._candidates.mark_best(search)
            self.searches.close(search)
            if not self._candidates_left(search):
                self._notes.note(search.result, *digests, self.searches.place_of(search))
        for run in self._index.my_trials():
            self._index.end(run, "KILLED")

    def left(self) -> list[str]:
        """List the finished trials, and candidates that ended, whose runs are not complete."""
        studies = self.studies.followed.values()
        keys = dict.fromkeys(key for study in studies for key in study.rows_by_key)
        trials = [k for k in keys if self._is_finished(k) and not self.trials.is_complete(k)]
        searches = self.searches.followed.values()
        return [*trials, *(key for search in searches for key in self._candidates_left(search))]

    def beat(self) -> None:
        """Send a heartbeat of this driver, if it is time to."""
        self.studies.beat()
        self.searches.beat()

    def followed(self) -> list[Mirrored]:
        """List the studies and searches that are mirrored."""
        studies, searches = self.studies.followed.values(), self.searches.followed.values()
        return [*(study.planned for study in studies), *(one.result for one in searches)]

    def places(self) -> dict[str, RunPlace]:
        """Return where the runs of all studies and searches are, by their keys."""
        studies, searches = self.studies.followed, self.searches.followed
        return {
            **{key: self.studies.place_of(study) for key, study in studies.items()},
            **{key: self.searches.place_of(search) for key, search in searches.items()},
        }

    def _catch_up(self, study: MirroredStudy) -> None:
        """Complete the runs of finished trials; complete runs need no request."""
        for key in study.rows_by_key:
            if not self.trials.is_complete(key):
                self.deliver(key)
                self.studies.beat()

    def _catch_up_search(self, search: MirroredSearch) -> None:
        """Complete the runs of candidates that have ended; complete runs need no request."""
        for candidate in search.result.attempts:
            key = candidate_key(search.result, candidate)
            try:
                if self._candidates.complete(search, candidate):
                    self.candidates.append(key)
            except LedgerError as error:
                self.faults[key] = str(error)
            self.searches.beat()

    def deliver(self, key: str, *, began_here: bool = False) -> bool:
        """Complete a trial's run from the ledger; return whether the trial is finished.

        With `began_here`, this driver started the trial after it opened MLflow. A trial of a search
        alone has no such run: its candidates' runs are completed from the search's result.
        """
        self._candidates.ended(key)
        if not self.studies.of_trial(key) and self._index.find(key) is None:
            return False
        try:
            record = self._ledger.find(key)
        except LedgerError as error:
            self.faults[key] = str(error)
            return False
        if record is not None:
            self.finish(record, began_here=began_here)
        return record is not None

    def _open_runs(self, trial: Trial) -> list[Run]:
        """Find or create the runs of a trial that trains: as a study's trial, and as candidates."""
        run = self.trials.open_run(trial)
        return [*([] if run is None else [run]), *self._candidates.open_runs(trial.key)]

    def _digests(self, one: Mirrored) -> tuple[str | None, str]:
        return self._notes.digest_of_trials(one), self._notes.digest_of_tables(one)

    def _candidates_left(self, search: MirroredSearch) -> list[str]:
        """List the candidates that have ended whose runs do not say so."""
        return [
            candidate_key(search.result, candidate)
            for candidate in search.result.attempts
            if not self._candidates.is_complete(search, candidate)
        ]

    def _close_orphans(self) -> None:
        for key, run in self._index.orphans().items():
            if run.tags.get("kind") != TRIAL or not self.deliver(key):
                self._index.end(run, "KILLED")

    def _is_recorded(self, study: MirroredStudy) -> bool:
        return all(self._is_finished(key) for key in study.rows_by_key)

    def _is_finished(self, key: str) -> bool:
        return (self._ledger.folder(key) / RECORD_FILE).is_file()


def _studies_in(mirrored: Sequence[Mirrored]) -> list[Planned]:
    return [one for one in mirrored if isinstance(one, Planned)]


def _searches_in(mirrored: Sequence[Mirrored]) -> list[SearchResult]:
    return [one for one in mirrored if isinstance(one, SearchResult)]
