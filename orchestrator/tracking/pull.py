"""Rebuilds a ledger from MLflow alone, and checks each file against its hash.

Whoever may write to that MLflow chose the names of what is fetched. So a name that would lead out
of its folder is refused.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from corpora.parsing.sealed import parse_sealed
from orchestrator.storage.publish import publish_file
from orchestrator.storage.trials import publish_trial
from orchestrator.tracking.client import Client, Run
from orchestrator.tracking.content import CANDIDATE, REPEAT, SEARCH, STUDY, TRIAL, sha256_of_all
from orchestrator.tracking.parent_runs import hash_tag
from orchestrator.tracking.searches.content import PULLED, TRIAL_KEY
from orchestrator.tracking.searches.search_runs import FILES
from orchestrator.tracking.studies.study_runs import PLAN_FILE
from orchestrator.tracking.trial_files import MODEL_FOLDER
from reports.ledger.files import create_once, stage, write_atomically
from reports.ledger.ledger import (
    MODEL_FILE,
    PREDICTIONS_FILE,
    RECORD_FILE,
    TOKENIZER_FILE,
    Ledger,
    LedgerError,
)
from reports.ledger.planned import Planned, plan_file, remember
from reports.ledger.record import Record
from reports.ledger.record_file import parse_record
from reports.ledger.search_result import RESULT_FILE, SearchResult, search_folder

RECORD_HASH = hash_tag("record")
"""The tag of a run that holds a record."""


class DamagedRunError(Exception):
    """The files of a run in MLflow differ from what its tags and its record say."""


@dataclass
class Pulled:
    """The result of a pull: new searches and trials, what was known, and what is damaged."""

    plans: list[str] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    trials: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @property
    def num_known(self) -> int:
        """How many trials were here already."""
        return len(self.known)


def pull_ledger(client: Client, storage: Path) -> Pulled:
    """Fetch the plans, and the searches and finished trials that are not here; no record changes.

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
    for run in _of_kind(SEARCH, runs):
        try:
            pulled.searches += _pull_search(client, run, storage)
        except DamagedRunError as error:
            pulled.faults.append(f"search '{run.tags.get('search')}' (run {run.id}): {error}")
    for run in _of_kind(TRIAL, runs):
        if run.status == "FINISHED":
            _pull_or_note(client, run, run.tags["key"], storage, pulled)
    for run in (*_of_kind(CANDIDATE, runs), *_of_kind(REPEAT, runs)):
        if RECORD_HASH in run.tags:
            _pull_or_note(client, run, run.tags[TRIAL_KEY], storage, pulled)
    return pulled


def _of_kind(kind: str, runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.tags.get("kind") == kind and "key" in run.tags]


def _pull_or_note(client: Client, run: Run, key: str, storage: Path, pulled: Pulled) -> None:
    if key in pulled.trials:  # a candidate shares it with a study, or with another candidate
        return
    try:
        _check_names(key)
        if (Ledger(storage).folder(key) / RECORD_FILE).is_file():
            pulled.known.add(key)
            return
        _pull_trial(client, run, key, storage)
        pulled.trials.append(key)
    except DamagedRunError as error:
        pulled.faults.append(f"trial '{key}' (run {run.id}): {error}")


def _pull_search(client: Client, run: Run, storage: Path) -> list[str]:
    """Fetch the files of a search, unless there is one of its name; the result comes last.

    The candidates' trials are fetched from their own runs. The journal is not in MLflow, so `tune`
    begins a search of that name anew. Files of Python code are not fetched: somebody runs them.

    Returns:
        The name of the search; none if there is one of its name.
    """
    names = run.tags.get(FILES, "").split()
    if not names:  # its driver was killed before it delivered any
        return []
    _check_names(*names)
    files = {name: _download(client, run, name) for name in names}
    if sha256_of_all(files) != run.tags.get(hash_tag(FILES)):
        raise DamagedRunError("its files are not those that its tag names")
    whole = files.pop(RESULT_FILE, b"")
    try:
        result = parse_sealed(whole, SearchResult)
    except ParseError as error:
        raise DamagedRunError(f"{RESULT_FILE} is of another version: {error}") from error
    _check_names(result.name)
    folder = search_folder(result.name, storage)
    if (folder / RESULT_FILE).is_file():
        return []
    for name, content in files.items():
        if Path(name).suffix in PULLED:
            write_atomically(folder / name, content)
    write_atomically(folder / RESULT_FILE, whole)
    return [result.name]


def _pull_plan(client: Client, run: Run, storage: Path) -> str:
    content = _download(client, run, PLAN_FILE)
    if sha256_of_all({PLAN_FILE: content}) != run.tags.get("plan_sha256"):
        raise DamagedRunError(f"{PLAN_FILE} is not the one that its tag names")
    try:
        planned = parse_json(content, Planned)
    except ParseError as error:
        raise DamagedRunError(f"{PLAN_FILE} is of another version: {error}") from error
    _check_names(*planned.place)
    planned = remember(planned, storage)
    publish_file(storage, plan_file(planned, storage))
    return planned.study.name


def _pull_trial(client: Client, run: Run, key: str, storage: Path) -> None:
    """Fetch a trial's files; if another process finishes the trial first, its files stay."""
    content = _download(client, run, RECORD_FILE)
    _check(RECORD_FILE, content, run.tags.get(RECORD_HASH))
    try:
        record = parse_record(content, key)
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
    if other := [name for name in names if name not in (MODEL_FILE, TOKENIZER_FILE)]:
        raise DamagedRunError(f"'{other[0]}' is no file of a model")
    files = {name: _download(client, run, f"{MODEL_FOLDER}/{name}") for name in names}
    if MODEL_FILE in files:
        _check(MODEL_FILE, files[MODEL_FILE], record.circumstances.model_sha256)
    return files


def _check_names(*names: str) -> None:
    """Make sure that each names a file or a folder within another one.

    Raises:
        DamagedRunError: If it could lead elsewhere.
    """
    for name in names:
        if name in ("", ".", "..") or Path(name).name != name:
            raise DamagedRunError(f"'{name}' is no name of a file")


def _download(client: Client, run: Run, name: str) -> bytes:
    content = client.download(run, name)
    if content is None:
        raise DamagedRunError(f"{name} is missing")
    return content


def _check(name: str, content: bytes, sha256: str | None) -> None:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedRunError(f"{name} is not the one that was recorded: its SHA-256 differs")
