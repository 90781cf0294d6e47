"""Tells a search what happened to the trials of its candidates."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from orchestrator.failures.failure import TrialFailure
from orchestrator.search.log import SearchLog
from orchestrator.trial.watcher import Watcher
from reports.ledger.ledger import LedgerError
from reports.ledger.record import Epoch, Record, Result
from reports.ledger.search_result import Objective, ObjectiveName
from search_spaces.study import RowRef
from search_spaces.trial import Trial

COSTS: Mapping[ObjectiveName, Callable[[Result], int | None]] = {
    "parameters": lambda result: result.num_parameters,
    "macs": lambda result: result.macs,
}


class Announce(Protocol):
    """A function that is told how a candidate ended, and its F1 if it has one."""

    def __call__(self, number: int, outcome: str, f1: float | None = None) -> None:
        """Receive the number of the candidate, how it ended, and its F1."""


class CandidateLog(Watcher):
    """A `Watcher` that writes into the log; if a write fails, it tries again later.

    Candidates with the same trial all end with it.
    """

    def __init__(
        self,
        log: SearchLog,
        search: str,
        objectives: Sequence[Objective],
        *,
        decides_alike: Callable[[Record], bool],
        count_in: Callable[[str, Mapping[int, float]], None],
        announce: Announce,
    ) -> None:
        """Log the trials of a search.

        Args:
            log: Where to write.
            search: The name of the search, in the records of its trials.
            objectives: Which scores of a record to write.
            decides_alike: Tells whether a trial decides the same for every validation utterance,
                and so has no score to rank; raises LedgerError if its predictions are damaged.
            count_in: Called with a trial's key, a number of epochs and the validation F1 after it.
            announce: Called when a candidate has ended.
        """
        self._log = log
        self._search = search
        self._objectives = objectives
        self._decides_alike = decides_alike
        self._count_in = count_in
        self._announce = announce
        self._waiting: dict[str, list[int]] = {}
        self._f1: dict[str, dict[int, float]] = {}
        self._ours: set[str] = set()
        self._stopped: set[str] = set()
        self._failures: dict[str, str] = {}
        self._later: deque[Callable[[], None]] = deque()
        self.num_failed = 0
        """Candidates whose trials failed; the next command tries them again."""

    def row_of(self, number: int) -> RowRef:
        """Name the row that a candidate's trial is trained for."""
        return RowRef(self._search, f"candidate {number}")

    def numbers_of(self, key: str) -> list[int]:
        """List the numbers of the candidates that wait for a trial."""
        return self._waiting.get(key, [])

    def expect(self, key: str, number: int) -> bool:
        """Note that a candidate waits for a trial; return whether the trial must be trained.

        That is so for the first candidate that waits for it. If the trial has ended in this
        process, the log gets the result at once.
        """
        self._waiting.setdefault(key, []).append(number)
        if key in self._stopped:
            self.stopped(key)
        elif key in self._failures:
            self._fail(key, self._failures[key])
        return self._waiting.get(key) == [number]

    def recall(self, key: str, f1: Mapping[int, float], *, was_stopped: bool) -> None:
        """Note the scores of a trial from another process, unless this process trains it."""
        if key in self._ours:
            return
        self._f1.setdefault(key, {}).update(f1)
        self._count_in(key, f1)
        if was_stopped:
            self._stopped.add(key)

    def reject(self, number: int, reason: str) -> None:
        """Note that a candidate can never give a score."""
        self._write(partial(self._log.reject, number, reason))
        self._announce(number, f"failed: {reason}")

    def refuse(self, key: str, reason: str) -> None:
        """Note that the candidates that wait for a trial can never train it."""
        for number in self._waiting.pop(key, []):
            self.reject(number, reason)

    def forget(self, key: str) -> None:
        """Stop waiting for a trial: another process logged the end of its candidates."""
        self._waiting.pop(key, None)

    def stopped(self, key: str) -> None:
        """Note that a trial was stopped early."""
        self._stopped.add(key)
        f1 = self._f1[key]
        for number in self._waiting.pop(key, []):
            self._write(partial(self._log.stop, number, f1))
            self._announce(number, f"stopped early after {max(f1)} epochs: F1 {f1[max(f1)]:.3f}")

    def started(self, trial: Trial) -> None:
        """Note that this process trains a trial, and so judges each epoch when it is done."""
        self._ours.add(trial.key)

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Note the score; later processes judge other trials by it."""
        f1 = self._f1.setdefault(trial.key, {})
        f1[epoch.epoch + 1] = epoch.main_score
        for number in self.numbers_of(trial.key):
            self._write(partial(self._log.note_f1, number, dict(f1)))

    def finished(self, record: Record) -> None:
        """Log the scores of a trial, or that it has none."""
        try:
            scores, why_none = self._scores_of(record)
        except LedgerError as error:
            self._fail(record.key, str(error))
            return
        f1 = {epoch.epoch + 1: epoch.main_score for epoch in record.result.epochs}
        self._count_in(record.key, f1)
        trained_for = RowRef(record.circumstances.study, record.circumstances.row)
        for number in self._waiting.pop(record.key, []):
            is_known = trained_for != self.row_of(number)
            self._write(partial(self._log.note_f1, number, f1))
            if is_known:
                self._write(partial(self._log.note_from_ledger, number))
            if why_none:
                self.reject(number, why_none)
                continue
            self._write(partial(self._log.finish, number, scores))
            told = f"valid F1 {scores['f1']:.3f} at epoch {record.result.best_epoch + 1}"
            self._announce(number, f"{'known already: ' * is_known}{told}", scores["f1"])

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        """Note why a trial has no record; its candidates stay open."""
        self._fail(trial.key, failure.reason)

    def flush(self) -> bool:
        """Write what could not be written before; return whether nothing is left."""
        try:
            while self._later:
                self._later[0]()
                self._later.popleft()
        except OSError:
            return False
        return True

    def _write(self, entry: Callable[[], None]) -> None:
        self._later.append(entry)
        self.flush()

    def _fail(self, key: str, reason: str) -> None:
        self._failures[key] = reason
        for number in self._waiting.pop(key, []):
            self.num_failed += 1
            self._write(partial(self._log.note_failure, number, reason))
            self._announce(number, f"failed: {reason}")

    def _scores_of(self, record: Record) -> tuple[dict[ObjectiveName, float], str]:
        """Return a trial's scores; if it has none to be ranked by, none and the reason.

        Raises:
            LedgerError: If its predictions are damaged.
        """
        result, reason = record.result, why_no_score(record, self._decides_alike)
        if result.best is None or reason:
            return {}, reason
        costs = {o.name: COSTS[o.name](result) for o in self._objectives if not o.is_maximised}
        scores = {name: float(cost) for name, cost in costs.items() if cost is not None}
        if len(scores) < len(costs):
            return {}, "its record, which is old, does not say what the model costs"
        return {"f1": result.best.main_score, **scores}, ""


def why_no_score(record: Record, decides_alike: Callable[[Record], bool]) -> str:
    """Say why a trial has no score to be ranked by; empty if it has one.

    Raises:
        LedgerError: If its predictions are damaged.
    """
    result = record.result
    if result.best is None or result.has_diverged:
        return f"diverged in epoch {(result.diverged_at_epoch or 0) + 1}"
    if decides_alike(record):
        return "it predicts the same for every validation utterance"
    return ""
