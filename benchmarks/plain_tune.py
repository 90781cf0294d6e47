"""A program without our code: Ray Tune with its own MLflow callback, on trials without work."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback

from benchmarks.noop_trial import noop_epochs
from benchmarks.sampler import Sampler
from orchestrator.cluster.ray_session import ray_session


class _Steps(tune.Callback):
    """Tells the sampler when trials end."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def __getstate__(self) -> dict[str, Any]:
        """Keep everything out of Tune's snapshots."""
        return {}

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: object) -> None:
        """Count the trial."""
        self._sampler.note_finish()


def make_noop() -> Callable[[dict[str, Any]], None]:
    """Make a trainable that reports what our trials report; it loads none of our modules."""
    reports = [
        {"train_loss": epoch.train_loss, "valid_loss": epoch.valid_loss, **epoch.valid}
        for epoch in noop_epochs(0)
    ]

    def report_noop(config: dict[str, Any]) -> None:
        for report in reports:
            tune.report(report)

    return report_noop


def sweep_plainly(num_trials: int, num_slots: int) -> Sampler:
    """Run trials that only report; Ray's own callback mirrors them to an SQLite file."""
    with tempfile.TemporaryDirectory() as folder, Sampler() as sampler:
        storage = Path(folder)
        logger = MLflowLoggerCallback(
            tracking_uri=f"sqlite:///{storage / 'mlflow.db'}", experiment_name="plain"
        )
        with ray_session(storage, num_cpus=num_slots):
            tuner = tune.Tuner(
                tune.with_resources(make_noop(), {"cpu": 1}),
                param_space={"seed": tune.grid_search(list(range(num_trials)))},
                run_config=tune.RunConfig(
                    storage_path=str(storage), verbose=0, callbacks=[logger, _Steps(sampler)]
                ),
            )
            results = tuner.fit()
        if results.num_errors or sampler.num_finished < num_trials:
            raise RuntimeError(f"only {sampler.num_finished} of {num_trials} trials finished")
    return sampler
