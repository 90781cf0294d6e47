"""A database file of MLflow, read without MLflow: its finished runs, and where artifacts lie.

Artifacts lie beside the file, in `mlflow-artifacts/<run>/artifacts`, wherever it was copied or
moved. MLflow stores absolute paths. They are corrected when we open the file, for MLflow's page and
other programs.
"""

import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from orchestrator.addresses.address import is_own, sqlite_uri
from orchestrator.addresses.pages import RunPlace
from orchestrator.errors import TrackingError

FOLDER = "mlflow-artifacts"
RUN_ID = re.compile(r"\w+")
PATIENCE_S = 10.0
"""How long another program may keep a database locked."""

SAMPLE = "SELECT name FROM sqlite_master WHERE name = 'experiments'"
RUNS = """
SELECT run_uuid, artifact_uri FROM runs JOIN experiments USING (experiment_id)
WHERE experiments.name = ?
"""

FINISHED = """
SELECT tags.value, runs.experiment_id, runs.run_uuid
FROM tags JOIN runs USING (run_uuid) JOIN experiments USING (experiment_id)
WHERE experiments.name = ? AND experiments.lifecycle_stage = 'active'
AND runs.lifecycle_stage = 'active' AND runs.status = 'FINISHED' AND tags.key = 'key'
"""

TAGS_INDEX = "CREATE INDEX IF NOT EXISTS mmer_sweep_tags ON tags (key, value)"

EXPERIMENT_ID = """
SELECT experiment_id FROM experiments WHERE name = ? AND lifecycle_stage = 'active'
"""


def finished_keys(database: Path, experiment: str) -> set[str]:
    """Return the keys of all finished runs that nobody deleted; none if the file is unreadable."""
    return set(finished_runs(database, experiment))


def finished_runs(database: Path, experiment: str) -> dict[str, RunPlace]:
    """Return the same runs by their keys."""
    found = _read(database, FINISHED, experiment)
    return {key: RunPlace(str(number), run) for key, number, run in found}


def experiment_id(database: Path, experiment: str) -> str | None:
    """Return the id of an experiment that nobody deleted; None if there is none to be read."""
    return next((str(found) for (found,) in _read(database, EXPERIMENT_ID, experiment)), None)


def _read(database: Path, query: str, experiment: str) -> list[tuple[str, ...]]:
    """Read the lines that a query finds; nothing if the file is unreadable."""
    if not database.is_file():
        return []
    try:
        with closing(sqlite3.connect(database, timeout=PATIENCE_S)) as connection:
            return connection.execute(query, [experiment]).fetchall()
    except sqlite3.Error:  # whoever opens it with MLflow says what is wrong
        return []


def artifacts_beside(database: Path) -> Path:
    """Return the folder of all artifacts of a database file."""
    return database.with_name(FOLDER)


def artifacts_of(database: Path, run_id: str) -> Path:
    """Return the folder of a run's artifacts.

    Raises:
        TrackingError: If the run's name is no file name: a damaged database, or a hostile one.
    """
    if not RUN_ID.fullmatch(run_id):
        raise TrackingError(
            f"MLflow at {sqlite_uri(database)}: '{run_id}' is no valid name of a run; move the "
            "file away, and `mmer-sweep sync --all` fills a new one"
        )
    return artifacts_beside(database) / run_id / "artifacts"


def settle(database: Path, experiment: str, storage: Path) -> None:
    """Correct the stored paths of an experiment's artifacts if the database was copied or moved.

    Outside the storage folder, a path is kept if files are there and none beside the database.

    Raises:
        TrackingError: If the file is no database, or is locked.
    """
    if not database.is_file():
        return
    uri = artifacts_beside(database).as_uri()
    belongs = is_own(sqlite_uri(database), storage)
    try:
        with closing(sqlite3.connect(database, timeout=PATIENCE_S)) as connection, connection:
            if connection.execute(SAMPLE).fetchone() is None:
                return
            places = [
                (artifacts_of(database, run), run, stored)
                for run, stored in connection.execute(RUNS, [experiment])
            ]
            moved = [
                (place.as_uri(), run)
                for place, run, stored in places
                if stored != place.as_uri()
                and (belongs or not _holds_files(stored) or place.is_dir())
            ]
            location = "SELECT 1 FROM experiments WHERE name = ? AND artifact_location <> ?"
            if connection.execute(location, [experiment, uri]).fetchone():
                change = "UPDATE experiments SET artifact_location = ? WHERE name = ?"
                connection.execute(change, [uri, experiment])
            if moved:
                change = "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?"
                connection.executemany(change, moved)
    except sqlite3.Error as error:
        raise TrackingError(
            f"MLflow at {sqlite_uri(database)}: {error}; {_remedy(error)}"
        ) from error


def index_tags(database: Path) -> None:
    """Let a database find a run by a tag: without an index it goes through the tags of all runs.

    MLflow makes no such index. It only saves time, so nothing is done while others write.
    """
    if not database.is_file():
        return
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(database, timeout=0)) as connection,
        connection,
    ):
        connection.execute(TAGS_INDEX)


def _holds_files(stored: str) -> bool:
    """Whether artifacts are in the stored place: a folder of this machine, or any other place."""
    parts = urlsplit(stored)
    if parts.scheme not in ("", "file"):
        return True
    return Path(url2pathname(parts.path)).is_dir()


def _remedy(error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return "end the program that uses it, or wait"
    if isinstance(error, sqlite3.OperationalError):
        return "see whether you may write the file, and which version of MLflow made it"
    return "move the file away, and `mmer-sweep sync --all` fills a new one"
