"""The candidates of a search as trials to train: what is open, then what Optuna asks for."""

import time
from collections.abc import Callable, Set
from contextlib import suppress
from typing import NamedTuple

from corpora.source.errors import CorpusError
from models.weights.errors import WeightsError
from orchestrator.cluster.assignment import Assignment
from orchestrator.search.candidate_log import CandidateLog
from orchestrator.search.search_log import Asked, SearchLog
from orchestrator.sweep.queue import LOOK_S, TrialQueue
from orchestrator.sweep.supply import Loss
from reports.ledger.record import Epoch
from search_spaces.errors import StudyError
from search_spaces.space import Point
from search_spaces.trial import Trial

MAX_ASKED = 4
"""How many candidates are asked for in one go, where the ledger answers each."""


class SearchHooks(NamedTuple):
    """What a search does for its supply.

    `make_trial` raises CorpusError, StudyError or WeightsError where a point has no trial.
    `was_stopped` says of a trial, by its key, whether it was stopped early; `on_stopped` is told of
    such a trial, which never trains again. `recall` tells the books what the log has of the
    candidates of other processes.
    """

    make_trial: Callable[[Point], Trial]
    was_stopped: Callable[[str], bool]
    on_stopped: Callable[[Trial], None]
    recall: Callable[[], None]


class SearchSupply:
    """Hands out the trials of candidates; a queue leases them and knows what to do with losses.

    A candidate whose trial has a record is answered by it; of candidates that are one trial it is
    trained once. What other processes have asked for and not told is waited for in the end, or
    trained if they died. While the journal or the storage fails nothing new is asked for.
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
        """Search until there are so many candidates.

        Args:
            log: Knows the candidates.
            queue: Empty; `books` is among its watchers.
            books: Tell the log what becomes of them.
            hooks: What the search does for its supply.
            num_candidates: In all, those of earlier runs included.
            clock: In seconds.
        """
        self._log, self._queue, self._books = log, queue, books
        self._num_candidates = num_candidates
        self._hooks = hooks
        self._clock = clock
        self._known: set[int] = set()
        self._is_asked_out = False
        self._next_look = clock() + LOOK_S
        self._take_over()

    @property
    def is_done(self) -> bool:
        """Whether all candidates were asked for, and the end of each is told."""
        return self._is_asked_out and self._queue.is_done and self._books.flush()

    @property
    def num_running(self) -> int:
        """How many trials were handed out and have not ended."""
        return self._queue.num_running

    @property
    def gpu_kinds(self) -> Set[str]:
        """None: a search knows no kinds of GPU."""
        return self._queue.gpu_kinds

    def next(self, *full: str) -> Assignment | None:
        """Lease a trial to train; None if there is none now.

        No kind of GPU is ever `full`: candidates have no share.
        """
        self.look()
        for _ in range(MAX_ASKED):
            assignment = self._queue.next(*full)
            if assignment is not None and self._is_wanted(assignment.trial):
                return assignment
            if assignment is None and not self._ask():
                return None
        return None

    def look(self) -> None:
        """See what became of what others hold, and of what could not be written."""
        self._queue.look()
        if self._clock() < self._next_look:
            return
        self._next_look = self._clock() + LOOK_S
        self._books.flush()
        with suppress(OSError):  # then at the next look
            self._hooks.recall()
        if self._is_asked_out:
            self._take_over()

    def started(self, trial: Trial) -> None:
        """Learn that a trial trains."""
        self._queue.started(trial)

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Learn the scores of one more epoch."""
        self._queue.epoch_done(trial, epoch)

    def trouble(self, trial: Trial, reason: str) -> None:
        """Learn what a trial goes on in spite of."""
        self._queue.trouble(trial, reason)

    def ended(self, trial: Trial, failure: str | None) -> None:
        """Learn that a trial's function returned or was stopped early, or why it failed."""
        if failure is None and self._hooks.was_stopped(trial.key):
            self._books.stopped(trial.key)
            self._hooks.on_stopped(trial)
            self._queue.withdraw(trial)
        else:
            self._queue.ended(trial, failure)

    def lost(self, trial: Trial, loss: Loss) -> None:
        """Learn that a trial's process is no more."""
        self._queue.lost(trial, loss)

    def _ask(self) -> bool:
        """Ask for one more candidate; whether there was one."""
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
        """Add what is open and was asked for by another process: it may be dead."""
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
        if self._books.expect(trial.key, asked.number):
            self._queue.add(Assignment(trial, self._books.row_of(asked.number)))

    def _is_wanted(self, trial: Trial) -> bool:
        """Whether a candidate still waits for a trial; if not, give it back."""
        try:
            numbers = self._books.numbers_of(trial.key)
            if any(self._log.is_open(number) for number in numbers):
                return True
        except OSError:  # to train it once too often harms nobody
            return True
        self._books.forget(trial.key)
        self._queue.withdraw(trial)
        return False
