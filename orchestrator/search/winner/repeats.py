"""Trials of a search's best candidates with more seeds: what comes next, and how it ended.

Nothing about them is stored but their records: which trials come next follows from the scores of
the candidates and from these records. So every process that looks comes to the same trials.
"""

from collections.abc import Callable
from functools import partial

from orchestrator.failures.failure import TrialFailure, failure_of
from orchestrator.search.candidate_log import why_no_score
from orchestrator.search.search import Search
from orchestrator.storage.patience import PATIENCE
from orchestrator.storage.trials import fetch_record
from orchestrator.trial.watcher import Watcher
from reports.ledger.ledger import Ledger, LedgerError
from reports.ledger.record import Record
from reports.ledger.search_result import Candidate, SearchResult
from reports.scores.trials import decides_alike_on_valid
from reports.search.winner.statement import Pair, next_repeats
from search_spaces.space import Point
from search_spaces.study import RowRef
from search_spaces.trial import Trial


class Repeats(Watcher):
    """The further trials of one search; as a `Watcher` of them, it notes how they end.

    `result` is the search with all of them so far. `num_failed` counts those that failed; the next
    command tries them again.
    """

    def __init__(
        self, search: Search, result: SearchResult, *, on_change: Callable[[SearchResult], None]
    ) -> None:
        """Collect the further trials of a search.

        Args:
            search: The search.
            result: Its result, in which all candidates have ended.
            on_change: Called with the result when there is something to train, and when one of
                these trials has ended.
        """
        self.result = result
        self.num_failed = 0
        self._search = search
        self._on_change = on_change
        self._decides_alike = partial(decides_alike_on_valid, Ledger(search.storage))
        self._candidates = {one.number: one for one in self.result.candidates}
        self._repeats: dict[Pair, Candidate] = {}
        self._pairs: dict[str, Pair] = {}

    def plan(self) -> dict[str, tuple[Trial, RowRef]]:
        """Find the trials that come next and have no record, by key.

        Returns:
            The trials; none if the winner has all its fresh seeds, or if no candidate is finished.

        Raises:
            CorpusError, StudyError, WeightsError: If a candidate has no trial any more.
            LedgerError: If a record or its predictions are damaged.
            OSError: If the storage was unreachable for too long.
        """
        while pairs := next_repeats(self.result):
            trials = {pair: self._trial(pair) for pair in pairs}
            for pair, trial in trials.items():
                self._pairs[trial.key] = pair
                record = PATIENCE.at_start(fetch_record, self._search.storage, trial.key)
                self._note(pair, self._repeat(trial, record))
            missing = {p: t for p, t in trials.items() if self._repeats[p].state == "running"}
            if missing:
                self._on_change(self.result)
                return {trial.key: (trial, self._row(pair)) for pair, trial in missing.items()}
        return {}

    def finished(self, record: Record) -> None:
        """Note the score of a trial."""
        try:
            repeat = self._repeat(record.trial, record)
        except (LedgerError, OSError) as error:
            self.failed(record.trial, failure_of("record", str(error)))
            return
        self._note(self._pairs[record.key], repeat)
        self._on_change(self.result)

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        """Note why a trial has no record; the next command trains it again."""
        self.num_failed += 1
        why = {"state": "failed", "failure": failure.reason, "is_tried_again": True}
        pair = self._pairs[trial.key]
        self._note(pair, self._repeats[pair].model_copy(update=why))
        self._on_change(self.result)

    def _trial(self, pair: Pair) -> Trial:
        number, seed = pair
        one = self._candidates[number]
        return self._search.points.trial(
            Point(one.system, dict(one.values), dict(one.change)), seed
        )

    def _row(self, pair: Pair) -> RowRef:
        """Name what a trial is trained for, as for the candidate itself."""
        return RowRef(self._search.name, f"candidate {pair[0]}")

    def _repeat(self, trial: Trial, record: Record | None) -> Candidate:
        """Describe a trial as it ended, or as one that is to train.

        Raises:
            LedgerError: If the predictions of its record are damaged.
            OSError: If these could not be read for too long.
        """
        number, seed = pair = self._pairs[trial.key]
        known = self._candidates[number]
        begun = Candidate(
            number=number,
            seed=seed,
            system=known.system,
            values=known.values,
            change=known.change,
            state="running",
            key=trial.key,
        )
        if record is None:
            return begun
        failure = PATIENCE.at_start(why_no_score, record, self._decides_alike)
        trained_for = RowRef(record.circumstances.study, record.circumstances.row)
        best = record.result.best
        ended = {
            "state": "failed" if failure else "finished",
            "failure": failure,
            "scores": {} if failure or best is None else {"f1": best.main_score},
            "num_epochs": len(record.result.epochs),
            "from_ledger": trained_for != self._row(pair),
        }
        return begun.model_copy(update=ended)

    def _note(self, pair: Pair, repeat: Candidate) -> None:
        self._repeats[pair] = repeat
        repeats = {"repeats": tuple(self._repeats.values())}
        self.result = self.result.model_copy(update=repeats)
