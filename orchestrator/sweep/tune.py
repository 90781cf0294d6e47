"""Trials on Ray Tune, which places them and runs them at once; the ledger keeps what finished.

Tune asks for trials one by one. It gets those that a supply, such as `orchestrator.sweep.queue`,
hands out. A trial that returns after its process was lost is a new trial for Tune. Checkpoints are
the trial's own (`orchestrator.trial.checkpoints`): they survive the driver; Tune's do not.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ray import tune
from ray.tune.schedulers import TrialScheduler

from orchestrator.cluster.assignment import Assignment
from orchestrator.cluster.leftovers import temporary_folder
from orchestrator.cluster.machines import (
    Machines,
    count_requested,
    most_at_once,
    name_in_ray,
    resources_of_trial,
)
from orchestrator.cluster.resources import ClusterResources
from orchestrator.cluster.session import TrainingSession
from orchestrator.storage.mirror import place_of
from orchestrator.storage.trials import fetch_record
from orchestrator.sweep.messages import Manner, order_in
from orchestrator.sweep.queue import TrialQueue
from orchestrator.sweep.ray_patches import patch_ray_worker_loss
from orchestrator.sweep.supply import TrialSupply
from orchestrator.sweep.tune_adapters import (
    QueueSearcher,
    SignalStopper,
    SilentReporter,
    TuneListener,
)
from orchestrator.sweep.worker import train_assignment
from orchestrator.trial.watcher import Watcher

Trainable = Callable[[dict[str, Any]], None]

MAX_TRIALS_A_RUN = 2000
"""How many trials one run of Tune takes: Tune keeps all of them in memory and checks each one in
every step. Between two runs the workers restart, after the last trials of the first run have ended.
A scheduler compares only the trials of one run, so with a scheduler there is a single run."""


def train_assignments(
    session: TrainingSession,
    assignments: Sequence[Assignment],
    *,
    watchers: Sequence[Watcher],
    reuse_workers: bool = True,
    keeps_models: bool = True,
) -> None:
    """Train trials until all have ended, or a signal came; the ledger says which are finished.

    A trial's share says how many trials a device takes. Without a share, each trial takes a GPU, or
    a CPU core if there is no GPU. Other drivers may sweep the same storage at the same time: then
    they share the trials.

    Args:
        session: Where to train.
        assignments: The trials, each key once.
        watchers: They are told what happens.
        reuse_workers: Train one trial after another in the same process, which saves its start.
        keeps_models: Keep each trained model beside its record.

    Raises:
        ClusterError: If this machine lacks the GPU asked for.
    """
    queue = TrialQueue(
        assignments,
        find_record=partial(fetch_record, session.storage),
        leases=session.leases,
        watchers=watchers,
    )
    train(
        session,
        queue,
        num_trials=len(assignments),
        reuse_workers=reuse_workers,
        keeps_models=keeps_models,
    )


def train(
    session: TrainingSession,
    supply: TrialSupply,
    *,
    num_trials: int,
    trainable: Trainable = train_assignment,
    scheduler: TrialScheduler | None = None,
    reuse_workers: bool = True,
    keeps_models: bool = True,
) -> None:
    """Train the trials of a supply, until it is done or a signal came.

    Args:
        session: Where to train.
        supply: Hands out trials, and is told what happens to them.
        num_trials: How many trials there are at most; never more run at once.
        trainable: What a worker does with an assignment.
        scheduler: Stops trials early; by default, no trial stops early.
        reuse_workers: Train one trial after another in the same process, which saves its start.
        keeps_models: Keep each trained model beside its record.

    Raises:
        ClusterError: If this machine lacks the GPU asked for.
    """
    machines, cluster = session.machines, ClusterResources()
    there = cluster.now()
    patch_ray_worker_loss()
    while not supply.is_done and session.signals.seen is None:
        searcher = QueueSearcher(
            supply,
            session.signals,
            Manner(
                place=place_of(session.storage),
                keeps_model=keeps_models,
                on_gpu="gpu" in resources_of_trial(machines, there),
                is_deterministic=machines.is_deterministic,
            ),
            lambda share: count_requested(
                machines,
                cluster.now(share and share.gpu_kind),
                resources_of_trial(machines, there, share),
                num_trials,
            ),
            max_trials=MAX_TRIALS_A_RUN if scheduler is None else None,
        )
        tune_config = tune.TuneConfig(
            search_alg=searcher,
            scheduler=scheduler,
            num_samples=-1,
            # `QueueSearcher` limits how many run now, for each kind of GPU.
            max_concurrent_trials=min(num_trials, most_at_once(machines) or num_trials),
            reuse_actors=reuse_workers,
            trial_dirname_creator=lambda tune_trial: tune_trial.trial_id,
        )
        _fit(
            tune.with_resources(trainable, partial(_resources_of, machines, there)),
            tune_config,
            stopper=SignalStopper(session.signals),
            listener=TuneListener(supply, is_local=machines.address is None),
        )


def _fit(
    trainable: Callable[..., Any],
    tune_config: tune.TuneConfig,
    *,
    stopper: SignalStopper,
    listener: TuneListener,
) -> None:
    """Run Tune until its searcher is finished, in a folder that is removed afterwards."""
    with temporary_folder() as scratch:
        run_config = tune.RunConfig(
            name="sweep",
            storage_path=str(scratch),
            verbose=0,
            stop=stopper,
            callbacks=[listener, SilentReporter()],
            failure_config=tune.FailureConfig(max_failures=0),
        )
        tune.Tuner(trainable, tune_config=tune_config, run_config=run_config).fit()


def _resources_of(
    machines: Machines, there: Mapping[str, float], config: dict[str, Any]
) -> tune.PlacementGroupFactory:
    """Tell Tune what resources a trial takes, by its share of a device if it has one."""
    resources = resources_of_trial(machines, there, order_in(config).share)
    return tune.PlacementGroupFactory([{name_in_ray(name): n for name, n in resources.items()}])
