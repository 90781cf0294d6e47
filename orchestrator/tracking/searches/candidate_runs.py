"""Child runs, one for each candidate of a search: live while it trains, then as it ended.

A candidate has a run of its own, also if its trial has one below a study: one search may stop a
trial early that another search, or a study, trains to the end. The repeats of a candidate with
other seeds have runs too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from orchestrator.tracking.client import Run
from orchestrator.tracking.content import Point, recorded_points, recorded_tags
from orchestrator.tracking.live_runs import FAILURE, LiveRuns, first_line
from orchestrator.tracking.run_index import PARENT, RunIndex
from orchestrator.tracking.searches.content import (
    BEST,
    STATE,
    STATUSES,
    STOPPED_AT,
    MirroredSearch,
    candidate_key,
    candidate_name,
    f1_points,
    objective_points,
    state_tags,
)
from orchestrator.tracking.searches.search_runs import SearchRuns
from orchestrator.tracking.trial_files import MODEL_FOLDER, TrialFiles
from orchestrator.trial.code_version import code_version
from reports.ledger.ledger import Ledger
from reports.ledger.search_result import Candidate


class CandidateRuns:
    """The runs of the candidates of the mirrored searches."""

    def __init__(
        self,
        index: RunIndex,
        searches: SearchRuns,
        ledger: Ledger,
        live: LiveRuns,
        files: TrialFiles,
    ) -> None:
        self._index = index
        self._searches = searches
        self._ledger = ledger
        self._live = live
        self._files = files
        self._training: set[str] = set()

    def open_runs(self, key: str) -> list[Run]:
        """Find or create the runs of the candidates for which this driver trains a trial."""
        self._training.add(key)
        return [
            self._found_or_created(search, candidate)
            for search in self._searches.followed.values()
            for candidate in search.of_trial(key)
            if candidate.state == "running" or candidate.is_tried_again
        ]

    def start_late(self, search: MirroredSearch) -> None:
        """Open the runs of candidates that began to train before it was known that they exist."""
        for key in self._training:
            for candidate in search.of_trial(key):
                if candidate.state == "running":
                    self._live.start(self._found_or_created(search, candidate))

    def ended(self, key: str) -> None:
        """Note that this driver does not train a trial any more."""
        self._training.discard(key)

    def end_training(self) -> None:
        """Note that this driver trains nothing any more."""
        self._training.clear()

    def complete(self, search: MirroredSearch, candidate: Candidate) -> bool:
        """Bring a candidate's run up to date with how it ended; return whether that was needed.

        Raises:
            LedgerError: If a file of its record is missing or damaged, or the model cannot be
                fetched from the bucket.
        """
        is_tried_again = candidate.state == "failed" and candidate.key in self._training
        if is_tried_again or self.is_complete(search, candidate):
            return False
        run = self._found_or_created(search, candidate)
        if not self._index.is_mine(run):
            run = self._index.refresh(run)
        if self._index.is_anothers(run) or self.is_complete(search, candidate):
            return False
        points, tags, files = self._content(run, candidate)
        self._index.client.upload(run, files, None)
        tags |= state_tags(candidate)
        if candidate.failure:
            tags |= {FAILURE: first_line(candidate.failure)}
        run = self._index.log(run, points=points, params={}, tags=tags)
        stale = {FAILURE, STOPPED_AT} - tags.keys()
        self._index.end(self._index.drop_tags(run, *stale), STATUSES[candidate.state])
        self._live.forget(run)
        return True

    def is_complete(self, search: MirroredSearch, candidate: Candidate) -> bool:
        """Whether a candidate's run says how it ended, or the candidate has not ended."""
        if candidate.state == "running":
            return True
        run = self._index.find(candidate_key(search.result, candidate))
        if run is None or run.status != STATUSES[candidate.state]:
            return False
        return run.tags.get(STATE) == state_tags(candidate)[STATE]

    def mark_best(self, search: MirroredSearch) -> None:
        """Mark the best candidate, or the front, by a tag; take the mark from all others."""
        for candidate in search.result.candidates:
            run = self._index.find(candidate_key(search.result, candidate))
            if run is not None and candidate.is_best:
                self._index.log_tags(run, {BEST: "true"})
            elif run is not None:
                self._index.drop_tags(run, BEST)

    def _found_or_created(self, search: MirroredSearch, candidate: Candidate) -> Run:
        """Find or create a candidate's run with its params."""
        key = candidate_key(search.result, candidate)
        run = self._index.find(key)
        if run is None:
            tags = {
                **search.tags_of(candidate),
                "code_version": code_version(),
                PARENT: self._searches.run_of(search).id,
            }
            run = self._index.find_or_create(key, candidate_name(candidate), tags)
        params = search.params_of(candidate)
        if not params.keys() <= run.params.keys():  # new, or its driver was killed before this
            self._live.note_new(run)
            run = self._index.log(run, points=(), params=params, tags={})
        return run

    def _content(
        self, run: Run, candidate: Candidate
    ) -> tuple[Sequence[Point], dict[str, str], Mapping[str, bytes | Path]]:
        """Return points, tags and files of a candidate that has ended.

        A second delivery logs the same points: their times are those of the record or, without
        one, that at which the run began. Scores on test are left out, as they decide nothing.
        """
        time_ms = int(1000 * run.started_s)
        points = objective_points(candidate, time_ms)
        known = self._live.known_steps(run)
        record = self._ledger.find(candidate.key) if candidate.key else None
        if record is None or candidate.state == "stopped":
            return [*f1_points(candidate, known, time_ms), *points], {}, MappingProxyType({})
        files, models = self._files.read(record), self._files.models(record)
        self._index.client.upload(run, models, MODEL_FOLDER)
        tags = recorded_tags(record, files.record, list(models))
        return [*recorded_points(record, known, None), *points], tags, files.by_name
