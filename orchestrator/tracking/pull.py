"""Rebuilds a ledger from MLflow alone, and checks each file against its hash."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from orchestrator.storage.publish import publish_file
from orchestrator.storage.trials import publish_trial
from orchestrator.tracking.client import Client, Run
from orchestrator.tracking.content import STUDY, TRIAL, sha256_of_all
from orchestrator.tracking.study_runs import PLAN_FILE
from orchestrator.tracking.trial_runs import MODEL_FOLDER
from reports.ledger.files import create_once, stage, write_atomically
from reports.ledger.ledger import MODEL_FILE, PREDICTIONS_FILE, RECORD_FILE, Ledger, LedgerError
from reports.ledger.planned import Planned, plan_file, remember
from reports.ledger.record import Record
from reports.ledger.record_file import parse_record


class DamagedRunError(Exception):
    """The files of a run in MLflow differ from what its tags and its record say."""


@dataclass
class Pulled:
    """The result of a pull: keys of new trials, how many were known, and what is damaged."""

    plans: list[str] = field(default_factory=list)
    trials: list[str] = field(default_factory=list)
    num_known: int = 0
    faults: list[str] = field(default_factory=list)


def pull_ledger(client: Client, storage: Path) -> Pulled:
    """Fetch the plans, and the finished trials that the ledger lacks; no record changes.

    A damaged run is noted, and the others are fetched all the same.

    Raises:
        TrackingError: If MLflow is unreachable; fetched files stay, and the next call continues.
    """
    pulled = Pulled()
    runs = client.runs()
    for run in _of_kind(STUDY, runs):
        try:
            pulled.plans.append(_pull_plan(client, run, storage))
        except (DamagedRunError, LedgerError) as error:
            pulled.faults.append(f"study '{run.tags.get('study')}' (run {run.id}): {error}")
    for run in _of_kind(TRIAL, runs):
        if run.status == "FINISHED":
            _pull_or_note(client, run, storage, pulled)
    return pulled


def _of_kind(kind: str, runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.tags.get("kind") == kind and "key" in run.tags]


def _pull_or_note(client: Client, run: Run, storage: Path, pulled: Pulled) -> None:
    key = run.tags["key"]
    if (Ledger(storage).folder(key) / RECORD_FILE).is_file():
        pulled.num_known += 1
        return
    try:
        _pull_trial(client, run, storage)
        pulled.trials.append(key)
    except DamagedRunError as error:
        pulled.faults.append(f"trial '{key}' (run {run.id}): {error}")


def _pull_plan(client: Client, run: Run, storage: Path) -> str:
    content = _download(client, run, PLAN_FILE)
    if sha256_of_all({PLAN_FILE: content}) != run.tags.get("plan_sha256"):
        raise DamagedRunError(f"{PLAN_FILE} is not the one that its tag names")
    try:
        planned = remember(parse_json(content, Planned), storage)
    except ParseError as error:
        raise DamagedRunError(f"{PLAN_FILE} is of another version: {error}") from error
    publish_file(storage, plan_file(planned, storage))
    return planned.study.name


def _pull_trial(client: Client, run: Run, storage: Path) -> None:
    """Fetch a trial's files; if another process finishes the trial first, its files stay."""
    content = _download(client, run, RECORD_FILE)
    _check(RECORD_FILE, content, run.tags.get("record_sha256"))
    try:
        record = parse_record(content, run.tags["key"])
    except ParseError as error:
        raise DamagedRunError(
            f"{RECORD_FILE} is damaged, or of another version: {error}"
        ) from error
    predictions = _download(client, run, PREDICTIONS_FILE)
    _check(PREDICTIONS_FILE, predictions, record.result.predictions_sha256)
    models = _model_files(client, run, record)
    ledger = Ledger(storage)
    folder = ledger.folder(record.key)
    stage(folder / PREDICTIONS_FILE, predictions)
    for name, file in models.items():
        (stage if name == MODEL_FILE else write_atomically)(folder / name, file)
    create_once(folder / RECORD_FILE, content)  # byte for byte as in MLflow
    standing = ledger.find(record.key) or record
    ledger.move_into_place(standing)
    publish_trial(storage, standing)


def _model_files(client: Client, run: Run, record: Record) -> dict[str, bytes]:
    """Fetch the trained model and its tokenizer, if MLflow has them."""
    names = run.tags.get("model_files", "").split()
    files = {name: _download(client, run, f"{MODEL_FOLDER}/{name}") for name in names}
    if MODEL_FILE in files:
        _check(MODEL_FILE, files[MODEL_FILE], record.circumstances.model_sha256)
    return files


def _download(client: Client, run: Run, name: str) -> bytes:
    content = client.download(run, name)
    if content is None:
        raise DamagedRunError(f"{name} is missing")
    return content


def _check(name: str, content: bytes, sha256: str | None) -> None:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedRunError(f"{name} is not the one that was recorded: its SHA-256 differs")
