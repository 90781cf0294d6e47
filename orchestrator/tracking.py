"""MLflow, the window on the ledger: a parent run a study, a child run a trial.

The only file that speaks to MLflow, and only the driver runs it. Runs are found or created by
their key, so that none is ever doubled; what MLflow lacks is taken from the ledger at the next
sweep. All calls are made on one thread, off the path of the trials: a server that is away costs a
sweep nothing.
"""

import logging
import os
import platform
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from orchestrator.plan import Plan
from reports.ledger import PREDICTIONS_FILE, RECORD_FILE, Ledger
from reports.record import Epoch, Record, Result
from reports.scores import mean_scores
from search_spaces.change import flatten
from search_spaces.study import RowRef
from search_spaces.trial import Trial

if TYPE_CHECKING:
    from mlflow.entities import Metric, Run

EXPERIMENT = "mmer-sweep"
ARTIFACTS_FOLDER = "mlflow-artifacts"
HTTP_LIMITS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}

TRIAL, STUDY = "trial", "study"
ROW_SEPARATOR = ", "
CONFIG_LOGGED = "seed"
"""The param that every trial has: where it is, config and params were logged whole."""


class MlflowMirror:
    """Mirrors the trials of some plans to MLflow; a `Watcher` of their sweep."""

    def __init__(self, plans: Sequence[Plan], storage: Path, tracking_uri: str) -> None:
        self._ledger = Ledger(storage)
        self._plans = plans
        self._tracking_uri = tracking_uri
        self._storage = storage
        self._calls: queue.Queue[Callable[[_Runs], None] | None] = queue.Queue()
        self._ended = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="mlflow-mirror", daemon=True)
        self._thread.start()

    def started(self, trial: Trial) -> None:
        """Open the trial's run."""
        self._calls.put(lambda runs: runs.start(trial))

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        """Log an epoch's scores at its step."""
        self._calls.put(lambda runs: runs.log_epochs(trial, [epoch]))

    def finished(self, record: Record) -> None:
        """Complete and finish the trial's run."""
        self._calls.put(lambda runs: runs.finish(record))

    def failed(self, trial: Trial, reason: str) -> None:
        """Close the trial's run as failed."""
        self._calls.put(lambda runs: runs.fail(trial, reason))

    def close(self) -> str | None:
        """Wait until everything is mirrored.

        Returns:
            What went wrong, if MLflow could not be reached; the ledger is whole all the same.
        """
        self._calls.put(None)
        self._thread.join()
        if self._failure is None:
            return None
        return f"{type(self._failure).__name__}: {self._failure}"

    def _work(self) -> None:
        """Mirror what happens; if that breaks, mirror once more at the end, from the ledger."""
        try:
            runs = self._connect()
            while (call := self._next()) is not None:
                call(runs)
            runs.close()
        except Exception:  # whatever it was, the second try meets it again or makes it good
            while not self._ended:
                self._next()
            try:
                self._connect().close()
            except Exception as error:  # told by `close`: a mirror that breaks must end no sweep
                self._failure = error

    def _connect(self) -> "_Runs":
        runs = _Runs(self._plans, self._ledger, self._storage, self._tracking_uri)
        runs.catch_up()
        return runs

    def _next(self) -> "Callable[[_Runs], None] | None":
        call = self._calls.get()
        self._ended = call is None
        return call


class _Runs:
    """The runs in MLflow that stand for the trials of some plans."""

    def __init__(
        self, plans: Sequence[Plan], ledger: Ledger, storage: Path, tracking_uri: str
    ) -> None:
        os.environ.update({name: os.environ.get(name, n) for name, n in HTTP_LIMITS.items()})
        from mlflow.tracking import MlflowClient  # takes seconds to load: only on this thread

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        self._client = MlflowClient(tracking_uri=tracking_uri)
        self._plans = plans
        self._ledger = ledger
        self._driver = _this_process()
        self._experiment = self._find_experiment(storage, tracking_uri)
        self._runs = self._find_runs()
        self._logged: dict[str, set[int]] = {}
        self._differing = {plan.study.name: _differing_fields(plan) for plan in plans}

    def catch_up(self) -> None:
        """Bring MLflow level with the ledger, and close what dead drivers left running."""
        for key, run in list(self._runs.items()):
            if run.info.status == "RUNNING" and _is_orphan(run.data.tags, self._driver):
                orphan = self._ledger.find(key)
                if orphan is not None:
                    self.finish(orphan)
                else:
                    self._end(run, "KILLED")
        for plan in self._plans:
            finished = self._ledger.finished(plan.by_key)
            for record in finished.values():
                self.finish(record)
            if len(finished) < len(plan.by_key):
                self._set_running(self._open_parent(plan))

    def start(self, trial: Trial) -> None:
        """Find or create a trial's run and set it running."""
        self._set_running(self._run_of(trial))

    def log_epochs(self, trial: Trial, epochs: Iterable[Epoch]) -> None:
        """Log those epochs that the run lacks."""
        from mlflow.entities import Metric

        run_id = self._run_of(trial).info.run_id
        logged = self._logged_steps(run_id)
        new = [epoch for epoch in epochs if epoch.epoch not in logged]
        now_ms = _now_ms()
        self._log(
            run_id,
            [
                Metric(name, value, now_ms, epoch.epoch)
                for epoch in new
                for name, value in _metrics_of(epoch).items()
            ],
        )
        logged.update(epoch.epoch for epoch in new)

    def finish(self, record: Record) -> None:
        """Complete a trial's run from its record, unless it is complete already."""
        from mlflow.entities import Metric

        run = self._run_of(record.trial)
        run_id = run.info.run_id
        if run.info.status == "FINISHED":
            return
        self.log_epochs(record.trial, record.result.epochs)
        now_ms = _now_ms()
        facts = {f"test_{name}": score for name, score in self._test_scores(record).items()}
        facts |= _costs_of(record.result)
        self._log(run_id, [Metric(name, value, now_ms, 0) for name, value in facts.items()])
        folder = self._ledger.folder(record.key)
        for name in (RECORD_FILE, PREDICTIONS_FILE):
            self._client.log_artifact(run_id, str(folder / name))
        self._client.set_tag(run_id, "code_version", record.circumstances.code_version)
        if "failure" in run.data.tags:  # of an earlier try
            self._client.delete_tag(run_id, "failure")
        self._end(run, "FINISHED")

    def fail(self, trial: Trial, reason: str) -> None:
        """Close a trial's run as failed, with the reason as a tag."""
        run = self._run_of(trial)
        self._client.set_tag(run.info.run_id, "failure", reason.partition("\n")[0])
        self._end(run, "FAILED")

    def close(self) -> None:
        """Close the parent runs, and trials that were stopped in the middle."""
        for plan in self._plans:
            parent = self._open_parent(plan)
            complete = all(self._ledger.find(key) for key in plan.by_key)
            if parent.info.status != "FINISHED" or not complete:
                self._end(parent, "FINISHED" if complete else "KILLED")
        for run in list(self._runs.values()):
            if run.info.status == "RUNNING" and run.data.tags.get("driver") == self._driver:
                self._end(run, "KILLED")

    def _find_experiment(self, storage: Path, tracking_uri: str) -> str:
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        if experiment is not None:
            return str(experiment.experiment_id)
        is_local = tracking_uri.startswith("sqlite:")
        artifacts = (storage / ARTIFACTS_FOLDER).as_uri() if is_local else None
        return str(self._client.create_experiment(EXPERIMENT, artifact_location=artifacts))

    def _find_runs(self) -> dict[str, "Run"]:
        """Read all runs, by key; a parent's key is made of study, corpus and scale."""
        runs: dict[str, Run] = {}
        token: str | None = None
        while True:
            page = self._client.search_runs([self._experiment], max_results=1000, page_token=token)
            runs |= {run.data.tags["key"]: run for run in page if "key" in run.data.tags}
            token = page.token
            if not token:
                return runs

    def _open_parent(self, plan: Plan) -> "Run":
        fingerprints = sorted({t.corpus.fingerprint[:12] for t in plan.by_key.values()})
        corpora = "+".join(fingerprints)  # one a recipe
        key = f"{plan.study.name}/{plan.corpus.name}/{plan.scale}/{corpora}"
        tags = {
            "kind": STUDY,
            "study": plan.study.name,
            "corpus": plan.corpus.name,
            "scale": plan.scale,
            "title": plan.study.title,
        }
        return self._find_or_create(key, plan.study.name, tags)

    def _run_of(self, trial: Trial) -> "Run":
        rows = [row for plan in self._plans for row in plan.rows_by_key.get(trial.key, ())]
        plan = next((plan for plan in self._plans if trial.key in plan.by_key), None)
        if plan is None:  # an orphan of another study
            return self._runs[trial.key]
        if trial.key in self._runs:
            run = self._with_rows(self._runs[trial.key], rows)
            if CONFIG_LOGGED not in run.data.params:  # a driver was killed before it got there
                self._log_config(run, trial, self._differing[plan.study.name])
            return self._runs[trial.key]
        tags = {
            "kind": TRIAL,
            "study": plan.study.name,
            "row": rows[0].row,
            "rows": ROW_SEPARATOR.join(map(str, rows)),
            "corpus": trial.corpus.name,
            "corpus_fingerprint": trial.corpus.fingerprint,
            "scale": plan.scale,
            "seed": str(trial.seed),
            "mlflow.parentRunId": self._open_parent(plan).info.run_id,
        }
        run = self._find_or_create(trial.key, f"{rows[0].row} seed {trial.seed}", tags)
        self._log_config(run, trial, self._differing[plan.study.name])
        return self._runs[trial.key]

    def _with_rows(self, run: "Run", rows: Sequence[RowRef]) -> "Run":
        """Name also those rows that came to share a trial after its run was made."""
        named = run.data.tags["rows"].split(ROW_SEPARATOR)
        new = [str(row) for row in rows if str(row) not in named]
        if new:
            self._client.set_tag(run.info.run_id, "rows", ROW_SEPARATOR.join([*named, *new]))
            self._refresh(run)
        return self._runs[run.data.tags["key"]]

    def _find_or_create(self, key: str, name: str, tags: dict[str, str]) -> "Run":
        from orchestrator.code_version import code_version

        if key not in self._runs:
            # Asked again: another driver may have made it since this one read all runs.
            found = self._client.search_runs(
                [self._experiment], f"tags.key = '{key}'", max_results=1
            )
            tags |= {"key": key, "driver": self._driver, "code_version": code_version()}
            self._runs[key] = (
                found[0]
                if found
                else self._client.create_run(self._experiment, tags=tags, run_name=name)
            )
        return self._runs[key]

    def _log_config(self, run: "Run", trial: Trial, differing: Sequence[str]) -> None:
        """Log the whole config, then the fields that differ: those say that both are there."""
        from mlflow.entities import Param

        run_id = run.info.run_id
        self._client.log_dict(run_id, trial.config.model_dump(mode="json"), "config.json")
        flat = flatten(trial.config)
        params = [Param(field, str(flat[field])) for field in differing if field in flat]
        params += [Param(CONFIG_LOGGED, str(trial.seed)), Param("corpus", trial.corpus.name)]
        self._client.log_batch(run_id, params=params)
        self._refresh(run)

    def _log(self, run_id: str, metrics: list["Metric"], limit: int = 1000) -> None:
        for begin in range(0, len(metrics), limit):
            self._client.log_batch(run_id, metrics=metrics[begin : begin + limit])

    def _logged_steps(self, run_id: str) -> set[int]:
        """Know which epochs a run has, also those that an earlier driver logged."""
        if run_id not in self._logged:
            history = self._client.get_metric_history(run_id, "train_loss")
            self._logged[run_id] = {metric.step for metric in history}
        return self._logged[run_id]

    def _test_scores(self, record: Record) -> dict[str, float]:
        import numpy as np

        test = self._ledger.predictions(record)["test"]
        thresholds = np.array(record.result.thresholds)
        return mean_scores(test.labels, test.probabilities, thresholds)

    def _set_running(self, run: "Run") -> None:
        if run.info.status != "RUNNING":
            self._client.update_run(run.info.run_id, status="RUNNING")
        self._client.set_tag(run.info.run_id, "driver", self._driver)
        self._refresh(run)

    def _end(self, run: "Run", status: str) -> None:
        self._client.set_terminated(run.info.run_id, status)
        self._refresh(run)

    def _refresh(self, run: "Run") -> None:
        self._runs[run.data.tags["key"]] = self._client.get_run(run.info.run_id)


def _metrics_of(epoch: Epoch) -> dict[str, float]:
    return {
        "train_loss": epoch.train_loss,
        "valid_loss": epoch.valid_loss,
        **{f"valid_{name}": value for name, value in epoch.valid.items()},
    }


def _costs_of(result: Result) -> dict[str, float]:
    """Return what is known of a model's cost."""
    costs = {
        "num_parameters": result.num_parameters,
        "num_parameters_without_embeddings": result.num_parameters_without_embeddings,
        "macs": result.macs,
    }
    return {name: float(cost) for name, cost in costs.items() if cost is not None}


def _differing_fields(plan: Plan) -> list[str]:
    """List the fields whose values differ between the rows of a study."""
    flats = [flatten(trials[0].config) for trials in plan.trials.values()]
    fields = dict.fromkeys(field for flat in flats for field in flat)
    return [field for field in fields if len({repr(flat.get(field)) for flat in flats}) > 1]


def _this_process() -> str:
    return f"{platform.node()}/{os.getpid()}/{psutil.Process().create_time():.0f}"


def _is_orphan(tags: dict[str, str], this_driver: str) -> bool:
    """Whether the driver of a run was a process of this machine that is no more."""
    driver = tags.get("driver", "")
    host, _, process = driver.rpartition("/")[0].rpartition("/")
    if driver == this_driver or host != platform.node() or not process.isdecimal():
        return False
    try:
        started = psutil.Process(int(process)).create_time()
    except psutil.NoSuchProcess:
        return True
    return driver.rpartition("/")[2] != f"{started:.0f}"


def _now_ms() -> int:
    return int(datetime.now().timestamp() * 1000)
