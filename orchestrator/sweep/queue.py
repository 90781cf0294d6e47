"""Chooses the trial that a driver trains next: a missing one that no other driver trains.

The queue leases a trial when it hands it out. Every few seconds it checks trials leased by other
drivers: is there a record, or has the lease expired? A trial whose process was lost returns to the
queue, after a rest if it was lost before.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence, Set

from orchestrator.cluster.assignment import MAX_LOSSES, Assignment
from orchestrator.failures.cause import Cause
from orchestrator.failures.failure import TrialFailure, failure_of
from orchestrator.failures.workplace import Workplace, read_log
from orchestrator.storage.leases import Leases
from orchestrator.sweep.supply import Loss
from orchestrator.training.micro_batches import NotEnoughMemoryError, halve
from orchestrator.trial.watcher import Watcher
from reports.ledger.ledger import LedgerError
from reports.ledger.record import Epoch, Record
from search_spaces.trial import Trial

LOOK_S = 2.0
"""How often the queue checks the trials of other drivers."""

MAX_LOOKS = 16
"""How many trials it checks at a time: in a bucket, each may take some tenths of a second."""


RESTS_S = (0.0, 4.0, 16.0)
"""How long a trial rests that was lost once, twice, three times without one more epoch.

A kill is made good at once. Trouble of Ray or of a network may last for seconds, and would
otherwise use up all attempts of a trial in that time.
"""


class _Progress:
    """How far a trial is, where it trains, and how often it was lost without progress."""

    def __init__(self) -> None:
        self.workplace: Workplace | None = None
        self.num_epochs = 0
        self.num_epochs_at_loss = 0
        self.num_losses = 0

    def lose(self) -> int:
        """Count a loss; return the number of losses since the trial's last progress."""
        got_further = self.num_epochs > self.num_epochs_at_loss
        self.num_losses = 1 if got_further else self.num_losses + 1
        self.num_epochs_at_loss = max(self.num_epochs, self.num_epochs_at_loss)
        return self.num_losses


class TrialQueue:
    """The unfinished trials of a sweep; it tells the watchers what happens to them.

    No method raises while storage fails: the queue checks a trial again later if its record cannot
    be read. While storage fails, each call may take long. So after the first failure, the queue
    leaves the other trials for the next check.
    """

    def __init__(
        self,
        assignments: Sequence[Assignment],
        *,
        find_record: Callable[[str], Record | None],
        leases: Leases,
        watchers: Sequence[Watcher],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Queue trials, each key once; `find_record` raises OSError while storage fails."""
        self._waiting = deque(assignments)
        self._resting: list[tuple[float, Assignment]] = []
        self._elsewhere: deque[Assignment] = deque()
        self._running: dict[str, Assignment] = {}
        self._progress = {assignment.trial.key: _Progress() for assignment in assignments}
        self._gpu_kinds = {one.gpu_kind for one in assignments if one.gpu_kind is not None}
        self._find_record = find_record
        self._leases = leases
        self._watchers = watchers
        self._clock = clock
        self._next_look = clock()
        self._is_storage_silent = False

    def add(self, assignment: Assignment) -> None:
        """Queue one more trial; its key must be neither handed out nor queued already."""
        self._waiting.append(assignment)
        self._progress.setdefault(assignment.trial.key, _Progress())

    def withdraw(self, trial: Trial) -> None:
        """Remove a trial that was handed out, for good; watchers are not told."""
        del self._running[trial.key]
        self._leases.release(trial.key)

    @property
    def is_storage_silent(self) -> bool:
        """Whether storage failed at the last check; then the queue waits for the next check."""
        return self._is_storage_silent

    @property
    def is_done(self) -> bool:
        """Whether every trial is finished or given up."""
        return not (self._waiting or self._resting or self._elsewhere or self._running)

    @property
    def num_running(self) -> int:
        """How many trials were handed out and have not ended."""
        return len(self._running)

    @property
    def gpu_kinds(self) -> Set[str]:
        """The kinds of GPU that the initial trials are for."""
        return self._gpu_kinds

    def next(self, *full: str) -> Assignment | None:
        """Lease a trial to train; None if there is none now.

        It is the first trial in the queue whose kind of GPU is not `full`.
        """
        self.look()
        self._wake()
        for _ in range(MAX_LOOKS):
            assignment = None if self._is_storage_silent else self._take_waiting(full)
            if assignment is None:
                return None
            if self._is_leased(assignment):
                self._running[assignment.trial.key] = assignment
                return assignment
        return None

    def _take_waiting(self, full: Collection[str]) -> Assignment | None:
        for index, assignment in enumerate(self._waiting):
            if assignment.gpu_kind not in full:
                del self._waiting[index]
                return assignment
        return None

    def _wake(self) -> None:
        """Queue the trials first that have rested."""
        now, resting = self._clock(), self._resting
        self._waiting.extendleft(one for until, one in resting if until <= now)
        self._resting = [(until, one) for until, one in resting if until > now]

    def look(self) -> None:
        """Check the trials that other drivers hold, if it is time to."""
        if self._clock() < self._next_look:
            return
        self._next_look = self._clock() + LOOK_S
        self._is_storage_silent = False
        for _ in range(min(MAX_LOOKS, len(self._elsewhere))):
            assignment = self._elsewhere.popleft()
            try:
                if self._is_settled(assignment):
                    continue
                is_free = self._leases.is_free(assignment.trial.key)
            except OSError:
                self._try_later(assignment)
                return
            (self._waiting if is_free else self._elsewhere).append(assignment)

    def started(self, trial: Trial) -> None:
        """Note that a trial trains."""
        for watcher in self._watchers:
            watcher.started(trial)

    def placed(self, trial: Trial, workplace: Workplace) -> None:
        """Note on which machine and in which process a trial trains."""
        self._progress[trial.key].workplace = workplace
        for watcher in self._watchers:
            watcher.placed(trial, workplace)

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Note a finished epoch; its checkpoint is being written, unless it has none."""
        self._progress[trial.key].num_epochs = epoch.epoch + 1
        for watcher in self._watchers:
            watcher.epoch_done(trial, epoch)

    def trouble(self, trial: Trial, reason: str) -> None:
        """Note a problem of a trial that continues."""
        for watcher in self._watchers:
            watcher.trouble(trial, reason)

    def ended(self, trial: Trial, failure: TrialFailure | None) -> None:
        """Note that a trial's function returned, and why the trial failed if it did."""
        assignment = self._running.pop(trial.key)
        try:
            if self._is_settled(assignment):
                return
        except OSError:
            if failure is None:  # it may have a record
                self._elsewhere.append(assignment)
                return
        self._fail(trial, failure or failure_of("process", "ended without a record"))

    def lost(self, trial: Trial, loss: Loss) -> None:
        """Note that a trial's process was lost; queue the trial again, unless that cannot help."""
        assignment = self._running.pop(trial.key)
        num_losses = self._progress[trial.key].lose()
        if loss.is_out_of_memory:
            self._go_on_smaller(assignment, loss)
            return
        if num_losses > MAX_LOSSES:
            told = f"{num_losses} times without one more epoch: {loss.reason}"
            self._fail_of(trial, "process", told)
            return
        rest_s = RESTS_S[min(num_losses, len(RESTS_S)) - 1]
        if rest_s:
            self._resting.append((self._clock() + rest_s, assignment))
        elif loss.never_began:
            self._waiting.append(assignment)  # last: else one machine could take it again and again
        else:
            self._waiting.appendleft(assignment)
        self._tell_lost(trial)
        if loss.never_began:
            self.trouble(trial, f"tried again later: {loss.reason}")
        else:
            later = f" in {rest_s:.0f} s" if rest_s else ""
            told = f"its process was lost: goes on from its last epoch{later}\n{loss.reason}"
            self.trouble(trial, told)

    def _go_on_smaller(self, assignment: Assignment, loss: Loss) -> None:
        """Queue a trial that ran out of memory again, first, with smaller micro-batches."""
        trial = assignment.trial
        batch_size = trial.config.training.batch_size
        try:
            size = halve(
                assignment.micro_batch_size or batch_size,
                batch_size=batch_size,
                problem=loss.reason,
            )
        except NotEnoughMemoryError as error:
            self._fail_of(trial, "memory", str(error))
            return
        self._waiting.appendleft(assignment._replace(micro_batch_size=size))
        self._tell_lost(trial)
        reason = f"out of memory: goes on with micro-batches of {size}"
        self.trouble(trial, f"{reason}\n{loss.reason}")

    def repeat(self, trial: Trial, reason: str) -> None:
        """Queue a trial again, first, whose process ended for a reason that the caller mends."""
        self._waiting.appendleft(self._running.pop(trial.key))
        self._tell_lost(trial)
        self.trouble(trial, reason)

    def _tell_lost(self, trial: Trial) -> None:
        for watcher in self._watchers:
            watcher.lost(trial)

    def _is_leased(self, assignment: Assignment) -> bool:
        """Lease a trial that has no record, unless another driver holds it."""
        try:
            if self._is_settled(assignment):
                return False
            if self._leases.take(assignment.trial.key):
                # The driver that held it before may have written the record since.
                return not self._is_settled(assignment)
        except OSError:
            self._try_later(assignment)
            return False
        self._elsewhere.append(assignment)
        return False

    def _try_later(self, assignment: Assignment) -> None:
        """Leave this trial, and all others, until the next check."""
        self._is_storage_silent = True
        self._next_look = self._clock() + LOOK_S
        self._elsewhere.append(assignment)

    def _is_settled(self, assignment: Assignment) -> bool:
        """Tell the watchers if a trial has its record, or if its record is damaged.

        Raises:
            OSError: If the record cannot be read now.
        """
        trial = assignment.trial
        try:
            record = self._find_record(trial.key)
        except LedgerError as error:
            self._fail_of(trial, "record", str(error))
            return True
        if record is None:
            return False
        self._leases.drop(trial.key)
        for watcher in self._watchers:
            watcher.finished(record)
        return True

    def _fail_of(self, trial: Trial, cause: Cause, reason: str) -> None:
        self._fail(trial, failure_of(cause, reason))

    def _fail(self, trial: Trial, failure: TrialFailure) -> None:
        """Tell that a trial failed, and what is known of where it trained."""
        workplace = failure.workplace or self._progress[trial.key].workplace
        log = failure.log or (read_log(workplace) if workplace else ())
        failure = failure.model_copy(update={"workplace": workplace, "log": log})
        self._leases.release(trial.key)
        for watcher in self._watchers:
            watcher.failed(trial, failure)
