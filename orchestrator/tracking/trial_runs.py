"""Child runs, one for each trial: created when it starts, completed from its record."""

import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from orchestrator.storage.trials import fetch_model
from orchestrator.tracking.client import Run
from orchestrator.tracking.content import (
    EPOCH_METRIC,
    Point,
    config_file,
    curves_file,
    has_former_name,
    inputs_of,
    names_row,
    points_of,
    recorded_points,
    recorded_tags,
    rows_tags,
    step_of,
    trial_name,
)
from orchestrator.tracking.run_index import PARENT, RunIndex
from orchestrator.tracking.study_runs import StudyRuns
from orchestrator.trial.code_version import code_version
from reports.ledger.ledger import (
    MODEL_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    TOKENIZER_FILE,
    Ledger,
    LedgerError,
    read_predictions,
)
from reports.ledger.record import Epoch, Predictions, Record
from search_spaces.trial import Trial

CONFIG_FILE, CURVES_FILE = "config.json", "epochs.csv"
MODEL_FOLDER = "model"
BYTES_A_PARAMETER = 4
DESCRIBED = "seed"
"""The param that every trial has; if a run has it, config and inputs were logged before."""

FAILURE = "failure"


class TrialRuns:
    """The runs of the trials of the mirrored studies.

    A trained model is uploaded to its run if it takes at most `max_model_mib`.
    """

    def __init__(
        self, index: RunIndex, studies: StudyRuns, storage: Path, max_model_mib: float
    ) -> None:
        self._index = index
        self._studies = studies
        self._storage = storage
        self._ledger = Ledger(storage)
        self._max_model_mib = max_model_mib
        self._epochs: dict[str, set[int]] = {}
        self._num_retries: Counter[str] = Counter()

    def start(self, trial: Trial) -> None:
        """Find or create a trial's run and set it to RUNNING."""
        run = self._open_run_of(trial)
        if run is not None and not self._index.is_mine(run):
            self._index.take_over(run)

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Log an epoch, unless the run has it."""
        run = self._open_run_of(trial)
        if run is not None and step_of(epoch) not in self._known_steps(run):
            self._index.client.log(run, points=points_of(epoch, int(1000 * time.time())))
            self._known_steps(run).add(step_of(epoch))

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
        record_file, predictions_file = self._read(record)
        test = _test_of(record, predictions_file)
        files: dict[str, bytes | Path] = {
            PREDICTIONS_FILE: predictions_file,
            CURVES_FILE: curves_file(record.result.epochs),
            RECORD_FILE: record_file,
        }
        models = self._model_files(record)
        self._index.client.upload(run, models, MODEL_FOLDER)
        points = recorded_points(record, self._known_steps(run), test)
        tags = recorded_tags(record, record_file, list(models))
        run = self._describe(run, record.trial, files=files, points=points, tags=tags)
        self._index.end(self._index.drop_tags(run, FAILURE), "FINISHED")
        self._epochs.pop(run.id, None)
        return True

    def is_complete(self, key: str) -> bool:
        """Whether a trial's run is finished, well named, and names all rows of the trial."""
        run = self._index.find(key)
        if run is None or run.status != "FINISHED":
            return False
        return not has_former_name(run.tags) and not self._new_tags(run, key)

    def fail(self, trial: Trial, reason: str) -> None:
        """End a trial's run as failed, with the reason as a tag."""
        run = self._open_run_of(trial)
        if run is not None:
            self._index.end(self._index.log_tags(run, {FAILURE: _first_line(reason)}), "FAILED")

    def retry(self, trial: Trial, reason: str) -> None:
        """Log on a trial's run why it was started again, and how often by this driver."""
        self._num_retries[trial.key] += 1
        run = self._open_run_of(trial)
        if run is not None:
            number = str(self._num_retries[trial.key])
            self._index.log_tags(run, {"num_retries": number, "retried": _first_line(reason)})

    def _open_run_of(self, trial: Trial) -> Run | None:
        """Find or create a trial's run; None if it was completed from the record already."""
        run = self._found_or_created(trial, trial.key, began_here=True)
        run = self._describe(run, trial)
        return None if run.status == "FINISHED" else run

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
            self._epochs[run.id] = set()
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

    def _known_steps(self, run: Run) -> set[int]:
        """Return the steps of a run's epochs, including those that an earlier driver logged."""
        if run.id not in self._epochs:
            self._epochs[run.id] = self._index.client.steps(run, EPOCH_METRIC)
        return self._epochs[run.id]

    def _read(self, record: Record) -> tuple[bytes, bytes]:
        """Read the files of a record and its predictions."""
        folder = self._ledger.folder(record.key)
        try:
            predictions = self._ledger.predictions_file(record).read_bytes()
            return (folder / RECORD_FILE).read_bytes(), predictions
        except FileNotFoundError as error:
            raise LedgerError(f"trial '{record.key}' has no record or no predictions") from error

    def _model_files(self, record: Record) -> dict[str, bytes | Path]:
        """Find the trained model and its tokenizer, if they exist and are not too large."""
        if record.result.num_parameters * BYTES_A_PARAMETER / 2**20 > self._max_model_mib:
            return {}
        try:
            fetch_model(self._storage, record)
        except OSError as error:
            raise LedgerError(
                f"model of trial '{record.key}' cannot be fetched: {error}"
            ) from error
        folder = self._ledger.folder(record.key)
        files = [folder / name for name in (MODEL_FILE, TOKENIZER_FILE)]
        there = [file for file in files if file.is_file()]
        size_mib = sum(file.stat().st_size for file in there) / 2**20
        if record.circumstances.model_sha256 is None or size_mib > self._max_model_mib:
            return {}
        return {file.name: file for file in there}


def _test_of(record: Record, predictions_file: bytes) -> Predictions | None:
    """Read the predictions on test, if a trial has any."""
    if hashlib.sha256(predictions_file).hexdigest() != record.result.predictions_sha256:
        raise LedgerError(f"predictions of trial '{record.key}' are not those that it recorded")
    if record.result.best is None:
        return None
    return read_predictions(pa.BufferReader(predictions_file), ("test",))["test"]


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
