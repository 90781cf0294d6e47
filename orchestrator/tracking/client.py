"""The requests of the mirror to MLflow; the only file that imports MLflow.

A request is sent once and never retried automatically: MLflow may have handled a request that timed
out, and a second request could create a second run. Before a retry, the caller reads what is there.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.addresses.address import database_of, shown
from orchestrator.addresses.database import artifacts_beside, artifacts_of, index_tags, settle
from orchestrator.addresses.pages import EXPERIMENT_KIND, TRAINING_KIND
from orchestrator.errors import TrackingError
from orchestrator.redaction import without_secrets
from orchestrator.tracking.content import Input, Point, split_batches
from reports.ledger.files import stream_atomically, write_atomically

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

EXPERIMENT = "mmer-sweep"
SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Settings of MLflow's client, unless the environment sets them; the timeout is in seconds."""

LAST_CREATOR = "last_creator"
"""The tag of the experiment that names the last creator of runs."""

PAGE_SIZE = 1000

NEW_FILE = "move the file away, and `mmer-sweep sync --all` fills a new one"
REMEDIES = {
    "No module named": "install the Python package that it names: this kind of database needs it",
    "out-of-date database schema": "another version of MLflow made this database: if an older one, "
    "`mlflow db upgrade` brings it up to date; if a newer one, update MLflow here",
    "Can't locate revision": "a newer version of MLflow made this database: update MLflow here",
    "not a database": NEW_FILE,
    "malformed": NEW_FILE,
    "locked": "end the program that uses the database, or wait",
    "unable to open database": "see whether its folder exists and is writable",
    "error code 401": "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
    "error code 403": "its server must allow this user, and this host name (`--allowed-hosts`)",
    "unsupported URI": "give another --tracking-uri",
}
"""What to do, by what an error says."""

NO_ANSWER = "see whether it runs and can be reached"


class SecretsFilter(logging.Filter):
    """Hides credentials in what a library logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the message; every message passes."""
        record.msg, record.args = without_secrets(record.getMessage()), ()
        return True


HIDES_SECRETS = SecretsFilter()


@dataclass(frozen=True)
class Run:
    """A run as MLflow has it; `started_s` is in seconds since 1970, by the clock of its driver."""

    id: str
    status: str
    started_s: float
    tags: Mapping[str, str]
    params: Mapping[str, str]


class Client:
    """The runs of one MLflow; it calls `on_answer` after each answered request.

    `experiment` is the id of our experiment, once it was opened or found.
    Every method raises TrackingError if MLflow is unreachable or refuses. If MLflow is a database
    file, artifacts lie beside it, wherever the file was copied or moved.
    """

    def __init__(self, tracking_uri: str, on_answer: Callable[[], None] = lambda: None) -> None:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        self._uri = tracking_uri
        self._database = database_of(tracking_uri)
        self._on_answer = on_answer
        self.experiment = ""
        self._experiment_tags: dict[str, str] = {}
        with self._asking():
            from mlflow.tracking import MlflowClient  # takes seconds to load

            logger = logging.getLogger("mlflow")
            logger.setLevel(logging.WARNING)
            for handler in logger.handlers:
                handler.addFilter(HIDES_SECRETS)
            self._reach_database()
            self._client = MlflowClient(tracking_uri=tracking_uri)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Call `on_answer` if MLflow answers; raise TrackingError if it does not."""
        try:
            yield
        # MLflow lets through whatever its databases, their drivers and migrations raise.
        except Exception as error:
            said = str(error).partition("\n")[0].strip() or type(error).__name__
            remedy = next((what for sign, what in REMEDIES.items() if sign in said), NO_ANSWER)
            raise TrackingError(f"MLflow at {shown(self._uri)}: {said}; {remedy}") from error
        self._on_answer()

    def _reach_database(self) -> None:
        """Connect to a database once: MLflow would try for minutes, with a warning each time."""
        from mlflow.store.db.db_types import DATABASE_ENGINES
        from mlflow.store.db.utils import create_sqlalchemy_engine

        if self._uri.partition("://")[0].partition("+")[0] not in DATABASE_ENGINES:
            return
        if self._database is not None:
            self._database.parent.mkdir(parents=True, exist_ok=True)
        engine = create_sqlalchemy_engine(self._uri)
        try:
            engine.connect().close()
        finally:
            engine.dispose()

    def open_experiment(self, storage: Path) -> str | None:
        """Find, restore or create our experiment.

        Args:
            storage: The storage folder whose ledger is delivered.

        Returns:
            What the user should know, if the experiment had been deleted in MLflow.
        """
        if self._database is not None:
            settle(self._database, EXPERIMENT, storage)
            index_tags(self._database)
        with self._asking():
            found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            beside = None if self._database is None else artifacts_beside(self._database).as_uri()
            with self._asking():
                self._experiment_tags = {EXPERIMENT_KIND: TRAINING_KIND}
                self.experiment = self._client.create_experiment(
                    EXPERIMENT, beside, tags=dict(self._experiment_tags)
                )
            return None
        self.experiment = str(found.experiment_id)
        self._experiment_tags = dict(found.tags)
        is_deleted = found.lifecycle_stage != "active"
        if is_deleted:
            with self._asking():
                self._client.restore_experiment(self.experiment)
        if EXPERIMENT_KIND not in self._experiment_tags:
            self.set_experiment_tag(EXPERIMENT_KIND, TRAINING_KIND)
        if not is_deleted:
            return None
        return (
            f"MLflow at {shown(self._uri)}: its experiment '{EXPERIMENT}' had been deleted; it was "
            "restored with its runs"
        )

    def find_experiment(self) -> None:
        """Find our experiment, and change nothing.

        Raises:
            TrackingError: If it does not exist, or was deleted.
        """
        with self._asking():
            found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            raise TrackingError(
                f"MLflow at {shown(self._uri)} has no experiment '{EXPERIMENT}': no sweep was "
                "mirrored there; choose another --tracking-uri"
            )
        self.experiment = str(found.experiment_id)
        if found.lifecycle_stage != "active":
            raise TrackingError(
                f"MLflow at {shown(self._uri)}: its experiment '{EXPERIMENT}' was deleted; restore "
                f"it first: `mlflow experiments restore -x {self.experiment}`"
            )

    def has_experiment(self) -> bool:
        """Whether our experiment exists; nothing is changed."""
        with self._asking():
            return self._client.get_experiment_by_name(EXPERIMENT) is not None

    def set_experiment_tag(self, name: str, text: str) -> None:
        """Set a tag of the experiment, unless it had this text when it was opened."""
        if self._experiment_tags.get(name) != text:
            with self._asking():
                self._client.set_experiment_tag(self.experiment, name, text)
            self._experiment_tags[name] = text

    def last_creator(self) -> str:
        """Return the name of the last creator of runs; empty if there is none."""
        with self._asking():
            experiment = self._client.get_experiment(self.experiment)
        return str(experiment.tags.get(LAST_CREATOR, ""))

    def be_last_creator(self, name: str) -> None:
        """Set the last creator of runs."""
        with self._asking():
            self._client.set_experiment_tag(self.experiment, LAST_CREATOR, name)

    def runs(self, condition: str = "") -> list[Run]:
        """Read all runs that match a filter in MLflow's syntax, oldest first."""
        found: list[Run] = []
        token: str | None = None
        while True:
            with self._asking():
                page = self._client.search_runs(
                    [self.experiment],
                    condition,
                    max_results=PAGE_SIZE,
                    order_by=["attributes.start_time ASC"],
                    page_token=token,
                )
            found += [_to_run(run) for run in page]
            token = page.token
            if not token:
                return found

    def create(self, name: str, tags: Mapping[str, str]) -> Run:
        """Create a run with the status RUNNING."""
        with self._asking():
            run = self._client.create_run(self.experiment, tags=dict(tags), run_name=name)
        return _to_run(run)

    def log(
        self,
        run: Run,
        *,
        points: Sequence[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Log in as few requests as MLflow's limits allow."""
        from mlflow.entities import Metric, Param, RunTag

        for batch in split_batches(points, params or {}, tags or {}):
            with self._asking():
                self._client.log_batch(
                    run.id,
                    metrics=[Metric(*point) for point in batch.points],
                    params=[Param(*param) for param in batch.params],
                    tags=[RunTag(*tag) for tag in batch.tags],
                )

    def steps(self, run: Run, metric: str) -> set[int]:
        """Read the steps at which a run has a metric."""
        with self._asking():
            history = self._client.get_metric_history(run.id, metric)
        return {point.step for point in history}

    def log_inputs(self, run: Run, inputs: Iterable[Input]) -> None:
        """Log the data sets that a run read."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        datasets = [
            DatasetInput(
                Dataset(one.name, one.digest, one.source_type, one.source),
                [InputTag("mlflow.data.context", one.context)],
            )
            for one in inputs
        ]
        with self._asking():
            self._client.log_inputs(run.id, datasets=datasets)

    def upload(self, run: Run, files: Mapping[str, bytes | Path], folder: str | None) -> None:
        """Upload files to a run, each under its name; replace files of the same names."""
        if not files:
            return
        if self._database is not None:
            with self._asking():
                _copy(files, artifacts_of(self._database, run.id) / (folder or ""))
            return
        with tempfile.TemporaryDirectory(prefix="mmer-sweep-") as scratch:
            for name, content in files.items():
                path = Path(scratch, name)
                if isinstance(content, Path):
                    path.symlink_to(content)
                else:
                    path.write_bytes(content)
            with self._asking():
                self._client.log_artifacts(run.id, scratch, folder)

    def download(self, run: Run, name: str) -> bytes | None:
        """Read a file of a run; return None if it does not exist."""
        from mlflow.exceptions import MlflowException

        if self._database is not None:
            beside = artifacts_of(self._database, run.id) / name
            if beside.is_file():
                return beside.read_bytes()
        with tempfile.TemporaryDirectory(prefix="mmer-sweep-") as scratch, self._asking():
            try:
                path = self._client.download_artifacts(run.id, name, scratch)
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                return None
            return Path(path).read_bytes()

    def end(self, run: Run, status: str) -> None:
        """End a run as FINISHED, FAILED or KILLED."""
        with self._asking():
            self._client.set_terminated(run.id, status)

    def rename(self, run: Run, name: str) -> None:
        """Give a run another name."""
        with self._asking():
            self._client.update_run(run.id, name=name)

    def resume(self, run: Run) -> None:
        """Set the status of a run to RUNNING again."""
        with self._asking():
            self._client.update_run(run.id, status="RUNNING")

    def drop_tag(self, run: Run, name: str) -> None:
        """Remove a tag that the run has."""
        with self._asking():
            self._client.delete_tag(run.id, name)

    def delete(self, run: Run) -> None:
        """Delete a run; in MLflow, it can be restored."""
        with self._asking():
            self._client.delete_run(run.id)


def _copy(files: Mapping[str, bytes | Path], folder: Path) -> None:
    for name, content in files.items():
        if isinstance(content, Path):
            with content.open("rb") as source:
                stream_atomically(folder / name, partial(shutil.copyfileobj, source))
        else:
            write_atomically(folder / name, content)


def _to_run(run: "MlflowRun") -> Run:
    return Run(
        id=run.info.run_id,
        status=run.info.status,
        started_s=run.info.start_time / 1000,
        tags=dict(run.data.tags),
        params=dict(run.data.params),
    )
