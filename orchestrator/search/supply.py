"""The candidates of a search as trials to train: open ones first, then new ones from Optuna."""

import time
from collections.abc import Callable, Set
from contextlib import suppress
from typing import NamedTuple

from corpora.source.errors import CorpusError
from models.weights.errors import WeightsError
from orchestrator.candidates.estimate import Drawn
from orchestrator.candidates.shares import CandidateShares
from orchestrator.cluster.assignment import Assignment, Share
from orchestrator.errors import FitError
from orchestrator.failures.failure import TrialFailure
from orchestrator.failures.workplace import Workplace
from orchestrator.search.candidate_log import CandidateLog
from orchestrator.search.log import Asked, SearchLog
from orchestrator.sweep.queue import LOOK_S, TrialQueue
from orchestrator.sweep.supply import Loss
from reports.ledger.record import Epoch
from search_spaces.errors import StudyError
from search_spaces.space import Point
from search_spaces.trial import Trial

MAX_ASKED = 4
"""How many candidates to ask for at a time, while the ledger has a record for each."""


class SearchHooks(NamedTuple):
    """The functions of a search that its supply calls.

    `make_trial` raises CorpusError, StudyError or WeightsError if a point has no trial.
    `was_stopped` says whether the trial with a key was stopped early. `on_stopped` is called with
    such a trial, and with one that cannot fit: they never train again. `recall` reads the scores of
    other processes' candidates from the log into the books. `shares` says which part of a device a
    candidate takes; if it is None, each takes a whole GPU, or a core.
    """

    make_trial: Callable[[Point], Trial]
    was_stopped: Callable[[str], bool]
    on_stopped: Callable[[Trial], None]
    recall: Callable[[], None]
    shares: CandidateShares | None = None


class SearchSupply:
    """Hands out the trials of candidates; a queue leases them and handles lost processes.

    If a candidate's trial has a record, the record gives its scores. A trial that several
    candidates share is trained once. At the end, the supply waits for the open candidates of other
    processes, and trains them if those processes died. While the journal or the storage fails, it
    asks for no new candidates.
    """

    def __init__(
        self,
        log: SearchLog,
        queue: TrialQueue,
        books: CandidateLog,
        hooks: SearchHooks,
        *,
        num_candidates: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Search until there are `num_candidates`.

        Args:
            log: Knows the candidates.
            queue: An empty queue; `books` is one of its watchers.
            books: Tell the log what happens to the candidates.
            hooks: The functions of the search.
            num_candidates: The total, including those of earlier runs.
            clock: Returns seconds.
        """
        self._log, self._queue, self._books = log, queue, books
        self._num_candidates = num_candidates
        self._hooks = hooks
        self._clock = clock
        self._known: set[int] = set()
        self._drawn: dict[str, Drawn] = {}
        self._shares: dict[str, Share] = {}
        self._is_asked_out = False
        self._next_look = clock() + LOOK_S
        self._take_over()

    @property
    def is_done(self) -> bool:
        """Whether the search has all its candidates, and the end of each is logged."""
        return self._is_asked_out and self._queue.is_done and self._books.flush()

    @property
    def num_running(self) -> int:
        """How many trials were handed out and have not ended."""
        return self._queue.num_running

    @property
    def gpu_kinds(self) -> Set[str]:
        """An empty set: a search does not distinguish kinds of GPU."""
        return self._queue.gpu_kinds

    def next(self, *full: str) -> Assignment | None:
        """Lease a trial to train; None if there is none now.

        No kind of GPU is ever `full`, because a search does not distinguish them.
        """
        self.look()
        for _ in range(MAX_ASKED):
            assignment = self._queue.next(*full)
            if assignment is not None and self._is_wanted(assignment.trial):
                sized = self._sized(assignment)
                if sized is not None:
                    return sized
            if assignment is None and not self._ask():
                return None
        return None

    def look(self) -> None:
        """Check the trials that others hold, and retry what could not be written."""
        self._queue.look()
        if self._clock() < self._next_look:
            return
        self._next_look = self._clock() + LOOK_S
        self._books.flush()
        with suppress(OSError):  # the next look tries again
            self._hooks.recall()
        if self._is_asked_out:
            self._take_over()

    def started(self, trial: Trial) -> None:
        """Note that a trial trains."""
        self._queue.started(trial)

    def placed(self, trial: Trial, workplace: Workplace) -> None:
        """Note on which machine and in which process a trial trains."""
        self._queue.placed(trial, workplace)

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Note the scores of one more epoch."""
        self._queue.epoch_done(trial, epoch)

    def trouble(self, trial: Trial, reason: str) -> None:
        """Note a problem of a trial that continues."""
        self._queue.trouble(trial, reason)

    def ended(self, trial: Trial, failure: TrialFailure | None) -> None:
        """Note that a trial's function returned or was stopped early, or why it failed."""
        if failure is None and self._hooks.was_stopped(trial.key):
            self._books.stopped(trial.key)
            self._hooks.on_stopped(trial)
            self._queue.withdraw(trial)
        else:
            self._queue.ended(trial, failure)

    def lost(self, trial: Trial, loss: Loss) -> None:
        """Note that a trial's process was lost.

        If a trial with a share ran out of memory, it continues with a larger share.
        """
        share = self._shares.get(trial.key)
        if not loss.is_out_of_memory or share is None or self._hooks.shares is None:
            self._queue.lost(trial, loss)
            return
        larger = self._hooks.shares.enlarge(self._drawn[trial.key], share)
        if larger is not None:
            self._shares[trial.key] = larger
            told = f"out of memory as one of {share.num_at_once}: goes on as one of"
            self._queue.repeat(trial, f"{told} {larger.num_at_once}\n{loss.reason}")
        elif loss.was_killed:  # others may have taken the memory
            self._queue.lost(trial, loss._replace(is_out_of_memory=False))
        else:
            self._hooks.on_stopped(trial)
            self._refuse(trial, self._hooks.shares.refuse(trial))

    def _ask(self) -> bool:
        """Ask for one more candidate; return whether there was one."""
        if self._is_asked_out or self._queue.is_storage_silent:
            return False
        try:
            asked = self._log.ask(self._num_candidates)
        except OSError:
            return False
        if asked is None:
            self._is_asked_out = True
            self._take_over()
            return False
        self._add(asked)
        return True

    def _take_over(self) -> None:
        """Add the open candidates of other processes, which may be dead."""
        try:
            candidates = self._log.open_candidates()
        except OSError:
            return
        for asked in candidates:
            if asked.number not in self._known:
                self._add(asked)

    def _add(self, asked: Asked) -> None:
        self._known.add(asked.number)
        try:
            trial = self._hooks.make_trial(asked.point)
        except (CorpusError, StudyError, WeightsError) as error:
            self._books.reject(asked.number, str(error))
            return
        self._drawn[trial.key] = Drawn(asked.point, trial)
        if self._books.expect(trial.key, asked.number):
            self._queue.add(Assignment(trial, self._books.row_of(asked.number)))

    def _sized(self, assignment: Assignment) -> Assignment | None:
        """Give a trial its share of a device; None if it is refused because it cannot fit."""
        trial, shares = assignment.trial, self._hooks.shares
        if shares is None:
            return assignment
        if trial.key not in self._shares:
            try:
                self._shares[trial.key] = shares.share_of(self._drawn[trial.key])
            except FitError as error:
                self._refuse(trial, str(error))
                return None
        return assignment._replace(share=self._shares[trial.key], keeps_batches_whole=True)

    def _refuse(self, trial: Trial, reason: str) -> None:
        """Give a trial back whose candidates cannot fit into any machine."""
        self._queue.withdraw(trial)
        self._books.refuse(trial.key, reason)

    def _is_wanted(self, trial: Trial) -> bool:
        """Whether a candidate still waits for a trial; if not, give the trial back."""
        try:
            numbers = self._books.numbers_of(trial.key)
            if any(self._log.is_open(number) for number in numbers):
                return True
        except OSError:  # training it once more does no harm
            return True
        self._books.forget(trial.key)
        self._queue.withdraw(trial)
        return False
