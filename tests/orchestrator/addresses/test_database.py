import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.addresses.database import artifacts_of, index_tags, settle
from orchestrator.errors import TrackingError

RUN = "0123456789abcdef0123456789abcdef"


def make_database(folder: Path, stored: str, run: str = RUN) -> Path:
    """Make the part of MLflow's database that holds paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(folder / "mlflow.db") as made:
        made.execute("CREATE TABLE experiments (experiment_id, name, artifact_location)")
        made.execute("CREATE TABLE runs (run_uuid, experiment_id, artifact_uri)")
        made.execute("INSERT INTO experiments VALUES (1, 'ours', ?)", [stored])
        made.execute("INSERT INTO runs VALUES (?, 1, ?)", [run, f"{stored}/{run}/artifacts"])
        made.execute("INSERT INTO experiments VALUES (2, 'theirs', ?)", [stored])
    return folder / "mlflow.db"


def places_in(database: Path) -> tuple[str, str]:
    with sqlite3.connect(database) as read:
        (location,) = read.execute("SELECT artifact_location FROM experiments WHERE name = 'ours'")
        (run,) = read.execute("SELECT artifact_uri FROM runs")
    return location[0], run[0]


@pytest.mark.parametrize("stored", ["/elsewhere", "file:///elsewhere", "s3://bucket/x"])
def test_own_database_names_what_lies_beside_it(tmp_path: Path, stored: str) -> None:
    database = make_database(tmp_path / "sto?re", stored)
    settle(database, "ours", database.parent)
    beside = (database.parent / "mlflow-artifacts").as_uri()
    assert places_in(database) == (beside, f"{beside}/{RUN}/artifacts")
    with sqlite3.connect(database) as read:
        theirs = "SELECT artifact_location FROM experiments WHERE name = 'theirs'"
        assert read.execute(theirs).fetchone() == (stored,)


def test_other_database_keeps_the_places_of_files_until_they_lie_beside_it(tmp_path: Path) -> None:
    """An older version put the artifacts of any database file into the storage folder."""
    older = tmp_path / "storage" / "mlflow-artifacts"
    (older / RUN / "artifacts").mkdir(parents=True)
    database = make_database(tmp_path / "elsewhere", older.as_uri())
    settle(database, "ours", tmp_path / "storage")
    assert places_in(database)[1] == f"{older.as_uri()}/{RUN}/artifacts"
    artifacts_of(database, RUN).mkdir(parents=True)
    settle(database, "ours", tmp_path / "storage")
    assert places_in(database)[1] == artifacts_of(database, RUN).as_uri()


def test_nothing_is_done_where_there_is_no_database_or_no_experiment(tmp_path: Path) -> None:
    settle(tmp_path / "mlflow.db", "ours", tmp_path)
    assert not (tmp_path / "mlflow.db").exists()
    (tmp_path / "mlflow.db").touch()
    settle(tmp_path / "mlflow.db", "ours", tmp_path)


def test_damaged_database_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"damaged" * 1000)
    with pytest.raises(TrackingError, match="not a database; move the file away"):
        settle(tmp_path / "mlflow.db", "ours", tmp_path)


def test_run_whose_name_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    database = make_database(tmp_path, "/elsewhere", "../../outside")
    with pytest.raises(TrackingError, match="no valid name of a run"):
        settle(database, "ours", tmp_path)


def test_run_is_found_by_a_tag_without_going_through_all(
    blank_database: Path, tmp_path: Path
) -> None:
    database = tmp_path / "mlflow.db"
    shutil.copyfile(blank_database, database)
    find = "EXPLAIN QUERY PLAN SELECT run_uuid FROM tags WHERE key = 'key' AND value = 'x'"
    for _ in range(2):
        index_tags(database)
        with closing(sqlite3.connect(database)) as read:
            told = " ".join(str(line[-1]) for line in read.execute(find))
        assert "mmer_sweep_tags (key=? AND value=?)" in told


def test_database_that_others_write_to_gets_no_index_now(
    blank_database: Path, tmp_path: Path
) -> None:
    database = tmp_path / "mlflow.db"
    shutil.copyfile(blank_database, database)
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        index_tags(database)
        writer.rollback()
        names = writer.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
    assert ("mmer_sweep_tags",) not in names
    index_tags(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
