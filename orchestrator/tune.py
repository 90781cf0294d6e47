"""Trials on Ray Tune: placement and concurrency. The ledger, not Tune, is the record.

Tune asks for trials one by one and gets what `trial_queue.TrialQueue` leases. A trial that comes
back, its process lost, is a new one to Tune. Checkpoints are the trial's own
(`orchestrator.checkpoints`): they survive the driver, which Tune's do not.
"""

import tempfile
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.search import Searcher

from orchestrator.events import Watcher
from orchestrator.leases import Leases
from orchestrator.losses import count_memory_kills, loss_of, tolerate_losses
from orchestrator.machines import (
    THIS_MACHINE,
    Machines,
    UnreachedStorageError,
    count_requested,
    reach_storage,
    resources_of_trial,
)
from orchestrator.mirrored_files import place_of
from orchestrator.mirrored_trials import fetch_record, publish_epoch, publish_trial
from orchestrator.object_store import store_of
from orchestrator.ray_session import ray_session
from orchestrator.stop_signals import StopSignals
from orchestrator.trial_queue import Assignment, Loss, TrialQueue
from reports.record import Epoch
from search_spaces.study import RowRef
from search_spaces.trial import Trial


def sweep(
    assignments: Sequence[Assignment],
    storage: Path,
    *,
    watchers: Sequence[Watcher],
    machines: Machines = THIS_MACHINE,
    reuse_workers: bool = True,
    keeps_models: bool = True,
) -> int | None:
    """Train trials; each GPU, or each CPU core where there is none, takes one.

    Other drivers may sweep the same storage at once: they share the trials.

    Args:
        assignments: The trials, each key once.
        storage: Where the corpus lies and the records go.
        watchers: Are told what happens.
        machines: Where to train, and how many trials at once.
        reuse_workers: Train one trial after another in the same process: saves its start.
        keeps_models: Keep each trained model beside its record.

    Returns:
        The signal that stopped the sweep; None if all trials have ended. The ledger says what is
        finished.

    Raises:
        ClusterError: If there is no such cluster, or this machine lacks the GPU asked for.
    """
    leases = Leases(store_of(storage))
    queue = TrialQueue(
        assignments, find_record=partial(fetch_record, storage), leases=leases, watchers=watchers
    )
    is_local = machines.address is None
    with (
        tempfile.TemporaryDirectory(prefix="mmer-sweep-", ignore_cleanup_errors=True) as scratch,
        leases,  # held until no worker is left
        ray_session(
            storage,
            address=machines.address,
            num_cpus=machines.num_slots if is_local else None,
        ),
        StopSignals() as signals,
    ):
        resources = resources_of_trial(machines, ray.cluster_resources())
        tolerate_losses()
        tuner = tune.Tuner(
            tune.with_resources(_train_one, resources),
            tune_config=tune.TuneConfig(
                search_alg=_Supply(
                    queue,
                    signals,
                    storage,
                    keeps_models,
                    "gpu" in resources,
                    lambda: count_requested(
                        machines, ray.cluster_resources(), resources, len(assignments)
                    ),
                ),
                num_samples=-1,
                max_concurrent_trials=len(assignments),  # `_Supply` says how many there are now
                reuse_actors=reuse_workers,
                trial_dirname_creator=lambda tune_trial: tune_trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=scratch,
                verbose=0,
                stop=_Stopper(signals),
                callbacks=[_Announcer(queue, is_local)],
                failure_config=tune.FailureConfig(max_failures=0),
            ),
        )
        tuner.fit()
    return signals.seen


def _train_one(config: dict[str, Any]) -> None:
    """Train one trial inside a Ray worker.

    An error is reported, then raised: so Tune ends the process. Another trial in it might fail of
    the same cause, as all do after a fault of the GPU.
    """
    import torch  # which the driver can do without

    from orchestrator.run_trial import run_trial

    assignment = config["assignment"]
    trial = Trial.model_validate_json(assignment["trial"])
    try:
        storage = reach_storage(assignment["place"], trial)

        def after_epoch(epoch: Epoch) -> None:
            publish_epoch(storage, trial.key, on_trouble=_tell)
            tune.report({"epoch": epoch.model_dump_json()})

        record = run_trial(
            trial,
            storage,
            trained_for=RowRef(*assignment["for"]),
            device=None if assignment["on_gpu"] else torch.device("cpu"),
            keeps_model=assignment["keeps_model"],
            micro_batch_size=assignment["micro_batch_size"],
            on_epoch=after_epoch,
            on_trouble=_tell,
        )
        publish_trial(storage, record)
    except UnreachedStorageError as error:
        tune.report({"unreached": str(error)})
        raise
    except Exception as error:
        failure = f"{type(error).__name__}: {error}\n\n{traceback.format_exc()}"
        tune.report({"failure": failure})
        raise


def _tell(trouble: str) -> None:
    """Tell the driver what a trial goes on in spite of."""
    tune.report({"trouble": trouble})


class _Supply(Searcher):
    """Gives Tune the trials that the queue leases."""

    def __init__(
        self,
        queue: TrialQueue,
        signals: StopSignals,
        storage: Path,
        keeps_models: bool,
        on_gpu: bool,
        count_now: Callable[[], int],
    ) -> None:
        """Supply trials; `count_now` says how many may run or wait for a place now."""
        super().__init__()
        self._count_now = count_now
        self._queue = queue
        self._signals = signals
        self._common = {
            "place": place_of(storage),
            "keeps_model": keeps_models,
            "on_gpu": on_gpu,
        }

    def __getstate__(self) -> dict[str, Any]:
        """Leave all out of Tune's snapshots, which nobody restores."""
        return {}

    def suggest(self, trial_id: str) -> Any:
        """Return a trial; None where there is none now, so that Tune asks again."""
        if self._signals.seen is not None:
            return Searcher.FINISHED
        if self._queue.num_running >= self._count_now():
            return None
        assignment = self._queue.next()
        if assignment is None:
            return Searcher.FINISHED if self._queue.is_done else None
        return {
            "assignment": {
                "trial": assignment.trial.model_dump_json(),
                "for": list(assignment.trained_for),
                "micro_batch_size": assignment.micro_batch_size,
                **self._common,
            }
        }

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Do nothing: `_Announcer` is told more."""

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the ledger knows."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing: nobody restores."""


class _Stopper(tune.Stopper):
    """Ends the sweep when a signal came."""

    def __init__(self, signals: StopSignals) -> None:
        self._signals = signals

    def __getstate__(self) -> dict[str, Any]:
        """Leave all out of Tune's snapshots, which nobody restores."""
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        """Whether to stop."""
        return self._signals.seen is not None


class _Announcer(tune.Callback):
    """Tells the queue what Tune tells us."""

    def __init__(self, queue: TrialQueue, is_local: bool) -> None:
        self._queue = queue
        self._is_local = is_local
        self._last_words: dict[str, dict[str, Any]] = {}
        self._memory_kills: dict[str, int] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave all out of Tune's snapshots, which nobody restores."""
        return {}

    def on_step_end(self, iteration: int, trials: list[TuneTrial], **info: object) -> None:
        self._queue.look()

    def on_trial_start(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: object
    ) -> None:
        self._memory_kills[trial.trial_id] = count_memory_kills()
        self._queue.started(_trial_of(trial))

    def on_trial_result(
        self,
        iteration: int,
        trials: list[TuneTrial],
        trial: TuneTrial,
        result: dict[str, Any],
        **info: object,
    ) -> None:
        if "epoch" in result:
            self._memory_kills[trial.trial_id] = count_memory_kills()  # what came before spared it
            self._queue.epoch_done(_trial_of(trial), Epoch.model_validate_json(result["epoch"]))
        elif "trouble" in result:
            self._queue.goes_on(_trial_of(trial), result["trouble"])
        elif "failure" in result or "unreached" in result:
            self._last_words[trial.trial_id] = result

    def on_trial_complete(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: object
    ) -> None:
        last_words = self._last_words.pop(trial.trial_id, {})
        self._queue.ended(_trial_of(trial), last_words.get("failure"))

    def on_trial_error(
        self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: object
    ) -> None:
        kills_before = self._memory_kills.pop(trial.trial_id, None)
        last_words = self._last_words.pop(trial.trial_id, None)
        if last_words is not None:
            self._learn_last_words(_trial_of(trial), last_words)
            return
        error = _error_of(trial)
        loss = loss_of(
            error,
            was_killed_for_memory=self._is_local
            and kills_before is not None
            and count_memory_kills() > kills_before,
        )
        if loss is None:
            self._queue.ended(_trial_of(trial), str(error or "ended for an unknown reason"))
        else:
            self._queue.lost(_trial_of(trial), loss)

    def _learn_last_words(self, trial: Trial, words: dict[str, Any]) -> None:
        if "failure" in words:
            self._queue.ended(trial, words["failure"])
        else:
            self._queue.lost(trial, Loss(words["unreached"], never_began=True))


def _trial_of(tune_trial: TuneTrial) -> Trial:
    return Trial.model_validate_json(tune_trial.config["assignment"]["trial"])


def _error_of(tune_trial: TuneTrial) -> Exception | None:
    """Read what ended a trial from where Tune, just now, has put it on this machine."""
    file = tune_trial.pickled_error_file
    return None if file is None else ray.cloudpickle.loads(Path(file).read_bytes())
