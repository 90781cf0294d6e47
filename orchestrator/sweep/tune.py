"""Trials on Ray Tune: placement and concurrency. The ledger, not Tune, is the record.

Tune asks for trials one by one and gets what a supply, such as `TrialQueue`, hands out.
A trial that comes back, its process lost, is a new one to Tune. Checkpoints are the trial's own
(`orchestrator.trial.checkpoints`): they survive the driver, which Tune's do not.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ray import tune
from ray.tune.schedulers import TrialScheduler

from orchestrator.cluster.assignment import Assignment
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
from orchestrator.sweep.tune_adapters import QueueSearcher, SignalStopper, TuneListener
from orchestrator.sweep.worker import train_assignment
from orchestrator.trial.watcher import Watcher

Trainable = Callable[[dict[str, Any]], None]

MAX_TRIALS_A_RUN = 2000
"""How many trials one run of Tune takes: it keeps all of them in memory and looks at each one in
every step. Between two runs the workers start again, once the last trials of the first have ended.
A scheduler compares the trials of one run, so with one there is only one."""


def train_assignments(
    session: TrainingSession,
    assignments: Sequence[Assignment],
    *,
    watchers: Sequence[Watcher],
    reuse_workers: bool = True,
    keeps_models: bool = True,
) -> None:
    """Train trials; each GPU, or each CPU core where there is none, takes one, or its share says.

    Other drivers may sweep the same storage at once: they share the trials. It ends when all trials
    have ended, or a signal came. The ledger says what is finished.

    Args:
        session: Where to train.
        assignments: The trials, each key once.
        watchers: Are told what happens.
        reuse_workers: Train one trial after another in the same process: saves its start.
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
    """Train what a supply hands out, until it is done or a signal came.

    Args:
        session: Where to train.
        supply: Hands out trials, and is told what becomes of them.
        num_trials: How many there are at most: more are never asked for at once.
        trainable: What a worker does with an assignment.
        scheduler: Stops trials early; by default none is.
        reuse_workers: Train one trial after another in the same process: saves its start.
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
            # `QueueSearcher` says how many there are now, of each kind of GPU.
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
    """Let Tune run until its searcher is finished, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mmer-sweep-", ignore_cleanup_errors=True) as scratch:
        run_config = tune.RunConfig(
            name="sweep",
            storage_path=scratch,
            verbose=0,
            stop=stopper,
            callbacks=[listener],
            failure_config=tune.FailureConfig(max_failures=0),
        )
        tune.Tuner(trainable, tune_config=tune_config, run_config=run_config).fit()


def _resources_of(
    machines: Machines, there: Mapping[str, float], config: dict[str, Any]
) -> tune.PlacementGroupFactory:
    """Say to Tune what a trial takes, by its share of a device if it has one."""
    resources = resources_of_trial(machines, there, order_in(config).share)
    return tune.PlacementGroupFactory([{name_in_ray(name): n for name, n in resources.items()}])
