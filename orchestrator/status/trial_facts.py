"""All that a storage knows of one trial."""

from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from orchestrator.facts import Facts
from orchestrator.failures.cause import MEANINGS
from orchestrator.failures.notes import FailureNote
from orchestrator.status.drivers import look_at_drivers
from orchestrator.status.find_trial import FoundTrial
from reports.ledger.ledger import Ledger
from reports.ledger.record import MAIN_METRIC, Circumstances, Epoch
from reports.scores.trials import TrialScores
from search_spaces.change import flatten

State = Literal["finished", "diverged", "running", "failed", "missing"]


class Difference(Facts):
    """A field in which a trial differs from the row that others are compared with."""

    field: str
    """The field, as a row's change names it."""

    value: JsonValue
    """Its value in the trial."""

    baseline: JsonValue
    """Its value in the baseline; null if the baseline has no such field."""


class FailureFacts(Facts):
    """Why a trial failed when it was tried last."""

    cause: str
    """The kind of the cause, as in `status`."""

    cure: str
    """What helps."""

    summary: str
    """The error in one line."""

    details: str
    """The traceback, or what Ray says of a lost process."""

    where: str | None
    """Machine, process and device; null if the trial did not get so far."""

    log: tuple[str, ...]
    """The last lines that its process printed; none if they could not be read."""

    count: int
    """How often it has failed."""

    first_at: str
    """When it failed first, in UTC, ISO 8601."""

    last_at: str
    """When it failed last, in UTC, ISO 8601."""


class TrialFacts(Facts):
    """A trial, as `mmer-sweep show` prints it."""

    key: str
    """The trial's key."""

    state: State
    """`finished` has a record, `diverged` has one too; `missing` was planned, and did not end."""

    rows: tuple[str, ...]
    """The rows that it stands for, as STUDY/ROW."""

    corpus: str | None
    """The corpus; null if the trial did not end yet."""

    seed: str | None
    """The seed, with its fold if the corpus has folds; null if the trial did not end yet."""

    baseline: str | None
    """The row that the first of its rows is compared with; null if no plan names the trial."""

    differences: tuple[Difference, ...]
    """What differs from that row, by field."""

    config: dict[str, JsonValue]
    """All fields of its config, by path."""

    epochs: tuple[Epoch, ...]
    """The losses and validation scores of each epoch."""

    best_epoch: int | None
    """The number of the epoch whose model predicts, from 0 on."""

    metric: str | None
    """The metric of `test_score`."""

    test_score: float | None
    """The test score, a fraction where the metric is one."""

    circumstances: Circumstances | None
    """Where, when and how it was trained."""

    failure: FailureFacts | None
    """Why it failed when it was tried last; null if it has a record."""


def collect_trial(found: FoundTrial, storage: Path) -> TrialFacts:
    """Describe a trial.

    Raises:
        LedgerError: If its predictions are damaged.
        OSError: If the storage cannot be reached.
    """
    record, trial, config = found.record, found.trial, found.config
    fields = flatten(config) if config is not None else {}
    baseline = found.baseline
    rival = flatten(baseline[1]) if baseline is not None else fields
    metric = MAIN_METRIC[record.result.task] if record is not None else None
    score = None
    if record is not None and metric is not None and record.result.best is not None:
        score = TrialScores(Ledger(storage)).find(record, metric)
    return TrialFacts(
        key=found.key,
        state=_state_of(found, storage),
        rows=tuple(str(ref) for _, ref in found.rows),
        corpus=trial.corpus.name if trial else (found.rows[0][0].corpus if found.rows else None),
        seed=trial.seed_text if trial else None,
        baseline=baseline[0] if baseline is not None else None,
        differences=tuple(
            Difference(field=field, value=value, baseline=rival.get(field))
            for field, value in fields.items()
            if value != rival.get(field)
        ),
        config=fields,
        epochs=record.result.epochs if record else (),
        best_epoch=record.result.best_epoch if record and record.result.best else None,
        metric=metric,
        test_score=score,
        circumstances=record.circumstances if record else None,
        failure=_failure_facts(found.note) if found.note and record is None else None,
    )


def _state_of(found: FoundTrial, storage: Path) -> State:
    if found.record is not None:
        return "diverged" if found.record.result.has_diverged else "finished"
    sweeps = look_at_drivers(storage).sweeps
    if any(one.key == found.key for sweep in sweeps for one in sweep.running):
        return "running"
    return "failed" if found.note is not None else "missing"


def _failure_facts(note: FailureNote) -> FailureFacts:
    failure = note.failure
    return FailureFacts(
        cause=failure.cause,
        cure=MEANINGS[failure.cause].cure,
        summary=failure.summary,
        details=failure.details,
        where=failure.workplace.told if failure.workplace else None,
        log=failure.log,
        count=note.count,
        first_at=note.first_at,
        last_at=note.last_at,
    )
