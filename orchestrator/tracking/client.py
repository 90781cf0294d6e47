"""The requests of the mirror to MLflow; the only file that imports MLflow.

A request is sent once and never retried automatically: MLflow may have handled a request that timed
out, and a second request could create a second run. Before a retry, the caller reads what is there.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import TrackingError
from orchestrator.tracking.content import Input, Point, split_batches

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

    Every method raises TrackingError if MLflow is unreachable or refuses.
    """

    def __init__(self, tracking_uri: str, on_answer: Callable[[], None] = lambda: None) -> None:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        self._uri = tracking_uri
        self._on_answer = on_answer
        self._experiment = ""
        with self._asking():
            from mlflow.tracking import MlflowClient  # takes seconds to load

            logging.getLogger("mlflow").setLevel(logging.WARNING)
            self._client = MlflowClient(tracking_uri=tracking_uri)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Call `on_answer` if MLflow answers; raise TrackingError if it does not."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except (MlflowException, OSError) as error:  # errors of requests are OSErrors
            first_line = str(error).partition("\n")[0]
            raise TrackingError(f"MLflow at {self._uri}: {first_line}") from error
        self._on_answer()

    def open_experiment(self, artifacts: Path | None) -> None:
        """Find or create our experiment; artifacts go to a folder, or to MLflow's default place."""
        if self.find_experiment():
            return
        uri = None if artifacts is None else artifacts.as_uri()
        with self._asking():
            self._experiment = self._client.create_experiment(EXPERIMENT, artifact_location=uri)

    def find_experiment(self) -> bool:
        """Find our experiment; return whether it exists."""
        with self._asking():
            found = self._client.get_experiment_by_name(EXPERIMENT)
        self._experiment = "" if found is None else str(found.experiment_id)
        return found is not None

    def last_creator(self) -> str:
        """Return the name of the last creator of runs; empty if there is none."""
        with self._asking():
            experiment = self._client.get_experiment(self._experiment)
        return str(experiment.tags.get(LAST_CREATOR, ""))

    def be_last_creator(self, name: str) -> None:
        """Set the last creator of runs."""
        with self._asking():
            self._client.set_experiment_tag(self._experiment, LAST_CREATOR, name)

    def runs(self, condition: str = "") -> list[Run]:
        """Read all runs that match a filter in MLflow's syntax, oldest first."""
        found: list[Run] = []
        token: str | None = None
        while True:
            with self._asking():
                page = self._client.search_runs(
                    [self._experiment],
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
            run = self._client.create_run(self._experiment, tags=dict(tags), run_name=name)
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


def _to_run(run: "MlflowRun") -> Run:
    return Run(
        id=run.info.run_id,
        status=run.info.status,
        started_s=run.info.start_time / 1000,
        tags=dict(run.data.tags),
        params=dict(run.data.params),
    )
