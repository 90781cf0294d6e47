"""Mirrors a running sweep or search to MLflow, in its own thread: no trial waits for it."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from orchestrator.addresses.address import is_own
from orchestrator.addresses.named import note_named
from orchestrator.addresses.pages import RunPlace, experiment_page, is_server, run_page, web_address
from orchestrator.addresses.spool import Mirrored, read_spooled, spool, unspool
from orchestrator.errors import TrackingError
from orchestrator.failures.failure import TrialFailure
from orchestrator.redaction import without_secrets
from orchestrator.tracking.backlog import Backlog
from orchestrator.tracking.delivered import DeliveredNotes, key_of
from orchestrator.tracking.delivery import Delivery
from orchestrator.tracking.orphans import BEAT_S
from orchestrator.trial.watcher import Watcher
from reports.ledger.planned import Planned
from reports.ledger.record import Epoch, Record
from reports.ledger.search_result import SearchResult, search_folder, write_result
from search_spaces.trial import Trial

RECONNECT_S = 60.0
"""How long to wait after an error of MLflow; the ledger then says what MLflow missed."""

SILENCE_S, CLOSE_S = 30.0, 120.0
"""How long the end of a sweep waits: for an MLflow that is silent, and in total."""


class MlflowMirror(Watcher):
    """Mirrors studies and searches to one MLflow; a `Watcher` of their trials.

    Only `close` waits for MLflow, for a limited time. MLflow gets no request, and is not even
    loaded, before there is a study or a search to follow of which it may lack something. `remark`
    says what the user should know of this MLflow, if anything.
    """

    def __init__(self, storage: Path, tracking_uri: str, *, max_model_mib: float = 0.0) -> None:
        self._storage = storage
        self._tracking_uri = tracking_uri
        self._max_model_mib = max_model_mib
        self._notes = DeliveredNotes(storage, tracking_uri)
        self._followed: dict[tuple[str, str], Mirrored] = {}
        self._asked: set[tuple[str, str]] = set()
        self._places: dict[str, RunPlace] = {}
        self._backlog = Backlog()
        self._failure: str | None = None
        self.remark: str | None = None
        self._answered_at = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="mlflow-mirror", daemon=True)

    def follow(
        self, planned: Sequence[Planned], asked: Iterable[tuple[str, str]] | None = None
    ) -> None:
        """Mirror some studies from now on; the spool keeps what is not delivered at the end.

        Args:
            planned: The studies, with all seeds that were ever planned.
            asked: The trials that this sweep is to finish, each as its study's name and its key; by
                default all.
        """
        every = ((one.study.name, key) for one in planned for key in one.rows_by_key)
        self._asked.update(every if asked is None else asked)
        self._follow(planned)

    def follow_search(self, result: SearchResult) -> None:
        """Mirror a search from now on, as far as it has come; again whenever it has come further.

        The result is written into the search's folder, where `sync` finds it after a kill.
        """
        write_result(result, search_folder(result.name, self._storage))
        self._follow([result])

    def _follow(self, mirrored: Sequence[Mirrored]) -> None:
        self._followed |= {one.place: one for one in mirrored}
        if not self._has_begun:
            if not self._notes.have(mirrored):
                self._begin()
            return
        spool(mirrored, self._storage, self._tracking_uri)
        places = [one.place for one in mirrored]
        self._backlog.put(lambda delivery: delivery.follow([self._followed[p] for p in places]))

    def started(self, trial: Trial) -> None:
        """Open the trial's run."""
        self._backlog.put(lambda delivery: delivery.start(trial), trial.key, is_in_record=True)

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Log an epoch's scores at its step."""
        self._backlog.put(
            lambda delivery: delivery.epoch_done(trial, epoch), trial.key, is_in_record=True
        )

    def finished(self, record: Record) -> None:
        """Complete and end the trial's run."""
        self._backlog.put_finished(record.key)

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        """End the trial's run as failed."""
        self._backlog.put(lambda delivery: delivery.fail(trial, failure.reason), trial.key)

    def trouble(self, trial: Trial, reason: str) -> None:
        """Note on the trial's run why the trial was started again."""
        self._backlog.put(lambda delivery: delivery.retry(trial, reason), trial.key)

    def close(self) -> str | None:
        """Wait until everything is mirrored, MLflow is silent, or it takes too long.

        Returns:
            What went wrong, if MLflow lacks something; the ledger is complete all the same.
        """
        if not self._has_begun and not all(map(self._notes.has_tables, self._followed.values())):
            self._begin()
        self._backlog.close()
        closed_at = time.monotonic()
        while self._thread.is_alive():
            self._thread.join(0.1)
            now = time.monotonic()
            if now - max(self._answered_at, closed_at) > SILENCE_S:
                return self._failure or f"no answer for {SILENCE_S:.0f} s"
            if now - closed_at > CLOSE_S:
                return f"not everything was delivered within {CLOSE_S:.0f} s"
        return self._failure

    def page(self) -> str | None:
        """Return the address of the page that shows what was mirrored, once it is closed.

        For one study or search that is the page of its run, for several that of all runs. None if
        MLflow has none of them.
        """
        known = (
            self._places.get(key_of(one)) or self._notes.place(one)
            for one in self._followed.values()
        )
        places = [place for place in known if place is not None]
        if not places:
            return None
        page = run_page(*places) if len(places) == 1 else experiment_page(places[0].experiment)
        return f"{web_address(self._tracking_uri)}/{page}"

    @property
    def num_waiting(self) -> int:
        """How many trials wait to be delivered, or to be delivered completely."""
        return self._backlog.num_trials

    @property
    def _has_begun(self) -> bool:
        return self._thread.ident is not None

    def _begin(self) -> None:
        spool(self._followed.values(), self._storage, self._tracking_uri)
        self._thread.start()

    def _work(self) -> None:
        """Mirror events; after an error, start again from the ledger, and once more at the end."""
        while True:
            is_last = self._backlog.is_at_end
            try:
                self._failure = self._mirror()
                return
            except TrackingError as error:
                self._failure = str(error)
            except Exception as error:  # `close` reports it: the mirror must not end the sweep
                self._failure = without_secrets(f"{type(error).__name__}: {error}")
            if is_last:
                return
            self._backlog.drop_for(RECONNECT_S)

    def _mirror(self) -> str | None:
        """Deliver the spool, then events until the end; return which records have faults."""
        delivery = Delivery(
            self._storage,
            self._tracking_uri,
            max_model_mib=self._max_model_mib,
            on_answer=self._note_answer,
            asked=self._asked,
        )
        self.remark = delivery.remark or self.remark
        delivery.catch_up(read_spooled(self._storage, self._tracking_uri))
        delivery.follow(list(self._followed.values()))
        while not self._backlog.is_at_end:
            for call in self._backlog.take(BEAT_S):
                call(delivery)
            delivery.beat()
        delivery.close()
        self._places = delivery.places()
        if delivery.faults:
            return "; ".join(delivery.faults.values())
        unspool(delivery.followed(), self._storage, self._tracking_uri)
        return None

    def _note_answer(self) -> None:
        self._answered_at = time.monotonic()


@contextmanager
def mirrored_to_mlflow(
    storage: Path, tracking_uri: str, console: Console, *, max_model_mib: float = 0.0
) -> Iterator[MlflowMirror]:
    """Mirror the events inside the block; at the end, wait for MLflow, and print its page.

    An address other than the storage folder's own was named by this user, so it is noted as such.
    """
    if not is_own(tracking_uri, storage):
        note_named(tracking_uri)
    mirror = MlflowMirror(storage, tracking_uri, max_model_mib=max_model_mib)
    try:
        yield mirror
    finally:
        with console.status("mirroring to MLflow"):
            failure = mirror.close()
        if mirror.remark is not None:
            console.print(mirror.remark, style="yellow", markup=False)
        if failure is not None:
            console.print(
                f"MLflow lacks some of this: {failure}\n"
                "The ledger is complete. `mmer-sweep sync`, or the next sweep, delivers the rest.",
                style="yellow",
                markup=False,
            )
        page = mirror.page()
        if page is not None:
            when = "" if is_server(tracking_uri) else ", while `mmer-sweep ui` runs"
            console.print(f"MLflow shows it{when}:\n  {page}", soft_wrap=True, markup=False)
