import os
import shutil
from pathlib import Path

import pytest

from orchestrator.addresses.spool import SPOOL_FOLDER
from orchestrator.doctor.tracking import ask_mlflow, look_at_mlflow
from tests.orchestrator.doctor.factories import wanted


def test_database_that_is_not_there_is_made_later(tmp_path: Path) -> None:
    (found,) = look_at_mlflow(wanted(tmp_path))
    assert (found.level, "is made by the first sweep" in found.text) == ("ok", True)
    assert not list(tmp_path.iterdir())


def test_database_answers(tmp_path: Path, blank_database: Path) -> None:
    shutil.copy(blank_database, tmp_path / "mlflow.db")
    facts = ask_mlflow(f"sqlite:///{tmp_path}/mlflow.db")
    assert (facts.has_experiment, facts.fault) == (False, "")


def test_file_that_is_no_database_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database at all", encoding="utf-8")
    (found,) = look_at_mlflow(wanted(tmp_path))
    assert (found.level, "is not a database" in found.text) == ("note", True)
    assert "sweeps train all the same" in found.advice


def test_server_that_is_away_is_a_note() -> None:
    facts = ask_mlflow("http://me:secret@127.0.0.1:9")
    assert facts.fault.startswith("MLflow at http://***@127.0.0.1:9: ")
    assert "secret" not in facts.fault


def test_server_that_only_the_file_names_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMER_SWEEP_CONFIG", str(tmp_path / "config"))
    uri = "http://me:secret@127.0.0.1:9"
    settings = wanted(tmp_path, tracking_uri=uri, is_mlflow_unconfirmed=True)
    (found,) = look_at_mlflow(settings)
    assert (found.level, "secret" in found.text) == ("problem", False)


def test_what_waits_is_told(tmp_path: Path) -> None:
    note = tmp_path / SPOOL_FOLDER / "abc" / "layers" / "synthetic-tiny"
    note.parent.mkdir(parents=True)
    note.write_bytes(os.fsencode("http://mlflow.example"))
    *_, found = look_at_mlflow(wanted(tmp_path))
    assert found.text == "something waits for MLflow at http://mlflow.example"
    assert found.advice == "`mmer-sweep sync` delivers it"
