import sqlite3
from pathlib import Path

import pytest
from mlflow.store.db.utils import create_sqlalchemy_engine

from orchestrator.addresses.address import (
    database_of,
    folder_name,
    is_own,
    shown,
    sqlite_uri,
    tracking_uri_of,
)
from orchestrator.errors import TrackingError


@pytest.mark.parametrize("name", ["plain", "what?", "100%25", "a#b?c%", "blank ä@:x"])
def test_database_is_where_its_path_says(tmp_path: Path, name: str) -> None:
    storage = tmp_path / name
    storage.mkdir()
    uri = tracking_uri_of(None, storage)
    engine = create_sqlalchemy_engine(uri)  # as MLflow does
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE here (x)")
    engine.dispose()
    with sqlite3.connect(storage / "mlflow.db") as read:
        assert read.execute("SELECT name FROM sqlite_master").fetchone() == ("here",)
    assert database_of(uri) == storage / "mlflow.db"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_given_database_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    there = f"sqlite:///{tmp_path}/x.db"
    assert tracking_uri_of("sqlite:///x.db", tmp_path) == there
    assert tracking_uri_of("sqlite:///x.db?timeout=9", tmp_path) == f"{there}?timeout=9"
    assert tracking_uri_of("http://host", tmp_path) == "http://host"


def test_question_mark_that_begins_no_options_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="write '%3F'"):
        tracking_uri_of("sqlite:////what?/x.db", tmp_path)


def test_own_address_has_one_name_wherever_the_storage_is(tmp_path: Path) -> None:
    names = {folder_name(tracking_uri_of(None, tmp_path / n), tmp_path / n) for n in "ab"}
    assert names == {"own"}
    assert not is_own(sqlite_uri(tmp_path / "a" / "mlflow.db"), tmp_path / "b")


def test_name_of_an_address_does_not_depend_on_credentials(tmp_path: Path) -> None:
    uris = ("http://host", "http://me:geheim@host", "http://***@host")
    assert len({folder_name(uri, tmp_path) for uri in uris}) == 1
    assert folder_name("http://other", tmp_path) != folder_name("http://host", tmp_path)


def test_shown_address_has_no_control_characters() -> None:
    assert shown("http://\x1b[31mhost\n") == "http://[31mhost"
