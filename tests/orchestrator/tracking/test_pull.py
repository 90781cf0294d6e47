import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from orchestrator.storage.publish import locate_place
from orchestrator.tracking import pull as pull_module
from orchestrator.tracking.client import Client
from orchestrator.tracking.content import sha256_of_all
from orchestrator.tracking.pull import Pulled, pull_ledger
from reports.forms.files import write_table
from reports.forms.verdicts import write_verdicts
from reports.ledger.files import create_once, sha256_of
from reports.ledger.ledger import MODEL_FILE, PREDICTIONS_FILE, RECORD_FILE, TOKENIZER_FILE, Ledger
from reports.ledger.planned import Planned, read_planned
from reports.ledger.record import Record
from reports.ledger.record_file import record_bytes
from reports.scores.cells import collect_outcome
from reports.scores.trials import TrialScores
from reports.tables.table import build_tables
from reports.verdicts.adaptive_seeds import judge_planned
from search_spaces.catalogue import find_study
from search_spaces.trial import Trial
from tests.orchestrator.tracking.factories import (
    deliver,
    make_plan,
    plan_study,
    record_trial,
    run_of,
    runs_of,
)
from tests.reports.factories import make_circumstances, make_split, write_trial


def pull(uri: str, storage: Path) -> Pulled:
    client = Client(uri)
    client.find_experiment()
    return pull_ledger(client, storage)


def mirror_all(storage: Path, uri: str) -> tuple[Planned, list[Trial]]:
    planned, trials = make_plan(storage)
    for trial in trials:
        record_trial(storage, trial)
    deliver(storage, uri, planned)
    return planned, trials


def write_everything(storage: Path, folder: Path) -> dict[str, bytes]:
    """Write all tables and verdicts of a ledger in every form; return their bytes by name."""
    trial_scores = TrialScores(Ledger(storage))
    for planned in read_planned(Ledger(storage)):
        for table in build_tables(planned.study, [collect_outcome(planned, trial_scores)]):
            write_table(table, folder / planned.study.name)
        if planned.study.claims:
            write_verdicts(judge_planned(planned, trial_scores), "verdicts", folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_ledger_from_mlflow_alone_is_the_same_byte_by_byte(
    storage: Path, uri: str, tmp_path: Path
) -> None:
    planned, trials = mirror_all(storage, uri)
    back = tmp_path / "back"
    pulled = pull(uri, back)
    assert sorted(pulled.trials) == sorted(trial.key for trial in trials)
    assert (pulled.plans, pulled.num_known, pulled.faults) == (["depth"], 0, [])
    assert read_planned(Ledger(back)) == [planned]
    for trial in trials:
        for name in (RECORD_FILE, PREDICTIONS_FILE):
            here, there = (Ledger(place).folder(trial.key) / name for place in (storage, back))
            assert here.read_bytes() == there.read_bytes()


def test_tables_and_verdicts_of_a_pulled_ledger_are_the_same_byte_by_byte(
    storage: Path, uri: str, tmp_path: Path
) -> None:
    planned, trials = plan_study(storage, find_study("layers"), num_seeds=2)
    for trial in trials[1:]:  # one is missing
        record_trial(storage, trial)
    deliver(storage, uri, planned)
    pull(uri, tmp_path / "back")
    ours = write_everything(storage, tmp_path / "ours")
    assert ours == write_everything(tmp_path / "back", tmp_path / "theirs")
    assert {Path(name).suffix for name in ours} == {".tex", ".csv", ".json", ".md", ".html"}
    assert any("verdicts" in name for name in ours)


def test_second_pull_changes_nothing(storage: Path, uri: str, tmp_path: Path) -> None:
    _, trials = mirror_all(storage, uri)
    back = tmp_path / "back"
    pull(uri, back)
    record = Ledger(back).folder(trials[0].key) / RECORD_FILE
    record.write_bytes(b"{}")  # of whatever content: a record is never overwritten
    again = pull(uri, back)
    assert (again.trials, again.num_known) == ([], 4)
    assert record.read_bytes() == b"{}"


def test_model_comes_back_if_it_was_kept(storage: Path, uri: str, tmp_path: Path) -> None:
    planned, (trial, *_) = make_plan(storage)
    record = record_trial(storage, trial)
    folder = Ledger(storage).folder(trial.key)
    (folder / MODEL_FILE).write_bytes(b"weights")
    (folder / TOKENIZER_FILE).write_bytes(b"{}")
    sha256 = sha256_of(folder / MODEL_FILE)
    kept = record.circumstances.model_copy(update={"model_sha256": sha256})
    (folder / RECORD_FILE).write_text(
        record.model_copy(update={"circumstances": kept}).model_dump_json()
    )
    deliver(storage, uri, planned, max_model_mib=1.0)
    pull(uri, tmp_path / "back")
    back = Ledger(tmp_path / "back").folder(trial.key)
    assert (back / MODEL_FILE).read_bytes() == b"weights"
    assert (back / TOKENIZER_FILE).read_bytes() == b"{}"


def test_ledger_is_pulled_into_a_bucket_also_without_its_models(
    storage: Path, uri: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned, (trial, *_) = make_plan(storage)
    kept = make_circumstances(model_sha256="f" * 64)
    write_trial(Ledger(storage), trial, make_split(0, 1), circumstances=kept)
    deliver(storage, uri, planned)
    for machine in ("here", "there"):
        monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / machine))
        mirror = locate_place(bucket)
        if machine == "here":
            assert pull(uri, mirror).trials == [trial.key]
            assert locate_place(bucket) == mirror
    assert [record.key for record in Ledger(mirror).records()] == [trial.key]
    assert read_planned(Ledger(mirror)) == [planned]


def test_record_that_another_wrote_meanwhile_keeps_its_predictions(
    storage: Path, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, trials = mirror_all(storage, uri)
    back = Ledger(tmp_path / "back")
    others: list[Record] = []

    def write_first(path: Path, content: bytes) -> bool:
        if not others:
            trial = next(one for one in trials if one.key == path.parent.name)
            others.append(write_trial(Ledger(tmp_path / "other"), trial, make_split(0, 3)))
            other = Ledger(tmp_path / "other").folder(trial.key)
            shutil.copytree(other, path.parent, dirs_exist_ok=True)
        return create_once(path, content)

    monkeypatch.setattr(pull_module, "create_once", write_first)
    assert len(pull(uri, back.storage).trials) == 4
    assert back.find(others[0].key) == others[0]
    back.predictions(others[0])  # raises unless they are those of the record


def artifacts(run: Run) -> Path:
    """Return the folder that holds a run's files: without a server it is one of this machine."""
    return Path(run.info.artifact_uri.removeprefix("file://"))


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        (RECORD_FILE, b"{}", "record.json is not the one that was recorded"),
        (PREDICTIONS_FILE, b"", "predictions.parquet is not the one that was recorded"),
        (PREDICTIONS_FILE, None, "predictions.parquet is missing"),
        (RECORD_FILE, None, "record.json is missing"),
    ],
)
def test_damaged_run_is_told_and_the_others_pulled(
    storage: Path, uri: str, tmp_path: Path, name: str, content: bytes | None, fault: str
) -> None:
    _, trials = mirror_all(storage, uri)
    path = artifacts(run_of(uri, trials[0].key)) / name
    path.unlink() if content is None else path.write_bytes(content)
    pulled = pull(uri, tmp_path / "back")
    assert len(pulled.trials) == 3
    (told,) = pulled.faults
    assert fault in told
    assert trials[0].key in told
    assert Ledger(tmp_path / "back").find(trials[0].key) is None


def test_plan_that_was_changed_there_is_told(storage: Path, uri: str, tmp_path: Path) -> None:
    mirror_all(storage, uri)
    (parent,) = runs_of(uri, "study")
    (artifacts(parent) / "plan.json").write_text("{}")
    pulled = pull(uri, tmp_path / "back")
    assert "plan.json is not the one that its tag names" in pulled.faults[0]
    assert len(pulled.trials) == 4


def stray_key(run: Run, record: Record, planned: Planned) -> dict[str, str]:
    content = record_bytes(record.model_copy(update={"key": "../../stray"}))
    (artifacts(run) / RECORD_FILE).write_bytes(content)
    return {"key": "../../stray", "record_sha256": sha256(content).hexdigest()}


def stray_model_file(run: Run, record: Record, planned: Planned) -> dict[str, str]:
    (artifacts(run) / "model").mkdir()
    (artifacts(run) / "stray").write_text("anything")
    return {"model_files": "../stray"}


def file_that_a_model_has_not(run: Run, record: Record, planned: Planned) -> dict[str, str]:
    (artifacts(run) / "model").mkdir()
    (artifacts(run) / "model" / "stray").write_text("anything")
    return {"model_files": "stray"}


@pytest.mark.parametrize("stray", [stray_key, stray_model_file, file_that_a_model_has_not])
def test_trial_whose_names_lead_elsewhere_is_refused(
    storage: Path, uri: str, tmp_path: Path, stray: Callable[..., dict[str, str]]
) -> None:
    planned, (trial, *_) = mirror_all(storage, uri)
    run, record = run_of(uri, trial.key), Ledger(storage).find(trial.key)
    for name, value in stray(run, record, planned).items():
        MlflowClient(tracking_uri=uri).set_tag(run.info.run_id, name, value)
    pulled = pull(uri, tmp_path / "deep" / "back")
    (fault,) = pulled.faults
    assert "is no name of a file" in fault or "is no file of a model" in fault
    assert len(pulled.trials) == 3
    assert not list(tmp_path.glob("deep/**/stray*"))


def test_plan_whose_name_leads_elsewhere_is_refused(
    storage: Path, uri: str, tmp_path: Path
) -> None:
    planned, _ = mirror_all(storage, uri)
    (parent,) = runs_of(uri, "study")
    content = planned.model_copy(update={"corpus": "../../../stray"}).model_dump_json().encode()
    (artifacts(parent) / "plan.json").write_bytes(content)
    digest = sha256_of_all({"plan.json": content})
    MlflowClient(tracking_uri=uri).set_tag(parent.info.run_id, "plan_sha256", digest)
    pulled = pull(uri, tmp_path / "deep" / "back")
    assert "'../../../stray-tiny' is no name of a file" in pulled.faults[0]
    assert not list(tmp_path.glob("deep/**/stray*"))
