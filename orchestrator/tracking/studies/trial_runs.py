"""Child runs, one for each trial: created when it starts, completed from its record."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from orchestrator.tracking.client import Run
from orchestrator.tracking.content import (
    Point,
    config_file,
    curves_file,
    has_former_name,
    inputs_of,
    names_row,
    recorded_points,
    recorded_tags,
    rows_tags,
    trial_name,
)
from orchestrator.tracking.live_runs import FAILURE, LiveRuns
from orchestrator.tracking.run_index import PARENT, RunIndex
from orchestrator.tracking.studies.study_runs import StudyRuns
from orchestrator.tracking.trial_files import MODEL_FOLDER, TrialFiles, read_test
from orchestrator.trial.code_version import code_version
from reports.ledger.record import Record
from search_spaces.trial import Trial

CONFIG_FILE, CURVES_FILE = "config.json", "epochs.csv"
DESCRIBED = "seed"
"""The param that every trial has; if a run has it, config and inputs were logged before."""


class TrialRuns:
    """The runs of the trials of the mirrored studies."""

    def __init__(
        self, index: RunIndex, studies: StudyRuns, live: LiveRuns, files: TrialFiles
    ) -> None:
        self._index = index
        self._studies = studies
        self._live = live
        self._files = files

    def open_run(self, trial: Trial) -> Run | None:
        """Find or create the run of a trial that trains.

        None if it was completed from the record already, or if the trial is of no mirrored study.
        """
        if not self._studies.of_trial(trial.key):
            return None
        run = self._found_or_created(trial, trial.key, began_here=True)
        run = self._describe(run, trial)
        return None if run.status == "FINISHED" else run

    def finish(self, record: Record, *, began_here: bool = False) -> bool:
        """Complete a trial's run from its record; return whether there was anything to do.

        If the trial did not begin here, for example a cached one, another driver may have created
        its run.

        Raises:
            LedgerError: If the predictions are not those that the record names, or the model
                cannot be fetched from the bucket.
        """
        if self.is_complete(record.key):
            return False
        run = self._found_or_created(record.trial, record.key, began_here=began_here)
        if not self._index.is_mine(run):
            run = self._index.refresh(run)
        if run.status == "FINISHED" or self._index.is_anothers(run):
            self._describe(run, record.trial)
            return False
        files = self._files.read(record)
        test = read_test(record, files)
        models = self._files.models(record)
        self._index.client.upload(run, models, MODEL_FOLDER)
        run = self._describe(
            run,
            record.trial,
            files={**files.by_name, CURVES_FILE: curves_file(record.result.epochs)},
            points=recorded_points(record, self._live.known_steps(run), test),
            tags=recorded_tags(record, files.record, list(models)),
        )
        self._index.end(self._index.drop_tags(run, FAILURE), "FINISHED")
        self._live.forget(run)
        return True

    def is_complete(self, key: str) -> bool:
        """Whether a trial's run is finished, well named, and names all rows of the trial."""
        run = self._index.find(key)
        if run is None or run.status != "FINISHED":
            return False
        return not has_former_name(run.tags) and not self._new_tags(run, key)

    def _found_or_created(self, trial: Trial, key: str, *, began_here: bool) -> Run:
        """Find or create a trial's run; a new one has no description yet."""
        run, studies = self._index.find(key), self._studies.of_trial(key)
        if run is not None:
            return run
        if not studies:  # a run that a dead driver left, of another study
            raise LookupError(f"trial '{key}' belongs to no study that is mirrored")
        tags = {
            **studies[0].tags_of(trial, key),
            "code_version": code_version(),
            PARENT: self._studies.run_of(studies[0]).id,
        }
        run = self._index.find_or_create(key, trial_name(tags), tags, began_here=began_here)
        if DESCRIBED not in run.params:
            self._live.note_new(run)
        return run

    def _describe(
        self,
        run: Run,
        trial: Trial,
        *,
        files: Mapping[str, bytes | Path] = MappingProxyType({}),
        points: Sequence[Point] = (),
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> Run:
        """Log all rows that share a trial, with their params, together with other content."""
        key, params = run.tags["key"], {}
        if DESCRIBED not in run.params:  # new, or its driver was killed before this point
            files = {CONFIG_FILE: config_file(trial), **files}
            self._index.client.log_inputs(run, inputs_of(trial))
        self._index.client.upload(run, files, None)
        if has_former_name(run.tags):
            run = self._index.rename(run, trial_name(run.tags))
        if new_tags := self._new_tags(run, key):
            studies = self._studies.of_trial(key)
            params = {name: text for s in studies for name, text in s.params_of(trial).items()}
            tags = {**tags, **new_tags}
        if points or params or tags:
            run = self._index.log(run, points=points, params=params, tags=tags)
        return run

    def _new_tags(self, run: Run, key: str) -> dict[str, str]:
        """Return the tags for the rows that share a trial, as far as its run lacks them."""
        studies = self._studies.of_trial(key)
        rows = [str(row) for study in studies for row in study.rows_by_key[key]]
        new_rows = [row for row in rows if not names_row(run.tags, row)]
        of_studies = {study.row_tag: study.rows_text(key) for study in studies}
        return {
            **(rows_tags(run.tags, new_rows) if new_rows else {}),
            **{name: text for name, text in of_studies.items() if run.tags.get(name) != text},
        }
