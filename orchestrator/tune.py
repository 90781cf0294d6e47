"""Trials on Ray Tune: placement, concurrency and retries. The ledger, not Tune, is the record.

Tune is given only what is missing, each trial as one point of a grid. Checkpoints are the trial's
own (`orchestrator.checkpoints`): they survive the driver, which Tune's do not.
"""

import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ray
from ray import tune
from ray.tune.experiment import Trial as TuneTrial

from orchestrator.events import Watcher
from orchestrator.ray_session import ray_session
from reports.ledger import Ledger
from reports.record import Epoch
from search_spaces.study import RowRef
from search_spaces.trial import Trial

MAX_LOST_WORKERS = 3
"""How often a trial starts again after its process was killed."""

FAILURE_FILE = "failure.txt"
"""Beside the record's place: why the trial's last try failed."""


class Assignment(NamedTuple):
    """One trial to train, and the row that asks for it."""

    trial: Trial
    trained_for: RowRef


def sweep(
    assignments: Sequence[Assignment],
    storage: Path,
    *,
    watchers: Sequence[Watcher],
    num_slots: int | None = None,
    reuse_workers: bool = True,
    keeps_models: bool = True,
) -> None:
    """Train trials on this machine; each GPU, or each CPU core where there is none, takes one.

    Returns when all have ended or the user has stopped the sweep; the ledger says what is finished.

    Args:
        assignments: The trials, each key once.
        storage: Where the corpus lies and the records go.
        watchers: Are told what happens.
        num_slots: Trials at once; by default as many as there are GPUs or CPU cores.
        reuse_workers: Train one trial after another in the same process: saves its start.
        keeps_models: Keep each trained model beside its record.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mmer-sweep-", ignore_cleanup_errors=True) as scratch,
        ray_session(storage, num_cpus=num_slots),
    ):
        has_gpu = bool(ray.cluster_resources().get("GPU"))
        resources = {"cpu": 1.0, "gpu": 1.0} if has_gpu else {"cpu": 1.0}
        points = [
            {
                "trial": trial.model_dump_json(),
                "for": list(trained_for),
                "storage": str(storage),
                "keeps_model": keeps_models,
            }
            for trial, trained_for in assignments
        ]
        tuner = tune.Tuner(
            tune.with_resources(_train_one, resources),
            param_space={"assignment": tune.grid_search(points)},
            tune_config=tune.TuneConfig(
                max_concurrent_trials=num_slots or int(ray.cluster_resources()["CPU"]),
                reuse_actors=reuse_workers,
                trial_dirname_creator=lambda tune_trial: _trial_of(tune_trial).key,
            ),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=scratch,
                verbose=0,
                callbacks=[_Announcer(watchers, Ledger(storage))],
                failure_config=tune.FailureConfig(max_failures=MAX_LOST_WORKERS),
            ),
        )
        tuner.fit()


def _train_one(config: dict[str, Any]) -> None:
    """Train one trial inside a Ray worker.

    A trial that raises has failed for good: it would fail again. It is reported, not raised, so
    that Tune starts again only those whose process was lost.
    """
    from orchestrator.run_trial import run_trial  # loads PyTorch, which the driver can do without

    assignment = config["assignment"]
    trial = Trial.model_validate_json(assignment["trial"])
    storage = Path(assignment["storage"])
    failure_file = Ledger(storage).folder(trial.key) / FAILURE_FILE
    failure_file.unlink(missing_ok=True)
    try:
        run_trial(
            trial,
            storage,
            trained_for=RowRef(*assignment["for"]),
            keeps_model=assignment["keeps_model"],
            on_epoch=lambda epoch: tune.report({"epoch": epoch.model_dump_json()}),
        )
    except Exception as error:
        failure = f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}"
        failure_file.write_text(failure, encoding="utf-8")


class _Announcer(tune.Callback):
    """Tells the watchers what Tune tells us."""

    def __init__(self, watchers: Sequence[Watcher], ledger: Ledger) -> None:
        self._watchers = watchers
        self._ledger = ledger

    def __getstate__(self) -> dict[str, Any]:
        """Leave the watchers out of Tune's snapshots, which nobody restores."""
        return {}

    def on_trial_start(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: object
    ) -> None:
        for watcher in self._watchers:
            watcher.started(_trial_of(trial))

    def on_trial_result(
        self,
        iteration: int,
        trials: list[TuneTrial],
        trial: TuneTrial,
        result: dict[str, Any],
        **info: object,
    ) -> None:
        if "epoch" not in result:
            return
        epoch = Epoch.model_validate_json(result["epoch"])
        for watcher in self._watchers:
            watcher.epoch_done(_trial_of(trial), epoch)

    def on_trial_complete(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: object
    ) -> None:
        self._ended(_trial_of(trial), "ended without a record")

    def on_trial_error(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: object
    ) -> None:
        lost = f"its process was lost {MAX_LOST_WORKERS + 1} times; the last time: "
        self._ended(_trial_of(trial), lost + str(trial.get_error() or "unknown"))

    def _ended(self, trial: Trial, reason: str) -> None:
        record = self._ledger.find(trial.key)
        failure = self._ledger.folder(trial.key) / FAILURE_FILE
        for watcher in self._watchers:
            if record is not None:
                watcher.finished(record)
            elif failure.is_file():
                watcher.failed(trial, failure.read_text(encoding="utf-8"))
            else:
                watcher.failed(trial, reason)


def _trial_of(tune_trial: TuneTrial) -> Trial:
    return Trial.model_validate_json(tune_trial.config["assignment"]["trial"])
